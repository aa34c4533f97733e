"""Counts of traffic that an alert test makes up: exact, or drawn from a seed."""

import numpy as np

from bellbuoy.config.alert_tests import Stream, Traffic, key_of
from bellbuoy.config.spells import Course
from bellbuoy.monitor.backtest.counted import MOST, Counted, Whole
from bellbuoy.monitor.backtest.errors import BacktestError
from bellbuoy.monitor.simulate.plan import DAY_SECONDS, HOURS, WEEK
from bellbuoy.monitor.simulate.rates import Array, follow

MOST_ROWS = 10_000_000
"""Ticks times series: a year of 95 series."""
HOUR = 3600
THURSDAY = 3
"""The weekday on which 1970 began."""


def made_up(traffic: Traffic, tick: int) -> Counted:
    """Return the counts of a traffic, a row a tick and series from the first trial of the series on.

    Rates are those of the middle of the tick. What is drawn for a series depends on the seed and its names alone.

    Args:
        traffic: as written.
        tick: length of a tick, seconds.

    Raises:
        BacktestError: it is too much, or nothing.
    """
    size = int(traffic.lasts) // tick
    if size * len(traffic.series) > MOST_ROWS:
        raise BacktestError(f"the traffic has more than {MOST_ROWS:,} ticks of series; let it last shorter")
    begins = traffic.start // tick * tick
    streams = sorted(traffic.series, key=lambda one: tuple(part or "" for part in key_of(one)))
    rhythm = _rhythm(traffic.hours, begins + tick // 2 + tick * np.arange(size, dtype=np.int64))
    drawn = [_drawn(stream, traffic.seed, rhythm, tick) for stream in streams]
    first = [int(np.argmax(n > 0)) if n.any() else size for n, _ in drawn]
    rows = [size - one for one in first]
    if not sum(rows):
        raise BacktestError("the traffic has no trial at all; give more trials, or let it last longer")
    most = max(int(n.max()) for n, _ in drawn)
    if most > MOST:
        raise BacktestError(f"the traffic has {most:,} trials in one tick, more than can be counted")
    kept = [place for place, number in enumerate(rows) if number]
    return Counted(
        series=tuple(key_of(streams[place]) for place in kept),
        minute=np.concatenate([begins + tick * np.arange(first[place], size, dtype=np.int64) for place in kept]),
        place=np.repeat(np.arange(len(kept)), [rows[place] for place in kept]),
        n=np.concatenate([drawn[place][0][first[place] :] for place in kept]),
        bad=np.concatenate([drawn[place][1][first[place] :] for place in kept]),
    )


def _rhythm(hours: str, at: Whole) -> Array:
    """Return how many trials come at instants (epoch seconds) against the mean of a week, shape of `at`."""
    weights = np.array(HOURS[hours])
    by_hour: Array = weights[at // HOUR % 24] / weights.mean()
    return by_hour * np.array(WEEK)[(at // DAY_SECONDS + THURSDAY) % 7] if hours == "office" else by_hour


def _drawn(stream: Stream, seed: int | None, rhythm: Array, tick: int) -> tuple[Whole, Whole]:
    """Return trials and bad ones of a series in each tick, of which `rhythm` is the share of the mean."""
    middle: Array = tick * (np.arange(len(rhythm), dtype=np.float64) + 0.5)
    expected = _values(stream.trials, middle) * rhythm * tick / HOUR
    share = _values(stream.bad, middle)
    if seed is None:
        n = _carried(expected)
        return n, _carried(n * share)
    random = np.random.default_rng([seed, *"\x1f".join(part or "" for part in key_of(stream)).encode()])
    n = random.poisson(expected)
    return n, random.binomial(n, share)


def _values(course: Course, at: Array) -> Array:
    return follow(course.first, course.turns, at)


def _carried(expected: Array) -> Whole:
    """Return whole numbers whose running sum is that of `expected`, down to a fraction."""
    whole: Whole = np.diff(np.floor(np.cumsum(expected) + 1e-6), prepend=0).astype(np.int64)
    return whole
