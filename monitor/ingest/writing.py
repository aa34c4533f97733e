"""Writing: batches and decisions of one source into the store, each tried until it succeeds."""

import logging
import queue
import threading
from dataclasses import dataclass

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.event import Batch
from bellbuoy.monitor.ingest.halts import Halts
from bellbuoy.monitor.ingest.handover import POLL_S, RETRY_FIRST_S, RETRY_MOST_S, Decided, Handover
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.seldom import Seldom
from bellbuoy.monitor.sources.base import Source
from bellbuoy.monitor.store import Appended, Store, StoreExhausted

log = logging.getLogger(__name__)


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


class Writing:
    """Writes what was read of one source; belongs to the thread that writes.

    Attributes:
        total: what became of the records.
    """

    def __init__(
        self, source: Source, store: Store, clock: Clock, metrics: Metrics | None, halts: Halts, handover: Handover
    ) -> None:
        self.total = Total()
        self._source = source
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._halts = halts
        self._over = handover
        self._folded = Seldom(clock)
        self._settle = getattr(source, "settle", None)  # a source that writes answers into the transaction

    def loop(self, stop: threading.Event) -> None:
        """Store what is read, until the reading has ended and the queue is empty."""
        while not self._over.failed.is_set():
            try:
                batch = self._over.batches.get(timeout=POLL_S)
            except queue.Empty:
                if self._over.read_all.is_set():
                    break
                continue
            self._over.storing = True
            if not self._until_stored(batch, stop):
                break
            self._over.storing = False

    def _until_stored(self, batch: Batch | Decided, stop: threading.Event) -> bool:
        """Append until it succeeds; false when `stop` came while disk or memory is used up."""
        pause = RETRY_FIRST_S
        while True:
            try:
                if isinstance(batch, Batch):
                    self.append(batch)
                else:
                    self._halts.take(*batch)
            except (StoreExhausted, MemoryError) as error:
                if self._over.trouble is None:
                    log.error("%s: reading pauses, nothing is lost: %s", self._source.name, error)  # noqa: TRY400 - the state is told, not a defect
                self._over.trouble = str(error)
                self._writable(writable=False)
                if stop.is_set() or self._clock.wait(stop, pause):
                    return False
                pause = min(2 * pause, RETRY_MOST_S)
            else:
                break
        if self._over.trouble is not None:
            log.info("%s: writing again", self._source.name)
            self._over.trouble = None
            self._writable(writable=True)
        return True

    def append(self, batch: Batch) -> Appended:
        """Store one batch, tell the source and count.

        Raises:
            StoreExhausted: disk or memory is used up; nothing was written.
        """
        began = self._clock.monotonic()
        appended = self._store.append(batch, self._settle, merge=False)
        self._source.stored(batch.next, appended.outcome)
        self.total.received += batch.received
        self.total.rows += appended.rows
        self.total.letters += appended.letters
        self.total.duplicates += appended.duplicates
        self.total.tombstones += batch.tombstones
        self.total.batches += 1
        if appended.refused:
            log.error("%s: the store refused %d events, kept as dead letters", self._source.name, appended.refused)
        if (folded := self._folded.add(appended.folded)) > 0:
            log.warning("%s: past ingest.max_series names count under `other`: %d times", self._source.name, folded)
        if self._metrics is not None:
            self._count(self._metrics, batch, appended, self._clock.monotonic() - began)
        began = self._clock.monotonic()
        if self._store.merge() and self._metrics is not None:  # nobody waits for it: the batch is committed and told
            self._metrics.store_merge_duration.observe(self._clock.monotonic() - began)
        return appended

    def _count(self, metrics: Metrics, batch: Batch, appended: Appended, seconds: float) -> None:
        name = self._source.name
        metrics.events.labels(name, "stored").inc(appended.rows)
        metrics.events.labels(name, "rejected").inc(appended.letters)
        metrics.events.labels(name, "duplicate").inc(appended.duplicates)
        for kind, number in appended.kinds.items():
            metrics.dead_letters.labels(name, kind).inc(number)
        metrics.series_folded.labels(name).inc(appended.folded)
        metrics.unknown_fields.labels(name).inc(batch.unknown_fields.total())
        metrics.ingest_batch_duration.labels(name).observe(seconds)
        now = self._clock.now()
        metrics.ingest_latency.observe(name, batch.readable_us, now)
        metrics.source_last_commit.labels(name).set(now)
        if batch.newest_us is not None:
            metrics.source_last_event.labels(name).set(batch.newest_us / 1e6)

    def _writable(self, *, writable: bool) -> None:
        if self._metrics is not None:
            self._metrics.store_writable.set(writable)
