"""What normal is: the hour profile of a series, how sure it is, and how much it scatters; fitted once a day."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import dispersion
from bellbuoy.detectors.base import BLOCKS, CELLS, LARGE_ONLY, VOLUME_ONLY, Array, Baseline, Counts, Instants

DAY: Final = 86_400
SEASON_FROM: Final = 7 * DAY
"""Seconds of history from which hours of the day may differ."""
RARE_TRIALS: Final = 3_000
"""Trials that qualify a signal which is too rarely bad for `min_bad`."""
_HOUR: Final = BLOCKS.index(12)


def cell(at: int, zone: str, seconds: int = 300) -> int:
    """Return the cell of the profile of the tick that ends at `at`: the hour of the local day in which it began.

    Args:
        at: end of the tick.
        zone: name of the time zone, as in the IANA database.
        seconds: length of the tick.
    """
    began = at - seconds
    return (began + _offset(began, ZoneInfo(zone))) // 3600 % CELLS


def cells(at: Instants, zone: str, seconds: int = 300) -> NDArray[np.int64]:
    """Return `cell` of every tick that ends at `at`, shape (T,)."""
    began = np.asarray(at, dtype=np.int64) - seconds
    place = ZoneInfo(zone)
    offsets = np.empty_like(began)
    for day in np.unique(began // DAY).tolist():
        todays = began // DAY == day
        morning, evening = _offset(day * DAY, place), _offset((day + 1) * DAY, place)
        if morning == evening:
            offsets[todays] = morning
        else:
            offsets[todays] = [_offset(instant, place) for instant in began[todays].tolist()]
    answer: NDArray[np.int64] = (began + offsets) // 3600 % CELLS
    return answer


def fit(
    counts: Counts,
    *,
    weight: Array | None = None,
    zone: str = "UTC",
    min_trials: float | Array = 1_000,
    min_bad: float | Array = 20,
    min_span: float | Array = 7 * DAY,
) -> Baseline:
    """Learn what normal is from counts of consecutive ticks.

    The rate of an hour of the local day is its own, drawn towards the mean of the series by as much as chance explains
    of the differences between hours (beta-binomial shrinkage by moments); where chance explains all, or before a week
    is over, the profile is flat. Two rounds: the first takes counts to scatter by chance alone, the second knows better.

    Args:
        counts: consecutive ticks of equal length, at most some 200 series at a time (memory).
        weight: 0 where a tick is not normal and must not be learned from, shape (T, S); None uses all.
        zone: time zone of the local day.
        min_trials: trials that a series needs to be judged.
        min_bad: bad ones that it needs; with 3,000 trials it needs none, but only large changes of it are judged; with
            fewer trials and fewer bad ones only its silence is.
        min_span: seconds that it needs between its first and its last trial. All three may differ by series: shape (S,).

    Returns:
        The baseline; series that lack something have `armed` 0.

    Raises:
        ValueError: counts are negative, not finite, more bad than trials, or ticks are not consecutive; names the place.
    """
    seconds = _check(counts)
    used = counts.n >= 0 if weight is None else np.asarray(weight) > 0
    n = counts.n if weight is None else np.where(used, counts.n, 0.0)
    bad = counts.bad if weight is None else np.where(used, counts.bad, 0.0)
    some = n > 0
    seen = some.any(axis=0)
    first = some.argmax(axis=0)
    last = len(n) - 1 - some[::-1].argmax(axis=0)
    used = used & (np.arange(len(n))[:, None] >= first)  # before its first trial a series was not there
    hours = cells(counts.at, zone, seconds)
    since = np.where(seen, counts.at[first] - seconds, np.nan)
    until = np.where(seen, counts.at[last], np.nan)
    seasonal = seen & (np.nan_to_num(until - since) >= SEASON_FROM - seconds)

    places = [np.flatnonzero(hours == hour) for hour in range(CELLS)]
    cell_n, cell_bad, cell_ticks = (_by_cell(counted, places) for counted in (n, bad, used))
    trials, bads, ticks = cell_n.sum(axis=0), cell_bad.sum(axis=0), cell_ticks.sum(axis=0)
    mean = bads / np.maximum(trials, 1.0)
    per_tick = trials / np.maximum(ticks, 1.0)

    rate, scatter = _rates(n, bad, hours, cell_n, cell_bad, mean, seasonal)
    volume, volume_scatter = _volumes(n, used, hours, cell_n, cell_ticks, per_tick, seasonal)
    spanned = seen & (np.nan_to_num(until - since) >= min_span - seconds)
    armed = np.select(
        [~spanned, (trials >= min_trials) & (bads >= min_bad), trials >= RARE_TRIALS, trials >= min_trials],
        [0.0, 1.0, LARGE_ONLY, VOLUME_ONLY],
    )
    return Baseline(
        rate=rate,
        volume=volume,
        mean=mean,
        trials=trials,
        bad=bads,
        per_tick=per_tick,
        dispersion=scatter,
        volume_dispersion=volume_scatter,
        since=since,
        until=until,
        armed=armed,
        margin=_margin(bads, trials, scatter[-1], armed),
    )


def ignoring(baseline: Baseline, below: Array) -> Baseline:
    """Return the baseline with changes smaller than `below` (a share, shape (S,)) inside of normal."""
    return replace(baseline, margin=np.maximum(baseline.margin, below))


def take(baseline: Baseline, index: NDArray[np.int64]) -> Baseline:
    """Return the streams at `index`, in its order; one series may be taken for several streams."""
    return Baseline(**{f.name: np.ascontiguousarray(getattr(baseline, f.name)[..., index]) for f in fields(Baseline)})


def concat(baselines: list[Baseline]) -> Baseline:
    """Return the streams of all baselines, one after the other.

    Raises:
        ValueError: the list is empty.
    """
    if not baselines:
        raise ValueError("no baselines to put together")
    return Baseline(
        **{f.name: np.concatenate([getattr(one, f.name) for one in baselines], axis=-1) for f in fields(Baseline)}
    )


def _by_cell(counted: Array | NDArray[np.bool_], places: list[NDArray[np.intp]]) -> Array:
    """Return sums over the ticks of each cell, shape (CELLS, S); no matrix product, whose threads fight over the cores."""
    return np.stack([counted[place].sum(axis=0, dtype=np.float64) for place in places])


def offset_of(at: int, zone: str) -> int:
    """Return seconds that the zone (IANA name) is ahead of UTC at an instant."""
    return _offset(at, ZoneInfo(zone))


def _offset(instant: int, zone: ZoneInfo) -> int:
    """Return seconds that the zone is ahead of UTC at an instant."""
    ahead = datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset()
    return int((ahead or timedelta(0)).total_seconds())


def _check(counts: Counts) -> int:
    """Refuse counts that cannot be; return the length of the ticks in seconds."""
    if counts.n.ndim != 2 or counts.n.shape != counts.bad.shape or len(counts.at) != len(counts.n):
        raise ValueError(
            f"counts of shape {counts.n.shape}, {counts.bad.shape} for {len(counts.at)} ticks do not match"
        )
    if not len(counts.at):
        raise ValueError("no tick to learn from")
    wrong = ~((counts.bad >= 0) & (counts.n >= counts.bad) & (counts.n < np.inf))
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        raise ValueError(
            f"tick {counts.at[row]}, series {column}: {counts.bad[row, column]} bad of {counts.n[row, column]} trials"
        )
    steps = np.diff(counts.at)
    seconds = int(steps[0]) if len(steps) else 300
    if seconds <= 0 or (steps != seconds).any():
        raise ValueError("ticks are not consecutive: every tick of the span must stand there once, in order")
    return seconds


def _rates(
    n: Array,
    bad: Array,
    hours: NDArray[np.int64],
    cell_n: Array,
    cell_bad: Array,
    mean: Array,
    seasonal: NDArray[np.bool_],
) -> tuple[Array, Array]:
    """Return the profile of bad rates (CELLS, S) and the dispersion (len(BLOCKS), S)."""
    binomial = mean * (1.0 - mean)
    hourly = np.ones_like(mean)
    own = np.divide(cell_bad, cell_n, out=np.zeros_like(cell_n), where=cell_n > 0)
    for _ in range(2):
        rate = _shrunk(own, cell_n, mean, binomial * hourly, seasonal)
        now = rate[hours]
        expected = n * now
        scatter = dispersion.fit(bad - expected, expected * (1.0 - now))
        hourly = scatter[_HOUR]
    return rate, scatter


def _volumes(
    n: Array,
    used: NDArray[np.bool_],
    hours: NDArray[np.int64],
    cell_n: Array,
    cell_ticks: Array,
    per_tick: Array,
    seasonal: NDArray[np.bool_],
) -> tuple[Array, Array]:
    """Return the profile of trials a tick (CELLS, S) and their dispersion against Poisson."""
    own = np.divide(cell_n, cell_ticks, out=np.zeros_like(cell_n), where=cell_ticks > 0)
    volume = _shrunk(own, cell_ticks, per_tick, per_tick, seasonal)
    expected = volume[hours] * used
    return volume, dispersion.fit(n - expected, expected)


def _shrunk(own: Array, size: Array, mean: Array, variance: Array, seasonal: NDArray[np.bool_]) -> Array:
    """Draw the means of cells towards that of the series.

    `variance` is that of one unit of `size`. The spread between cells beyond chance, by moments, says how much a
    cell's own mean is worth.
    """
    filled = size > 0
    chance = np.divide(variance, size, out=np.zeros_like(size), where=filled)
    excess = np.where(filled, (own - mean) ** 2 - chance, 0.0).sum(axis=0) / np.maximum(filled.sum(axis=0), 1)
    differs = seasonal & (excess > 0)
    strength = np.divide(variance, excess, out=np.zeros_like(mean), where=differs)
    total = size + strength
    drawn = np.divide(own * size + strength * mean, total, out=np.zeros_like(size) + mean, where=total > 0)
    return np.where(differs, drawn, mean)


def _margin(bad: Array, trials: Array, scatter: Array, armed: Array) -> Array:
    """Return one standard error of the mean rate; for rarely bad signals what its upper 95 % point is above it.

    Half a bad trial is added so that a signal that never was bad has an error too. The upper point of a Poisson count x
    is taken as x + 1.645 sqrt(x) + 3: exact at 0, a little wide elsewhere.
    """
    size = np.maximum(trials, 1.0)
    rate = (bad + 0.5) / (size + 1.0)
    usual = np.sqrt(rate * (1.0 - rate) * scatter / size)
    rare = (1.645 * np.sqrt(bad) + 3.0) * scatter / size
    return np.where(armed == LARGE_ONLY, np.maximum(rare, usual), usual)
