"""Series that are too young to be judged by their own past are judged by those like them, for large changes."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from bellbuoy.detectors.base import LARGE_ONLY, Baseline
from bellbuoy.detectors.baseline import concat, fit, take
from bellbuoy.detectors.prior import LEAST, by_others
from bellbuoy.monitor.judging.learn import Known, Learner, Need
from bellbuoy.monitor.judging.slow import SLOW
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.judging.watchlist import Line

REACH_S = 28 * 86_400
"""How far back the trials of a young series are counted."""
SLAB = 200
"""Series that are counted at once: bounds the memory."""
Young: TypeAlias = tuple[tuple[str, SeriesKey], tuple[Line, Baseline]]
"""A series under the name of a baseline, a line that watches it, and those like it."""


def judged_by_others(
    learner: Learner, lines: Sequence[Line], known: Known, frozen: Collection[SeriesKey], at: int
) -> Known:
    """Return baselines of the young series of a midnight, by what is normal for others like them.

    Like it are the same step of other workflows, else the other steps of its workflow, of the same signal; at least two.

    Args:
        learner: gives the counts of their first days.
        lines: all that is watched.
        known: baselines in force from this midnight on.
        frozen: series with an open incident: what was taken for normal stays.
        at: the midnight, epoch seconds.
    """
    young: dict[tuple[str, SeriesKey], tuple[Line, Baseline]] = {}
    for line in lines:
        key, name = line.watched.series, line.baseline
        if not _grown(learner, line, known.get((name, key))) and not (key in frozen and (name, key) in known):
            alike = _like(name, key, known)
            if len(alike) >= LEAST:
                young.setdefault((name, key), (line, concat(alike)))
    found: Known = {}
    for part in _parts(list(young.items())):
        first = _first_days(learner, [line for _, (line, _) in part], at)
        for place, (each, (_, others)) in enumerate(part):
            own = known.get(each)
            if own is None or own.judged_alone[0] <= 0:
                own = take(first, np.array([place]))
            judged = by_others(own, others)
            if judged is not None:
                found[each] = judged
    return found


def _grown(learner: Learner, line: Line, normal: Baseline | None) -> bool:
    """Tell whether a line needs no others: it is judged already, or not by the share of bad trials of the last weeks."""
    if not learner.recounts(line.baseline) or line.watched.series.signal == SLOW:
        return True  # an anchor is learned once, and by construction a twentieth of the calls is slow
    if getattr(line.detector, "watches", "share") != "share":
        return True
    return normal is not None and bool(normal.judged_alone[0] >= LARGE_ONLY)


def _like(name: str, key: SeriesKey, known: Known) -> list[Baseline]:
    """Return the baselines of the same step elsewhere; where they are too few, of the other steps of the workflow.

    By names, for sums depend on their order, and that of `known` on when the process started.
    """
    alike = {
        other: one
        for (which, other), one in sorted(known.items(), key=lambda each: each[0][1].text())
        if which == name and other.signal == key.signal and other.segment is None and one.armed[0] >= 1.0
    }
    there = [one for other, one in alike.items() if other.step == key.step and other.workflow != key.workflow]
    beside = [
        one for other, one in alike.items() if other.workflow == key.workflow and None not in (other.step, key.step)
    ]
    return there if len(there) >= LEAST else beside


def _parts(young: list[Young]) -> Iterator[list[Young]]:
    """Return the young series in parts that are counted at once."""
    for place in range(0, len(young), SLAB):
        yield young[place : place + SLAB]


def _first_days(learner: Learner, lines: Sequence[Line], at: int) -> Baseline:
    """Return what was seen of young series up to now; by itself none of it is enough to judge by."""
    needs = []
    for line in lines:
        first = line.first_minute // learner.tick * learner.tick
        needs.append(Need(line.watched.series, line.members, max(first, at - REACH_S), at, first))
    counts, weight, _ = learner.weighed(needs, learner.bad_spans(at), at, recount=False)
    began = np.array([max(need.since, need.first) for need in needs], dtype=np.float64)
    fitted = fit(counts, weight=weight, since=began, zone=learner.config.server.timezone, season="none")
    return replace(fitted, armed=np.zeros_like(fitted.armed))
