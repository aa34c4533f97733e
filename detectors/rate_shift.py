"""The detector of changes of a bad rate, sudden or gradual, large or small, against the learning baseline."""

from dataclasses import dataclass
from typing import ClassVar

from bellbuoy.detectors import mixture
from bellbuoy.detectors.base import Array, Baseline, Evidence, State, Tick


@dataclass(frozen=True)
class RateShift:
    """Tells when the share of bad trials left what is normal for the hour.

    Every trial is a piece of evidence for or against seven sizes of change, from 1.2 to 8 times the normal rate. The
    evidence of all sizes and all moments at which the change may have begun is added up, so there is no window to
    choose: a collapse is seen within a few ticks, a small lasting change after as many trials as it takes to be sure.
    It opens when the evidence passes the threshold that the budget of false pages gives.

    Attributes:
        ratios: how many times the normal rate the alternatives are, each above 1. Leave them unless all that matters
            is one size; more of them cost time, fewer cost speed on the sizes left out.

    Example:
        A step that fails in 5 % of its attempts, 20 a tick; from tick 100 on in 15 %.

        >>> import numpy as np
        >>> from bellbuoy.detectors import baseline, judge
        >>> from bellbuoy.detectors.base import Counts, Tick
        >>> from bellbuoy.detectors.budget import threshold
        >>> random = np.random.default_rng(7)
        >>> n = random.poisson(20, (8064, 1)).astype(float)
        >>> history = Counts(at=300 * np.arange(1, 8065), n=n, bad=random.binomial(n.astype(int), 0.05).astype(float))
        >>> normal = baseline.fit(history)
        >>> weights = np.ones(1)
        >>> watch = judge.Watch(threshold(1, 30 * 86400, 300, weights), direction=np.ones(1), min_change=np.full(1, 0.02))
        >>> detector = RateShift()
        >>> prepared = detector.prepare(normal, watch.threshold, watch.direction)
        >>> state = judge.begin(detector, 1)
        >>> for t in range(200):
        ...     at = 300 * (8065 + t)
        ...     n = random.poisson(20, 1).astype(float)
        ...     bad = random.binomial(n.astype(int), 0.05 if t < 100 else 0.15).astype(float)
        ...     tick = Tick(at, baseline.cell(at, "UTC"), n, bad)
        ...     state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
        ...     if judgement.open.size:
        ...         print(t, judgement.verdict(0).why)
        ...         break
        106 15.3 % of 137 trials bad since 08:20, 5.1 % is normal (95 % interval of the change 2.1 to 22.1 points)

    Reference:
        Shin, Ramdas, Rinaldo: E-detectors, a nonparametric framework for sequential change detection (arXiv
        2203.03532); Shiryaev (1963) and Roberts (1966) for the sum over beginnings.
    """

    nats: ClassVar[bool] = True
    found_within: ClassVar[int] = 20

    ratios: tuple[float, ...] = mixture.RATIOS

    def __post_init__(self) -> None:
        """Refuse ratios that are no change for the worse."""
        object.__setattr__(self, "ratios", mixture.checked(self.ratios))

    def begin(self, size: int) -> State:
        """Return the state of `size` streams that have seen nothing."""
        return mixture.begin(size, self.ratios)

    def prepare(self, baseline: Baseline, threshold: Array, direction: Array) -> mixture.Prepared:
        """Price trials against the baseline for every hour of the day."""
        return mixture.prepare(baseline, threshold, direction, self.ratios)

    def step(self, state: State, tick: Tick, prepared: mixture.Prepared) -> tuple[State, Evidence]:
        """Fold one tick in."""
        return mixture.step(state, tick, prepared)
