"""Strata: which of a line's are judged by themselves, which are pooled as `other`, and what is normal for each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bellbuoy.config.model import DetectorEntry
from bellbuoy.detectors.base import LARGE_ONLY, Array, Baseline, Counts
from bellbuoy.detectors.baseline import concat, ignoring, take
from bellbuoy.detectors.mix import Strata
from bellbuoy.monitor.judging.learn import Known, Learner
from bellbuoy.monitor.judging.objectives import OBJECTIVE
from bellbuoy.monitor.judging.watched import SeriesKey, Stratum
from bellbuoy.monitor.judging.watchlist import Line
from bellbuoy.monitor.signals import split_name
from bellbuoy.monitor.store import Series

OTHER = "other"
"""Name of the stratum of all that are too small, or too new, to have a baseline of their own."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The strata of a group of lines, those of one line together.

    Attributes:
        strata: what is normal for each.
        members: ids of the series that each of them sums.
        others: which of them is `other`, by line.
    """

    strata: Strata
    members: tuple[tuple[int, ...], ...]
    others: tuple[int, ...]


def strata_lines(lines: Iterable[Line]) -> list[Line]:
    """Return a line to learn for every stratum that the lines have."""
    return [
        replace(
            line,
            watched=replace(line.watched, series=one.series),
            members=one.members,
            first_minute=one.first_minute,
            last_minute=one.last_minute,
            strata=(),
        )
        for line in lines
        for one in line.strata
        if one.series.segment != OTHER
    ]


def other_lines(lines: Iterable[Line], known: Known) -> list[Line]:
    """Return a line to learn for `other` of every line that pools some of its strata."""
    found = []
    for line in lines:
        rest = [one for one in line.strata if not _alone(line, one, known)]
        if rest:
            found.append(
                replace(
                    line,
                    watched=replace(line.watched, series=replace(rest[0].series, segment=OTHER)),
                    members=tuple(sorted(member for one in rest for member in one.members)),
                    first_minute=min(one.first_minute for one in rest),
                    last_minute=max(one.last_minute for one in rest),
                    strata=(),
                )
            )
    return found


def fitted(learner: Learner, lines: Iterable[Line], at: int, known: Known, frozen: Iterable[SeriesKey]) -> Known:
    """Return the baselines that change at a midnight: of all lines, of their strata, then of what is pooled of those.

    Args:
        learner: fits them.
        lines: all that is watched; what is compared with an objective is left out.
        at: the midnight, epoch seconds.
        known: baselines in force until now.
        frozen: series whose baselines, and those of their strata, stay as they are.
    """
    learned = [line for line in lines if line.baseline != OBJECTIVE]
    held = set(frozen)
    keys = {one.series for line in learned if line.watched.series in held for one in line.strata}
    held |= keys | {replace(key, segment=OTHER) for key in keys}
    fresh = learner.learn(at, [*learned, *strata_lines(learned)], known, held)
    pooled = other_lines(learned, known | fresh)
    return fresh | learner.learn(at, pooled, known | fresh, held) if pooled else fresh


def counts_of(counts: Counts, first: int, parts: Iterable[Parts | None]) -> list[Array | None]:
    """Return trials and bad ones of the strata of each group, shape (2, T, M); None where it has none.

    Args:
        counts: a column a line, and from column `first` on one a stratum.
        first: number of lines.
        parts: of the groups.
    """
    found: list[Array | None] = []
    for one in parts:
        after = first + (len(one.members) if one is not None else 0)
        found.append(np.stack((counts.n[:, first:after], counts.bad[:, first:after])) if after > first else None)
        first = after
    return found


def parts_of(lines: Sequence[Line], known: Known, whole: Baseline, ignore_below: Array) -> Parts:
    """Return the strata of lines that are judged together: every line has its `other`, which takes in new ones.

    Args:
        lines: stratified.
        known: baselines in force.
        whole: that of the lines, a stream a line: what is normal for an `other` that has no baseline of its own.
        ignore_below: what counts as normal beside a baseline's margin, a share, one for each line.
    """
    normal: list[Baseline] = []
    owner: list[int] = []
    members: list[tuple[int, ...]] = []
    others: list[int] = []
    for place, line in enumerate(lines):
        own = [one for one in line.strata if _alone(line, one, known)]
        rest = tuple(sorted(member for one in line.strata if one not in own for member in one.members))
        for one in own:
            normal.append(known[line.baseline, one.series])
            members.append(one.members)
        others.append(len(members))
        members.append(rest)
        series = line.watched.series
        name = replace(series, signal=split_name(series.signal, line.entry.stratify), segment=OTHER)
        pooled = known.get((line.baseline, name))
        usable = pooled is not None and pooled.armed[0] >= LARGE_ONLY
        normal.append(pooled if pooled is not None and usable else take(whole, np.array([place])))
        owner += [place] * (len(own) + 1)
    places = np.array(owner, dtype=np.int64)
    return Parts(Strata(ignoring(concat(normal), ignore_below[places]), places), tuple(members), tuple(others))


def with_newcomers(parts: Parts, lines: Sequence[Line], series: Iterable[Series]) -> tuple[tuple[int, ...], ...]:
    """Return the members of the strata, those that came after the midnight in the `other` of their line."""
    known = {member for one in parts.members for member in one}
    members = list(parts.members)
    for one in series:
        if one.segment is None or one.id in known:
            continue
        for place, line in zip(parts.others, lines, strict=True):
            if belongs(one, line.entry, line.watched.series):
                members[place] = (*members[place], one.id)
    return tuple(members)


def belongs(one: Series, entry: DetectorEntry, series: SeriesKey) -> bool:
    """Tell whether a series is a stratum of another as an entry stratifies it."""
    return (
        bool(entry.stratify)
        and one.signal == split_name(entry.signal, entry.stratify)
        and one.workflow == series.workflow
        and (series.step is None or one.step == series.step)
    )


def _alone(line: Line, stratum: Stratum, known: Known) -> bool:
    """Tell whether a stratum has a baseline of its own that is worth judging by."""
    found = known.get((line.baseline, stratum.series))
    return stratum.series.segment != OTHER and found is not None and bool(found.armed[0] >= LARGE_ONLY)
