"""The battery holds for what is built in, and finds what is wrong with a bad detector."""

import ast
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from bellbuoy.detectors import judge
from bellbuoy.detectors.base import Evidence
from bellbuoy.detectors.burn import Burn
from bellbuoy.detectors.mix import Stratified
from bellbuoy.detectors.rate_shift import RateShift
from bellbuoy.detectors.silence import Silence
from bellbuoy.detectors.slow_drift import SlowDrift
from bellbuoy.detectors.testing import battery
from bellbuoy.detectors.volume import Volume


@dataclass(frozen=True)
class Walk:
    """A user's own: the sum of bad trials beyond one and a half times what is expected, never below zero."""

    slack: float = 1.5

    def begin(self, size):
        return {"sum": np.zeros(size)}

    def prepare(self, baseline, threshold, direction):
        return baseline.rate * self.slack**direction, direction

    def step(self, state, tick, prepared):
        rate, direction = prepared
        moved = np.maximum(0.0, state["sum"] + direction * (tick.bad - tick.n * rate[tick.cell]))
        return {"sum": moved}, Evidence(moved, np.full_like(moved, np.nan))


STREAMS = int(os.environ.get("BELLBUOY_STREAMS", "2000"))
"""Streams of the checks that count over many; the same fold with other settings is counted over a tenth of them."""

CASES = [
    *battery(RateShift, streams=STREAMS),
    *(
        (f"many {name}", check)
        for name, check in battery(RateShift, streams=STREAMS // 10, ratios=tuple(np.linspace(1.1, 9, 12)))
    ),
    *battery(SlowDrift, streams=STREAMS // 10),
    *battery(Stratified, streams=STREAMS),
    *battery(Silence, streams=STREAMS),
    *battery(Volume, streams=STREAMS),
    *battery(Burn, streams=STREAMS),
    *battery(Walk, streams=STREAMS),
]


@pytest.mark.parametrize("check", [pytest.param(check, id=name) for name, check in CASES])
def test_detector_holds_to_the_battery(check):
    check()


class _Memory:
    last = 0.0


@dataclass(frozen=True)
class Impure(Walk):
    def step(self, state, tick, prepared):
        _Memory.last += 1.0
        after, evidence = super().step(state, tick, prepared)
        return after, Evidence(evidence.value + _Memory.last, evidence.onset)


@dataclass(frozen=True)
class InPlace(Walk):
    def step(self, state, tick, prepared):
        state["sum"] += tick.bad
        return state, Evidence(state["sum"], state["sum"] * np.nan)


@dataclass(frozen=True)
class Crowd(Walk):
    def step(self, state, tick, prepared):
        after, evidence = super().step(state, tick, prepared)
        return after, Evidence(evidence.value - evidence.value.mean(), evidence.onset)


@dataclass(frozen=True)
class CountsEmpty(Walk):
    def step(self, state, tick, prepared):
        after, evidence = super().step(state, tick, prepared)
        return {"sum": after["sum"] + 1.0}, evidence


@dataclass(frozen=True)
class Declared(CountsEmpty):
    empty_ticks: ClassVar[bool] = True


@dataclass(frozen=True)
class Upside(Walk):
    def step(self, state, tick, prepared):
        after, evidence = super().step(state, tick, prepared)
        return after, Evidence(-evidence.value, evidence.onset)


@dataclass(frozen=True)
class Single(Walk):
    def begin(self, size):
        return {"sum": np.zeros(size, dtype=np.float32)}


@dataclass(frozen=True)
class Hasty(RateShift):
    """Evidence that promises nats and gives twice as many."""

    def step(self, state, tick, prepared):
        after, evidence = super().step(state, tick, prepared)
        return after, replace(evidence, value=2.0 * evidence.value)


@dataclass(frozen=True)
class Deaf(RateShift):
    def step(self, state, tick, prepared):
        after, evidence = super().step(state, tick, prepared)
        return after, replace(evidence, value=np.minimum(evidence.value, 8.0))


@dataclass(frozen=True)
class Slow(RateShift):
    found_within: ClassVar[int] = 5


@dataclass(frozen=True)
class Stuck(Walk):
    """Evidence that reaches its height in every week shows no tail from which a threshold could be learned."""

    def step(self, state, tick, prepared):
        after, evidence = super().step(state, tick, prepared)
        return after, Evidence(np.where(evidence.value > 0.5, 10.0, evidence.value), evidence.onset)


@dataclass
class Loose:
    slack: float = 1.0


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (Impure, "pure"),
        (InPlace, "untouched"),
        (Crowd, "batch"),
        (CountsEmpty, "empty"),
        (Upside, "monotone"),
        (Upside, "sign"),
        (Single, "shapes"),
        (Loose, "frozen"),
        (Hasty, "false_rate"),
        (Deaf, "power"),
        (Slow, "power"),
        (Stuck, "learned"),
    ],
)
def test_battery_finds_the_fault(broken, check):
    with pytest.raises((AssertionError, ValueError)):
        dict(battery(broken, streams=STREAMS // 4))[f"{broken.__name__}:{check}"]()


def test_ticks_without_trials_may_count_where_the_class_says_so():
    dict(battery(Declared))["Declared:empty"]()


def test_detectors_touch_no_clock_file_or_chance():
    """Outside of the battery, which seeds what it draws, the room imports arithmetic and time zones only."""
    arithmetic = {"bisect", "math", "numpy", "scipy"}
    allowed = {"bellbuoy", "collections", "dataclasses", "datetime", "typing", "zoneinfo"} | arithmetic
    for path in Path(judge.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        roots = {name.split(".")[0] for name in names}
        if path.name not in ("testing.py", "chances.py"):
            assert roots <= allowed, path.name
            assert "random" not in {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}, path.name
            assert "now" not in {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}, path.name
