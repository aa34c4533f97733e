"""What of a source stands still until a person decides, what was decided, and how it is told."""

import logging
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from bellbuoy.config.sources import Feed
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.event import Batch
from bellbuoy.monitor.ingest.poison import Bounds, Poison, dead_ones
from bellbuoy.monitor.judging.ourselves import Trouble
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.sources.base import Chunk, Source, Stream
from bellbuoy.monitor.sources.errors import Notice, SourceHalted, SourceStopped
from bellbuoy.monitor.sources.skipping import Skip, Skipped, SkipRefused
from bellbuoy.monitor.store import Store, StoreExhausted

log = logging.getLogger(__name__)

NOTICE_S = 86_400.0
"""How long a notice is told."""
SAMPLE = 200
"""Characters of a dead letter's reason that are told."""


class Halts:
    """Streams of one source that stopped, and the source itself when too much of it cannot be read.

    `note`, `heard`, `decided` and `resumed` are for the thread that reads, `take` for the one that writes; the rest may
    be called from any.

    Attributes:
        streams: those that stopped.
        whole: why the whole source is not read; None while it is.
    """

    def __init__(
        self, source: Source, store: Store, clock: Clock, metrics: Metrics | None = None, feed: Feed | None = None
    ) -> None:
        self._source: Any = source  # what a source may have beside the port is asked by name
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._feed = feed
        self._poison = self._fresh()
        self._kinds: Counter[str] = Counter()
        self._sample = ""
        self._asked = threading.Event()
        self._asked.set()  # of before the start
        self._waiting: list[Skip] = []
        self._given: set[int] = set()  # to the thread that writes: unanswered until it has stored them
        self._resume = threading.Event()
        self._noticed: dict[Notice, float] = {}
        self._silent_since: float | None = None
        self.streams: list[SourceStopped] = []
        self.whole: SourceHalted | None = None

    @property
    def all(self) -> list[SourceStopped | SourceHalted]:
        """Everything that stands still."""
        return [*self.streams, *([self.whole] if self.whole else [])]

    def idle(self, stream: Stream) -> bool:
        """Tell whether a stream stands still until a person decides."""
        return self.whole is not None or any(one.stream == stream for one in self.streams)

    # -- the thread that reads

    def note(self, stopped: SourceStopped) -> None:
        """A stream cannot go on."""
        self.streams = [*self.streams, stopped]
        self._measure()

    def heard(self, chunk: Chunk, batch: Batch) -> None:
        """Take in what became of a chunk: its place is read again, and some of it may be unreadable."""
        place = (chunk.stream.path, chunk.stream.partition)
        if self.streams and any((one.stream.path, one.stream.partition) == place for one in self.streams):
            self._goes_on(*place)
        if self._poison is None or self.whole is not None:
            return
        if batch.letters:
            self._kinds.update(letter.kind for letter in batch.letters)
            self._sample = batch.letters[-1].reason[:SAMPLE]
        too_much = self._poison.feed(dead_ones(chunk.offsets, chunk.values, [one.offset for one in batch.letters]))
        if too_much:
            kinds = ", ".join(f"{kind} {number:,}" for kind, number in self._kinds.most_common())
            reason = f"{too_much}; since the start of the count: {kinds}; the last one: {self._sample}"
            remedy = f"mend what writes them, then `bellbuoy source resume {self._source.name}`, or start again"
            self.whole = SourceHalted(self._source.name, reason, remedy)
            log.error("%s", self.whole)
            self._measure()

    def resumed(self) -> bool:
        """Tell, once, that a person lets the whole source be read again."""
        if not self._resume.is_set():
            return False
        self._resume.clear()
        self._poison, self._kinds, self._sample = self._fresh(), Counter(), ""
        was, self.whole = self.whole, None
        self._measure()
        if was is not None:
            log.info("%s is read again: a person said so", self._source.name)
        return was is not None

    def decided(self) -> tuple[Skip, Skipped] | None:
        """Return where a stream goes on because a person said so; None when nothing was said or no broker answers."""
        if self._asked.is_set():
            self._asked.clear()
            try:
                waiting = self._store.skips.waiting(self._source.name)
            except StoreExhausted:  # the thread that writes tells it
                self._asked.set()
                return None
            self._waiting = [skip for skip in waiting if skip.id not in self._given]
        while self._waiting:
            skip = self._waiting[0]
            try:
                skipped = self._aimed(skip)
            except SkipRefused as refused:
                try:
                    self._store.skips.refuse(skip, str(refused), self._clock.now())
                except StoreExhausted:
                    return None  # it is answered when there is room
                log.warning("%s:%s:%d: %s", self._source.name, skip.path, skip.partition, refused)
                self._waiting.pop(0)
                continue
            if skipped is None:
                return None
            self._waiting.pop(0)
            self._given.add(skip.id)
            self._goes_on(skip.path, skip.partition)
            return skip, skipped
        return None

    # -- the thread that writes

    def take(self, skip: Skip, skipped: Skipped) -> None:
        """Store where a stream goes on.

        Raises:
            StoreExhausted: disk or memory is used up; nothing was written.
            PositionConflict: the stream is not where its source believes; nothing was written.
        """
        self._store.skips.take(skip, skipped, self._clock.now())
        log.warning(
            "%s:%s:%d goes on at %d because a person said so; it stood at %d: %d records are lost, %d are left out",
            self._source.name,
            skip.path,
            skip.partition,
            skipped.to,
            skipped.start,
            skipped.lost,
            skipped.left_out,
        )
        if self._metrics is not None:
            self._metrics.source_skipped.labels(self._source.name, "lost").inc(skipped.lost)
            self._metrics.source_skipped.labels(self._source.name, "left_out").inc(skipped.left_out)

    # -- any thread

    def look(self) -> None:
        """A skip was written into the store."""
        self._asked.set()

    def resume(self) -> bool:
        """Let the whole source be read again; false when it is read already."""
        if self.whole is None:
            return False
        self._resume.set()
        return True

    def troubles(self, *, answers: bool) -> list[Trouble]:
        """Return what is wrong with this source now.

        Args:
            answers: whether it can say how far it is behind.
        """
        name = self._source.name
        found = [
            Trouble(
                f"source:{name}:{one.stream.path}:{one.stream.partition}",
                "page",
                f"{name} does not read {_place(one.stream)} any more",
                one.reason,
                one.remedy,
            )
            for one in self.streams
        ]
        if self.whole is not None:
            headline = f"{name} is not read any more, for too much of it cannot be"
            found.append(Trouble(f"source:{name}:dead_letters", "page", headline, self.whole.reason, self.whole.remedy))
        return [*found, *self._notices(), *self._unreachable(answers=answers)]

    def _notices(self) -> list[Trouble]:
        now, told = self._clock.monotonic(), getattr(self._source, "notices", [])
        for notice in list(told):
            if now - self._noticed.setdefault(notice, now) >= NOTICE_S:
                told.remove(notice)
        remedy = "nothing, if that was meant; this is told for a day"
        return [
            Trouble(f"source:{one.stream.source}:{one.stream.path}:anew", "ticket", one.headline, one.reason, remedy)
            for one in _last(told)
        ]

    def _unreachable(self, *, answers: bool) -> list[Trouble]:
        """Return that nothing answers, once it has lasted."""
        why, now = getattr(self._source, "silence", ""), self._clock.monotonic()
        after = getattr(self._feed, "unreachable_after", None)
        if after is None or (answers and not why):
            self._silent_since = None
            return []
        if self._silent_since is None:
            self._silent_since = now
        if now - self._silent_since < after:
            return []
        reason = why or f"{self._source.name} does not say how far it is behind"
        remedy = (
            "see to the brokers, the network and the login; it is read on as soon as they answer, and nothing is lost"
        )
        headline = f"{self._source.name} does not answer"
        return [Trouble(f"source:{self._source.name}:unreachable", "ticket", headline, reason, remedy)]

    # -- inside

    def _fresh(self) -> Poison | None:
        limits = getattr(self._feed, "dead_letters", None)
        if limits is None:  # HTTP: the sender is told and keeps its events, so nothing is eaten
            return None
        return Poison(Bounds(limits.max_share, limits.max_consecutive, limits.window))

    def _aimed(self, skip: Skip) -> Skipped | None:
        if not hasattr(self._source, "skip"):
            raise SkipRefused(f"{self._source.name}: only streams of Kafka can be told to go on elsewhere")
        skipped: Skipped | None = self._source.skip(skip)
        return skipped

    def _goes_on(self, path: str, partition: int) -> None:
        self.streams = [one for one in self.streams if (one.stream.path, one.stream.partition) != (path, partition)]
        self._measure()

    def _measure(self) -> None:
        if self._metrics is not None:
            self._metrics.source_stopped.labels(self._source.name).set(bool(self.all))


def _place(stream: Stream) -> str:
    return f"{stream.path} partition {stream.partition}" if stream.source.startswith("kafka") else stream.path


def _last(notices: Sequence[Notice]) -> list[Notice]:
    """Return the newest notice of each path."""
    return list({one.stream.path: one for one in notices}.values())
