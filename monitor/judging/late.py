"""Late events: what came after its tick was judged is taken in at the present tick, once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bellbuoy.config.signals import BUILT_IN
from bellbuoy.detectors.base import Counts
from bellbuoy.monitor.judging.slow import SLOW
from bellbuoy.monitor.judging.watchlist import Line
from bellbuoy.monitor.store import Series, Store

REACH_S = 86_400
"""A difference at a minute older than this is counted and told, and judged no more: it says nothing about now."""
LABELLED_S = 28 * REACH_S
"""The same of signals whose trials come with late labels: what is labelled now is the newest that there is of them."""
_LABELLED = frozenset(signal.name for signal in BUILT_IN if signal.labelled)


@dataclass(frozen=True, slots=True)
class Late:
    """What has come since the last judging at minutes that were judged before.

    Attributes:
        counts: a column a series: the differences that are taken in now, which may be negative; a row for each tick that
            takes some in, `at` its beginning. In a daemon that is the first that is judged.
        taken: trials that came, in it; what was taken away (repeats) is in `counts` and not here.
        too_old: trials that came too late to be judged; likewise.
        upto: the store's mark up to which rows of `counts` are judged with it, microseconds; kept in `progress`.
        any: whether anything came late, judged or too old; also where it adds up to nothing.
    """

    counts: Counts
    taken: int
    too_old: int
    upto: int
    any: bool = False


def reaches(ids: Sequence[int], series: Iterable[Series]) -> NDArray[np.int64]:
    """Return how old a difference may be and is judged still, in seconds, for each of some series."""
    patient = {one.id for one in series if one.signal.partition(" by ")[0] in _LABELLED}
    return np.array([LABELLED_S if one in patient else REACH_S for one in ids], np.int64)


def late(store: Store, series: list[int], after: int | None, since: int) -> Late:
    """Return the differences that are known since a mark.

    Each row of `counts` has a mark of its own, greater than all before (`known_at`). A tick is judged from the rows up
    to one mark; what is later known of it is here the next time. So each row is judged once, in whatever order rows and
    ticks come, and whenever the process starts anew.

    Args:
        store: the counts.
        series: ids; a column each.
        after: the mark of the last judging; None where nothing was judged yet.
        since: beginning of the first tick that is judged now: minutes before it are late, epoch seconds.
    """
    upto = store.known_us
    n, bad = np.zeros((1, len(series))), np.zeros((1, len(series)))
    taken = too_old = 0
    some = False
    if after is not None and after < upto and series:
        column = {number: place for place, number in enumerate(series)}
        reach = reaches(series, store.series())
        spans = {"near": since - REACH_S, "far": since - LABELLED_S}
        for row in store.rows("judgement/late", after=after, upto=upto, since=since, **spans):
            some = True
            if row["series"] not in column:
                continue
            if row["age"] > reach[column[row["series"]]]:
                too_old += row["came"]
            else:
                n[0, column[row["series"]]] += row["n"]
                bad[0, column[row["series"]]] += row["bad"]
                taken += row["came"]
    return Late(Counts(np.array([since], np.int64), n, bad), taken, too_old, upto, some)


def added(counts: Counts, more: Counts, places: Sequence[int], tick: int) -> None:
    """Add differences to the ticks that take them in, in place; a count never falls under nothing.

    Args:
        counts: of consecutive ticks.
        more: a row for each tick that takes some in, by its beginning: it is in the first tick from then on that is
            judged, unless the next row comes before.
        places: the ticks that are judged, in order.
        tick: length of a tick, seconds.
    """
    begins = counts.at[list(places)] - tick
    first = np.searchsorted(begins, more.at)
    for row, (place, after) in enumerate(zip(first.tolist(), [*first.tolist()[1:], len(begins)], strict=True)):
        if place < after:
            into = places[place]
            n = np.maximum(counts.n[into] + more.n[row], 0.0)
            counts.bad[into] = np.clip(counts.bad[into] + more.bad[row], 0.0, n)
            counts.n[into] = n


def takes_late(line: Line) -> bool:
    """Tell whether trials that came late may be judged at the present tick.

    Not those of `slow`, which are counted from the events; not by a detector that is not linear; and not as more volume,
    for what comes hours late is no more than was sent.
    """
    more = getattr(line.detector, "watches", "share") == "volume" and line.watched.direction > 0
    return line.watched.series.signal != SLOW and not more and bool(getattr(line.detector, "linear", True))
