"""From a source into the store: one thread reads and decodes, one writes, three batches lie between them at most.

Nothing is lost on any way out: positions are stored with the rows, so what was read and not stored is read again.
"""

import threading
from collections.abc import Callable, Mapping

from bellbuoy.config.model import Config
from bellbuoy.config.sources import Feed
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.event import Limits
from bellbuoy.monitor.ingest.halts import Halts
from bellbuoy.monitor.ingest.handover import Handover
from bellbuoy.monitor.ingest.reading import Reading
from bellbuoy.monitor.ingest.writing import Total, Writing
from bellbuoy.monitor.judging.ourselves import Trouble
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.sources.base import Source, Stream
from bellbuoy.monitor.sources.errors import SourceHalted, SourceStopped
from bellbuoy.monitor.store import Store


class Ingest:
    """Takes one source's records into the store.

    Attributes:
        source: where they come from.
        store: where they go.
        halts: what stands still until a person decides.
        reading, writing: the work of the two threads.
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
        self.halts = Halts(source, store, clock, metrics, feed)
        limits = limits or Limits(max_message=config.ingest.max_message, keep_s=config.store.retention.minutes)
        self._over = Handover()
        shared = (source, store, clock, metrics, self.halts, self._over)
        self.reading = Reading(*shared, config.ingest.batch, limits)
        self.writing = Writing(*shared)
        self._on_failure = on_failure

    def read_loop(self, stop: threading.Event) -> None:
        """Read and decode until `stop` is set or the source is finished; what is in hand then is still handed over."""
        try:
            self._told("reading", self.reading.loop, stop)
        finally:
            self.reading.end()

    def write_loop(self, stop: threading.Event) -> None:
        """Store what is read, until the reading has ended and the queue is empty."""
        self._told("writing", self.writing.loop, stop)

    def _told(self, doing: str, loop: Callable[[threading.Event], None], stop: threading.Event) -> None:
        """Run a loop; when it fails, let both threads end and tell who started them, or raise where nobody is told."""
        try:
            loop(stop)
        except BaseException as error:
            self._over.failed.set()
            if self._on_failure is None:
                raise
            self._on_failure(f"{doing} {self.source.name}", error)

    def drain(self) -> Total:
        """Read and store in the calling thread until the source is finished or nothing is left: replays and tests.

        Raises:
            StoreExhausted: disk or memory is used up; what came before is stored.
        """
        self.reading.open()
        never = threading.Event()
        while True:
            batch = self.reading.collect(never)
            if batch is not None:
                self.writing.append(batch)
            elif self.source.finished or not any(self.source.lag().values()):
                break
        self.reading.measure(at_once=True)
        return self.total

    # -- how it stands; any thread may ask

    @property
    def total(self) -> Total:
        """What became of the records since the start."""
        return self.writing.total

    @property
    def trouble(self) -> str | None:
        """Why nothing is written at present; None while all is well."""
        return self._over.trouble

    @property
    def paused(self) -> bool:
        """Whether the source waits for the store."""
        return self.reading.paused

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
        return self.reading.answers

    def lags(self) -> Mapping[Stream, int] | None:
        """Return how far the store is behind the end of each stream; None while that is not known."""
        return self.reading.lags()
