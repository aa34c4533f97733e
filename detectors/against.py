"""What a chain of steps comes to, held against what is wanted of it and against what was seen at its end."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from bellbuoy.detectors.base import Array
from bellbuoy.detectors.chain import effective
from bellbuoy.detectors.interval import jeffreys

Standing: TypeAlias = Literal["ok", "at_limit", "below", "too_few"]
"""A step against the rate that it needs: surely above, not to be told apart, surely below, hardly anything known."""
WIDE: Final = 0.10
"""An interval wider than this says too little to tell whether a step is at its limit."""


def needed(objective: float, reach: Array) -> float:
    """Return the rate that every step needs so that the whole reaches its objective: objective^(1 / k).

    k is the sum of the steps' reach: how many steps an interaction runs.

    Args:
        objective: share of interactions that are to end well.
        reach: share of interactions in which each step runs, shape (steps,); one of them is above 0.

    Example:
        >>> import numpy as np
        >>> f"{needed(0.70, np.ones(8)):.1%}"
        '95.6%'
    """
    return float(objective ** (1.0 / reach.sum()))


def standing(n: float, bad: float, scatter: float, wanted: float) -> Standing:
    """Return how a step stands against the rate that it needs, by the 95 % interval of its own.

    Args:
        n: attempts whose end is known.
        bad: those that failed.
        scatter: dispersion; counts are worth so much less.
        wanted: the rate that it needs.
    """
    low, high = jeffreys(n, n - bad, scatter, 0.95)
    if low >= wanted:
        return "ok"
    if high < wanted:
        return "below"
    return "too_few" if high - low > WIDE else "at_limit"


def raised(good: Array, reach: Array, least: float, which: Array) -> float:
    """Return what the whole gains if all steps of a choice are brought to one rate at least.

    Args:
        good: share of each step's attempts that went well, shape (steps,).
        reach: share of interactions in which it runs.
        least: the rate.
        which: true for the steps of the choice.
    """
    better = np.where(which, np.maximum(good, least), good)
    return float(np.prod(effective(better, reach)) - np.prod(effective(good, reach)))


@dataclass(frozen=True, slots=True)
class Apart:
    """Why more or fewer interactions end well than the steps multiply to; shares of the interactions whose end is known.

    difference = recovered - outside + together

    Attributes:
        difference: observed minus compounded.
        outside: ended badly although no step failed.
        recovered: ended well although a step failed.
        together: what is left: above 0, failures fall in the same interactions; below 0, a step that runs several times in
            an interaction can fail several times.
        proven: the difference is larger than both intervals allow.
    """

    difference: float
    outside: float
    recovered: float
    together: float
    proven: bool


def apart(
    compounded: tuple[float, float, float], observed: tuple[float, float, float], outside: float, recovered: float
) -> Apart:
    """Return the parts of the difference between observed and compounded.

    Args:
        compounded: rate, and low and high end of its interval.
        observed: the same.
        outside: share of interactions that ended badly although no step failed.
        recovered: share that ended well although a step failed.

    Example:
        >>> parts = apart((0.72, 0.71, 0.73), (0.69, 0.68, 0.70), 0.05, 0.01)
        >>> round(parts.difference, 3), round(parts.together, 3), parts.proven
        (-0.03, 0.01, True)
    """
    difference = observed[0] - compounded[0]
    proven = observed[2] < compounded[1] or observed[1] > compounded[2]
    return Apart(difference, outside, recovered, difference - recovered + outside, proven)
