"""What the store is told: the `store` part of the configuration, or the defaults of a small in-memory one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class Temp(Protocol):
    """Where large queries spill."""

    @property
    def path(self) -> Path | None:
        """Folder; None: beside the store."""

    @property
    def max(self) -> int:
        """Bytes at most."""


class Retention(Protocol):
    """How long things are kept, in seconds."""

    @property
    def events(self) -> float:
        """Event rows."""

    @property
    def minutes(self) -> float:
        """Minute counts."""

    @property
    def dead_letters(self) -> float:
        """Dead letters."""


class Settings(Protocol):
    """The `store` part of the configuration, as far as the engine reads it; sizes in bytes."""

    @property
    def memory_limit(self) -> int:
        """Bytes that DuckDB may use."""

    @property
    def threads(self) -> int | str:
        """Threads of DuckDB; `auto`: the cores, at most 4."""

    @property
    def checkpoint(self) -> int:
        """Bytes of write-ahead log after which the file is brought up to date."""

    @property
    def exports(self) -> Path | None:
        """The only folder beside the store that SQL may touch."""

    @property
    def temp(self) -> Temp:
        """Where large queries spill."""


@dataclass(frozen=True, slots=True)
class SmallTemp:
    """Spills beside the store."""

    path: Path | None = None
    max: int = 2 << 30


@dataclass(frozen=True, slots=True)
class SmallRetention:
    """The defaults of the configuration, in seconds."""

    events: float = 90 * 86400.0
    minutes: float = 400 * 86400.0
    dead_letters: float = 14 * 86400.0


@dataclass(frozen=True, slots=True)
class Small:
    """The defaults: what tests, simulations and replays use."""

    memory_limit: int = 512 << 20
    threads: int | str = "auto"
    checkpoint: int = 256 << 20
    exports: Path | None = None
    temp: SmallTemp = field(default_factory=SmallTemp)
    retention: SmallRetention = field(default_factory=SmallRetention)
