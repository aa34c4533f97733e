"""Reading: records of one source, collected and decoded into batches, handed over as fast as they are written."""

import logging
import queue
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress

from bellbuoy.config.server import Batch as Bounds
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.event import Batch, Limits, concat, decode
from bellbuoy.monitor.ingest.halts import Halts
from bellbuoy.monitor.ingest.handover import POLL_S, RETRY_FIRST_S, RETRY_MOST_S, Handover
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.sources.base import Chunk, Source, Stream
from bellbuoy.monitor.sources.errors import SourceStopped
from bellbuoy.monitor.store import Store

log = logging.getLogger(__name__)

RESUME_AT = 1
"""Batches left at which reading goes on."""
AT_ONCE = 4_096
"""Records that are read and decoded before the next ones: as objects of Python they take three times what they have as columns."""
LAG_EVERY_S = 10.0
LINGER_S = 0.005
"""How long a source whose senders wait is asked for more while the writer is idle, and ten times that at most."""
SWITCH_S = 0.001
"""How soon a thread that decodes lets another one in: at Python's 5 ms the writer spends half its time waiting for its turn."""


class Reading:
    """Reads one source; all but `lags` and `answers` belongs to the thread that reads.

    Attributes:
        paused: true while the source waits for the store.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        clock: Clock,
        metrics: Metrics | None,
        halts: Halts,
        handover: Handover,
        bounds: Bounds,
        limits: Limits,
    ) -> None:
        self.paused = False
        self._source = source
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._halts = halts
        self._over = handover
        self._batch = bounds
        self._limits = limits
        self._read_to: dict[Stream, int] = {}
        self._lags: dict[Stream, int] | None = None
        self._lag_known = True
        self._lags_at = float("-inf")
        self._opened = False
        self._halted = False
        self._prompt = bool(getattr(source, "prompt", False))  # somebody waits for the commit of each record

    def loop(self, stop: threading.Event) -> None:
        """Read and decode until `stop` is set or the source is finished; what is in hand then is still handed over."""
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        self.open()
        while not stop.is_set() and not self._over.failed.is_set() and not self._source.finished:
            self._heed(stop)
            batch = self.collect(stop)
            if batch is not None:
                self._hand_over(batch, stop)
            if self._halts.whole is not None and not self._halted:
                self._halted = True
                self._source.pause()
            self.measure()

    def end(self) -> None:
        """Say that nothing comes any more; whatever ended the loop."""
        if self._source.finished:
            self._lags, self._lag_known = {}, True
        self._over.read_all.set()

    def open(self) -> None:
        """Give the source its stored positions, once."""
        if not self._opened:
            self._source.open(self._store.positions(self._source.name))
            self._opened = True

    def _heed(self, stop: threading.Event) -> None:
        """Do what people have decided."""
        if self._halts.resumed():
            self._halted = False
            self._source.resume()
        decided = self._halts.decided()
        while decided is not None and not self._over.failed.is_set():
            try:
                self._over.batches.put(decided, timeout=POLL_S)  # behind what was read before
            except queue.Full:
                if stop.is_set():
                    return  # it waits in the store for the next start
            else:
                self._read_to[decided[1].stream] = decided[1].to
                return

    def collect(self, stop: threading.Event) -> Batch | None:
        """Return what came until a batch is full or old enough; None when nothing came."""
        parts: list[Batch] = []
        records, size, until = 0, 0, self._clock.monotonic() + self._batch.every
        while records < self._batch.rows and size < self._batch.bytes and not stop.is_set():
            left = until - self._clock.monotonic()
            if left <= 0 and parts:
                break
            wait = max(0.0, min(POLL_S, left if parts else POLL_S))
            if parts and self._prompt:
                wait = min(wait, LINGER_S)
            chunks = self._read(min(self._batch.rows - records, AT_ONCE), self._batch.bytes - size, wait)
            if not chunks and (not parts or self._source.finished or self._hasty):
                break
            for chunk in chunks:
                if not parts:
                    until = self._clock.monotonic() + self._batch.every
                parts.append(self._decode(chunk, stop))
                records += len(chunk.values)
                size += chunk.size or sum(len(value) for value in chunk.values if value is not None)
            if self._halts.whole is not None:
                break
            if self._hasty and until - self._clock.monotonic() < self._batch.every - 10 * LINGER_S:
                break
        return concat(parts) if parts else None

    @property
    def _hasty(self) -> bool:
        """Whether somebody waits for the commit while nothing is being written: a batch is not held back for more."""
        return self._prompt and not self._over.storing and self._over.batches.empty()

    def _read(self, records: int, size: int, wait: float) -> list[Chunk]:
        """Read; a stream that cannot go on is noted, and the others go on."""
        try:
            return self._source.read(records, size, wait)
        except SourceStopped as error:
            self._halts.note(error)
            return []

    def _decode(self, chunk: Chunk, stop: threading.Event) -> Batch:
        """Decode a chunk; without memory it waits, for the chunk must not be dropped."""
        received_at_us = int(self._clock.now() * 1e6)
        number = self._store.stream_id(chunk.stream)
        pause = RETRY_FIRST_S
        while True:
            try:
                batch = decode(
                    chunk,
                    stream_id=number,
                    received_at_us=received_at_us,
                    limits=self._limits,
                    forgotten_us=self._store.forgotten * 1_000_000,
                )
            except MemoryError:
                log.warning("%s: no memory to decode; trying again in %.1f s", self._source.name, pause)
                if self._clock.wait(stop, pause):
                    raise
                pause = min(2 * pause, RETRY_MOST_S)
            else:
                self._read_to[chunk.stream] = chunk.next
                self._halts.heard(chunk, batch)
                return batch

    def _hand_over(self, batch: Batch, stop: threading.Event) -> None:
        """Put a batch into the queue; while it is full the source is paused and still polled, so that it stays alive."""
        try:
            self._over.batches.put_nowait(batch)
        except queue.Full:
            self._pause(paused=True)
        else:
            return
        kept: list[Batch] = []
        while not self._over.failed.is_set():
            if self._over.batches.qsize() <= RESUME_AT:
                self._over.batches.put(concat([batch, *kept]))
                break
            if stop.is_set():
                with suppress(queue.Full):
                    self._over.batches.put(concat([batch, *kept]), timeout=POLL_S)
                    break
                if self._over.trouble is not None:
                    return  # the store takes nothing now; this is read again at the next start
                continue
            self.measure()
            kept += [self._decode(chunk, stop) for chunk in self._read(1, 1, POLL_S)]  # nothing, unless it was parked
        self._pause(paused=False)

    def _pause(self, *, paused: bool) -> None:
        self.paused = paused
        if paused:
            self._source.pause()
        elif not self._halted:
            self._source.resume()
        if self._metrics is not None:
            self._metrics.source_paused.labels(self._source.name).set(paused)

    def measure(self, *, at_once: bool = False) -> None:
        """Ask for the lag now and then, or now: a reading that fails leaves it unknown and never stops the ingest."""
        now = self._clock.monotonic()
        if not at_once and now - self._lags_at < LAG_EVERY_S:
            return
        self._lags_at = now
        try:
            self._lags = self._source.lag()
            self._lag_known = getattr(
                self._source, "lag_known", True
            )  # a source that can lose sight of its end says so
        except Exception as error:  # noqa: BLE001 - whatever it is, events matter more than their lag
            self._lags = None
            log.warning("%s: lag not known: %s", self._source.name, error)

    # -- any thread

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
        stored = self._store.positions(self._source.name)
        if not self._lag_known and (stored or read_to):
            return None
        waiting = {stream: position - stored.get(stream, 0) for stream, position in read_to.items()}
        return {stream: lags.get(stream, 0) + max(0, waiting.get(stream, 0)) for stream in {*lags, *waiting}}
