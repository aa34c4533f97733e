"""Who can say how things stand: the running daemon; else the store itself, opened once for all checks and never written to."""

import threading
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from bellbuoy.client import NoDaemon, QueryError, connect
from bellbuoy.config.model import Config
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.doctor.finding import LIMIT_S
from bellbuoy.monitor.ingest.deciding import Deciding
from bellbuoy.monitor.judging.normal import Normal
from bellbuoy.monitor.judging.sight import Sight
from bellbuoy.monitor.store import Store, StoreError, StoreLocked, StoreMissing
from bellbuoy.monitor.store.door.adhoc import QueryRefused, ask


class Unknown(Exception):  # noqa: N818 - the state is the name
    """Nobody can say: the text is why."""


class Knowing:
    """Answers of the daemon, or of its store where no daemon holds that. Called from several threads.

    Whoever holds the store is its daemon: one that merely listens at the address is not asked how things stand.

    Args:
        config: names the store, the daemon's address and its token.
        clock: tells the time.

    Attributes:
        path: of the store.
        url: of the daemon.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.path = Path(config.store.path).absolute()
        self.url = f"http://{config.server.listen}"
        token = config.server.token
        self._wire = connect(self.url, token.reveal() if token else None)
        self._opening, self._measuring = threading.Lock(), threading.Lock()
        self._store: Store | StoreError | None = None
        self._series: dict[str, list[tuple[dict[str, str], float]]] | None = None

    def store(self) -> Store:
        """Return the store, open for reading.

        Raises:
            StoreError: it cannot be opened; the same each time.
        """
        with self._opening:
            if self._store is None:
                try:
                    self._store = Store.open(self.path, self.config.store, read_only=True)
                except StoreError as error:
                    self._store = error
            if isinstance(self._store, StoreError):
                raise self._store
            return self._store

    @property
    def holder(self) -> int | None:
        """The process that holds the store; 0 where it is not known which; None where nobody does."""
        try:
            self.store()
        except StoreLocked as error:
            return error.pid or 0
        except StoreError:
            return None
        return None

    @property
    def listens(self) -> bool:
        """Whether something takes connections at the daemon's address."""
        return self._wire.wire.listens()

    def get(self, path: str) -> Any:
        """Return the JSON that the daemon answers.

        Raises:
            Unknown: it answers none.
        """
        try:
            return self._wire.wire.get(path, wait_s=LIMIT_S)
        except (NoDaemon, QueryError) as error:
            raise Unknown(str(error)) from None

    def plain(self, path: str) -> str:
        """Return the text that the daemon answers, whatever its status.

        Raises:
            Unknown: it answers none, or wants another token.
        """
        try:
            return self._wire.wire.text(path, wait_s=LIMIT_S)
        except (NoDaemon, QueryError) as error:
            raise Unknown(str(error)) from None

    def measured(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Return the samples of a metric of the daemon, each with its labels; `name` without `bellbuoy_`.

        Raises:
            Unknown: the daemon does not say.
        """
        with self._measuring:
            if self._series is None:
                self._series = {}
                for family in text_string_to_metric_families(self.plain("/metrics")):
                    for sample in family.samples:
                        self._series.setdefault(sample.name, []).append((dict(sample.labels), float(sample.value)))
            return self._series.get(f"bellbuoy_{name}", [])

    def number(self, name: str) -> float | None:
        """Return the value of a metric without labels; None where there is none. Raises as `measured`."""
        found = self.measured(name)
        return found[0][1] if found else None

    def streams(self) -> list[dict[str, Any]]:
        """Return how far each stream is stored, as `bellbuoy.monitor.ingest.deciding.StreamRow`.

        Raises:
            Unknown: nobody can say.
        """
        if self.holder is not None:
            found: list[dict[str, Any]] = self.get("/v1/sources")["streams"]
            return found
        return [msgspec.to_builtins(row) for row in Deciding(self._readable(), self.clock, running=False).streams()]

    def sights(self) -> list[Sight]:
        """Return what each detector can see. Raises as `streams`."""
        if self.holder is not None:
            return [Sight(**one) for one in self.get("/v1/sights")]
        return Normal(self._readable(), self.config).sights()

    def judged(self) -> float | None:
        """Return up to when all is judged, epoch seconds; None where nothing is. Raises as `streams`."""
        if self.holder is not None:
            return self.number("tick_judged_timestamp_seconds") or None
        return Normal(self._readable(), self.config).judged() or None

    def waiting(self) -> dict[str, tuple[int, float]]:
        """Return how many pages wait for each sink, and how long the oldest has waited, seconds. Raises as `streams`."""
        if self.holder is not None:
            pages = {labels["sink"]: int(value) for labels, value in self.measured("outbox_pages")}
            ages = {labels["sink"]: value for labels, value in self.measured("outbox_oldest_age_seconds")}
            return {sink: (many, ages.get(sink, 0.0)) for sink, many in pages.items() if many}
        rows = self._readable().rows("outbox/waiting")
        return {row["sink"]: (row["pages"], max(0.0, self.clock.now() - row["oldest"])) for row in rows}

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of one SELECT. Raises as `streams`."""
        try:
            table = ask(self._readable(), sql).rows if self.holder is None else self._wire.sql(sql).arrow()
            return list(table.to_pylist())
        except (NoDaemon, QueryError, QueryRefused) as error:
            raise Unknown(str(error)) from None

    def _readable(self) -> Store:
        try:
            return self.store()
        except StoreMissing:
            raise Unknown("there is no store yet") from None
        except StoreError:
            raise Unknown("the store cannot be read") from None

    def close(self) -> None:
        """Close the store."""
        with self._opening:
            if isinstance(self._store, Store):
                self._store.close()
