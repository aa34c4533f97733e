"""The words for signals and numbers, once: people read success, so failure signals are shown as 1 - bad."""

import datetime as dt
from zoneinfo import ZoneInfo

from bellbuoy.config.signals import BUILT_IN, Words, words_of
from bellbuoy.monitor.judging.watched import SeriesKey, Watched

WORDS = {signal.name: signal.words for signal in BUILT_IN}


TOLD_IN = "told in "
"""How the reason of a delivery begins that is kept back for a storm; its id follows."""


def wording(signal: str) -> Words:
    """Return the words of a signal; a user's own is called by its name."""
    return WORDS.get(signal) or words_of(signal)


def subject(series: SeriesKey) -> str:
    """Return what a sentence about the series begins with."""
    words = wording(series.signal).subject
    return words.format(step=series.step or series.workflow, workflow=series.workflow)


def thing(series: SeriesKey) -> str:
    """Return the name of the series in the singular."""
    return wording(series.signal).thing.format(step=series.step or series.workflow, workflow=series.workflow)


def shown(signal: str, bad: float) -> float:
    """Return the share that people read for a bad share of this signal."""
    return 1.0 - bad if wording(signal).success else bad


def percent(share: float) -> str:
    """Return a share as `94.8 %`."""
    return f"{100 * share:.1f} %"


def points(change: float) -> str:
    """Return a difference of shares as `−8.9 pt`, with a true minus sign."""
    return f"{round(100 * change, 1) + 0.0:+.1f} pt".replace("-", "−")


def moved(watched: Watched, before: float, after: float) -> str:
    """Return `fell from 94.8 % to 85.9 %` for two bad shares, in the words of the signal."""
    old, new = shown(watched.series.signal, before), shown(watched.series.signal, after)
    verb = "fell" if new < old else "rose"
    return f"{verb} from {percent(old)} to {percent(new)}"


def moment(at: int, zone: str, *, near: int | None = None) -> str:
    """Return an instant as `Sat 21 Nov 03:00`; with the year where it is not that of `near`."""
    then = dt.datetime.fromtimestamp(at, ZoneInfo(zone))
    same = near is None or dt.datetime.fromtimestamp(near, ZoneInfo(zone)).year == then.year
    return then.strftime("%a %d %b %H:%M" if same else "%a %d %b %Y %H:%M")


def day(at: int, zone: str) -> str:
    """Return the day of an instant as `Sat 21 Nov`."""
    return dt.datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%a %d %b")


def span(seconds: float) -> str:
    """Return a length of time as people say it: `45 min`, `9 h 12 min`, `12 d`."""
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{round(minutes / 1440)} d"


def per_time(each_hour: float) -> str:
    """Return a rate an hour in the unit that gives a number people can picture: `14 … an hour`, `3 … a day`."""
    if each_hour >= 1.5:
        return f"{each_hour:.0f} more {{}} an hour"
    if each_hour * 24 >= 1.5:
        return f"{each_hour * 24:.0f} more {{}} a day"
    return f"{each_hour * 24 * 7:.0f} more {{}} a week"
