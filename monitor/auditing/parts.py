"""The parts of an audit beside its lines: what is seen, staged runs, gates, lengths."""

from collections.abc import Callable
from typing import Final

from bellbuoy.detectors.interval import newcombe
from bellbuoy.monitor.auditing.known import BOUNDS, Known
from bellbuoy.monitor.auditing.report import Axis, Band, Bypass, Coverage, DemoGap, Gate, Lengths, Share
from bellbuoy.monitor.mapping.drawn import MappedStep

STAGED: Final = 30
"""Trials on each side from which on staged runs are compared with production."""
TOLD: Final = 0.8
"""A step of which at least this share of the events says how it ended has known outcomes."""


def coverage_of(known: Known) -> Coverage:
    """Return what is seen of the steps in the map."""
    counted = known.counted

    def share(holds: Callable[[MappedStep], bool], of: list[MappedStep]) -> Share:
        without = tuple(step.name for step in of if not holds(step))
        return Share(len(of) - len(without), len(of), without)

    def told(step: MappedStep) -> bool:
        n, unknown = counted.of("outcome_unknown", step.name)
        return n > 0 and unknown <= (1.0 - TOLD) * n

    steps = list(known.map.steps)
    seen = [step for step in steps if step.events]
    return Coverage(
        judged=bool(known.rows("verdicts")),
        events=share(lambda step: step.events > 0, steps),
        outcomes=share(told, seen),
        baseline=share(lambda step: known.normal("step_failure", step.name) is not None, steps),
        watched=share(lambda step: any(row["state"] != "learning" for row in known.verdicts(step.name)), steps),
    )


def demo_gap_of(known: Known) -> tuple[DemoGap, ...]:
    """Return how staged runs end beside production, whole interactions and each step."""
    found = []
    order: dict[str | None, int] = {None: 0, **{step.name: place for place, step in enumerate(known.map.steps, 1)}}
    for row in known.rows("staged"):
        n, bad = known.counted.of("interaction_failure" if row["step"] is None else "step_failure", row["step"])
        if min(n, row["n"]) >= STAGED and row["step"] in order:
            low, high = newcombe((row["n"], row["bad"]), (n, bad))
            well, real = 1.0 - row["bad"] / row["n"], 1.0 - bad / n
            found.append(DemoGap(row["step"], row["n"], well, n, real, low, high))
    return tuple(sorted(found, key=lambda one: order[one.step]))


def gates_of(known: Known) -> tuple[Gate, ...]:
    """Return how consequential actions passed their gates, by class, the most frequent first."""
    delays = {row["class"]: row["seconds"] for row in known.rows("delays")}
    states: dict[str, dict[str, int]] = {}
    roles: dict[str, dict[str, int]] = {}
    for row in known.rows("gates"):
        own = states.setdefault(row["class"], {})
        own[row["state"]] = own.get(row["state"], 0) + row["n"]
        if row["role"] is not None:
            given = roles.setdefault(row["class"], {})
            given[row["role"]] = given.get(row["role"], 0) + row["n"]
    made = []
    for action, own in states.items():
        n = sum(own.values())
        made.append(Gate(action, n, own.get("gated", 0) / n, own, delays.get(action), roles.get(action, {})))
    return tuple(sorted(made, key=lambda one: (-one.n, one.action)))


def bypasses_of(known: Known) -> tuple[Bypass, ...]:
    """Return the newest actions that did not pass their gate."""
    return tuple(
        Bypass(row["interaction_id"], row["step"], row["class"], row["state"], row["at"], row["content_ref"])
        for row in known.rows("bypasses")
    )


def lengths_of(known: Known) -> tuple[Lengths, ...]:
    """Return how steps fare by how long the interaction had lasted; only where they differ in it."""
    return tuple(Lengths(axis, bands) for axis in BOUNDS if len(bands := _bands(known, axis)) > 1)


def _bands(known: Known, axis: Axis) -> tuple[Band, ...]:
    names = ("n", "bad", "asked", "reasked")
    sums: dict[int, dict[str, int]] = {}
    for row in known.rows("runs"):
        if row[axis] is not None:
            own = sums.setdefault(row[axis], dict.fromkeys(names, 0))
            for key in names:
                own[key] += row[key]
    bounds = (0.0, *BOUNDS[axis])
    made = []
    for place, own in sorted((place, own) for place, own in sums.items() if own["n"]):
        n, asked = own["n"], own["asked"]
        high = bounds[place + 1] if place + 1 < len(bounds) else None
        well, again = 1.0 - own["bad"] / n, own["reasked"] / asked if asked else None
        made.append(Band(float(bounds[place]), high, n, well, asked, again))
    return tuple(made)
