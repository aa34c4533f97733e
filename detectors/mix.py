"""Strata: groups whose share of the trials may change without being a fault, and what a change of their mix did."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import dispersion, mixture
from bellbuoy.detectors.base import Array, Baseline, Evidence, State, Tick

KEPT: Final = 20.0
"""Nats above ln A up to which the evidence of the sum is kept: it is shown, and ends soon after the mix is back."""
MEMORY: Final = 36.0
"""Ticks over which the present mix is averaged."""


@dataclass(frozen=True, slots=True)
class Strata:
    """The strata of S streams, those of one stream together and in the order of the streams.

    Attributes:
        baseline: what is normal for each stratum, M streams.
        owner: stream of each stratum, shape (M,), never falling; every stream has at least one.
    """

    baseline: Baseline
    owner: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Refuse strata out of order, and streams without."""
        size = int(self.owner[-1]) + 1 if len(self.owner) else 0
        if not np.array_equal(np.unique(self.owner), np.arange(size)) or (np.diff(self.owner) < 0).any():
            raise ValueError("strata must stand in the order of their streams, and every stream must have one")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a step needs of the baselines.

    Attributes:
        plain: of the sum over the strata.
        first: place of each stream's first stratum, shape (S,).
        owner: stream of each stratum, shape (M,).
        rate: bad share that is expected in each stratum, shape (CELLS, M).
        boundary: its boundary of normal, shape (CELLS, M).
        scatter: dispersion of each alternative in each stratum, shape (K, M).
        limit: evidence of the sum at which it is capped, shape (S,).
        weight: variance that a trial of each stratum adds beyond chance while the mix is the usual one, shape (M,).
        pairs: the same for each pair of trials in a tick, shape (M,).
        usual: averages of the usual mix, as `_mixed` keeps them of the present one, shape (4, S).
    """

    plain: mixture.Prepared
    first: NDArray[np.int64]
    owner: NDArray[np.int64]
    rate: Array
    boundary: Array
    scatter: Array
    limit: Array
    weight: Array
    pairs: Array
    usual: Array

    def normal(self, tick: Tick) -> Array:
        """Return the bad share that is normal for the mix of this tick, shape (S,)."""
        n = _counts(tick, self)[0]
        whole = np.add.reduceat(n, self.first)
        expected = np.add.reduceat(n * self.rate[tick.cell], self.first)
        answer: Array = np.divide(expected, whole, out=self.plain.rate[tick.cell].copy(), where=whole > 0)
        return answer


@dataclass(frozen=True)
class Stratified:
    """Tells when the share of bad trials left what is normal for the strata, whatever their mix.

    Half of the calls ask for a refund today, a third did last month, and refunds go wrong more often: the whole got worse
    and nothing is broken. So every stratum is compared with its own baseline, and the evidence of all of them for one size
    of change is added up. One size for all is an odds ratio: the one that takes the normal rate of the whole to that of
    the alternative. With a single stratum this is `rate_shift`, number for number.

        L_k = sum over g of (b_g ln theta_k - n_g ln(1 - q_g + q_g theta_k)) / dispersion_k,g

    Beside it runs the plain sum. Where that passes the threshold and the strata do not, the mix has changed: the verdict
    is `watch` and says so, and never opens an incident. It takes no part of the budget of false pages.

    Strata may scatter together, which none of them shows alone: the dispersion of a stratum is at least that of the whole,
    or all strata's excess added up if that is less.

    What a rate scatters beyond chance moves all of a stratum's trials together, so its excess of dispersion grows with the
    trials: twice as many, twice the excess. Where the mix has moved to strata that scatter, all excess is raised by

        r = max(1, (sum_g w_g n_g^2 / v_g) / (sum_g w_g n_g) / (n^2 / n v)),  w_g = (dispersion_g - 1) q_g (1 - q_g)

    with v_g the usual trials a tick, n_g those of late, n and v their sums, all four averaged over `MEMORY` ticks, and
    n (n - 1) for the squares, as chance adds n to them. Of one stratum r is 1; of the usual mix, and where only the volume
    of the whole changes, the ratio is 1 on average, and what chance adds to it is all that r is above 1.

    Attributes:
        ratios: how many times the normal rate of the whole the alternatives are, each above 1.

    Reference:
        Mantel and Haenszel (1959) for one odds ratio over strata; Shiryaev-Roberts as for `rate_shift`.
    """

    ratios: tuple[float, ...] = mixture.RATIOS

    nats: ClassVar[bool] = True
    found_within: ClassVar[int] = 20

    def __post_init__(self) -> None:
        """Refuse ratios that are no change for the worse."""
        object.__setattr__(self, "ratios", mixture.checked(self.ratios))

    def begin(self, size: int) -> State:
        """Return the state of `size` streams that have seen nothing: that of `rate_shift`, the sum's mixture, and the mix of late."""
        beside = {"sum": np.full((len(self.ratios), size), -np.inf), "mix": np.full((4, size), np.nan)}
        return {**mixture.begin(size, self.ratios), **beside}

    def prepare(self, baseline: Baseline, threshold: Array, direction: Array, strata: Strata | None = None) -> Prepared:
        """Set up the prices of trials in every stratum.

        Args:
            baseline: of the whole.
            threshold: nats at which a stream opens, shape (S,).
            direction: +1.0 watches for more bad, -1.0 for less, shape (S,).
            strata: what is normal for each of them; None: each stream is one stratum.
        """
        size = len(threshold)
        if strata is None:
            strata = Strata(baseline, np.arange(size))
        parts, owner = strata.baseline, strata.owner
        plain = mixture.prepare(baseline, threshold, direction, self.ratios)
        first = np.searchsorted(owner, np.arange(size)).astype(np.int64)
        mean = np.clip(parts.mean, mixture.LOWEST, mixture.HIGHEST)
        usual = np.clip(mean + direction[owner] * parts.margin, mixture.LOWEST, mixture.HIGHEST)
        whole = np.clip(baseline.mean + direction * baseline.margin, mixture.LOWEST, mixture.HIGHEST)
        odds = np.exp(mixture.log_odds_ratio(whole, plain.ratio, plain.up))[:, owner]
        distance = mixture.divergence(usual * odds / (1.0 - usual + usual * odds), mean)
        together = _summed(parts.per_tick * distance, first)
        ticks = threshold / np.maximum(together, 1e-12)
        own = dispersion.at(parts.dispersion, ticks[:, owner])
        joint = np.minimum(dispersion.at(baseline.dispersion, ticks), 1.0 + _summed(own - 1.0, first))
        scatter = np.maximum(own, joint[:, owner])
        weight = (scatter.mean(axis=0) - 1.0) * mean * (1.0 - mean)
        volume = parts.per_tick
        heavy, whole_volume = _summed(weight * volume, first), _summed(volume, first)
        return Prepared(
            plain=plain,
            first=first,
            owner=owner,
            rate=parts.rate,
            boundary=np.clip(parts.rate + direction[owner] * parts.margin, mixture.LOWEST, mixture.HIGHEST),
            scatter=scatter,
            limit=threshold + KEPT,
            weight=weight,
            pairs=np.divide(weight, volume, out=np.zeros_like(weight), where=volume > 0),
            usual=np.stack((heavy, heavy, whole_volume, whole_volume**2)),
        )

    def step(self, state: State, tick: Tick, prepared: Prepared) -> tuple[State, Evidence]:
        """Fold one tick in; without `tick.strata` each stream is its own one stratum."""
        plain, cell = prepared.plain, tick.cell
        n, bad = _counts(tick, prepared)
        odds = mixture.log_odds_ratio(plain.boundary(cell), plain.ratio, plain.up)[:, prepared.owner]
        mix, raised = _mixed(state["mix"], n, tick, prepared)
        scatter = 1.0 + (prepared.scatter - 1.0) * raised[prepared.owner]
        gain = (bad * odds - n * np.log1p(prepared.boundary[cell] * np.expm1(odds))) / scatter
        expected = np.add.reduceat(n * prepared.rate[cell], prepared.first)
        own = {name: array for name, array in state.items() if name not in ("sum", "mix")}
        after, evidence = mixture.advance(own, tick, _summed(gain, prepared.first), expected, plain)
        summed = mixture.step({**own, "log_m": state["sum"]}, tick, plain)[0]["log_m"]
        beside = np.logaddexp.reduce(summed, axis=0) - plain.log_count
        summed = summed - np.where(tick.n > 0, np.maximum(beside - prepared.limit, 0.0), 0.0)
        beside = np.minimum(beside, prepared.limit)
        return {**after, "sum": summed, "mix": mix}, Evidence(evidence.value, evidence.onset, evidence.since, beside)


def _counts(tick: Tick, prepared: Prepared) -> tuple[Array, Array]:
    """Return trials and bad ones of the strata; of streams that are their own strata their own."""
    if tick.strata is None:
        return tick.n[prepared.owner], tick.bad[prepared.owner]
    return tick.strata[0], tick.strata[1]


def _mixed(before: Array, n: Array, tick: Tick, prepared: Prepared) -> tuple[Array, Array]:
    """Return the averages of late after a tick, shape (4, S), and by how much those before it raise excess, shape (S,)."""
    usual, squares = prepared.usual, n * (n - 1.0)
    before = np.where(np.isnan(before), usual, before)
    own = _summed(np.stack((prepared.pairs * squares, prepared.weight * n)), prepared.first)
    now = np.concatenate((own, (tick.n, tick.n * (tick.n - 1.0))))
    after = np.where(tick.n > 0, before + (now - before) / MEMORY, before)
    heavy, light = before[0] * before[2] * usual[2], before[1] * before[3]
    raised: Array = np.maximum(np.divide(heavy, light, out=np.ones_like(heavy), where=light > 0), 1.0)
    return after, raised


def _summed(values: Array, first: NDArray[np.int64]) -> Array:
    """Return sums over the strata of each stream, shape (..., S)."""
    answer: Array = np.add.reduceat(values, first, axis=-1)
    return answer


@dataclass(frozen=True, slots=True)
class Split:
    """A change of a rate, parted after Kitagawa: what got worse by itself, and what only became more frequent.

    Attributes:
        rate: mean share of each stratum times the change of its rate, shape (G,).
        mix: mean rate of each stratum, less that of all, times the change of its share, shape (G,).
        change: change of the whole rate; the sum of all parts.
    """

    rate: Array
    mix: Array
    change: float

    @property
    def by_rate(self) -> float:
        """What the strata's own rates did together."""
        return float(self.rate.sum())

    @property
    def by_mix(self) -> float:
        """What the change of their shares did together."""
        return float(self.mix.sum())


def split(n_before: Array, bad_before: Array, n_after: Array, bad_after: Array) -> Split:
    """Part the change of a bad share between the rates of strata and their mix.

        change = sum_g mean share_g x change of rate_g  +  sum_g (mean rate_g - mean rate) x change of share_g

    "Mean" is that of before and after. Shares sum to one at both times, so the mean rate of all (any constant) may be
    taken off in the second sum without changing it; with it a stratum's part has a sign that can be read: more of what is
    worse than the rest makes the whole worse. A stratum that is empty at one of the times has no rate then: it is given
    the one of the other time, and all it does is mix.

    Args:
        n_before: trials of each stratum before, shape (G,).
        bad_before: bad ones among them.
        n_after: trials of each stratum after.
        bad_after: bad ones among them.

    Raises:
        ValueError: there is no trial before, or none after: then there is no change to part.

    Example:
        Two kinds of calls, 2 % and 12 % bad; their mix turns from 70/30 to 40/60 and nothing else changes.

        >>> import numpy as np
        >>> parts = split(np.array([700, 300]), np.array([14, 36]), np.array([400, 600]), np.array([8, 72]))
        >>> f"{parts.change:.3f} = {parts.by_rate:.3f} by rate + {parts.by_mix:.3f} by mix"
        '0.030 = 0.000 by rate + 0.030 by mix'

    Reference:
        Kitagawa (1955), Components of a difference between two rates, JASA 50.
    """
    before, after = np.asarray(n_before, np.float64), np.asarray(n_after, np.float64)
    if before.sum() <= 0 or after.sum() <= 0:
        raise ValueError(f"{before.sum():.0f} trials before and {after.sum():.0f} after: nothing to compare")
    first, second = before / before.sum(), after / after.sum()
    rate_first = np.divide(bad_before, before, out=np.full_like(before, np.nan), where=before > 0)
    rate_second = np.divide(bad_after, after, out=np.full_like(after, np.nan), where=after > 0)
    rate_first, rate_second = (
        np.nan_to_num(np.where(before > 0, rate_first, rate_second)),
        np.nan_to_num(np.where(after > 0, rate_second, rate_first)),
    )
    whole_first, whole_second = float(first @ rate_first), float(second @ rate_second)
    middle = (whole_first + whole_second) / 2.0
    rate: Array = (first + second) / 2.0 * (rate_second - rate_first)
    mix: Array = ((rate_first + rate_second) / 2.0 - middle) * (second - first)
    return Split(rate, mix, whole_second - whole_first)
