"""Judges the ticks that are closed: counts → verdicts → incidents → pages, each step written in one transaction.

Live, restart and replay run this code. Time is an argument: nothing here asks for it.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bellbuoy.config.model import Config
from bellbuoy.detectors.base import STALE, WORSE, Counts, Tick, Verdict
from bellbuoy.detectors.baseline import cells
from bellbuoy.detectors.judge import fold
from bellbuoy.detectors.judgement import Judgement
from bellbuoy.monitor.explain.page import Context, Nothing, explain
from bellbuoy.monitor.judging import acks
from bellbuoy.monitor.judging import judgement_rows as rows
from bellbuoy.monitor.judging.calibrate import Calibrations, calibrate, tails
from bellbuoy.monitor.judging.calibration_rows import calibration_rows, calibrations
from bellbuoy.monitor.judging.endings import end, let_go, retired
from bellbuoy.monitor.judging.enough import enough
from bellbuoy.monitor.judging.groups import Group, begin_anew, groups, memory_of, thresholds
from bellbuoy.monitor.judging.hearing import heard
from bellbuoy.monitor.judging.incidents import Change, Incident, SeverityRules, watched_in
from bellbuoy.monitor.judging.late import Late, added, late, takes_late
from bellbuoy.monitor.judging.lately import Lately
from bellbuoy.monitor.judging.learn import DAY, Known, Learner, summed
from bellbuoy.monitor.judging.like import judged_by_others
from bellbuoy.monitor.judging.marks import Mark, Marks, begun, ended, marks, without
from bellbuoy.monitor.judging.observing import Observation, observe
from bellbuoy.monitor.judging.records import open_incidents, save_change, save_incidents
from bellbuoy.monitor.judging.routes import sinks_for
from bellbuoy.monitor.judging.strata import counts_of, fitted, with_newcomers
from bellbuoy.monitor.judging.watched import Watched
from bellbuoy.monitor.judging.watchlist import Line, detectors_of, unwatched, watchlist
from bellbuoy.monitor.judging.written import to_write
from bellbuoy.monitor.store import Series, Store, StoreExhausted, Transaction
from bellbuoy.sinks.base import Page

log = logging.getLogger(__name__)

Told = tuple[Change, Page]


class Evaluation:
    """Folds closed ticks, in order, each exactly once.

    Attributes:
        late_trials: trials that came after their tick was judged and were taken in at a later one.
        too_late_trials: those that came more than a day late: counted, not judged.
    """

    judged: int | None
    incidents: list[Incident]

    def __init__(self, store: Store, config: Config) -> None:
        self.store = store
        self.config = config
        self.tick = int(config.tick)
        self.detectors = detectors_of(config.detectors)
        self.learner = Learner(store, config)
        self.context = Context.of(config)
        self.rules = SeverityRules(
            config.severity.page.change,
            config.severity.ticket.change,
            config.severity.page.volume,
            config.severity.ticket.volume,
        )
        self.outages = [(int(one.from_), int(one.to)) for one in config.outages]
        self.lines: list[Line] = []
        self.groups: list[Group] = []
        self.known: Known = {}
        self.calibrations: Calibrations = {}
        self.day: int | None = None
        self._recall()
        self.late_trials = 0
        self.too_late_trials = 0
        self.deaf = False
        self._came_late: int | None = None
        self.marks = Marks()
        self._decided: list[Mark] = []
        self._measured = False
        with suppress(StoreExhausted):  # a disk without room must not keep it from starting: before the next judging
            self._measured_in(self.tick)

    def advance(self, until: int, stop: Callable[[], bool] = lambda: False, *, deaf: bool = False) -> list[Told]:
        """Judge every tick that ends at or before `until`, at most a day in one transaction.

        Args:
            until: the watermark, epoch seconds: no event before it is expected any more.
            stop: asked between transactions; true ends early.
            deaf: some of what was sent is not read: how much comes is not judged, the shares of bad trials are.

        Returns:
            The changes, oldest first, each with its page; all are in the store and the outbox.
        """
        self._measured_in(self.tick)
        if self.judged is None:
            first = min((one.first_minute for one in self.store.series()), default=until)
            if first >= until:
                return []  # nothing yet, or an event from the future: the present is not skipped for it
            self.judged = first // self.tick * self.tick
        told: list[Told] = []
        self.deaf = deaf
        last = until // self.tick * self.tick
        # while some is not read, an end that is not there may have been sent: nothing is closed
        self.store.amend(None if deaf else last, stop, judged=self.judged)
        while self.judged < last and not stop():
            told += self.acknowledge()
            midnight = self.judged // DAY * DAY
            appeared = unwatched(self.config.detectors, self.detectors, self.lines, self.store.series())
            if self._new_marks(self.judged) or self.day != midnight or appeared:
                self._learn(midnight)
            end = min(last, midnight + DAY)
            try:
                told += self._judge(self.judged, end)
            except BaseException:
                self._forget()
                raise
            self.judged = end
        return told

    def acknowledge(self) -> list[Told]:
        """Take on what people acknowledged, and return the changes; they are stored and in the outbox.

        Raises:
            StoreExhausted: nothing was taken on; it waits.
        """
        told = acks.take(self.store, self.incidents, "agents")
        self.incidents = acks.after(self.incidents, told)
        return told

    def _new_marks(self, at: int) -> bool:
        """Take over what people decided since the last tick; tell whether it changes what is normal."""
        self.marks = marks(self.store, at)
        self.learner.decide(self.marks)
        self._decided = [one for one in self.marks.all if one.taken is None or one.taken == at]
        return bool(self._decided)

    def _forget(self) -> None:
        """Drop what is in memory: nothing of the failed transaction is in the store, from which the next try begins."""
        self.groups = []
        self.day = None
        self._recall()

    def _recall(self) -> None:
        """Take up where the last transaction ended."""
        self.judged = self._judged()
        self.folded = rows.folded(self.store)
        self.incidents = open_incidents(self.store)
        self.members = watched_in(self.incidents)
        self.lately = Lately.of(self.store, self.judged or 0, int(self.config.reopen_within))

    def _measured_in(self, tick: int) -> None:
        """Carry what was learned over to a tick of another length than the last process judged by, if it is one."""
        if self._measured:
            return
        found = self.store.rows("judgement/tick")
        before = int(found[0]["seconds"]) if found else None
        if before == tick or self.store.read_only:
            self._measured = True
            return
        with self.store.transaction() as tx:
            if before is not None:
                tx.run("judgement/rescale", ratio=tick / before)
            tx.run("judgement/set_tick", seconds=str(tick))
        self._measured = True

    def _learn(self, midnight: int) -> None:
        """Fit what is due at a midnight, or load what was fitted then, and set up the groups."""
        self.learner.known_to = self._known_to()
        series = self._heard(midnight)
        pinned = self.learner.pins
        listed = watchlist(self.config.detectors, self.detectors, series, self.store.series())
        self.lines = begun(listed, self.marks, pinned)
        known = self.known if self.day is not None else rows.baselines(self.store, midnight)
        known = without(known, self.marks, pinned, self.tick)
        measured = self.calibrations if self.day is not None else calibrations(self.store, midnight)
        if rows.progress(self.store, "learned") != midnight:
            frozen = {
                member.watched.series
                for incident in self.incidents
                for member in incident.members
                if not member.resolved_at
            }
            self.learner.learn_latency(midnight, series, frozen)
            fresh = fitted(self.learner, self.lines, midnight, known, frozen)
            known = known | fresh
            young = judged_by_others(self.learner, self.lines, known, frozen, midnight)
            fresh, known = fresh | young, known | young
            nominal = thresholds(self.config, self.lines, midnight)
            anew = calibrate(self.learner, self.config, self.lines, nominal, known, measured, midnight)
            with self.store.transaction() as tx:
                if fresh:
                    tx.insert("baselines", rows.baseline_rows(fresh, midnight))
                if anew:
                    tx.insert("calibrations_raw", calibration_rows(anew, midnight))
                tx.run("judgement/set_progress", name="learned", at=midnight)
            measured = measured | anew
        memory = memory_of(self.groups) if self.day is not None else rows.states(self.store)
        self.known, self.calibrations = known, measured
        self.groups = groups(self.config, self.lines, known, memory, midnight, tails(self.lines, measured))
        self.day = midnight

    def _known_to(self) -> int | None:
        """Return the mark up to which is learned: what is judged, whatever is stored before the next tick, and in which life."""
        return self.folded

    def _heard(self, midnight: int) -> list[Series]:
        """Return the series as they were at a midnight."""
        return heard(self.store, midnight)

    def _judge(self, since: int, until: int) -> list[Told]:
        """Fold the ticks of a span that lies within one day, and write all that comes of it in one transaction."""
        own, places, came = self._due(since, until)
        strata = counts_of(own, len(self.lines), [group.parts for group in self.groups])
        inputs = [
            (np.ascontiguousarray(own.n[:, g.columns]), np.ascontiguousarray(own.bad[:, g.columns]), parts)
            for g, parts in zip(self.groups, strata, strict=True)
        ]
        profile = cells(own.at, self.config.server.timezone, self.tick)
        verdicts: list[tuple[Watched, Verdict]] = []
        told: list[Told] = []
        closed: dict[str, Incident] = {}
        if self.incidents and len(own.at):
            self._end(since, int(own.at[0]), told, closed)
        for group in self.groups:
            group.anew = frozenset()
        for place in places:
            end = int(own.at[place])
            seen: list[Observation] = []
            for group, (n, bad, parts) in zip(self.groups, inputs, strict=True):
                if self.deaf and group.volume:
                    continue
                if place and not (group.restless or n[place].any()):
                    continue  # a tick without trials changes nothing
                among = None if parts is None else parts[:, place]
                tick = Tick(end, int(profile[place]), n[place], bad[place], self.tick, among)
                group.state, judged = fold(
                    group.detector, group.state, tick, group.prepared, group.baseline, group.watch
                )
                group.open = bool(judged.open.size)
                observed, waiting = self._observations(group, judged, n[place] > 0, end)
                seen += observed
                fresh = {one.watched for one in observed if one.watched not in self.members}
                verdicts += to_write(group, judged, fresh, waiting)
            if seen:
                self.incidents, changes = observe(self.incidents, seen, end, self.rules, self.lately.before(end))
                self._tell(changes, told, closed)
        self._came_late = since if came.any else None
        self._write(until, came.upto, verdicts, told, [*closed.values(), *self.incidents])
        self.folded = came.upto
        self.late_trials += came.taken
        self.too_late_trials += came.too_old
        return told

    def _end(self, since: int, at: int, told: list[Told], closed: dict[str, Incident]) -> None:
        """End what no verdict will tell the end of: what is expected, at a midnight what was retired, what is not watched on."""
        gone = {} if since % DAY else retired(self.incidents, self.lines, since, self.config.ended_after)
        gone |= ended(self.incidents, self.lines, self._decided, self.learner.pins, self.config.server.timezone)
        if gone:
            self.incidents, changes = end(self.incidents, gone, at, self.rules)
            self._tell(changes, told, closed)
            begin_anew(self.groups, gone)
        watched = {line.watched for g in self.groups for line in g.lines if line.watched not in g.anew}
        self.incidents, changes = let_go(self.incidents, watched, at, self.rules)
        self._tell(changes, told, closed)

    def _due(self, since: int, until: int) -> tuple[Counts, list[int], Late]:
        """Return the counts of a span, a column a line and then one a stratum; which ticks are judged; and what came late.

        What came late is in the first tick that is judged, or in that at which a recording has it.
        """
        members = [line.members for line in self.lines]
        for group in self.groups:
            if group.parts is not None:
                members += with_newcomers(group.parts, group.lines, self.store.series())
        ids = sorted({one for group in members for one in group})
        came = self._late(ids, since)
        counts = self.store.ticks(ids, since, until, self.tick, came.upto)
        own = summed(counts, ids, members) if members else counts
        self.learner.recount_slow(own, self.lines, since, until, self.day or 0)
        places = [place for place, end in enumerate(own.at.tolist()) if not self._out(end)]
        if places and (came.counts.n.any() or came.counts.bad.any()):
            differences = summed(came.counts, ids, members)
            left = [place for place, line in enumerate(self.lines) if not takes_late(line)]
            differences.n[:, left] = differences.bad[:, left] = 0.0
            added(own, differences, places, self.tick)
        return own, places, came

    def _late(self, ids: list[int], since: int) -> Late:
        """Return what has come since the last judging at ticks before `since`, a column for each of the series."""
        return late(self.store, ids, self.folded, since)

    def _out(self, end: int) -> bool:
        """Tell whether a tick lies in an outage of the log: it is not judged."""
        return any(start < end and end - self.tick < stop for start, stop in self.outages)

    def _tell(self, changes: Sequence[Change], told: list[Told], closed: dict[str, Incident]) -> None:
        """Note changes with their pages, and the incidents as they are after them."""
        self.members = watched_in(self.incidents)
        self.lately.take(changes)
        for change in changes:
            closed[change.incident.id] = change.incident
            told.append((change, self._page(change)))

    def _page(self, change: Change) -> Page:
        """Return the page of a change: where its explanation fails, the verdict alone, so that it is told all the same."""
        baseline = self._baseline(change)
        try:
            return explain(self.store, self.context, change, baseline)
        except Exception:
            log.exception("incident %s cannot be explained; it is told without findings", change.incident.id)
            return explain(Nothing(), self.context, change, baseline)

    def _observations(
        self, group: Group, judged: Judgement, tried: NDArray[np.bool_], at: int
    ) -> tuple[list[Observation], set[int]]:
        """Return the verdicts of one tick that concern an incident, and the bad ones that have to wait for more evidence.

        Those of its members are looked at whenever there is something new of them, those of others when they are bad.
        """
        seen: list[Observation] = []
        waiting: set[int] = set()
        changed = set(judged.changed.tolist())
        for i in sorted({*changed, *judged.open.tolist()}):
            line = group.lines[i]
            if line.watched in self.members:
                if judged.measure == "share" and not (tried[i] or i in changed or judged.state[i] == STALE):
                    continue
            else:
                if judged.state[i] < WORSE:
                    continue
                if not (judged.measure != "share" or self._enough(line, group.verdict(judged, i), at)):
                    waiting.add(i)
                    continue
            seen.append(Observation(line.watched, group.verdict(judged, i)))
        return seen, waiting

    def _enough(self, line: Line, verdict: Verdict, at: int) -> bool:
        return enough(self.store, line, verdict, at)

    def _baseline(self, change: Change) -> str:
        watched = change.incident.lead.watched
        return next((line.baseline for line in self.lines if line.watched == watched), "default")

    def _write(
        self,
        until: int,
        folded: int,
        verdicts: Sequence[tuple[Watched, Verdict]],
        told: Sequence[Told],
        incidents: Sequence[Incident],
    ) -> None:
        with self.store.transaction() as tx:
            if verdicts:
                tx.insert("verdicts_raw", rows.verdict_rows(verdicts))
            self._remember(tx)
            if self._decided:
                tx.run("judgement/take_marks", ids=[one.id for one in self._decided], at=self.judged)
            if self._came_late is not None:
                tx.run("judgement/keep_late", after=self.folded, upto=folded, since=self._came_late)
            if incidents:
                save_incidents(tx, incidents)
            for change, page in told:
                save_change(tx, change, page, sinks_for(self.config.routes, change.incident))
            tx.run("judgement/set_judged", at=until, mark=folded)

    def _remember(self, tx: Transaction) -> None:
        """Write what the detectors remember in the place of what was there."""
        tx.run("judgement/forget_states")
        tables = [rows.state_rows([line.watched for line in group.lines], group.state) for group in self.groups]
        if tables:
            tx.insert("detector_state", pa.concat_tables(tables))

    def _judged(self) -> int | None:
        """Return the end of the last tick judged, in whole ticks of the length that they have now."""
        reached = rows.progress(self.store, "judged")
        return None if reached is None else -(-reached // self.tick) * self.tick
