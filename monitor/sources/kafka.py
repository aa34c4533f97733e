"""The Kafka source: all partitions of its topics, from the positions of the store, for as long as the daemon runs."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from kafka import TopicPartition
from kafka.errors import CorruptRecordError, KafkaError, LogTruncationError, OffsetOutOfRangeError

from bellbuoy.monitor.clock import Clock, SystemClock
from bellbuoy.monitor.sources.base import Chunk, Outcome, Stream
from bellbuoy.monitor.sources.errors import Notice
from bellbuoy.monitor.sources.kafka_client import KafkaSettings
from bellbuoy.monitor.sources.kafka_lag import Lag
from bellbuoy.monitor.sources.kafka_link import Link
from bellbuoy.monitor.sources.kafka_progress import Progress
from bellbuoy.monitor.sources.kafka_ranges import aim, begins, span
from bellbuoy.monitor.sources.kafka_records import Of
from bellbuoy.monitor.sources.kafka_stops import Stops
from bellbuoy.monitor.sources.skipping import Skip, Skipped, SkipRefused, base_of, turn_of, turned
from bellbuoy.monitor.sources.telling import Teller

_LOG = logging.getLogger(__name__)


class KafkaSource:
    """Reads topics by `assign` and `seek`; the group is told what was stored and never asked.

    A stream that the store does not know yet yields one empty chunk first: its `next` is where it begins, so that
    the beginning itself is stored.

    Args:
        name: name of the source, the `source` of its streams.
        settings: which brokers and topics, and how.
        clock: tells the time and waits.
        refresh_s: how often new partitions and a new topic id are looked for.
        commit_s: how often the group is told what was stored.

    Attributes:
        notices: what it did by itself and a person should know; whoever tells it takes it from here.
    """

    def __init__(
        self,
        name: str,
        settings: KafkaSettings,
        *,
        clock: Clock | None = None,
        refresh_s: float = 30.0,
        commit_s: float = 5.0,
    ) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock or SystemClock()
        self._teller = Teller(_LOG, self._clock)
        self._closing = threading.Event()
        self._link = Link(settings.options(), settings.topics, self._clock, self._teller, self._closing, refresh_s)
        self._progress = Progress(settings.group_id, self._clock, self._teller, commit_s)
        self._stored: dict[Stream, int] = {}
        self._streams: dict[Any, Stream] = {}
        self._next: dict[Any, int] = {}
        self._opened: list[Chunk] = []
        self._missing: dict[str, str] = {}
        self._stops = Stops(name, self._link, self._streams, self._next)
        self._paused = False
        self._mean_bytes = 1.0
        self._lag = Lag(self._link, self._teller)
        self.notices: list[Notice] = []

    @property
    def silence(self) -> str:
        """Why nothing comes although something should: no broker answers, or a topic is not there; '' while all is well."""
        return self._link.trouble or "; ".join(self._missing.values())

    @property
    def finished(self) -> bool:
        """Never: a topic has no end."""
        return False

    def open(self, positions: Mapping[Stream, int]) -> None:
        """Take the stored positions; the connection is made by `read`, however long that takes."""
        self._stored = {stream: position for stream, position in positions.items() if stream.source == self.name}

    def read(self, max_records: int, max_bytes: int, wait: float) -> list[Chunk]:
        """Return what has come, after at most about `wait` seconds.

        `max_bytes` is kept to by the size of the records read before; what the client has fetched is bounded by its
        own limits.

        Raises:
            SourceStopped: one stream cannot go on; the next call goes on with the others.
        """
        self._stops.raise_due()
        if not self._link.connect(wait):
            return []
        if self._link.refreshed():
            self._discover()
        self._progress.tell_if_due(self._link.consumer, self._streams)
        if self._opened:
            opened, self._opened = self._opened, []
            return opened
        many = max(1, min(max_records, int(max_bytes / self._mean_bytes)))
        records = self._poll(many, wait)
        chunks = [self._chunk(partition, found) for partition, found in records.items() if found]
        return [chunk for chunk in chunks if chunk is not None]

    def _poll(self, many: int, wait: float) -> dict[Any, list[Any]]:
        try:
            records = dict(self._link.consumer.poll(timeout_ms=int(wait * 1000), max_records=many))
        except (OffsetOutOfRangeError, LogTruncationError) as error:
            self._stops.lost(error)
        except CorruptRecordError as error:
            self._stops.damaged(error)
        except KafkaError as error:
            self._teller.say(logging.WARNING, f"reading from {self._link.servers} fails: {error}; trying on")
            self._clock.wait(self._closing, min(wait, 1.0))
        else:
            if self._stops.again:  # that poll threw away what the client still held of them
                again, self._stops.again = self._stops.again, {}
                self._assign(again, {partition: self._next[partition] for partition in again})
            return records
        self._stops.raise_due()
        return {}

    def _chunk(self, partition: Any, records: list[Any]) -> Chunk | None:
        stream = self._streams[partition]
        if self._link.epoch(partition.topic) not in ("", base_of(stream)):
            self._link.ask_soon(0.0)  # they belong to a topic made anew: they come again, from its beginning
            return None
        if records[0].offset < self._next[partition]:
            self._stops.went_back(partition, records[0].offset)
            return None
        values = [record.value for record in records]
        size = sum(map(len, filter(None, values)))
        self._mean_bytes = max(1.0, size / len(values))
        self._next[partition] = after = records[-1].offset + 1
        self._stops.came(partition)
        return Chunk(
            stream,
            [record.offset for record in records],
            values,
            after,
            Of(records, "key"),
            Of(records, "headers"),
            size,
            Of(records, "timestamp"),
        )

    # Streams and where they begin

    def _discover(self) -> None:
        """Take in new partitions, and topics that were made anew."""
        new: dict[Any, Stream] = {}
        for topic in self._settings.topics:
            partitions = self._link.partitions(topic)
            if not partitions:
                what = "may not be read" if self._link.forbidden(topic) else "does not exist"
                self._missing[topic] = f"topic {topic} {what} at {self._link.servers}"
                self._teller.say(logging.WARNING, f"{self._missing[topic]}; waiting for it")
                self._link.ask_soon()
                continue
            self._missing.pop(topic, None)
            epoch = self._link.epoch(topic) or self._last_epoch(topic)
            for number in partitions:
                partition = TopicPartition(topic, number)
                stream = self._latest(Stream(self.name, topic, number, epoch))
                if self._streams.get(partition) != stream and not self._stops.same(partition, stream):
                    new[partition] = stream
        if not new:
            return
        seen = {stream.path for stream in (*self._stored, *self._streams.values())}
        try:
            places = begins(self._link.consumer, self._settings.start, new, self._stored, seen)
        except KafkaError as error:
            self._teller.say(logging.WARNING, f"no positions from {self._link.servers}: {error}; trying on")
            self._link.ask_soon()
            return
        self._assign(new, places)

    def _last_epoch(self, topic: str) -> str:
        """Return the epoch last seen of a topic whose id the broker does not tell."""
        seen = [base_of(stream) for stream in (*self._stored, *self._streams.values()) if stream.path == topic]
        return seen[-1] if seen else ""

    def _latest(self, stream: Stream) -> Stream:
        """Return the stream under the newest of our own epochs, where a person let it go back."""
        alike = [
            one
            for one in self._stored
            if (one.path, one.partition, base_of(one)) == (stream.path, stream.partition, stream.epoch)
        ]
        return max(alike, key=turn_of, default=stream)

    def _assign(self, new: Mapping[Any, Stream], begins: Mapping[Any, int]) -> None:
        consumer = self._link.consumer
        for partition, stream in new.items():
            old = self._streams.get(partition) or next(
                (seen for seen in self._stored if _replaces(stream, seen) and stream not in self._stored), None
            )
            if old is not None and base_of(old) != base_of(stream):
                self._anew(partition, old, stream)
            self._stops.stopped.discard(partition)
        consumer.assign([*self._streams.keys() - new.keys() - self._stops.out, *new])
        for partition, stream in new.items():
            consumer.seek(partition, begins[partition])
            self._streams[partition] = stream
            self._next[partition] = begins[partition]
            if stream not in self._stored:
                self._stored[stream] = begins[partition]
                self._opened.append(Chunk(stream, (), (), begins[partition]))
            self._teller.say(
                logging.INFO, f"reading {stream.path} partition {stream.partition} from offset {begins[partition]}"
            )
        if self._paused:
            consumer.pause(*consumer.assignment())

    def _anew(self, partition: Any, old: Stream, stream: Stream) -> None:
        """Tell that a topic was deleted and made again: once a topic, in the log and as a notice."""
        headline, ids = f"topic {stream.path} was made anew", f"its id {old.epoch} is now {stream.epoch}"
        self._teller.say(logging.ERROR, f"{headline} ({ids}); reading it from its beginning")
        if all(one.headline != headline or one.stream.epoch != stream.epoch for one in self.notices):
            at = self._next.get(partition, self._stored.get(old, 0))
            read = f"partition {partition.partition} of the old one was read up to offset {at}"
            self.notices.append(
                Notice(stream, headline, f"{ids}: it is read from its beginning, as new records; {read}")
            )

    # Where a person lets a stream go on

    def skip(self, skip: Skip) -> Skipped | None:
        """Let a stream go on where a person wants it; None while no broker answers: then it is tried again.

        Raises:
            SkipRefused: it cannot go on there, or there is no such stream.
        """
        partition = TopicPartition(skip.path, skip.partition)
        if skip.path not in self._settings.topics:
            raise SkipRefused(
                f"topic {skip.path} is not read by {self.name}; it reads {', '.join(self._settings.topics)}"
            )
        consumer, stream = self._link.consumer, self._streams.get(partition)
        if consumer is None or stream is None:
            if consumer is not None and (known := self._link.partitions(skip.path)) and skip.partition not in known:
                raise SkipRefused(
                    f"topic {skip.path} has no partition {skip.partition}; it has {known[0]} to {known[-1]}"
                )
            return None
        position = self._next[partition]
        try:
            begin, end = span(consumer, partition)
        except KafkaError as error:
            self._teller.say(logging.WARNING, f"no positions from {self._link.servers}: {error}; trying on")
            return None
        to = aim(skip.target, position, begin, end, back=partition in self._stops.rewound or position > end)
        after = stream if to >= position else turned(stream)
        lost = max(0, min(begin, to) - position)
        self._stored[after] = to
        self._stops.free(partition)
        self._assign({partition: after}, {partition: to})
        return Skipped(stream, after, position, to, lost, max(0, to - position - lost))

    # Back-pressure, lag, the group

    def pause(self) -> None:
        """Stop fetching; `read` goes on returning, with nothing, and the connection stays alive."""
        self._paused = True
        if self._link.consumer is not None:
            self._link.consumer.pause(*self._link.consumer.assignment())

    def resume(self) -> None:
        """Fetch again."""
        self._paused = False
        if self._link.consumer is not None:
            self._link.consumer.resume(*self._link.consumer.assignment())

    @property
    def lag_known(self) -> bool:
        """False while no broker answers and `lag` can only repeat itself: the watermark waits then."""
        return self._lag.known

    def lag(self) -> dict[Stream, int]:
        """Return the records between what was read and the end of each stream; the last answer when none comes now.

        May be called from any thread; it never holds up `read`.
        """
        return self._lag.of(dict(self._streams), dict(self._next))

    def stored(self, positions: Mapping[Stream, int], outcome: Outcome | None = None) -> None:  # noqa: ARG002 - nobody is answered
        """Remember what is committed in the store; the group hears of it from `read`, at most every few seconds."""
        self._progress.note({stream: at for stream, at in positions.items() if stream.source == self.name})

    def close(self) -> None:
        """Tell the group what was stored, if it answers quickly, and let go of the connection."""
        self._closing.set()
        if self._link.consumer is not None:
            self._progress.tell_last(self._link.consumer, self._streams)
        self._link.close()


def _replaces(stream: Stream, old: Stream) -> bool:
    """Tell whether a stream has the place of another one, of an earlier epoch."""
    return (stream.path, stream.partition) == (old.path, old.partition) and base_of(stream) != base_of(old)
