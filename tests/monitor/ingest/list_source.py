"""A source in this process that knows exactly what it gave: the only judge of loss and doubling."""

from bellbuoy.monitor.sources.base import Chunk, Stream


class ListSource:
    """Gives the values of lists, one list a partition, from the positions it is given."""

    def __init__(self, partitions, *, name="kafka", chunk=100, fail_lag=False):
        self.name = name
        self.partitions = partitions
        self.chunk = chunk
        self.fail_lag = fail_lag
        self.at = {}
        self.confirmed = {}
        self.paused = False
        self.pauses = 0
        self.reads_while_paused = 0
        self.closed = False
        self.opened_at = None

    def streams(self):
        return [Stream(self.name, "t", number, "e") for number in range(len(self.partitions))]

    def open(self, positions):
        self.opened_at = dict(positions)
        self.at = {stream: positions.get(stream, 0) for stream in self.streams()}

    def read(self, max_records, max_bytes, wait):
        if self.paused:
            self.reads_while_paused += 1
            return []
        chunks = []
        for stream, values in zip(self.streams(), self.partitions, strict=True):
            start = self.at[stream]
            part = values[start : start + min(self.chunk, max(1, max_records))]
            if part:
                self.at[stream] = start + len(part)
                chunks.append(Chunk(stream, range(start, start + len(part)), part, start + len(part)))
        return chunks

    def pause(self):
        self.paused = True
        self.pauses += 1

    def resume(self):
        self.paused = False

    def lag(self):
        if self.fail_lag:
            raise OSError("no broker answers")
        return {
            stream: len(values) - self.at[stream]
            for stream, values in zip(self.streams(), self.partitions, strict=True)
        }

    def stored(self, positions, outcome=None):
        self.confirmed.update(positions)

    @property
    def finished(self):
        return not any(
            len(values) - self.at.get(stream, 0) for stream, values in zip(self.streams(), self.partitions, strict=True)
        )

    def close(self):
        self.closed = True


class Endless(ListSource):
    """The same, but more may always come."""

    finished = False
