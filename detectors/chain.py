"""What the steps of a chain come to together, and what each has to do with a change of the whole.

Eight steps that are each right in 85 % of the interactions come to 27 %: rates multiply. A step that runs in only a
share of the interactions, its reach, can only spoil that share.
"""

from dataclasses import dataclass

import numpy as np

from bellbuoy.detectors.base import Array


@dataclass(frozen=True, slots=True)
class Compounded:
    """The share of interactions in which every step went well.

    Attributes:
        rate: product over the steps.
        low: lower end of its 95 % interval.
        high: upper end.
    """

    rate: float
    low: float
    high: float


def effective(good: Array, reach: Array) -> Array:
    """Return 1 - reach (1 - good): in what share of all interactions a step did not fail, shape (steps,)."""
    answer: Array = 1.0 - reach * (1.0 - good)
    return answer


def compounded(good: Array, reach: Array, n: Array, dispersion: Array | None = None) -> Compounded:
    """Return the product of the steps' rates, with its interval by the delta method on the logarithm.

    var ln R = sum over steps of dispersion (1 - p) / (n p), p the effective rate.

    Args:
        good: share of a step's attempts that went well, shape (steps,).
        reach: share of interactions in which the step runs, shape (steps,).
        n: attempts that the shares come from, shape (steps,); with none the interval is 0 to 1.
        dispersion: of each step's counts; None: as chance alone gives.

    Example:
        >>> import numpy as np
        >>> eight = np.full(8, 0.85)
        >>> f"{compounded(eight, np.ones(8), np.full(8, 1000.0)).rate:.1%}"
        '27.2%'
    """
    share = effective(good, reach)
    rate = float(np.prod(share))
    if rate <= 0.0 or not (n > 0).all():
        return Compounded(rate, 0.0, 1.0)
    scatter = np.ones_like(share) if dispersion is None else dispersion
    error = float(np.sqrt((scatter * (1.0 - share) / (n * share)).sum()))
    return Compounded(rate, rate * float(np.exp(-1.96 * error)), min(1.0, rate * float(np.exp(1.96 * error))))


def shares(before: Array, after: Array) -> Array:
    """Return each step's share of the change of ln R, shape (steps,); they add up to 1.

    The share of a step is its change of ln p over the sum of all steps' changes. A share is negative where a step
    moved against the whole, and all are NaN where the whole did not change.

    Args:
        before: effective rates of the steps before, above 0.
        after: effective rates of the steps now, above 0.

    Example:
        >>> import numpy as np
        >>> shares(np.array([0.99, 0.98, 0.98]), np.array([0.98, 0.90, 0.96])).round(2).tolist()
        [0.09, 0.73, 0.18]
    """
    moved = np.log(after) - np.log(before)
    whole = moved.sum()
    if abs(whole) < 1e-12:
        return np.full_like(moved, np.nan)
    answer: Array = moved / whole
    return answer


def extra_failures(before: Array, after: Array, interactions: float) -> Array:
    """Return how many more interactions failed because of each step than would have before, shape (steps,).

    The fall of the product, times the interactions, parted by `shares`; the parts add up to the whole.

    Args:
        before: effective rates of the steps before, above 0.
        after: effective rates of the steps now, above 0.
        interactions: how many there were.
    """
    fall = float(np.prod(before) - np.prod(after))
    part = shares(before, after)
    if np.isnan(part).any():
        return np.zeros_like(part)
    answer: Array = part * fall * interactions
    return answer


def leverage(good: Array, reach: Array) -> Array:
    """Return what the whole would gain if one step never failed: R / p - R, shape (steps,).

    Args:
        good: share of a step's attempts that went well, above 0.
        reach: share of interactions in which the step runs.
    """
    share = effective(good, reach)
    rate = np.prod(share)
    answer: Array = rate / share - rate
    return answer
