"""Lines folded together: all series of one detector in one set of arrays, with their memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bellbuoy.config.model import Config
from bellbuoy.detectors import calibration
from bellbuoy.detectors.base import Array, Baseline, Detector, Severity, State, Verdict
from bellbuoy.detectors.baseline import concat, ignoring
from bellbuoy.detectors.budget import threshold
from bellbuoy.detectors.burn import objective
from bellbuoy.detectors.calibration import NOMINAL, Tail
from bellbuoy.detectors.judge import Watch, begin
from bellbuoy.detectors.judgement import Judgement
from bellbuoy.detectors.mix import Stratified
from bellbuoy.monitor.judging.learn import Known
from bellbuoy.monitor.judging.objectives import OBJECTIVE, allowed
from bellbuoy.monitor.judging.strata import Parts, parts_of
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.judging.watchlist import Line

Basis = Literal["budget", "history", "noise"]
"""What a threshold rests on: the budget alone, calibration, or one that shows noise which the detector's model does not describe."""

SEVERITIES: tuple[Severity, ...] = ("watch", "ticket", "page")

FLEET_S = 28 * 86400
"""A line that had a trial within so many seconds counts in the fleet that shares the budget."""


@dataclass(slots=True)
class Group:
    """Lines of one detector that have a baseline.

    Attributes:
        detector: folds all of them at once.
        lines: one for each column of the arrays.
        columns: place of each line in the matrix of a day's counts.
        baseline, watch, prepared: what the fold needs; made once a fit.
        nominal: evidence that the budget asks for, before anything is learned from history, nats, shape (S,).
        state: what is remembered.
        parts: the strata of the lines, where they have any.
        open: a line was bad after the last tick.
        anew: lines of which nothing is remembered; emptied once that was heard.
    """

    detector: Detector
    lines: list[Line]
    columns: NDArray[np.intp]
    baseline: Baseline
    watch: Watch
    prepared: Any
    nominal: Array
    state: State
    parts: Parts | None = None
    open: bool = True
    anew: frozenset[Watched] = frozenset()

    @property
    def volume(self) -> bool:
        """Tell whether it judges how much comes, not the share of bad ones in it."""
        return getattr(self.detector, "watches", "share") != "share"

    def basis(self, place: int) -> Basis:
        """Return what the threshold of a line rests on."""
        if self.watch.empirical is not None and self.watch.empirical[place]:
            return "noise"
        return "history" if self.watch.calibrated is not None and self.watch.calibrated[place] else "budget"

    def verdict(self, judged: Judgement, place: int) -> Verdict:
        """Return the verdict of a line; its severity stays under what the entry says."""
        verdict, most = judged.verdict(place), self.lines[place].entry.at_most
        if SEVERITIES.index(most) >= SEVERITIES.index(verdict.most):
            return verdict
        return replace(verdict, most=most, least=min(verdict.least, most, key=SEVERITIES.index))

    @property
    def restless(self) -> bool:
        """Tell whether a tick without trials matters to it: something is open, or silence is what it judges."""
        return self.open or getattr(self.detector, "empty_ticks", False)


def groups(
    config: Config,
    lines: Sequence[Line],
    known: Known,
    memory: Mapping[Watched, Mapping[str, Array]],
    at: int,
    learned: Mapping[str, Tail] | None = None,
) -> list[Group]:
    """Return the groups in force from the midnight `at` on.

    Args:
        config: budget, tick, zone.
        lines: all that is watched; those without a baseline yet are left out.
        known: baselines in force.
        memory: what each watched series' detector remembers; the others begin.
        at: the midnight, epoch seconds.
        learned: tail of the evidence of each entry, by name; the thresholds of the others are nominal.
    """
    levels = thresholds(config, lines, at)
    learned = learned or {}
    made = []
    detectors: list[Detector] = []
    for line in lines:
        if line.detector not in detectors:
            detectors.append(line.detector)
    for detector in detectors:
        places = [
            place
            for place, line in enumerate(lines)
            if line.detector == detector and _normal(config, line, known) is not None
        ]
        if not places:
            continue
        own = [lines[place] for place in places]
        ignored = np.array([line.entry.ignore_below for line in own])
        whole = concat([one for line in own if (one := _normal(config, line, known)) is not None])
        baseline = ignoring(whole, ignored)
        direction = np.array([float(line.watched.direction) for line in own])
        nominal = levels[places]
        opens, empirical = _opening(detector, own, nominal, learned, config.tick)
        watch = Watch(
            threshold=opens,
            direction=direction,
            min_change=np.array([line.entry.min_change for line in own]),
            zone=config.server.timezone,
            calibrated=np.array([learned.get(line.entry.name, NOMINAL).calibrated for line in own]),
            empirical=empirical,
        )
        state, anew = _remembered(begin(detector, len(own)), own, memory)
        parts = parts_of(own, known, whole, ignored) if isinstance(detector, Stratified) else None
        prepared = (
            detector.prepare(baseline, nominal, direction, parts.strata)
            if isinstance(detector, Stratified) and parts is not None
            else detector.prepare(baseline, nominal, direction)
        )
        columns = np.array(places)
        made.append(Group(detector, own, columns, baseline, watch, prepared, nominal, state, parts, anew=anew))
    return made


def _normal(config: Config, line: Line, known: Known) -> Baseline | None:
    """Return what is normal for a line: what was learned, or what an objective allows."""
    if line.baseline != OBJECTIVE:
        return known.get((line.baseline, line.watched.series))
    share = 0.0 if getattr(line.detector, "forbids", False) else allowed(config, line.watched.series)
    return None if share is None else objective(np.array([share]))


def thresholds(config: Config, lines: Sequence[Line], at: int) -> Array:
    """Return the nominal threshold of each line in nats: what the budget of false pages leaves to it.

    A line that is watched in both directions has half a share for each. Policies take no part of it. Lines without a
    trial in the last 28 days take no share of the budget; should they speak again before the next fit, they need as much
    evidence as the strictest of the others.
    """
    if not lines:
        return np.empty(0)
    counts = np.array([not getattr(line.detector, "policy", False) for line in lines])
    alive = counts & np.array([line.last_minute >= at - FLEET_S for line in lines])
    if not alive.any():
        alive[:] = True
    owners: dict[SeriesKey, int] = {}
    series = np.array([owners.setdefault(line.watched.series, len(owners)) for line in lines])
    weights = np.array([share_of(line) for line in lines])
    levels = threshold(
        config.budget.false_pages, config.budget.per, config.tick, weights[alive], config.budget.scope, series[alive]
    )
    answer = np.full(len(lines), levels.max())
    answer[alive] = levels
    return answer


def share_of(line: Line) -> float:
    """Return the weight of a line in the budget: that of its entry, halved where both directions are watched."""
    both = line.entry.direction == "both" and getattr(line.detector, "watches", "share") != "silence"
    return line.entry.weight / (2.0 if both else 1.0)


def _opening(
    detector: Detector, lines: Sequence[Line], nominal: Array, learned: Mapping[str, Tail], tick: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Return where each line opens: as its entry's history says, else at what the budget asks for; policies say it.

    And for which of them that history is noise which the detector's model does not describe.
    """
    empirical = np.zeros(len(lines), dtype=np.bool_)
    if getattr(detector, "policy", False):
        return np.full(len(lines), float(getattr(detector, "opens_at", 1.0))), empirical
    answer = nominal.copy()
    names = np.array([line.entry.name for line in lines])
    for name, tail in learned.items():
        own = names == name
        answer[own] = calibration.threshold(tail, nominal[own], tick)
        empirical[own] = calibration.empirical(tail, nominal[own], tick)
    return answer, empirical


def memory_of(made: Sequence[Group]) -> dict[Watched, dict[str, Array]]:
    """Return what is remembered of each watched series."""
    return {
        line.watched: {name: values[..., column].reshape(-1) for name, values in group.state.items()}
        for group in made
        for column, line in enumerate(group.lines)
    }


def begin_anew(made: Sequence[Group], gone: Collection[Watched]) -> None:
    """Let the detectors forget what they remember of some watched series, in place."""
    for group in made:
        columns = [column for column, line in enumerate(group.lines) if line.watched in gone]
        if columns:
            fresh = begin(group.detector, len(columns))
            state = {name: values.copy() for name, values in group.state.items()}
            for name, values in state.items():
                values[..., columns] = fresh[name]
            group.state = state


def _remembered(
    state: State, lines: Sequence[Line], memory: Mapping[Watched, Mapping[str, Array]]
) -> tuple[State, frozenset[Watched]]:
    """Fill in what is remembered; what has no memory, or one of another shape (settings changed), begins anew."""
    anew = set()
    sizes = {name: values[..., 0].size for name, values in state.items()}
    for column, line in enumerate(lines):
        known = memory.get(line.watched)
        if known is not None and {name: one.size for name, one in known.items()} == sizes:
            for name, values in state.items():
                values[..., column] = known[name].reshape(values.shape[:-1])
        else:
            anew.add(line.watched)
    return state, frozenset(anew)
