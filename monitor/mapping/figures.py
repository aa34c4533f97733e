"""The figures of the steps together: what they multiply to, what was observed, where repair gains most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bellbuoy.config.model import Workflow
from bellbuoy.detectors.against import Standing, apart, needed, raised, standing
from bellbuoy.detectors.base import Array
from bellbuoy.detectors.chain import compounded, leverage
from bellbuoy.detectors.interval import jeffreys
from bellbuoy.monitor.mapping.asked import Asked, Counted
from bellbuoy.monitor.mapping.drawn import Difference, Lever, Rate

WELL, BADLY = ("success",), ("failure", "timeout", "abandoned")
RELABELLED: Final = "relabelled"
"""What stands for the outcome of an interaction that its producer called a success, until somebody knew better."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of the steps of a map; arrays are of shape (steps,).

    Attributes:
        names: of the steps.
        reach: share of interactions in which each ran.
        trials, bad: attempts whose end is known, and those that failed.
        good: share of them that went well; 1 where no end is known, so that it stays out of the product.
        scatter: dispersion of the counts.
        needed: the rate that each needs; None without an objective, or without steps.
        compounded, observed: as in the map.
    """

    names: tuple[str, ...]
    reach: Array
    trials: Array
    bad: Array
    good: Array
    scatter: Array
    needed: float | None
    compounded: Rate | None
    observed: Rate | None

    def place(self, name: str) -> int | None:
        """Return the place of a step whose ends are known; None of any other."""
        place = self.names.index(name) if name in self.names else None
        return place if place is not None and self.trials[place] > 0 else None

    @property
    def standings(self) -> tuple[Standing | None, ...]:
        """How each step stands against the rate that it needs."""
        wanted = self.needed
        return tuple(
            None if wanted is None or n == 0 else standing(n, bad, scatter, wanted)
            for n, bad, scatter in zip(self.trials.tolist(), self.bad.tolist(), self.scatter.tolist(), strict=True)
        )

    @property
    def if_perfect(self) -> Array:
        """What the whole would gain if each step never failed."""
        return leverage(self.good, self.reach)

    @property
    def at_budget(self) -> Array:
        """What the whole would gain if each step had the rate that it needs; 0 without an objective."""
        return np.zeros_like(self.good) if self.needed is None else leverage(self.good, self.reach, self.needed)

    def lever(self) -> Lever | None:
        """Return where repair gains most; None where no step fails."""
        below = [one == "below" for one in self.standings]
        gains = np.where(below, self.at_budget, 0.0) if any(below) else self.if_perfect
        if not len(gains) or gains.max() <= 0.0:
            return None
        best = int(gains.argmax())
        chosen = tuple(name for name, one in zip(self.names, below, strict=True) if one)
        together = None
        if self.needed is not None and chosen:
            together = raised(self.good, self.reach, self.needed, np.array(below))
        return Lever(self.names[best], float(gains[best]), any(below), chosen, together)

    def difference(self, asked: Asked) -> Difference | None:
        """Return why observed and compounded are not the same; None where one of them is not known."""
        ended = sum(row["n"] for row in asked.ends if row["outcome"] in (*WELL, *BADLY))
        if self.compounded is None or self.observed is None or not ended:
            return None
        outside = dict.fromkeys((*BADLY, RELABELLED), 0.0)
        for row in asked.ends:
            if row["outcome"] in BADLY and not row["failed"]:
                outside[RELABELLED if row["stated_well"] else row["outcome"]] += row["n"] / ended
        recovered = sum(row["n"] for row in asked.ends if row["outcome"] in WELL and row["failed"]) / ended
        whole, seen = self.compounded, self.observed
        parts = apart(
            (whole.rate, whole.low, whole.high), (seen.rate, seen.low, seen.high), sum(outside.values()), recovered
        )
        return Difference(
            parts.difference,
            parts.proven,
            parts.outside,
            {outcome: share for outcome, share in outside.items() if share > 0},
            parts.recovered,
            parts.together,
        )


def figures_of(names: Sequence[str], asked: Asked, workflow: Workflow | None) -> Figures:
    """Return the figures of the steps of a map, in its order."""
    counted = asked.counted
    ran = {row["step"]: asked.share(row["entered"]) for row in asked.passes}
    reach = np.array([ran.get(name, 0.0) for name in names], dtype=np.float64)
    ends = np.array([counted.of("step_failure", name) for name in names], dtype=np.float64).reshape(-1, 2)
    trials, bad = ends[:, 0], ends[:, 1]
    good = 1.0 - np.divide(bad, trials, out=np.zeros_like(bad), where=trials > 0)
    scatter = np.array([counted.scatter("step_failure", name) for name in names], dtype=np.float64)
    known = (trials > 0) & (reach > 0)
    whole = None
    if known.any():
        found = compounded(good[known], reach[known], trials[known], scatter[known])
        whole = Rate(found.rate, found.low, found.high)
    objective = workflow.objective if workflow else None
    return Figures(
        names=tuple(names),
        reach=reach,
        trials=trials,
        bad=bad,
        good=good,
        scatter=scatter,
        needed=needed(objective, reach) if objective is not None and reach.sum() > 0 else None,
        compounded=whole,
        observed=rate_of(counted, "interaction_failure", None),
    )


def rate_of(counted: Counted, signal: str, step: str | None) -> Rate | None:
    """Return the share of trials of a signal that are not bad, with its 95 % interval; None without trials."""
    n, bad = counted.of(signal, step)
    if n <= 0:
        return None
    low, high = jeffreys(n, n - bad, counted.scatter(signal, step), 0.95)
    return Rate(1.0 - bad / n, low, high)
