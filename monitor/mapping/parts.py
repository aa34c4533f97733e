"""The parts of a map that are read off rows: branches, what a step touches, ways from step to step, the order that is learned."""

from typing import Final

import numpy as np

from bellbuoy.config.workflows import Step
from bellbuoy.detectors.order import order
from bellbuoy.monitor.mapping.asked import Asked
from bellbuoy.monitor.mapping.drawn import BranchTaken, Edge, Ending, Touched
from bellbuoy.monitor.mapping.figures import BADLY, WELL

RARE: Final = 0.01
"""Ways that a smaller share of the interactions takes are not drawn."""


def branches_of(name: str, step: Step | None, asked: Asked, *, declares: bool) -> tuple[BranchTaken, ...]:
    """Return the failure branches of a step: those that are declared, then those that were taken all the same."""
    events = asked.events.get(name, 0)
    taken = {row["branch"]: row for row in asked.branches if row["step"] == name and row["branch"] != "none"}
    declared = list(step.branches) if step else []
    found = []
    for branch in [*declared, *(one for one in taken if one not in declared)]:
        row = taken.get(branch)
        n = row["n"] if row else 0
        known = branch in declared if declares else None
        found.append(BranchTaken(branch, known, n, n / events if events else 0.0, row["last_at"] if row else None))
    return tuple(found)


def touches_of(name: str, step: Step | None, asked: Asked) -> tuple[Touched, ...]:
    """Return what a step touches, the most used first, and then the systems that it is declared to call and did not."""
    declared = list(step.integrations) if step else []
    found = [
        Touched(
            kind=row["kind"],
            name=row["name"],
            declared=row["name"] in declared if declared and row["kind"] == "integration" else None,
            n=row["n"],
            bad=row["bad"],
            state=row["state"],
            token_ends_at=row["expires_at"],
        )
        for row in asked.touches
        if row["step"] == name
    ]
    found.sort(key=lambda one: (-one.n, one.kind, one.name))
    seen = {one.name for one in found if one.kind == "integration"}
    return (*found, *(Touched("integration", one, True, 0, 0, None, None) for one in declared if one not in seen))  # noqa: FBT003 - a value


def edges_of(asked: Asked) -> tuple[tuple[Edge, ...], int]:
    """Return the ways from step to step, the most used first, and how many were left out because they are rare."""
    counted: dict[tuple[str | None, str | None, Ending | None], int] = {}
    for row in asked.edges:
        key = (row["from"], row["to"], None if row["to"] is not None else _ending(row["outcome"]))
        counted[key] = counted.get(key, 0) + row["n"]
    ways = sorted(counted.items(), key=lambda one: (-one[1], [part or "" for part in one[0]]))
    drawn = [
        Edge(source, target, ending, asked.share(n)) for (source, target, ending), n in ways if asked.share(n) >= RARE
    ]
    return tuple(drawn), len(ways) - len(drawn)


def learned_order(asked: Asked) -> tuple[list[str], float | None]:
    """Return the steps that were seen, in the order in which interactions ran them.

    Returns:
        The steps, and of all pairs of steps in all interactions the share that ran in this order; None without pairs.
    """
    names = [row["step"] for row in asked.passes]
    place = {name: number for number, name in enumerate(names)}
    first = np.zeros((len(names), len(names)))
    for row in asked.first:
        if row["first"] in place and row["second"] in place:
            first[place[row["first"]], place[row["second"]]] = row["n"]
    places = order(first)
    kept = np.triu(first[np.ix_(places, places)]).sum()
    return [names[number] for number in places], float(kept / first.sum()) if first.any() else None


def _ending(outcome: str | None) -> Ending:
    return "well" if outcome in WELL else "badly" if outcome in BADLY else "open"
