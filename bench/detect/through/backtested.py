"""A fleet through the backtest: what its verdicts and incidents said, and when."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bellbuoy.bench.detect.streams import HISTORY
from bellbuoy.bench.detect.through.fleet import TICK, Fleet, written
from bellbuoy.config.load import load_text
from bellbuoy.config.model import Config
from bellbuoy.monitor.backtest.filling import fill_store
from bellbuoy.monitor.backtest.judging import judge
from bellbuoy.monitor.backtest.recording import Recording
from bellbuoy.monitor.backtest.running import Material
from bellbuoy.monitor.judging.incidents import Change
from bellbuoy.monitor.judging.learn import Span, union

CONFIG: Final = """
version: 1
sources: [{{ files: {{ path: none.jsonl }} }}]
budget: {{ false_pages: {pages}, per: 30d, scope: series }}
sinks: {{ out: {{ console: {{}} }} }}
routes: [{{ to: [out] }}]
"""
"""The defaults, but for the one dial: every series may open so often in 30 days, its detectors together."""
STATES: Final = (
    "SELECT detector, workflow, step, epoch_us(judged_at) // 1000000, state FROM verdicts_raw ORDER BY judged_at"
)
NEVER: Final = 2**62
Where = tuple[str, str | None]
"""Workflow and step of a series that is watched; no step: the whole interaction."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a backtest came to.

    Attributes:
        openings: when a detector began to say `worse` of a series: epoch seconds, the end of the tick that opened.
        spans: when at least one of its detectors said so, in order and apart; `NEVER` ends one that goes on.
        changes: of the incidents, oldest first.
    """

    openings: dict[Where, list[int]]
    spans: dict[Where, list[Span]]
    changes: tuple[Change, ...]

    def opened(self, where: Where, since: int, until: int) -> int:
        """Return how often detectors opened on a series within a span, seconds."""
        return sum(since < at <= until for at in self.openings.get(where, ()))

    def span(self, where: Where, since: int) -> Span | None:
        """Return the first span of a series that begins after an instant."""
        return next((one for one in self.spans.get(where, ()) if one[0] > since), None)

    def open_at(self, where: Where, at: int) -> bool:
        """Tell whether a series was open at an instant."""
        return any(begins <= at < ends for begins, ends in self.spans.get(where, ()))

    def resolved(self, where: Where, at: int) -> int | None:
        """Return when the last of the incidents that held a series at an instant was resolved; None: it is open at the end."""
        held: dict[str, int] = {}
        for change in self.changes:
            one = change.incident
            there = any((own.watched.series.workflow, own.watched.series.step) == where for own in one.members)
            if one.id in held or (there and change.at <= at):
                held[one.id] = NEVER if one.resolved_at is None else one.resolved_at
        last = max((end for end in held.values() if end > at), default=NEVER)
        return None if last == NEVER else last


def configured(pages: float = 1.0, more: str = "") -> Config:
    """Return the defaults with a budget of so many false openings by series and 30 days; `more` are other keys."""
    return load_text(CONFIG.format(pages=pages) + more)


def backtested(fleet: Fleet, config: Config, seed: Sequence[int]) -> Told:
    """Judge a fleet after its history by the functions that `bellbuoy backtest --from` runs over a store.

    Args:
        fleet: what was counted.
        config: how it is judged.
        seed: decides what came late.
    """
    with tempfile.TemporaryDirectory(prefix="bellbuoy-bench-") as folder:
        path = Path(folder) / "bellbuoy.duckdb"
        written(path, fleet, config, np.random.default_rng(np.random.SeedSequence([*seed, 1_000_000])))

        def fill(recording: Recording, one: Config) -> None:
            fill_store(recording, path, one)

        with Material.gathered(fill) as material, material.recording(config) as recording:
            judged = judge(recording, config, since=fleet.began + TICK * HISTORY, pages=False)
            rows = recording.new_cursor().execute(STATES).fetchall()
    return Told(*_spans(rows), tuple(change for change, _ in judged.told))


def _spans(
    rows: Sequence[tuple[str, str, str | None, int, str]],
) -> tuple[dict[Where, list[int]], dict[Where, list[Span]]]:
    since: dict[tuple[str, Where], int] = {}
    openings: dict[Where, list[int]] = {}
    spans: dict[Where, list[Span]] = {}
    for detector, workflow, step, at, state in rows:
        line = detector, (workflow, step)
        if state == "worse" and line not in since:
            since[line] = at
            openings.setdefault(line[1], []).append(at)
        elif state not in ("worse", "stale") and line in since:
            spans.setdefault(line[1], []).append((since.pop(line), at))
    for (_, where), at in since.items():
        spans.setdefault(where, []).append((at, NEVER))
    return openings, {where: union(own) for where, own in spans.items()}


def after(at: int, since: int) -> float:
    """Return ticks from one instant to another."""
    return (at - since) / TICK
