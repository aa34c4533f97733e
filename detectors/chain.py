"""What the steps of a chain come to together, and what each has to do with a change of the whole.

Eight steps that are each right in 85 % of the interactions come to 27 %: rates multiply. A step that runs in only a
share of the interactions, its reach, can only spoil that share.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from bellbuoy.detectors.base import Array
from bellbuoy.detectors.interval import Shares, shares_of

HALF: Final = 0.5
"""A step that carries at least so much of a change is what it is about; where surely none does, the change is spread."""


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

    var ln R = sum over steps of dispersion (1 - p) / (m p), p the effective rate: the share of m = n / reach interactions
    that the step did not spoil.

    Args:
        good: share of a step's attempts that went well, shape (steps,).
        reach: share of interactions in which the step runs, above 0, shape (steps,).
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
    error = float(np.sqrt((scatter * reach * (1.0 - share) / (n * share)).sum()))
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


def leverage(good: Array, reach: Array, least: float = 1.0) -> Array:
    """Return what the whole would gain if one step's rate were brought to `least`, shape (steps,); 0 where it is better.

    R q / p - R, where q is the effective rate that `least` gives.

    Args:
        good: share of a step's attempts that went well.
        reach: share of interactions in which the step runs.
        least: the rate that it is brought to; 1: it never fails.

    Example:
        >>> import numpy as np
        >>> leverage(np.array([0.9, 0.8]), np.array([1.0, 0.5])).round(2).tolist()
        [0.09, 0.09]
    """
    share = effective(good, reach)
    before = np.concatenate([[1.0], np.cumprod(share)[:-1]])
    after = np.concatenate([np.cumprod(share[::-1])[::-1][1:], [1.0]])
    answer: Array = before * after * (effective(np.maximum(good, least), reach) - share)
    return answer


def survived(failed: Array, n: float) -> tuple[Array, Array]:
    """Return of each step the share of interactions that it did not end, and how many could still have been ended by it.

    An interaction that went wrong is counted at the first step that failed in it. Of those that had not failed before step
    i, the share p_i did not fail there; then R = product of p_i is the observed share of interactions that went well, to
    the last digit, whatever branches were taken: a step that an interaction passes by does not end it.

    Args:
        failed: interactions that went wrong, by the first step that failed, in the order of the steps, shape (steps,).
        n: interactions.

    Example:
        >>> import numpy as np
        >>> share, risk = survived(np.array([20.0, 49.0]), 1000.0)
        >>> share.tolist(), risk.tolist(), round(float(share.prod()), 3)
        ([0.98, 0.95], [1000.0, 980.0], 0.931)
    """
    failed = np.asarray(failed, dtype=np.float64)
    risk = n - np.concatenate([[0.0], np.cumsum(failed)[:-1]])
    share = 1.0 - np.divide(failed, risk, out=np.zeros_like(failed), where=risk > 0)
    return share, risk


@dataclass(frozen=True, slots=True)
class Attribution:
    """What each step carries of a change of the whole.

    Attributes:
        parts: shares of the change with their intervals, in the order of the steps.
        lead: place of the step that carries at least half of it and surely moved, by more than any other; None where there
            is none.
        spread: surely no step carries half of it.
        largest: place of the step with the largest share, proven or not.
    """

    parts: Shares
    lead: int | None
    spread: bool
    largest: int


def attribute(
    before: tuple[Array, Array], since: tuple[Array, Array], scatter: float | Array = 1.0, direction: int = 1
) -> Attribution | None:
    """Part a change of ln R = sum of ln p_i between the steps, each with its interval.

        share_i = change of ln p_i / change of ln R        var ln p = dispersion (1 - p) / (n p)

    The intervals hold for all steps together (95 %, Bonferroni), so that the largest of many is no more likely to be named
    by chance.

    Args:
        before: good shares of the steps and the trials they come from, each of shape (steps,): of `survived`, or effective
            rates where only counts of the steps are known.
        since: the same since the onset.
        scatter: dispersion of the counts.
        direction: +1 where the whole got worse, -1 where it got better.

    Returns:
        None where the whole did not surely change in that direction: then nothing can be said of its parts.

    Example:
        >>> import numpy as np
        >>> normal = survived(np.array([200.0, 196.0, 192.0]), 10_000.0)
        >>> now = survived(np.array([40.0, 98.0, 37.0]), 2_000.0)
        >>> found = attribute(normal, now)
        >>> found.lead, found.parts.share.round(2).tolist()
        (1, [0.0, 1.0, -0.0])
    """
    rates = []
    variance = np.zeros(len(before[0]))
    for good, n in (before, since):
        size = np.maximum(n, 1.0)
        smooth = (good * size + 0.5) / (size + 1.0)  # no failure in n trials is no certainty
        variance = variance + scatter * (1.0 - smooth) / (size * smooth)
        rates.append(np.log(np.maximum(good, 0.5 / (size + 1.0))))
    moved = direction * (rates[0] - rates[1])
    parts = shares_of(moved, variance)
    if parts is None:
        return None
    first, *rest = np.argsort(-parts.share, kind="stable")[:2].tolist()
    apart = not rest or moved[first] - moved[rest[0]] >= 2.0 * np.sqrt(variance[first] + variance[rest[0]])
    lead = first if apart and parts.share[first] >= HALF and parts.low[first] > 0.0 else None
    return Attribution(parts, lead, lead is None and bool((parts.high < HALF).all()), first)
