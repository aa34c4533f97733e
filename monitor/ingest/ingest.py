"""From a source into the store: one thread reads and decodes, one writes, three batches lie between them at most.

Nothing is lost on any way out: positions are stored with the rows, so what was read and not stored is read again.
"""

import logging
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from bellbuoy.config.model import Config
from bellbuoy.config.sources import Feed
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.event import Batch, Limits, concat, decode
from bellbuoy.monitor.ingest.halts import Halts
from bellbuoy.monitor.ingest.watermark import watermark
from bellbuoy.monitor.judging.ourselves import Trouble
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.seldom import Seldom
from bellbuoy.monitor.sources.base import Chunk, Source, Stream
from bellbuoy.monitor.sources.errors import SourceHalted, SourceStopped
from bellbuoy.monitor.sources.skipping import Skip, Skipped
from bellbuoy.monitor.store import Appended, Store, StoreExhausted

__all__ = ["Ingest", "Total", "watermark"]

log = logging.getLogger(__name__)

QUEUE = 3
"""Batches between reading and writing."""
RESUME_AT = 1
"""Batches left at which reading goes on."""
POLL_S = 0.2
LAG_EVERY_S = 10.0
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 10.0
LINGER_S = 0.005
"""How long a source whose senders wait is asked for more while the writer is idle, and ten times that at most."""
SWITCH_S = 0.001
"""How soon a thread that decodes lets another one in: at Python's 5 ms the writer spends half its time waiting for its turn."""


@dataclass(slots=True)
class Total:
    """What became of the records since the start.

    Attributes:
        received, rows, letters, duplicates, tombstones: records read and stored, and what they were.
        batches: transactions.
    """

    received: int = 0
    rows: int = 0
    letters: int = 0
    duplicates: int = 0
    tombstones: int = 0
    batches: int = 0


class Ingest:
    """Takes one source's records into the store.

    Attributes:
        source: where they come from.
        total: what became of them.
        trouble: why nothing is written at present; None while all is well.
        paused: true while the source waits for the store.
        halts: what stands still until a person decides.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        config: Config,
        clock: Clock,
        metrics: Metrics | None = None,
        *,
        on_failure: Callable[[str, BaseException], None] | None = None,
        limits: Limits | None = None,
        feed: Feed | None = None,
    ) -> None:
        self.source = source
        self.store = store
        self.clock = clock
        self.metrics = metrics
        self.total = Total()
        self.trouble: str | None = None
        self.paused = False
        self.halts = Halts(source, store, clock, metrics, feed)
        self._batch = config.ingest.batch
        self._limits = limits or Limits(max_message=config.ingest.max_message, keep_s=config.store.retention.minutes)
        self._on_failure = on_failure
        self._queue: queue.Queue[Batch | tuple[Skip, Skipped]] = queue.Queue(QUEUE)
        self._read_all = threading.Event()
        self._failed = threading.Event()
        self._read_to: dict[Stream, int] = {}
        self._lags: dict[Stream, int] | None = None
        self._lag_known = True
        self._lags_at = float("-inf")
        self._folded = Seldom(clock)
        self._opened = False
        self._halted = False
        self._prompt = bool(getattr(source, "prompt", False))  # somebody waits for the commit of each record
        self._settle = getattr(source, "settle", None)  # a source that writes answers into the transaction
        self._storing = False

    # -- the thread that reads

    def read_loop(self, stop: threading.Event) -> None:
        """Read and decode until `stop` is set or the source is finished; what is in hand then is still handed over."""
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        try:
            self._open()
            while not stop.is_set() and not self._failed.is_set() and not self.source.finished:
                self._heed(stop)
                batch = self._collect(stop)
                if batch is not None:
                    self._hand_over(batch, stop)
                if self.halts.whole is not None and not self._halted:
                    self._halted = True
                    self.source.pause()
                self._measure()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            self._fail("reading", error)
        finally:
            if self.source.finished:
                self._lags, self._lag_known = {}, True
            self._read_all.set()

    def _open(self) -> None:
        if not self._opened:
            self.source.open(self.store.positions(self.source.name))
            self._opened = True

    def _heed(self, stop: threading.Event) -> None:
        """Do what people have decided."""
        if self.halts.resumed():
            self._halted = False
            self.source.resume()
        decided = self.halts.decided()
        while decided is not None and not self._failed.is_set():
            try:
                self._queue.put(decided, timeout=POLL_S)  # behind what was read before
            except queue.Full:
                if stop.is_set():
                    return  # it waits in the store for the next start
            else:
                self._read_to[decided[1].stream] = decided[1].to
                return

    def _collect(self, stop: threading.Event) -> Batch | None:
        """Return what came until a batch is full or old enough; None when nothing came."""
        parts: list[Batch] = []
        records, size, until = 0, 0, self.clock.monotonic() + self._batch.every
        while records < self._batch.rows and size < self._batch.bytes and not stop.is_set():
            left = until - self.clock.monotonic()
            if left <= 0 and parts:
                break
            wait = max(0.0, min(POLL_S, left if parts else POLL_S))
            if parts and self._prompt:
                wait = min(wait, LINGER_S)
            chunks = self._read(self._batch.rows - records, self._batch.bytes - size, wait)
            if not chunks and (not parts or self.source.finished or self._hasty):
                break
            for chunk in chunks:
                if not parts:
                    until = self.clock.monotonic() + self._batch.every
                parts.append(self._decode(chunk, stop))
                records += len(chunk.values)
                size += chunk.size or sum(len(value) for value in chunk.values if value is not None)
            if self.halts.whole is not None:
                break
            if self._hasty and until - self.clock.monotonic() < self._batch.every - 10 * LINGER_S:
                break
        return concat(parts) if parts else None

    @property
    def _hasty(self) -> bool:
        """Whether somebody waits for the commit while nothing is being written: a batch is not held back for more."""
        return self._prompt and not self._storing and self._queue.empty()

    def _read(self, records: int, size: int, wait: float) -> list[Chunk]:
        """Read; a stream that cannot go on is noted, and the others go on."""
        try:
            return self.source.read(records, size, wait)
        except SourceStopped as error:
            self.halts.note(error)
            return []

    def _decode(self, chunk: Chunk, stop: threading.Event) -> Batch:
        """Decode a chunk; without memory it waits, for the chunk must not be dropped."""
        received_at_us = int(self.clock.now() * 1e6)
        number = self.store.stream_id(chunk.stream)
        pause = RETRY_FIRST_S
        while True:
            try:
                batch = decode(chunk, stream_id=number, received_at_us=received_at_us, limits=self._limits)
            except MemoryError:
                log.warning("%s: no memory to decode; trying again in %.1f s", self.source.name, pause)
                if self.clock.wait(stop, pause):
                    raise
                pause = min(2 * pause, RETRY_MOST_S)
            else:
                self._read_to[chunk.stream] = chunk.next
                self.halts.heard(chunk, batch)
                return batch

    def _hand_over(self, batch: Batch, stop: threading.Event) -> None:
        """Put a batch into the queue; while it is full the source is paused and still polled, so that it stays alive."""
        try:
            self._queue.put_nowait(batch)
        except queue.Full:
            self._pause(paused=True)
        else:
            return
        kept: list[Batch] = []
        while not self._failed.is_set():
            if self._queue.qsize() <= RESUME_AT:
                self._queue.put(concat([batch, *kept]))
                break
            if stop.is_set():
                with suppress(queue.Full):
                    self._queue.put(concat([batch, *kept]), timeout=POLL_S)
                    break
                if self.trouble is not None:
                    return  # the store takes nothing now; this is read again at the next start
                continue
            self._measure()
            kept += [self._decode(chunk, stop) for chunk in self._read(1, 1, POLL_S)]  # nothing, unless it was parked
        self._pause(paused=False)

    def _pause(self, *, paused: bool) -> None:
        self.paused = paused
        if paused:
            self.source.pause()
        elif not self._halted:
            self.source.resume()
        if self.metrics is not None:
            self.metrics.source_paused.labels(self.source.name).set(paused)

    def _measure(self) -> None:
        """Ask for the lag now and then: a reading that fails leaves it unknown and never stops the ingest."""
        now = self.clock.monotonic()
        if now - self._lags_at < LAG_EVERY_S:
            return
        self._lags_at = now
        try:
            self._lags = self.source.lag()
            self._lag_known = getattr(self.source, "lag_known", True)  # a source that can lose sight of its end says so
        except Exception as error:  # noqa: BLE001 - whatever it is, events matter more than their lag
            self._lags = None
            log.warning("%s: lag not known: %s", self.source.name, error)

    # -- the thread that writes

    def write_loop(self, stop: threading.Event) -> None:
        """Store what is read, until the reading has ended and the queue is empty."""
        try:
            while not self._failed.is_set():
                try:
                    batch = self._queue.get(timeout=POLL_S)
                except queue.Empty:
                    if self._read_all.is_set():
                        break
                    continue
                self._storing = True
                if not self._store(batch, stop):
                    break
                self._storing = False
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            self._fail("writing", error)

    def _store(self, batch: Batch | tuple[Skip, Skipped], stop: threading.Event) -> bool:
        """Append until it succeeds; false when `stop` came while disk or memory is used up."""
        pause = RETRY_FIRST_S
        while True:
            try:
                if isinstance(batch, Batch):
                    self._append(batch)
                else:
                    self.halts.take(*batch)
            except (StoreExhausted, MemoryError) as error:
                if self.trouble is None:
                    log.error("%s: reading pauses, nothing is lost: %s", self.source.name, error)  # noqa: TRY400 - the state is told, not a defect
                self.trouble = str(error)
                self._writable(writable=False)
                if stop.is_set() or self.clock.wait(stop, pause):
                    return False
                pause = min(2 * pause, RETRY_MOST_S)
            else:
                break
        if self.trouble is not None:
            log.info("%s: writing again", self.source.name)
            self.trouble = None
            self._writable(writable=True)
        return True

    def _append(self, batch: Batch) -> Appended:
        began = self.clock.monotonic()
        appended = self.store.append(batch) if self._settle is None else self.store.append(batch, self._settle)
        self.source.stored(batch.next, appended.outcome)
        self.total.received += batch.received
        self.total.rows += appended.rows
        self.total.letters += appended.letters
        self.total.duplicates += appended.duplicates
        self.total.tombstones += batch.tombstones
        self.total.batches += 1
        if appended.refused:
            log.error("%s: the store refused %d events, kept as dead letters", self.source.name, appended.refused)
        if (folded := self._folded.add(appended.folded)) > 0:
            log.warning("%s: past ingest.max_series names count under `other`: %d times", self.source.name, folded)
        if self.metrics is not None:
            self._count(self.metrics, batch, appended, self.clock.monotonic() - began)
        return appended

    def _count(self, metrics: Metrics, batch: Batch, appended: Appended, seconds: float) -> None:
        name = self.source.name
        metrics.events.labels(name, "stored").inc(appended.rows)
        metrics.events.labels(name, "rejected").inc(appended.letters)
        metrics.events.labels(name, "duplicate").inc(appended.duplicates)
        for kind, number in appended.kinds.items():
            metrics.dead_letters.labels(name, kind).inc(number)
        metrics.series_folded.labels(name).inc(appended.folded)
        metrics.unknown_fields.labels(name).inc(batch.unknown_fields.total())
        metrics.ingest_batch_duration.labels(name).observe(seconds)
        now = self.clock.now()
        metrics.ingest_latency.observe(name, batch.readable_us, now)
        metrics.source_last_commit.labels(name).set(now)
        if batch.newest_us is not None:
            metrics.source_last_event.labels(name).set(batch.newest_us / 1e6)

    def _writable(self, *, writable: bool) -> None:
        if self.metrics is not None:
            self.metrics.store_writable.set(writable)

    # -- both

    def _fail(self, doing: str, error: BaseException) -> None:
        """Let both threads end and tell who started them; without somebody to tell, raise."""
        self._failed.set()
        if self._on_failure is None:
            raise error
        self._on_failure(f"{doing} {self.source.name}", error)

    @property
    def stopped(self) -> list[SourceStopped | SourceHalted]:
        """What stands still until a person decides: streams, or the whole source."""
        return self.halts.all

    def idle(self, stream: Stream) -> bool:
        """Tell whether a stream stands still until a person decides: it does not hold the watermark back."""
        return self.halts.idle(stream)

    def troubles(self) -> list[Trouble]:
        """Return what is wrong with this source."""
        return self.halts.troubles(answers=self.answers)

    @property
    def answers(self) -> bool:
        """Whether the source can say how far it is behind: false while no broker answers, or a topic is missing."""
        return self._lag_known and self._lags is not None

    def lags(self) -> Mapping[Stream, int] | None:
        """Return how far the store is behind the end of each stream; None while that is not known.

        What was read and is not stored yet counts as lag.
        """
        lags, read_to = self._lags, dict(self._read_to)
        if lags is None:
            return None
        stored = self.store.positions(self.source.name)
        if not self._lag_known and (stored or read_to):
            return None
        waiting = {stream: position - stored.get(stream, 0) for stream, position in read_to.items()}
        return {stream: lags.get(stream, 0) + max(0, waiting.get(stream, 0)) for stream in {*lags, *waiting}}

    def drain(self) -> Total:
        """Read and store in the calling thread until the source is finished or nothing is left: replays and tests.

        Raises:
            StoreExhausted: disk or memory is used up; what came before is stored.
        """
        self._open()
        never = threading.Event()
        while True:
            batch = self._collect(never)
            if batch is not None:
                self._append(batch)
            elif self.source.finished or not any(self.source.lag().values()):
                break
        self._lags = self.source.lag()
        return self.total
