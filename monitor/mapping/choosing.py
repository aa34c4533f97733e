"""Which steps of a long map are drawn, and what the others come to together. Pure."""

from dataclasses import dataclass
from typing import Final

from bellbuoy.monitor.mapping.drawn import Map, MappedStep

MOST: Final = 20
"""Steps that are drawn unless all are asked for."""
BY_REACH: Final = 15
"""Of these, so many are the ones that most interactions run; the others are those that cost most."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The steps that are not drawn.

    Attributes:
        n: how many.
        reach: the largest of theirs.
        ok: share of all their attempts that went well; None where no end is known.
        if_perfect: what the whole would gain if none of them ever failed; None where no end is known.
    """

    n: int
    reach: float
    ok: float | None
    if_perfect: float | None


def chosen(drawn: Map, *, whole: bool = False) -> tuple[tuple[MappedStep, ...], Rest | None]:
    """Return the steps to draw, in the order of the map, and the rest; None where there is none."""
    if whole or len(drawn.steps) <= MOST:
        return drawn.steps, None
    by_reach = sorted(drawn.steps, key=lambda step: -step.reach)
    taken = {step.name for step in by_reach[:BY_REACH]}
    costly = sorted(by_reach[BY_REACH:], key=lambda step: -(step.if_perfect or 0.0))
    taken |= {step.name for step in costly[: MOST - BY_REACH]}
    rest = [step for step in drawn.steps if step.name not in taken]
    trials, factor, good = 0, 1.0, 0.0
    for step in rest:
        if step.ok is not None:
            trials += step.trials
            good += step.trials * step.ok.rate
            factor *= 1.0 - step.reach * (1.0 - step.ok.rate)
    gain = drawn.compounded.rate * (1.0 / factor - 1.0) if drawn.compounded and factor > 0 else None
    ok = good / trials if trials else None
    some = Rest(len(rest), max(step.reach for step in rest), ok, gain if trials else None)
    return tuple(step for step in drawn.steps if step.name in taken), some
