"""What normal is: the hour profile of a series, how sure it is, and how much it scatters; fitted once a day."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import dispersion
from bellbuoy.detectors.base import BLOCKS, CELLS, HOURS, LARGE_ONLY, VOLUME_ONLY, Array, Baseline, Counts, Instants
from bellbuoy.detectors.profile import Season, Sums, allowed, best, shapes, summed, taken

HOUR_S: Final = 3_600
DAY: Final = 86_400
SEASON_FROM: Final = 7 * DAY
"""Seconds of history from which hours of the day may differ."""
WEEK: Final = 7 * DAY
WEEK_FROM: Final = 28 * DAY
"""Seconds of history from which days of the week may differ."""
RARE_TRIALS: Final = 3_000
"""Trials that qualify a signal which is too rarely bad for `min_bad`."""
AT_ONCE: Final = 50
"""Series that are fitted together: a dozen arrays of four weeks of them are alive at once, 3 MB each."""
Counted: TypeAlias = Array | NDArray[np.bool_]


def cell(at: int, zone: str, seconds: int = 300) -> int:
    """Return the cell of the profile of the tick that ends at `at`: the hour of the local week in which it began.

    Args:
        at: end of the tick.
        zone: name of the time zone, as in the IANA database.
        seconds: length of the tick.
    """
    began = at - seconds
    return _cell(began + _offset(began, ZoneInfo(zone)))


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
    return _cell(began + offsets)


def fit(
    counts: Counts,
    *,
    weight: Array | None = None,
    since: Array | None = None,
    zone: str = "UTC",
    season: Season = "auto",
    forms: tuple[Array, Array] | None = None,
    min_trials: float | Array = 1_000,
    min_bad: float | Array = 20,
    min_span: float | Array = 7 * DAY,
) -> Baseline:
    """Learn what normal is from counts of consecutive ticks.

    The rate of an hour of the local day is its own, drawn towards the mean of the series by as much as chance explains
    of the differences between hours (beta-binomial shrinkage by moments); where chance explains all, or before a week
    is over, the profile is flat. From four weeks on a factor for each day of the week, or every hour of the week for
    itself, is tried likewise: what describes the last week best, learned from those before it, is taken. The number of
    trials has its profile in the same way. Two rounds: the first takes counts to scatter by chance alone, the second
    knows better.

    Args:
        counts: consecutive ticks of equal length.
        weight: 0 where a tick is not normal and must not be learned from, shape (T, S); None uses all.
        since: when each series was there from, epoch seconds, shape (S,); None: from its first trial.
        zone: time zone of the local day.
        season: what may repeat itself.
        forms: shapes of the two profiles, each of shape (S,), see `bellbuoy.detectors.profile.form_of`; None takes what
            describes the history best.
        min_trials: trials that a series needs to be judged.
        min_bad: bad ones that it needs; with 3,000 trials it needs none, but only large changes of it are judged; with
            fewer trials and fewer bad ones only its silence is.
        min_span: seconds that it must have been watched. All three may differ by series: shape (S,).

    Returns:
        The baseline; series that lack something have `armed` 0.

    Raises:
        ValueError: counts are negative, not finite, more bad than trials, or ticks are not consecutive; names the place.
    """
    size = counts.n.shape[1]
    seconds = _check(counts)
    if size == 1 or size > AT_ONCE:

        def part(columns: NDArray[np.int64]) -> Baseline:
            least = [one if np.ndim(one) == 0 else np.asarray(one)[columns] for one in (min_trials, min_bad, min_span)]
            return fit(
                Counts(counts.at, counts.n[:, columns], counts.bad[:, columns]),
                weight=None if weight is None else np.asarray(weight)[:, columns],
                since=None if since is None else since[columns],
                zone=zone,
                season=season,
                forms=None if forms is None else (forms[0][columns], forms[1][columns]),
                min_trials=least[0],
                min_bad=least[1],
                min_span=least[2],
            )

        if size == 1:  # numpy adds up a lone column in another order: what is beside a series must not matter
            return take(part(np.zeros(2, dtype=np.int64)), np.zeros(1, dtype=np.int64))
        return concat([part(np.arange(first, min(first + AT_ONCE, size))) for first in range(0, size, AT_ONCE)])
    used = counts.n >= 0 if weight is None else np.asarray(weight) > 0
    n = counts.n if weight is None else np.where(used, counts.n, 0.0)
    bad = counts.bad if weight is None else np.where(used, counts.bad, 0.0)
    some = n > 0
    seen = some.any(axis=0)
    begins = counts.at - seconds
    began = begins[some.argmax(axis=0)].astype(np.float64)
    if since is not None:
        began = np.minimum(np.maximum(since, float(begins[0])), began)
    used = used & (begins[:, None] >= began)  # before that a series was not there
    some = used.any(axis=0)
    first, last = used.argmax(axis=0), len(n) - 1 - used[::-1].argmax(axis=0)
    began = np.where(seen, begins[first], np.nan)
    until = np.where(seen, counts.at[last], np.nan)
    span = np.nan_to_num(until - began) + seconds  # a window may begin within its first tick
    week = cells(counts.at, zone, seconds)
    kept = forms if forms is not None else (None, None)
    how = _How(week, season, seen & (span >= SEASON_FROM) & (season != "none"), seen & (span >= WEEK_FROM), seconds)

    rate, scatter, total = _fitted(bad, n, how, kept[0])
    volume, volume_scatter, ticks = _fitted(n, used, how, kept[1])
    trials, bads = total.size.sum(axis=0), total.total.sum(axis=0)
    armed = np.select(
        [
            ~(seen & (span >= min_span)),
            (trials >= min_trials) & (bads >= min_bad),
            trials >= RARE_TRIALS,
            trials >= min_trials,
        ],
        [0.0, 1.0, LARGE_ONLY, VOLUME_ONLY],
    )
    return Baseline(
        rate=rate,
        volume=volume,
        mean=bads / np.maximum(trials, 1.0),
        trials=trials,
        bad=bads,
        per_tick=trials / np.maximum(ticks.size.sum(axis=0), 1.0),
        dispersion=scatter,
        volume_dispersion=volume_scatter,
        since=began,
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


Place = TypeVar("Place", int, NDArray[np.int64])


def _cell(local: Place) -> Place:
    """Return the hour of the week of local seconds since 1970, which began on a Thursday."""
    return (local // 3600 + 3 * HOURS) % CELLS


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


@dataclass(frozen=True, slots=True)
class _How:
    """How profiles are fitted: cell of each tick, what may repeat itself, and in which series it may by day and by week."""

    cells: NDArray[np.int64]
    season: Season
    daily: NDArray[np.bool_]
    weekly: NDArray[np.bool_]
    seconds: int

    def held(self, total: Array, size: Counted) -> Sums | None:
        """Return the sums of the last week, by which forms are chosen; None where there is nothing to choose."""
        last = WEEK // self.seconds
        if self.season in ("none", "day") or not self.weekly.any() or len(self.cells) <= last:
            return None
        return summed(total[-last:], size[-last:], self.cells[-last:])

    def form(
        self, sums: Sums, held: Sums | None, variances: tuple[Array, Array], scatter: Array, *, poisson: bool
    ) -> Array:
        """Return the form of each series that describes its last week best, learned from what was before it."""
        none = np.zeros(len(self.daily))
        if held is None:
            return none
        found = best(shapes(sums - held, *variances, self.daily), held, scatter, poisson=poisson)
        return np.where(self.weekly, allowed(found, self.season), none)


def _fitted(total: Array, size: Counted, how: _How, form: Array | None) -> tuple[Array, Array, Sums]:
    """Return a profile (CELLS, S), its dispersion (len(BLOCKS), S), and the sums by cell.

    Args:
        total: bad trials of each tick, or trials.
        size: trials of each tick; where trials themselves are counted, which ticks are used, as booleans.
        how: how it is fitted.
        form: shape that is wanted; None: the best.
    """
    poisson = size.dtype == np.bool_
    sums = summed(total, size, how.cells)
    mean = sums.total.sum(axis=0) / np.maximum(sums.size.sum(axis=0), 1.0)
    unit = mean if poisson else mean * (1.0 - mean)
    scatter = np.ones((len(BLOCKS), len(mean)))
    held = how.held(total, size) if form is None else None
    hour = max((place for place, ticks in enumerate(BLOCKS) if ticks * how.seconds <= HOUR_S), default=0)
    for _ in range(2):
        variances = unit * scatter[hour], unit * scatter[-1]
        chosen = how.form(sums, held, variances, scatter[hour], poisson=poisson) if form is None else form
        profile = taken(shapes(sums, *variances, how.daily), chosen)
        if not poisson:
            profile = np.minimum(profile, 1.0)
        now = profile.take(how.cells, axis=0)
        expected = now * size
        if not poisson:
            np.subtract(1.0, now, out=now)
            now *= expected
        scatter = dispersion.fit(total - expected, expected if poisson else now)
    return profile, scatter, sums


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
