"""Runs of a backtest: the same records judged with one configuration or several."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bellbuoy.config.model import Config
from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.backtest.recording import Recording

MEMORY = 384 << 20
"""What the database of a run may hold in memory; what is judged lies beside it."""
Fill = Callable[[Recording, Config], None]
"""Fills an empty recording, counting by a configuration."""


@dataclass(frozen=True, slots=True)
class Run:
    """Settings that a backtest is judged with.

    Attributes:
        name: in words.
        config: all of them.
    """

    name: str
    config: Config


def variants(run: Run, budgets: Sequence[float], changes: Sequence[float]) -> list[Run]:
    """Return a run with each other budget of false pages, and with each other `min_change` of all detectors."""
    made = []
    for pages in budgets:
        budget = run.config.budget.model_copy(update={"false_pages": pages})
        made.append(Run(f"false_pages {pages:g}", run.config.model_copy(update={"budget": budget})))
    for change in changes:
        detectors = tuple(one.model_copy(update={"min_change": change}) for one in run.config.detectors)
        config = run.config.model_copy(update={"detectors": detectors})
        made.append(Run(f"min_change {100 * change:g} %", config))
    return made


class Material:
    """Records, read once for all runs that count them alike."""

    def __init__(self, folder: Path, fill: Fill) -> None:
        self.folder = folder
        self.fill = fill
        self._filled: dict[str, tuple[Path, bool]] = {}

    @classmethod
    @contextlib.contextmanager
    def gathered(cls, fill: Fill) -> Iterator["Material"]:
        """Give one whose files are gone at the end."""
        with tempfile.TemporaryDirectory(prefix="bellbuoy-backtest-") as folder:
            yield cls(Path(folder), fill)

    @contextlib.contextmanager
    def recording(self, config: Config) -> Iterator[Recording]:
        """Give a filled recording in which nothing is judged yet."""
        memory = min(config.store.memory_limit, MEMORY)
        settings = Settings(memory_limit=memory, threads=config.store.threads)
        key = _counting(config)
        if key not in self._filled:
            path = self.folder / f"filled-{len(self._filled)}.duckdb"
            with Recording.open(path, settings) as fresh:
                fresh.follow(config)
                self.fill(fresh, config)
                self._filled[key] = (path, fresh.counted)
        filled, counted = self._filled[key]
        judged = self.folder / "judged.duckdb"
        shutil.copy(filled, judged)
        try:
            with Recording.open(judged, settings) as recording:
                recording.counted = counted
                recording.follow(config)
                yield recording
        finally:
            for left in (judged, judged.with_name(judged.name + ".wal")):
                left.unlink(missing_ok=True)


def _counting(config: Config) -> str:
    """Return what decides how events are counted, as text."""
    limits = [(flow.name, step.name, step.slow_after) for flow in config.workflows for step in flow.steps]
    return repr((config.signals, limits, config.server.timezone, config.ingest))
