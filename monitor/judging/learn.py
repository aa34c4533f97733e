"""Learns what normal is, once a day: from which ticks, and which of them are left out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bellbuoy.config.model import Config
from bellbuoy.detectors.base import Array, Baseline, Counts
from bellbuoy.detectors.baseline import fit, take
from bellbuoy.monitor.judging.records import series_key
from bellbuoy.monitor.judging.slow import SLOW, SlowCalls
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.judging.watchlist import Line
from bellbuoy.monitor.store import Series, Store

if TYPE_CHECKING:
    from bellbuoy.monitor.judging.marks import Marks

DAY = 86400
SLAB = 200 * 56 * 288
"""Ticks times series fitted at once, some 200 series over eight weeks: bounds the memory of a fit."""
ANCHOR_DAYS = 28

Span = tuple[int, int]
Known = dict[tuple[str, SeriesKey], Baseline]
"""Baselines in force, each of one series, by name and series."""


@dataclass(frozen=True, slots=True)
class Need:
    """A series that wants a fit under one name, the span to learn from, and when it was first seen."""

    key: SeriesKey
    members: tuple[int, ...]
    since: int
    until: int
    first: int = 0


class Learner:
    """Fits the baselines as of a midnight; everything it reads is in the store.

    Attributes:
        known_to: the mark up to which rows of `counts` are learned from, microseconds; None: all.
    """

    def __init__(self, store: Store, config: Config) -> None:
        self.store = store
        self.config = config
        self.tick = int(config.tick)
        self.known_to: int | None = None
        self.pins: dict[str, Span] = {}
        self._anew: dict[SeriesKey, float] = {}
        self.decide(None)
        self.slow = SlowCalls(store, config)

    def decide(self, decided: "Marks | None") -> None:
        """Go by what people decided: which baselines are pinned, and where those of some series begin."""
        own = {name: one.pinned for name, one in self.config.baselines.items() if one.pinned is not None}
        self.pins = {name: (int(span[0]), int(span[1])) for name, span in own.items()}
        self._anew = {}
        if decided is not None:
            self.pins = decided.pins(self.config)
            begins = decided.begins().items()
            self._anew = {key: np.inf if one.taken is None else one.taken for key, one in begins}

    def learn(self, at: int, lines: Sequence[Line], known: Known, frozen: set[SeriesKey]) -> Known:
        """Return the baselines that change at the midnight `at` (UTC); those that stay are not in it.

        Args:
            at: the midnight, epoch seconds.
            lines: what is watched.
            known: baselines in force until now.
            frozen: series with an open incident: their baselines stay as they are.
        """
        bad = self.bad_spans(at)
        fresh: Known = {}
        for name in sorted({line.baseline for line in lines}):
            needs: dict[SeriesKey, Need] = {}
            for line in lines:
                key = line.watched.series
                if line.baseline != name or key in needs or (key in frozen and (name, key) in known):
                    continue
                fitted = known.get((name, key))
                span = self._span(
                    name,
                    line,
                    at,
                    fitted is not None and fitted.armed[0] > 0,
                    bad.get(key.whole, []),
                    known=fitted is not None,
                )
                if span is not None:
                    needs[key] = Need(key, line.members, *span, self._first(line))
            for slab in self._slabs(needs.values()):
                fresh.update(self._fit(name, slab, bad, at))
        return {each: one for each, one in fresh.items() if self._replaces(each, one, known.get(each), bad, at)}

    def learn_latency(self, at: int, series: Sequence[Series], frozen: set[SeriesKey]) -> None:
        """Learn how long each step usually takes, from the same span as the learning baseline: the limits of `slow`.

        The limits of a step with an open incident about its latency stay as they are, like its baseline.
        """
        first = min((one.first_minute for one in series), default=None)
        if first is None:
            return
        since, until = self._window("default", first, at)
        held = [(key.workflow, key.step) for key in frozen if key.signal == SLOW and key.step is not None]
        if until > since:
            self.store.learn_latency(since, until, at, frozen=held)

    def _slabs(self, needs: Iterable[Need]) -> Iterator[list[Need]]:
        """Return the needs in parts that are fitted at once, those with spans alike together."""
        slab: list[Need] = []
        for need in sorted(needs, key=lambda one: one.since):
            together = [*slab, need]
            length = max(one.until for one in together) - together[0].since
            if slab and length // self.tick * len(together) > SLAB:
                yield slab
                together = [need]
            slab = together
        if slab:
            yield slab

    def recount_slow(self, counts: Counts, lines: Sequence[Line], since: int, until: int, midnight: int) -> None:
        """Count the slow calls of a day's ticks over the limits of that day, for the lines that learned by such limits.

        Args:
            counts: one column a line; changed in place.
            lines: what is watched.
            since: beginning of the first tick.
            until: end of the last one.
            midnight: at which the limits of the day were learned.
        """
        learning = {name for name in self.config.baselines if name not in self.pins}
        keys = [line.watched.series if line.baseline in learning else None for line in lines]
        self.slow.recount(counts, keys, since, until, midnight)

    def _replaces(
        self,
        each: tuple[str, SeriesKey],
        fresh: Baseline,
        known: Baseline | None,
        bad: Mapping[SeriesKey, Sequence[Span]],
        at: int,
    ) -> bool:
        """Tell whether a fit takes the place of what is known.

        After a long incident little is left to learn from: what was known stays until there is as much again. A pinned
        baseline stays as it is unless its span was moved or now holds more; counts of it that retention deleted do not
        matter.
        """
        name, key = each
        if known is None or (name not in self.config.baselines and name not in self.pins):
            return True
        if name in self.pins:
            since, until = self.pins[name]
            moved = known.since[0] < since - self.tick or known.until[0] > until + self.tick
            return bool(moved or fresh.trials[0] > known.trials[0])
        settings = self.config.baselines[name]
        reach = at - settings.lag - 2 * settings.learn
        return bool(fresh.armed[0] >= known.judged_alone[0]) or all(end <= reach for _, end in bad.get(key.whole, ()))

    def _window(self, name: str, first: int, at: int) -> Span:
        """Return the span of a learning baseline for counts that begin at `first`; empty or reversed where too young."""
        settings = self.config.baselines[name]
        until = at - int(min(settings.lag, max(DAY, at - first - settings.min_span)))
        return max(until - int(settings.learn), first), until

    def _span(self, name: str, line: Line, at: int, fitted: bool, bad: Sequence[Span], *, known: bool) -> Span | None:
        """Return the span to learn from, or None where nothing is to be learned today."""
        settings = self.config.baselines.get(name)
        if name in self.pins:
            since, until = self.pins[name]
            return (since, until) if at >= until else None
        first, first_day = self._first(line), -(-line.first_minute // DAY) * DAY
        if settings is None:
            months = (at - first_day) // (ANCHOR_DAYS * DAY)  # of a sparse series the first month is too little
            due = months > 0 and (not known or (at - first_day) % (ANCHOR_DAYS * DAY) == 0)
            return (first_day, first_day + (months if known else 1) * ANCHOR_DAYS * DAY) if due and not fitted else None
        since, until = self._window(name, first, at)
        left_out = sum(max(0, min(end, until) - max(begin, since)) for begin, end in bad)
        if 2 * left_out > until - since:
            since = max(first, 2 * since - until)
        return (since, until) if until > since else None

    def _first(self, line: Line) -> int:
        """Return the beginning of the tick in which a line was first seen."""
        return line.first_minute // self.tick * self.tick

    def recounts(self, name: str) -> bool:
        """Tell whether slow calls are counted over the limits of the day for a baseline: for those that learn such limits."""
        return name in self.config.baselines and name not in self.pins

    def weighed(
        self, needs: Sequence[Need], bad: Mapping[SeriesKey, Sequence[Span]], at: int, *, recount: bool
    ) -> tuple[Counts, Array, NDArray[np.bool_]]:
        """Return counts from the first to the last tick that is needed, a column a need; what of them is learned from; and judged.

        Args:
            needs: of series whose spans are alike, some 200 at most.
            bad: when each series was in an incident.
            at: midnight whose limits hold for slow calls, epoch seconds.
            recount: count slow calls anew over these limits.

        Returns:
            The counts; weights, 0 outside of the span of a need, in incidents and in outages of the log, shape (T, S); and
            False in outages and before a series was seen, shape (T, S).
        """
        since = min(need.since for need in needs) // self.tick * self.tick
        until = max(need.until for need in needs) // self.tick * self.tick
        ids = sorted({member for need in needs for member in need.members})
        counts = summed(
            self.store.ticks(ids, since, until, self.tick, self.known_to), ids, [need.members for need in needs]
        )
        if recount:
            self.slow.recount(counts, [need.key for need in needs], since, until, at)
        weight, judged = np.ones(counts.n.shape), np.ones(counts.n.shape, dtype=np.bool_)
        begins = counts.at - self.tick
        for one in self.config.outages:
            judged[(begins < int(one.to)) & (counts.at > int(one.from_))] = False
        for column, need in enumerate(needs):
            judged[begins < need.first, column] = False
            weight[(begins < need.since) | (counts.at > need.until), column] = 0.0
            for start, end in bad.get(need.key.whole, []):
                weight[(begins < end) & (counts.at > start), column] = 0.0
        weight[~judged] = 0.0
        return counts, weight, judged

    def _fit(self, name: str, needs: Sequence[Need], bad: Mapping[SeriesKey, Sequence[Span]], at: int) -> Known:
        learning = self.recounts(name)
        counts, weight, _ = self.weighed(needs, bad, at, recount=learning)
        began = np.array([max(need.since, need.first) for need in needs], dtype=np.float64)
        default = self.config.baselines["default"]
        least = self.config.baselines.get(name, default)
        fitted = fit(
            counts,
            weight=weight,
            since=began if learning else None,  # what retention took from a pinned span was not there to be watched
            zone=self.config.server.timezone,
            season=least.season,
            min_trials=getattr(least, "min_trials", None) or default.min_trials,
            min_bad=getattr(least, "min_bad", None) or default.min_bad,
            min_span=getattr(least, "min_span", None) or default.min_span,
        )
        return {(name, need.key): take(fitted, np.array([column])) for column, need in enumerate(needs)}

    def bad_spans(self, at: int) -> dict[SeriesKey, list[Span]]:
        """Return when each series was in an incident, in order and apart; those that go on end at `at`."""
        spans: dict[SeriesKey, list[Span]] = {}
        for row in self.store.rows("judgement/bad_spans"):
            key = series_key(row)
            if row["since"] < self._anew.get(key, 0):
                continue  # what somebody expects is normal
            spans.setdefault(key, []).append((row["since"], row["until"] or at))
        return {key: union(own) for key, own in spans.items()}


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the same time in spans that do not overlap, in order."""
    apart: list[Span] = []
    for since, until in sorted(spans):
        if apart and since <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(apart[-1][1], until))
        else:
            apart.append((since, until))
    return apart


def summed(counts: Counts, ids: Sequence[int], members: Sequence[tuple[int, ...]]) -> Counts:
    """Return counts with one column for each tuple of series ids: the sum of theirs.

    Args:
        counts: one column for each of `ids`, shape (T, len(ids)).
        ids: series of the columns.
        members: for each new column the ids that it sums; none of them: it is 0.
    """
    place = {one: column for column, one in enumerate(ids)}
    columns = [place[one] for group in members for one in group]
    if all(len(group) == 1 for group in members):
        return Counts(counts.at, *(np.ascontiguousarray(values[:, columns]) for values in (counts.n, counts.bad)))
    some = [at for at, group in enumerate(members) if group]
    begins = np.cumsum([0, *(len(members[at]) for at in some[:-1])])
    n, bad = np.zeros((2, len(counts.at), len(members)))
    if some:
        for values, sums in ((counts.n, n), (counts.bad, bad)):
            sums[:, some] = np.add.reduceat(values[:, columns], begins, axis=1)
    return Counts(counts.at, n, bad)
