"""Replays the last weeks of what each detector entry watches, so that it opens no oftener than its budget allows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bellbuoy.config.model import Config
from bellbuoy.detectors import calibration
from bellbuoy.detectors.base import Array, Baseline
from bellbuoy.detectors.baseline import concat
from bellbuoy.detectors.calibration import LEAST, WEEK, WEEKS, Tail
from bellbuoy.detectors.mix import Stratified
from bellbuoy.detectors.profile import Season
from bellbuoy.monitor.judging.learn import DAY, Known, Learner, Need, Span, union
from bellbuoy.monitor.judging.records import series_key
from bellbuoy.monitor.judging.strata import parts_of
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.judging.watchlist import Line

MONDAY_S = 4 * DAY
"""The first Monday after 1970 began."""
SLAB = 100
"""Streams replayed at once, each in four weeks side by side: bounds the memory."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured of one detector entry.

    Attributes:
        judges: what it was measured on: signal, keys, detector and settings; of others it says nothing.
        tail: how the largest evidence of a week is distributed.
    """

    judges: str
    tail: Tail


Calibrations: TypeAlias = dict[str, Calibration]
"""What is in force, by the name of the entry."""


_Kind: TypeAlias = tuple[str, tuple[str, ...], float, float, Season]
"""Detector, strata, what is ignored, ln A and season: streams of one kind are replayed together."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A stream that is replayed, and all that decides its evidence beside its counts."""

    line: Line
    kind: _Kind
    normal: Baseline

    @property
    def stream(self) -> tuple[_Kind, SeriesKey, int]:
        return self.kind, self.line.watched.series, self.line.watched.direction


def judges(line: Line) -> str:
    """Return what an entry's calibration holds for: a detector of other settings scatters otherwise."""
    entry = line.entry
    told = f"{entry.signal} by {', '.join(entry.by)}, {entry.direction}, not below {entry.ignore_below:g}: {line.detector!r}"
    return f"{told} by strata of {', '.join(entry.stratify)}" if entry.stratify else told


def tails(lines: Sequence[Line], known: Mapping[str, Calibration]) -> dict[str, Tail]:
    """Return the tail of each entry that has one for what it judges now, by name."""
    return {
        line.entry.name: found.tail
        for line in lines
        if (found := known.get(line.entry.name)) is not None and found.judges == judges(line)
    }


def calibrate(
    learner: Learner,
    config: Config,
    lines: Sequence[Line],
    nominal: Array,
    known: Known,
    before: Mapping[str, Calibration],
    at: int,
) -> Calibrations:
    """Return what is measured anew at a midnight: of every entry on Mondays, of one that has nothing yet once it can be.

    A function of what is counted at that midnight: live, after a restart and in a backtest it is the same.

    Args:
        learner: gives the counts and what of them is normal.
        config: zone, tick, baselines.
        lines: all that is watched.
        nominal: ln A of each line, shape (len(lines),).
        known: baselines in force from this midnight on.
        before: calibrations in force until now.
        at: the midnight (UTC), epoch seconds.
    """
    monday = (at - MONDAY_S) % WEEK == 0
    have = tails(lines, before)
    entries: dict[str, list[_Wanted]] = {}
    for line, level in zip(lines, nominal.tolist(), strict=True):
        entries.setdefault(line.entry.name, [])
        wanted = _wanted(config, line, level, known)
        if wanted is not None:
            entries[line.entry.name].append(wanted)
    due = [name for name in entries if monday or name not in have]
    replayed = {name: entries[name] for name in due if sum(_weeks(one.line, at) for one in entries[name]) >= LEAST}
    found = _replayed(learner, config, [one for name in replayed for one in replayed[name]], known, at)
    fresh: Calibrations = {}
    for name in due:
        if name in replayed:
            detector = replayed[name][0].line.detector
            tail = calibration.fit_tail(
                np.array([found[one.stream] for one in replayed[name]]),
                nats=bool(getattr(detector, "nats", False)),
                slack=float(getattr(detector, "slack", calibration.SLACK)),
            )
            fresh[name] = Calibration(judges(replayed[name][0].line), tail)
        elif name in have:  # too few are left
            line = next(line for line in lines if line.entry.name == name)
            fresh[name] = Calibration(judges(line), calibration.NOMINAL)
    return fresh


def _wanted(config: Config, line: Line, nominal: float, known: Known) -> _Wanted | None:
    """Return a line that takes part: one that is judged by a baseline of its own, and by evidence against a budget."""
    normal: Baseline | None = known.get((line.baseline, line.watched.series))
    if normal is None or getattr(line.detector, "policy", False):
        return None
    volume = getattr(line.detector, "watches", "share") != "share"
    if not bool((normal.judges_volume if volume else normal.judges_share & ~normal.by_prior)[0]):
        return None
    entry = line.entry
    settings = config.baselines.get(line.baseline, config.baselines["default"])
    kind = (repr(line.detector), tuple(entry.stratify), entry.ignore_below, nominal, settings.season)
    return _Wanted(line, kind, normal)


def _weeks(line: Line, at: int) -> int:
    """Return how many of the weeks a line can take part with: its whole ones, and it needs two."""
    whole = int(min(WEEKS, max(0, (at - line.first_minute) // WEEK)))
    return whole if whole >= 2 else 0


def _replayed(
    learner: Learner, config: Config, wanted: Sequence[_Wanted], known: Known, at: int
) -> dict[tuple[_Kind, SeriesKey, int], Array]:
    """Return the largest evidence of each week (WEEKS,) by stream; what two entries have in common is replayed once."""
    once = {one.stream: one for one in wanted}
    confirmed = _confirmed(learner, at)
    bad = learner.bad_spans(at)
    found = {}
    for slab in _slabs(learner, list(once.values())):
        lines = [one.line for one in slab]
        detector, (_, _, ignored, nominal, season) = lines[0].detector, slab[0].kind
        since = at - WEEKS * WEEK
        recount = learner.recounts(lines[0].baseline)
        counts, weight, judged = learner.weighed(_needs(learner, lines, since, at), bad, at, recount=recount)
        below = np.full(len(slab), ignored)
        strata = None
        if isinstance(detector, Stratified):
            parts = parts_of(lines, known, concat([one.normal for one in slab]), below)
            needs = _needs(learner, [lines[place] for place in parts.strata.owner], since, at, parts.members)
            strata = learner.weighed(needs, bad, at, recount=False)[0], parts.strata.owner
        maxima = calibration.largest(
            detector,
            counts,
            np.full(len(slab), nominal),
            np.array([float(line.watched.direction) for line in lines]),
            weight=weight,
            judged=judged,
            since=np.array([line.first_minute // learner.tick * learner.tick for line in lines], dtype=np.float64),
            armed=np.array([one.normal.armed[0] for one in slab]),
            ignore_below=below,
            strata=strata,
            zone=config.server.timezone,
            season=season,
        )
        for column, one in enumerate(slab):
            own = maxima[:, column]
            for begin, end in confirmed.get(one.line.watched.series, ()):
                own[[since + week * WEEK < end and begin < since + (week + 1) * WEEK for week in range(WEEKS)]] = np.nan
            found[one.stream] = own
    return found


def _needs(
    learner: Learner, lines: Sequence[Line], since: int, at: int, members: Sequence[tuple[int, ...]] | None = None
) -> list[Need]:
    """Return what is counted for the replay of lines, or of strata of theirs."""
    return [
        Need(
            line.watched.series,
            line.members if members is None else members[place],
            since,
            at,
            line.first_minute // learner.tick * learner.tick,
        )
        for place, line in enumerate(lines)
    ]


def _slabs(learner: Learner, wanted: Sequence[_Wanted]) -> Iterator[list[_Wanted]]:
    """Return the streams in parts that are replayed at once: of one kind, those of neighbouring series together."""
    kinds: dict[tuple[_Kind, bool], list[_Wanted]] = {}
    for one in wanted:  # slow calls are counted anew for some baselines and not for others
        kinds.setdefault((one.kind, learner.recounts(one.line.baseline)), []).append(one)
    for alike in kinds.values():
        alike.sort(key=lambda one: (one.line.members, one.line.watched.direction))
        for place in range(0, len(alike), SLAB):
            yield alike[place : place + SLAB]


def _confirmed(learner: Learner, at: int) -> dict[SeriesKey, list[Span]]:
    """Return when each series was in an incident that is no noise: proven to be a page, or taken by a person."""
    spans: dict[SeriesKey, list[Span]] = {}
    for row in learner.store.rows("judgement/confirmed_spans", at=at):
        spans.setdefault(series_key(row), []).append((row["since"], row["until"] or at))
    return {key: union(own) for key, own in spans.items()}
