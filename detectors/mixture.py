"""The recursion that `rate_shift` and `slow_drift` share: a mixture over unknown sizes of a change, in nats.

For each tick with trials and each alternative k, with s good and b bad ones,

    L_k = (s ln((1 - q_k) / (1 - q_0)) + b ln(q_k / q_0)) / dispersion_k
    log M_k <- logaddexp(0, log M_k) + L_k        V = logsumexp_k(log M_k) - ln K

A Shiryaev-Roberts sum over all beginnings that a change may have had: an e-detector (Shin, Ramdas, Rinaldo:
"E-detectors: a nonparametric framework for sequential change detection", arXiv 2203.03532). If each trial is bad with
probability at most q_0 given all before it and nothing scatters more than chance, the mean number of ticks to a false
opening at the threshold ln A is at least A. A CUSUM beside each alternative remembers when it last began to rise.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import dispersion
from bellbuoy.detectors.base import Array, Baseline, Evidence, State, Tick

RATIOS: Final = (1.2, 1.4, 1.7, 2.2, 3.0, 4.5, 8.0)
"""How many times the normal rate the alternatives are."""
LARGE: Final = 3.0
"""Ratios that may be judged where bad trials are too rare for smaller ones."""
LOWEST, HIGHEST = 1e-5, 0.95
"""Ends of the boundary of normal."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a step needs of a baseline; trials are priced when their hour of the week comes, an hour at a time.

    Attributes:
        rate: bad share that is expected, shape (CELLS, S).
        margin: how far the boundary of normal lies from it, with the sign of the direction watched, shape (S,).
        up: True where more bad is watched for, shape (S,).
        ratio: of the alternatives, shape (K, 1).
        scatter: dispersion by which each alternative is divided, shape (K, S).
        barred: -inf where an alternative is not judged, else 0, shape (K, S); None where all are.
        log_count: logarithm of the number of alternatives judged, shape (S,).
        column: 0 to S - 1.
        kept: prices of the hour that was asked for last, by its cell.
    """

    rate: Array
    margin: Array
    up: NDArray[np.bool_]
    ratio: Array
    scatter: Array
    barred: Array | None
    log_count: Array
    column: NDArray[np.int64]
    kept: dict[int, tuple[Array, Array]] = field(default_factory=dict, compare=False, repr=False)

    def boundary(self, cell: int) -> Array:
        """Return the boundary of normal in an hour of the week, shape (S,)."""
        answer: Array = np.clip(self.rate[cell] + self.margin, LOWEST, HIGHEST)
        return answer

    def prices(self, cell: int) -> tuple[Array, Array]:
        """Return the nats that a trial adds in an hour of the week, and what a bad one adds to that, shape (K, S)."""
        known = self.kept.get(cell)
        if known is None:
            boundary = self.boundary(cell)
            other = _alternatives(boundary, self.ratio, self.up)
            good = np.log1p(-other) - np.log1p(-boundary)
            bad = np.log(other) - np.log(boundary)
            known = good / self.scatter, (bad - good) / self.scatter
            self.kept.clear()
            self.kept[cell] = known
        return known


def checked(ratios: tuple[float, ...]) -> tuple[float, ...]:
    """Return the ratios as a tuple of floats.

    Raises:
        ValueError: there is none, or one is not above 1.
    """
    numbers = tuple(float(ratio) for ratio in ratios)
    if not numbers or not all(1.0 < ratio < np.inf for ratio in numbers):
        raise ValueError(f"ratios are {list(ratios)}; give at least one, each above 1, such as [1.2, 2, 4]")
    return numbers


def begin(size: int, ratios: tuple[float, ...]) -> State:
    """Return the state of `size` streams that have seen nothing.

    `log_m` and `climb` (K, S) are the mixture and its CUSUMs; `start` (4, K, S) is when each CUSUM last began to rise and
    the totals of that instant; `total` (3, S) is trials, bad ones and bad ones expected so far.
    """
    k = len(ratios)
    start = np.zeros((4, k, size))
    start[0] = np.nan
    return {
        "log_m": np.full((k, size), -np.inf),
        "climb": np.zeros((k, size)),
        "start": start,
        "total": np.zeros((3, size)),
    }


def prepare(baseline: Baseline, threshold: Array, direction: Array, ratios: tuple[float, ...]) -> Prepared:
    """Set up the prices of trials for every alternative and stream.

    The boundary of normal is the profile moved by its margin in the direction watched. Each alternative is divided by
    the dispersion of blocks as long as it takes to be proven: threshold / (trials a tick x Kullback-Leibler distance
    from the mean rate).
    """
    up = direction > 0
    ratio = np.array(ratios)[:, None]
    mean = np.clip(baseline.mean, LOWEST, HIGHEST)
    usual = np.clip(mean + direction * baseline.margin, LOWEST, HIGHEST)
    distance = divergence(_alternatives(usual, ratio, up), mean)
    ticks = threshold / np.maximum(baseline.per_tick * distance, 1e-12)
    scatter = dispersion.at(baseline.dispersion, ticks)
    allowed = (baseline.armed >= 1.0) | (baseline.judges_share & (ratio >= LARGE))
    return Prepared(
        rate=baseline.rate,
        margin=direction * baseline.margin,
        up=up,
        ratio=ratio,
        scatter=scatter,
        barred=None if allowed.all() else np.where(allowed, 0.0, -np.inf),
        log_count=np.log(np.maximum(allowed.sum(axis=0), 1.0)),
        column=np.arange(len(threshold)),
    )


def step(state: State, tick: Tick, prepared: Prepared) -> tuple[State, Evidence]:
    """Fold one tick in; streams without a trial keep their state to the bit."""
    per_trial, per_bad = prepared.prices(tick.cell)
    gain = per_trial * tick.n
    gain += per_bad * tick.bad
    return advance(state, tick, gain, tick.n * prepared.rate[tick.cell], prepared)


def advance(state: State, tick: Tick, gain: Array, expected: Array, prepared: Prepared) -> tuple[State, Evidence]:
    """Fold one tick in whose trials are priced already.

    Args:
        state: from `begin` or the last fold.
        tick: counts of the tick.
        gain: nats that it adds to each alternative, shape (K, S).
        expected: bad trials that were to be expected in it, shape (S,).
        prepared: which alternatives are judged.
    """
    n, bad = tick.n, tick.bad
    old_log_m, old_climb, before = state["log_m"], state["climb"], state["total"]
    log_m = np.logaddexp(0.0, old_log_m)
    log_m += gain
    if prepared.barred is not None:
        log_m += prepared.barred
    climb = np.maximum(old_climb, 0.0)
    climb += gain
    begins = old_climb <= 0.0
    seen = n > 0.0
    if not seen.all():
        log_m = np.where(seen, log_m, old_log_m)
        climb = np.where(seen, climb, old_climb)
        begins &= seen
    now = np.empty((4, 1, n.shape[0]))
    now[0] = tick.at - tick.seconds
    now[1:, 0] = before
    start = np.where(begins, now, state["start"])
    total = before.copy()
    total[0] += n
    total[1] += bad
    total[2] += expected
    value = np.logaddexp.reduce(log_m, axis=0)
    value -= prepared.log_count
    mine = start[:, log_m.argmax(axis=0), prepared.column]
    after: State = {"log_m": log_m, "climb": climb, "start": start, "total": total}
    return after, Evidence(value=value, onset=mine[0], since=total - mine[1:])


def divergence(first: Array, second: Array) -> Array:
    """Return the Kullback-Leibler distance of two bad rates, nats a trial, as if `first` were true."""
    answer: Array = first * np.log(first / second) + (1.0 - first) * np.log((1.0 - first) / (1.0 - second))
    return answer


def log_odds_ratio(boundary: Array, ratio: Array, up: NDArray[np.bool_]) -> Array:
    """Return by how much each alternative's log odds lie from those of the boundary, shape (K, S)."""
    other = _alternatives(boundary, ratio, up)
    return np.log(other) - np.log1p(-other) - np.log(boundary) + np.log1p(-boundary)


def _alternatives(boundary: Array, ratio: Array, up: NDArray[np.bool_]) -> Array:
    """Return the bad rates of the alternatives; upwards never past half of what is left above the boundary."""
    return np.where(up, np.minimum(boundary * ratio, (1.0 + boundary) / 2.0), boundary / ratio)
