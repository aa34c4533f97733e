"""The door of the HTTP source: what the web asks before it takes a request, and whom it hands it to."""

from collections.abc import Sequence

from bellbuoy.config.model import Config
from bellbuoy.config.sources import Http
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.ingest.answers import Answer, Keyed, find
from bellbuoy.monitor.sources.http import Busy, HttpSource, Posted, Room
from bellbuoy.monitor.store import Store


class Intake:
    """Takes requests into one HTTP source.

    Attributes:
        settings: the source's limits.
    """

    def __init__(self, source: HttpSource, ingest: Ingest, store: Store, settings: Http, clock: Clock) -> None:
        self.settings = settings
        self._source = source
        self._ingest = ingest
        self._store = store
        self._clock = clock

    def room(self) -> Room:
        """Return room for a body.

        Raises:
            Busy: nothing is taken at present: the store is full or behind, or the daemon starts or stops.
        """
        trouble = self._ingest.trouble
        if trouble is not None:
            raise Busy(f"nothing can be written at present: {trouble}", 5)
        return self._source.room()

    def claim(self, key: str) -> bool:
        """Reserve a key; false while another request with it is under way."""
        return self._source.claim(key)

    def release(self, key: str) -> None:
        """Give a key back."""
        self._source.release(key)

    def answered(self, keyed: Keyed) -> Answer | None:
        """Return what the same request was answered before.

        Raises:
            OtherBody: the key was used for another body.
        """
        return find(self._store, keyed, self._clock.now())

    def offer(self, posted: Posted) -> None:
        """Take a request, its room and its key.

        Raises:
            Busy: nothing is taken at present.
        """
        self._source.offer(posted)

    def close(self) -> None:
        """Tell everybody who still waits to send it again."""
        self._source.close()


def intake_of(config: Config, ingests: Sequence[Ingest], store: Store, clock: Clock) -> Intake | None:
    """Return the door of the HTTP source; None where none is configured."""
    for entry, ingest in zip(config.sources, ingests, strict=True):
        if entry.http is not None and isinstance(ingest.source, HttpSource):
            return Intake(ingest.source, ingest, store, entry.http, clock)
    return None
