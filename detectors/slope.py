"""How fast a rate has been moving: the median of all slopes between two days, a description and not a test."""

from dataclasses import dataclass

import numpy as np

from bellbuoy.detectors.base import Array

DAYS = 7
"""Days with trials without which no slope is told."""
MONTH = 30.0


@dataclass(frozen=True, slots=True)
class Slope:
    """Change of a bad share in a month, as a share.

    Attributes:
        month: around the middle of the days looked at.
        low, high: ends of its 95 % interval.
        days: days with trials.
    """

    month: float
    low: float
    high: float
    days: int


def monthly(day: Array, n: Array, bad: Array) -> Slope | None:
    """Return how much a bad share changes in a month, by Theil and Sen on the logits of days.

    The logit of a day is ln((bad + 1/2) / (good + 1/2)); the slope is the median over all pairs of days, so that some odd
    days do not matter; the month is taken around the median logit.

    Args:
        day: numbers of the days, shape (D,).
        n: trials of each; days without are left out.
        bad: bad ones among them.

    Returns:
        None with fewer than a week of days.

    Example:
        >>> import numpy as np
        >>> day = np.arange(60.0)
        >>> found = monthly(day, np.full(60, 1000.0), np.round(1000 * (0.06 + 0.001 * day)))
        >>> f"{100 * found.month:.1f} points a month"
        '3.0 points a month'

    Reference:
        Theil (1950); Sen (1968), JASA 63.
    """
    from scipy.stats import theilslopes  # loading it takes longer than a thousand ticks

    some = n > 0
    if int(some.sum()) < DAYS:
        return None
    logit = np.log((bad[some] + 0.5) / (n[some] - bad[some] + 0.5))
    found = theilslopes(logit, day[some], alpha=0.95)
    middle = float(np.median(logit))

    def month(each_day: float) -> float:
        half = each_day * MONTH / 2.0
        return float(1.0 / (1.0 + np.exp(-middle - half)) - 1.0 / (1.0 + np.exp(-middle + half)))

    return Slope(month(found.slope), month(found.low_slope), month(found.high_slope), int(some.sum()))
