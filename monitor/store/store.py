"""The store as the rest of the daemon sees it."""

from dataclasses import dataclass

from bellbuoy.monitor.store.engine import Engine


@dataclass(frozen=True, slots=True)
class Series:
    """One signal for one key, with the first and last minute that it has counts in (epoch seconds)."""

    id: int
    signal: str
    workflow: str
    step: str | None
    segment: str | None
    first_minute: int
    last_minute: int


@dataclass(frozen=True, slots=True)
class Appended:
    """What one append stored."""

    rows: int
    letters: int


class Store(Engine):
    """One DuckDB file, one writer."""
