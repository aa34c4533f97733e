"""The detector of volume: much less, or much more, arrives than is normal for the hour."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import dispersion
from bellbuoy.detectors.base import Array, Baseline, Evidence, State, Tick

FEWER: Final = (0.85, 0.7, 0.5, 0.3, 0.1)
MORE: Final = (1.2, 1.4, 1.8, 2.5, 4.0)
"""How many times the normal volume the alternatives are."""
LOWEST: Final = 1e-9
"""Trials a tick under which nothing can be said of volume."""
THIN: Final = 1e-6
"""Excess of the variance over the mean, as a share of it, under which counts are Poisson."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a step needs of a baseline.

    Attributes:
        boundary: trials a tick at the boundary of normal, shape (CELLS, S).
        expected: trials a tick that are normal, shape (CELLS, S).
        excess: kappa of the negative binomial, shape (S,).
        ratio: of each alternative, shape (K, S).
        scatter: dispersion of each alternative, shape (K, S).
        known: where volume can be judged, shape (S,).
        column: 0 to S - 1.
    """

    boundary: Array
    expected: Array
    excess: Array
    ratio: Array
    scatter: Array
    known: NDArray[np.bool_]
    column: NDArray[np.int64]


@dataclass(frozen=True)
class Volume:
    """Tells when much less, or much more, arrives than is normal for the hour, though not nothing.

    Every tick is weighed, also those without a trial: a lost channel shows as ticks that stay under the profile of the
    hour. Traffic scatters more than chance alone would have it, and what it did an hour ago it does still; so counts are
    taken as negative binomial, their excess learned from single ticks, and the evidence of each size of change is divided
    by what blocks as long as it takes to be proven scatter beyond that.

    `direction: down` (fewer) is what is usually wanted, `both` watches each way with half of the budget. An incident of
    it is a page only once its threshold was learned from history (see the budget of false pages): until then a ticket.
    Its severity has settings of its own, `severity.page.volume` and `severity.ticket.volume`: the share of the volume
    that is surely lost or gained. Nothing at all is what `silence` finds sooner.

    Attributes:
        fewer: how many times the normal volume the alternatives are for `direction: down`, each between 0 and 1.
        more: the same for `direction: up`, each above 1; as many as of `fewer`.

    Example:
        Twenty a tick; from tick 100 on half of them are lost.

        >>> import numpy as np
        >>> from bellbuoy.detectors import baseline, judge
        >>> from bellbuoy.detectors.base import Counts, Tick
        >>> from bellbuoy.detectors.budget import threshold
        >>> random = np.random.default_rng(7)
        >>> n = random.poisson(20, (8064, 1)).astype(float)
        >>> normal = baseline.fit(Counts(at=300 * np.arange(1, 8065), n=n, bad=np.zeros_like(n)))
        >>> weights = np.ones(1)
        >>> watch = judge.Watch(threshold(1, 30 * 86400, 300, weights), direction=-np.ones(1), min_change=np.zeros(1))
        >>> detector = Volume()
        >>> prepared = detector.prepare(normal, watch.threshold, watch.direction)
        >>> state = judge.begin(detector, 1)
        >>> for t in range(200):
        ...     at = 300 * (8065 + t)
        ...     n = random.poisson(20 if t < 100 else 10, 1).astype(float)
        ...     tick = Tick(at, baseline.cell(at, "UTC"), n, np.zeros(1))
        ...     state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
        ...     if judgement.open.size:
        ...         print(t, judgement.verdict(0).why)
        ...         break
        101 10 trials since 08:20 where 40 were expected, 75.0 % fewer (95 % interval −93 % to −38 %)

    Reference:
        Shiryaev-Roberts over unknown beginnings and sizes as for `rate_shift`; Hilbe: Negative Binomial Regression (2011)
        for the likelihood; the division by dispersion is a quasi-likelihood (Wedderburn, 1974).
    """

    fewer: tuple[float, ...] = FEWER
    more: tuple[float, ...] = MORE

    empty_ticks: ClassVar[bool] = True
    watches: ClassVar[str] = "volume"
    nats: ClassVar[bool] = True
    found_within: ClassVar[int] = 3
    pages_uncalibrated: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse what is no change, and lists of two lengths."""
        for name, low, high in (("fewer", 0.0, 1.0), ("more", 1.0, np.inf)):
            numbers = tuple(float(ratio) for ratio in getattr(self, name))
            if not numbers or not all(low < ratio < high for ratio in numbers):
                between = "between 0 and 1" if low == 0 else "above 1"
                raise ValueError(f"{name} is {list(numbers)}; give at least one number, each {between}")
            object.__setattr__(self, name, numbers)
        if len(self.fewer) != len(self.more):
            raise ValueError(f"more has {len(self.more)} numbers and fewer has {len(self.fewer)}; give as many of each")

    def begin(self, size: int) -> State:
        """Return the state of `size` streams that have seen nothing.

        `log_m` and `climb` (K, S) are the mixture and its CUSUMs; `start` (4, K, S) is when each CUSUM last began to rise
        and the totals of that instant; `total` (3, S) is ticks, trials and trials expected so far.
        """
        k = len(self.fewer)
        start = np.zeros((4, k, size))
        start[0] = np.nan
        return {
            "log_m": np.full((k, size), -np.inf),
            "climb": np.zeros((k, size)),
            "start": start,
            "total": np.zeros((3, size)),
        }

    def prepare(self, baseline: Baseline, threshold: Array, direction: Array) -> Prepared:
        """Take the profile, moved by its uncertainty in the direction watched, and the dispersion of each alternative."""
        ratio = np.where(direction < 0, np.array(self.fewer)[:, None], np.array(self.more)[:, None])
        usual, excess = mean_of(baseline), excess_of(baseline)
        error = np.sqrt(
            baseline.volume_dispersion[-1] / np.maximum(baseline.trials, 1.0)
        )  # one standard error of the mean
        boundary = np.maximum(baseline.volume * (1.0 + direction * np.minimum(error, 0.5)), LOWEST)
        ticks = threshold / np.maximum(gain(ratio * usual, usual, excess, ratio), 1e-12)
        return Prepared(
            boundary=boundary,
            expected=baseline.volume,
            excess=excess,
            ratio=ratio,
            scatter=scatter_of(baseline, ticks),
            known=(baseline.trials > 0) & (usual > LOWEST),
            column=np.arange(len(threshold)),
        )

    def step(self, state: State, tick: Tick, prepared: Prepared) -> tuple[State, Evidence]:
        """Fold one tick in, with or without trials."""
        old_log_m, old_climb, before = state["log_m"], state["climb"], state["total"]
        added = gain(tick.n, prepared.boundary[tick.cell], prepared.excess, prepared.ratio) / prepared.scatter
        known = prepared.known
        log_m = np.where(known, np.logaddexp(0.0, old_log_m) + added, old_log_m)
        climb = np.where(known, np.maximum(old_climb, 0.0) + added, old_climb)
        now = np.empty((4, 1, len(tick.n)))
        now[0] = tick.at - tick.seconds
        now[1:, 0] = before
        start = np.where((old_climb <= 0.0) & known, now, state["start"])
        total = before + np.array((np.ones_like(tick.n), tick.n, prepared.expected[tick.cell]))
        value = np.logaddexp.reduce(log_m, axis=0) - np.log(len(self.fewer))
        mine = start[:, log_m.argmax(axis=0), prepared.column]
        after: State = {"log_m": log_m, "climb": climb, "start": start, "total": total}
        return after, Evidence(value=value, onset=mine[0], since=total - mine[1:])


def gain(n: Array, mean: Array, excess: Array, ratio: Array) -> Array:
    """Return the nats by which `n` trials speak for `ratio` times the mean against the mean itself.

        n ln r - (n + 1/kappa) ln((1 + kappa r mu) / (1 + kappa mu));   kappa = 0:  n ln r - (r - 1) mu

    The shapes must broadcast.
    """
    thin = excess * mean < THIN
    kappa = np.where(thin, 1.0, excess)
    drift = np.log1p(kappa * ratio * mean) - np.log1p(kappa * mean)
    answer: Array = n * np.log(ratio) - np.where(thin, (ratio - 1.0) * mean, (n + 1.0 / kappa) * drift)
    return answer


def mean_of(baseline: Baseline) -> Array:
    """Return the mean volume of a tick, shape (S,)."""
    answer: Array = np.maximum(baseline.per_tick, LOWEST)
    return answer


def excess_of(baseline: Baseline) -> Array:
    """Return kappa of each series: the variance of a tick is mu + kappa mu^2; by moments, shape (S,).

    The dispersion of single ticks against Poisson is 1 + kappa mu where mu is the mean over ticks.
    """
    answer: Array = np.maximum(baseline.volume_dispersion[0] - 1.0, 0.0) / mean_of(baseline)
    return answer


def scatter_of(baseline: Baseline, ticks: Array) -> Array:
    """Return how much more blocks of `ticks` ticks scatter than negative binomial ticks one by one, at least 1."""
    answer: Array = np.maximum(dispersion.at(baseline.volume_dispersion, ticks) / baseline.volume_dispersion[0], 1.0)
    return answer
