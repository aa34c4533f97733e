"""The events that a survey looks at: of log files, at most so many; and what among them is no event."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.event.batch import DeadLetter
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.sources.log_file import LogFile, lines_of

LINES = 5_000
BYTES = 4 << 20
"""What is read and decoded at once."""
KEPT = 2_000
"""Records that are no events which are kept, to see what they are."""
MOST_MISTAKES = 0.05
"""Share of records that are no events past which nothing is concluded: `dead_letters.max_share` would halt the source."""


@dataclass(slots=True)
class Sample:
    """Records that were looked at.

    Attributes:
        tables: their events, rows of `events_raw`.
        records: how many records there were, events or not.
        letters: how many of them are no events. first: the first of these. refused: the first few, as they were sent.
        whole: whether there was nothing more to look at.
        limits: how the records are read.
    """

    tables: list[pa.Table] = field(default_factory=list)
    records: int = 0
    letters: int = 0
    first: DeadLetter | None = None
    refused: list[bytes] = field(default_factory=list)
    whole: bool = True
    limits: Limits = field(default_factory=Limits)

    def take(self, chunk: Chunk, number: int, now_us: int) -> None:
        """Decode the records of a chunk, as if they arrived now.

        Args:
            chunk: records of one stream.
            number: of the stream.
            now_us: microseconds UTC; what is far ahead of it is no event.
        """
        batch = decode(chunk, stream_id=number, received_at_us=now_us, limits=self.limits)
        self.records += batch.received - batch.tombstones
        self.letters += len(batch.letters)
        self.refused += [one.raw for one in batch.letters[: KEPT - len(self.refused)]]
        if self.first is None and batch.letters:
            self.first = batch.letters[0]
        if batch.table is not None:
            self.tables.append(batch.table)

    @property
    def foreign(self) -> bool:
        """Whether too many of the records are no events."""
        return self.letters > MOST_MISTAKES * self.records

    @property
    def runs(self) -> int:
        """How many steps and interactions there are."""
        return sum(int(pc.sum(_runs(table)).as_py()) for table in self.tables)

    @property
    def counted(self) -> int:
        """How many of them count; the others are of a demo, or of another environment than production."""
        return sum(int(pc.sum(table["counted"]).as_py()) for table in self.tables)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield outcomes, and the runs that count, or all of them where none counts; fields that a batch has nowhere are left out."""
        counted = self.counted > 0
        for table in self.tables:
            rows = table.filter(pc.or_(table["counted"], pc.invert(_runs(table)))) if counted else table
            brought = [name for name in rows.column_names if rows[name].null_count < rows.num_rows]
            yield from rows.select(brought).to_pylist()


def _runs(table: pa.Table) -> Any:
    """Return which events are steps or interactions."""
    return pc.not_equal(table["type"], "outcome")


def of_files(files: Sequence[Path], most: int, now_us: int, limits: Limits | None = None) -> Sample:
    """Return what log files hold (JSON lines, also .gz and .zst): of each the first lines and as many of its last ones.

    A compressed file has to be read from its beginning, so of it the first lines are all that is looked at.

    Args:
        files: at least one; each has its share.
        most: lines to look at in all, about.
        now_us: microseconds UTC.
        limits: how the records are read; as events unless given.

    Raises:
        SourceStopped: a file is damaged.
        OSError: a file cannot be opened.
    """
    sample = Sample(limits=limits or Limits())
    each = -(-most // len(files))
    for number, path in enumerate(files):
        stream = Stream("files", str(path), 0, "")
        with closing(LogFile(path, stream, 0)) as log:
            head = each if log.compressed else -(-each // 2)
            if not _drain(log, head, sample, number, now_us):
                continue
            if log.compressed:
                sample.whole &= log.take(1, 1, last_line=True) is None
                continue
            size, mean = path.stat().st_size, log.offset / head
            at = max(log.offset, int(size - mean * (each - head)))
            sample.whole &= at == log.offset
        if at < size:
            with closing(LogFile(path, stream, at - 1)) as log:
                log.take(1, 1, last_line=True)  # the rest of a line, or the end of the one before
                sample.whole &= not _drain(log, each, sample, number, now_us)
    return sample


def _drain(log: LogFile, most: int, sample: Sample, number: int, now_us: int) -> bool:
    """Take in the next lines of a file; false when they ended before there were so many."""
    while most > 0:
        chunk = log.take(min(most, LINES), BYTES, last_line=True)
        if chunk is None:
            return False
        sample.take(chunk, number, now_us)
        most -= len(chunk.values)
    return True


def place(letter: DeadLetter) -> str:
    """Return where a record of a file or a topic stands, as people look for it."""
    stream = letter.stream
    if stream.source == "files":
        return f"{stream.path}:{lines_of(Path(stream.path), [letter.offset])[0]}"
    return f"{stream.path}, partition {stream.partition}, offset {letter.offset}"
