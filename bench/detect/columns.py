"""What the product is compared with, where counts of ticks are enough: each a statistic that alarms when it is high.

Every column has one signature: `statistic(streams, reference)` gives a number for each tick that is judged and each
series; larger is worse. As it is usually set up it alarms at `usual`; at equal budget at what a simulation gives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from scipy.special import xlogy

from bellbuoy.bench.detect.streams import DAY, MONTH, Streams
from bellbuoy.detectors.base import Array

RATIOS: Final = (1.2, 1.4, 1.7, 2.2, 3.0, 4.5, 8.0)
BUDGET: Final = float(np.log(MONTH))
"""ln A for one false opening in 30 days."""
LENGTHS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 144, 192, 288)
"""Ticks of the windows that the likelihood ratio of two samples looks back over."""
NEVER: Final = -np.inf
"""Where a column says nothing: in ticks in which its chunk is not over."""
BURNS: Final = ((14.4, 12, 1), (6.0, 72, 6), (1.0, 864, 72))
"""Burn rates: factor, ticks of the long window, ticks of the short one."""
LEAST_BAD: Final = 10.0


@dataclass(frozen=True, slots=True)
class Reference:
    """What a column knows of normal: the 28 days before the first tick that is judged.

    Attributes:
        n, bad: trials and bad ones, shape (R,).
        rate: bad share, shape (R,).
        changed: the bad rate after the change, where it is one number; only the oracle may look at it and at `known`.
        known: the true bad rate before.
    """

    n: Array
    bad: Array
    rate: Array
    changed: float | None = None
    known: float | None = None

    @classmethod
    def of(cls, streams: Streams, known: float | None = None, changed: float | None = None) -> "Reference":
        """Return the reference of streams."""
        span = slice(streams.start - 28 * DAY, streams.start)
        n, bad = streams.n[span].sum(axis=0), streams.bad[span].sum(axis=0)
        return cls(n, bad, (bad + 0.5) / (n + 1.0), changed, known)


Statistic: TypeAlias = Callable[[Streams, Reference], Array]


@dataclass(frozen=True, slots=True)
class Column:
    """Something that alarms.

    Attributes:
        name: of the column.
        statistic: what it looks at.
        usual: where it alarms as it is usually set up.
        told: what that is.
    """

    name: str
    statistic: Statistic
    usual: float
    told: str


def window(ticks: int) -> Statistic:
    """Return the z statistic of a sliding window against the reference's rate."""

    def statistic(streams: Streams, reference: Reference) -> Array:
        n, bad = _sliding(streams, ticks)
        return _z(n, bad, reference.rate)

    return statistic


def ewma(ticks: int) -> Statistic:
    """Return the z statistic of exponentially weighted counts, of the weight that a window of so many ticks is matched by."""
    weight = 2.0 / (ticks + 1.0)

    def statistic(streams: Streams, reference: Reference) -> Array:
        begins = max(streams.start - 10 * ticks, 0)
        q = reference.rate
        excess, variance = np.zeros(streams.size), np.zeros(streams.size)
        answer = np.empty((len(streams.n) - streams.start, streams.size))
        for place in range(begins, len(streams.n)):
            n = streams.n[place]
            excess = (1.0 - weight) * excess + weight * (streams.bad[place] - n * q)
            variance = (1.0 - weight) ** 2 * variance + weight**2 * n * q * (1.0 - q)
            if place >= streams.start:
                answer[place - streams.start] = excess / np.sqrt(np.maximum(variance, 1e-12))
        return answer

    return statistic


def oracle(streams: Streams, reference: Reference) -> Array:
    """Return the CUSUM that knows both rates: no rule with as few false alarms is sooner in the worst case (Moustakides)."""
    if reference.known is None or reference.changed is None:
        raise ValueError("the oracle knows rates that are one number each")
    return _cusum(streams, np.full(streams.size, reference.known), np.full((1, streams.size), reference.changed))


def multi_cusum(streams: Streams, reference: Reference) -> Array:
    """Return the largest of seven CUSUMs against the reference's rate, one for each size that the product knows."""
    ratio = np.array(RATIOS)[:, None]
    return _cusum(streams, reference.rate, np.minimum(reference.rate * ratio, (1.0 + reference.rate) / 2.0))


def likelihood(streams: Streams, reference: Reference) -> Array:
    """Return the generalised likelihood ratio of two samples: reference against the worst of windows up to a day."""
    answer = np.zeros((len(streams.n) - streams.start, streams.size))
    n0, bad0 = reference.n, reference.bad
    for ticks in LENGTHS:
        n, bad = _sliding(streams, ticks)
        apart = _best(n, bad) + _best(n0, bad0) - _best(n + n0, bad + bad0)
        worse = bad * n0 > bad0 * n
        np.maximum(answer, np.where(worse, apart, 0.0), out=answer)
    return answer


def burn(streams: Streams, reference: Reference) -> Array:
    """Return by how much the burn rates pass their factors, the objective being what is normal; at 1 it alarms."""
    answer = np.zeros((len(streams.n) - streams.start, streams.size))
    for factor, long, short in BURNS:
        worst = np.full_like(answer, np.inf)
        for ticks in (long, short):
            n, bad = _sliding(streams, ticks)
            burnt = np.divide(bad, n, out=np.zeros_like(bad), where=n > 0) / (factor * reference.rate)
            np.minimum(worst, np.where(bad >= LEAST_BAD, burnt, 0.0) if ticks == short else burnt, out=worst)
        np.maximum(answer, worst, out=answer)
    return answer


def chunks(ticks: int) -> Statistic:
    """Return how many standard deviations a chunk's rate lies above the mean of the reference's chunks (NannyML's rule)."""

    def statistic(streams: Streams, _reference: Reference) -> Array:
        since = streams.start - 28 * DAY
        n, bad = _chunked(streams, since, ticks)
        rate = np.divide(bad, n, out=np.full_like(bad, np.nan), where=n > 0)
        learned = rate[: (streams.start - since) // ticks]
        middle, spread = np.nanmean(learned, axis=0), np.nanstd(learned, axis=0)
        z = np.nan_to_num((rate - middle) / np.maximum(spread, 1e-9), nan=NEVER)
        return _at_ends(streams, since, ticks, z)

    return statistic


def distance(ticks: int) -> Statistic:
    """Return the Jensen-Shannon distance of a chunk from the reference: what Evidently takes past 1,000 rows.

    The square root of the divergence with natural logarithms, as `scipy.spatial.distance.jensenshannon`; a fall of the bad
    rate is a distance too.
    """

    def statistic(streams: Streams, reference: Reference) -> Array:
        since = streams.start - 28 * DAY
        n, bad = _chunked(streams, since, ticks)
        rate = np.divide(bad, n, out=np.full_like(bad, np.nan), where=n > 0)
        return _at_ends(
            streams, since, ticks, np.nan_to_num(jensen_shannon(rate, reference.bad / reference.n), nan=NEVER)
        )

    return statistic


def two_sample(ticks: int, rows: int = 1_000) -> Statistic:
    """Return the absolute z of two samples: what Evidently takes of two values up to 1,000 reference rows.

    Its p is below .05 where this is above 1.96. The reference is the last `rows` trials before the start.
    """

    def statistic(streams: Streams, _reference: Reference) -> Array:
        since = streams.start - 28 * DAY
        n, bad = _chunked(streams, since, ticks)
        behind = streams.n[: streams.start][::-1].cumsum(axis=0)
        within = behind <= rows
        n0 = (streams.n[: streams.start][::-1] * within).sum(axis=0)
        bad0 = (streams.bad[: streams.start][::-1] * within).sum(axis=0)
        return _at_ends(streams, since, ticks, np.abs(two_proportions(n, bad, n0, bad0)))

    return statistic


def jensen_shannon(first: Array, second: Array) -> Array:
    """Return the distance of two shares."""
    middle = (first + second) / 2.0
    divergence = np.zeros_like(middle)
    for one in (first, second):
        divergence += (xlogy(one, one / middle) + xlogy(1.0 - one, (1.0 - one) / (1.0 - middle))) / 2.0
    return np.sqrt(np.maximum(divergence, 0.0))


def two_proportions(n: Array, bad: Array, n0: Array, bad0: Array) -> Array:
    """Return z of the difference of two shares with the pooled variance; 0 where there is none."""
    pooled = (bad + bad0) / np.maximum(n + n0, 1.0)
    variance = pooled * (1.0 - pooled) * (1.0 / np.maximum(n, 1.0) + 1.0 / np.maximum(n0, 1.0))
    apart = bad / np.maximum(n, 1.0) - bad0 / np.maximum(n0, 1.0)
    return np.divide(apart, np.sqrt(variance), out=np.zeros_like(apart), where=variance > 0)


def lorden(normal: float, changed: float, volume: float, budget: float = BUDGET) -> float:
    """Return Lorden's first-order bound of the delay, in ticks: ln A / (trials a tick x Kullback-Leibler distance)."""
    apart = changed * np.log(changed / normal) + (1.0 - changed) * np.log((1.0 - changed) / (1.0 - normal))
    return float(budget / (volume * apart))


COLUMNS: Final = (
    Column("oracle", oracle, BUDGET, "ln A"),
    Column("z 1 h", window(12), 2.326, "p < .01"),
    Column("z 6 h", window(72), 2.326, "p < .01"),
    Column("z 24 h", window(288), 2.326, "p < .01"),
    Column("EWMA 6 h", ewma(72), 3.0, "3 standard deviations"),
    Column("multi-CUSUM", multi_cusum, BUDGET, "ln A"),
    Column("GLR", likelihood, BUDGET, "ln A"),
    Column("burn", burn, 1.0, "objective = normal"),
    Column("chunk 1 h", chunks(12), 3.0, "3 sd"),
    Column("chunk 24 h", chunks(288), 3.0, "3 sd"),
    Column("Evidently JS", distance(288), 0.1, "distance > .1, a day"),
    Column("Evidently z", two_sample(288), 1.959964, "p < .05, a day against 1,000 rows"),
)


def _z(n: Array, bad: Array, rate: Array) -> Array:
    variance = n * rate * (1.0 - rate)
    return np.divide(bad - n * rate, np.sqrt(variance), out=np.zeros_like(bad), where=variance > 0)


def _sliding(streams: Streams, ticks: int) -> tuple[Array, Array]:
    """Return trials and bad ones of the last `ticks` ticks, for every tick that is judged."""
    before = streams.start - ticks
    totals = (np.cumsum(counted[before:], axis=0) for counted in (streams.n, streams.bad))
    n, bad = (total[ticks:] - total[:-ticks] for total in totals)
    return n, bad


def _chunked(streams: Streams, since: int, ticks: int) -> tuple[Array, Array]:
    """Return trials and bad ones of each whole chunk from a place on, shape (chunks, R)."""
    whole = (len(streams.n) - since) // ticks
    n, bad = (
        counted[since : since + whole * ticks].reshape(whole, ticks, -1).sum(axis=1)
        for counted in (streams.n, streams.bad)
    )
    return n, bad


def _at_ends(streams: Streams, since: int, ticks: int, values: Array) -> Array:
    """Return the values of chunks at their last ticks, nothing at the others; from the start on."""
    answer = np.full((len(streams.n) - streams.start, streams.size), NEVER)
    ends = since + ticks * np.arange(1, len(values) + 1) - 1 - streams.start
    judged = ends >= 0
    answer[ends[judged]] = values[judged]
    return answer


def _cusum(streams: Streams, normal: Array, changed: Array) -> Array:
    """Return the largest of K CUSUMs; `changed` has shape (K, R)."""
    good, bad = np.log((1.0 - changed) / (1.0 - normal)), np.log(changed / normal)
    total = np.zeros_like(changed)
    answer = np.empty((len(streams.n) - streams.start, streams.size))
    for place in range(len(answer)):
        n, worse = streams.n[streams.start + place], streams.bad[streams.start + place]
        total = np.maximum(total, 0.0) + (n - worse) * good + worse * bad
        answer[place] = total.max(axis=0)
    return answer


def _best(n: Array, bad: Array) -> Array:
    """Return the log-likelihood of counts at their own rate."""
    size = np.maximum(n, 1.0)
    return np.asarray(xlogy(bad, bad / size) + xlogy(n - bad, (n - bad) / size))
