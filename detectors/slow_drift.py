"""The detector of slow slides: the same recursion as `rate_shift`, against an anchor that never moves."""

from dataclasses import dataclass
from typing import ClassVar

from bellbuoy.detectors.rate_shift import RateShift


@dataclass(frozen=True)
class SlowDrift(RateShift):
    """Tells when the share of bad trials left what it was in the anchor, say in month one.

    The arithmetic is that of `rate_shift`, number for number; only the baseline differs. A learning baseline follows a
    slide of a tenth of a point a day and so forgets it; the anchor is fitted once, on a pinned span or on the first 28
    full days, and is never refitted. So this detector sees a slide of months, and stays open while it lasts.

    Attributes:
        ratios: how many times the anchor's rate the alternatives are, each above 1.

    Example:
        A step that fails in 6 % of its attempts, 5 a tick, gets worse by 15 points in 5 months (a tenth of a point a
        day). The tick and the day of the opening:

        >>> import numpy as np
        >>> from bellbuoy.detectors import baseline, judge
        >>> from bellbuoy.detectors.base import Counts, Tick
        >>> from bellbuoy.detectors.budget import threshold
        >>> random = np.random.default_rng(7)
        >>> n = random.poisson(5, (8064, 1)).astype(float)
        >>> month_one = Counts(at=300 * np.arange(1, 8065), n=n, bad=random.binomial(n.astype(int), 0.06).astype(float))
        >>> anchor = baseline.fit(month_one)
        >>> weights = np.ones(1)
        >>> watch = judge.Watch(threshold(1, 30 * 86400, 300, weights), direction=np.ones(1), min_change=np.full(1, 0.02))
        >>> detector = SlowDrift()
        >>> prepared = detector.prepare(anchor, watch.threshold, watch.direction)
        >>> state = judge.begin(detector, 1)
        >>> for t in range(43200):
        ...     at = 300 * (8065 + t)
        ...     n = random.poisson(5, 1).astype(float)
        ...     bad = random.binomial(n.astype(int), 0.06 + 0.15 * t / 43200).astype(float)
        ...     tick = Tick(at, baseline.cell(at, "UTC"), n, bad)
        ...     state, judgement = judge.fold(detector, state, tick, prepared, anchor, watch)
        ...     if judgement.open.size:
        ...         print(t, t // 288)
        ...         break
        2322 8

    Reference:
        As for `rate_shift`.
    """

    anchored: ClassVar[bool] = True
    """Without a baseline of its own choice it is judged against the anchor."""

    @property
    def folds_as(self) -> RateShift:
        """The detector whose fold this is: series of both are folded in one set of arrays."""
        return RateShift(self.ratios)
