"""The product on made streams: its own fits at every midnight, its own fold at every tick, its own thresholds.

What the daemon does beside reading and writing rows is done here in the same order: a baseline of 28 days that ends 7 days
before the midnight, frozen while a series has an open incident, without the ticks from the onset of an incident to its end;
where those take more than half of the span, it reaches back to 56 days.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.bench.detect.streams import DAY, Streams
from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import WORSE, Array, Baseline, Detector, Tick

LEARN: Final = 28 * DAY
LAG: Final = 7 * DAY
SLAB: Final = 200
"""Series fitted at once."""
ZONE: Final = "UTC"
OPENED, RESOLVED = 1, -1


@dataclass(frozen=True, slots=True)
class Way:
    """One way to watch the streams.

    Attributes:
        nats: ln A of each stream's share of the budget, shape (R,).
        opens: evidence at which it opens, shape (R,); infinite: never, to see how high it gets.
    """

    nats: Array
    opens: Array

    @classmethod
    def of(cls, size: int, nats: float, opens: float | None = None) -> "Way":
        """Return a way that is the same for all streams."""
        return cls(np.full(size, nats), np.full(size, nats if opens is None else opens))


@dataclass(slots=True)
class Run:
    """What one way came to.

    Attributes:
        start, change: as in the streams.
        fold_s: seconds that the folds took, of all ways together.
        ticks: how many were folded.
        highest: largest evidence of each stream, shape (R,).
        open: streams that are open at the end, shape (R,).
        happened: (place, stream, `OPENED` or `RESOLVED`), in order; places as in the streams.
        onsets: the estimated beginning of each opening, as a place, in the order of the openings.
    """

    start: int
    change: NDArray[np.int64]
    ticks: int
    highest: Array
    open: NDArray[np.bool_]
    fold_s: float = 0.0
    happened: list[tuple[int, int, int]] = field(default_factory=list)
    onsets: list[float] = field(default_factory=list)

    def openings(self) -> Array:
        """Return how often each stream opened, shape (R,)."""
        return self._count(OPENED)

    def resolves(self) -> Array:
        """Return how often each stream was resolved, shape (R,)."""
        return self._count(RESOLVED)

    def first(self, kind: int = OPENED, since: Array | NDArray[np.int64] | None = None) -> Array:
        """Return the place of the first opening or resolve at or after places (the change); NaN where there is none."""
        least = self.change if since is None else since
        answer = np.full(len(self.highest), np.nan)
        for place, stream, what in reversed(self.happened):
            if what == kind and place >= least[stream]:
                answer[stream] = place
        return answer

    def delays(self) -> tuple[Array, NDArray[np.bool_]]:
        """Return ticks from the change to the first opening, NaN where missed; and which streams opened before it."""
        early = np.zeros(len(self.highest), dtype=bool)
        for place, stream, what in self.happened:
            if what == OPENED and place < self.change[stream]:
                early[stream] = True
        return self.first() - self.change + 1.0, early

    def _count(self, kind: int) -> Array:
        answer = np.zeros(len(self.highest))
        for _, stream, what in self.happened:
            answer[stream] += what == kind
        return answer


@dataclass(eq=False)
class Normals:
    """The learning baselines of streams, each midnight fitted once for all ways."""

    streams: Streams
    zone: str = ZONE
    _plain: dict[int, Baseline] = field(default_factory=dict)

    def plain(self, midnight: int) -> Baseline:
        """Return the baselines as of a midnight (its place) where nothing is left out."""
        if midnight not in self._plain:
            self._plain = {midnight: self.fitted(midnight - LAG - LEARN, midnight - LAG)}
        return self._plain[midnight]

    def fitted(
        self, since: int, until: int, columns: NDArray[np.int64] | None = None, weight: Array | None = None
    ) -> Baseline:
        """Return a fit over a span of places, some 200 series at a time.

        Args:
            since: first place; before the first tick there is nothing.
            until: the place after the last.
            columns: series; None: all.
            weight: of the ticks from `since` on, shape (until - since, columns).
        """
        chosen = np.arange(self.streams.size) if columns is None else columns
        since = max(since, 0)
        parts = []
        for begin in range(0, len(chosen), SLAB):
            some = chosen[begin : begin + SLAB]
            whole = self.streams.only(some).between(since, until)
            own = None if weight is None else np.ascontiguousarray(weight[-len(whole.at) :, begin : begin + SLAB])
            parts.append(baseline.fit(whole, weight=own, zone=self.zone))
        return baseline.concat(parts)

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """Cells of all ticks."""
        return baseline.cells(self.streams.at, self.zone)


def judged(
    detector: Detector,
    normals: Normals,
    ways: Sequence[Way],
    *,
    ticks: int | None = None,
    direction: float = 1.0,
    min_change: float = 0.02,
    anchor: Baseline | None = None,
    frozen: NDArray[np.bool_] | None = None,
    until_open: bool = False,
) -> list[Run]:
    """Fold the streams from their start on, in all ways at once, and return what each came to.

    Args:
        detector: as shipped.
        normals: baselines of the streams.
        ways: thresholds.
        ticks: how many; None: all.
        direction: +1.0 for more bad, -1.0 for less.
        min_change: as of the configuration.
        anchor: judge against this, which is never refitted; None: against the learning baseline.
        frozen: ticks at which a series has an open incident of another detector, shape (T, R).
        until_open: stop when every stream of every way has opened since the change.
    """
    streams = normals.streams
    size = streams.size
    column = np.tile(np.arange(size), len(ways))
    nats = np.concatenate([way.nats for way in ways])
    watch = judge.Watch(
        np.concatenate([way.opens for way in ways]),
        np.full(len(column), direction),
        np.full(len(column), min_change),
    )
    runs = [Run(streams.start, streams.change, 0, np.full(size, -np.inf), np.zeros(size, dtype=bool)) for _ in ways]
    state = judge.begin(detector, len(column))
    highest = np.full(len(column), -np.inf)
    was = np.zeros(len(column), dtype=bool)
    opened_since = np.zeros(len(column), dtype=bool)
    spans = _Spans(len(column))
    changed = streams.change[column]
    final = int(streams.change.max())
    spent = 0.0
    normal: Baseline | None = None
    last = len(streams.at) if ticks is None else min(len(streams.at), streams.start + ticks)
    for place in range(streams.start, last):
        if normal is None or (anchor is None and place % DAY == 0):
            held = was if frozen is None else was | frozen[place, column]
            fresh = baseline.take(anchor, column) if anchor else _learned(normals, column, place, spans, frozen)
            if normal is not None and held.any():
                _put(fresh, np.flatnonzero(held), baseline.take(normal, np.flatnonzero(held)))
            normal = fresh
            prepared = detector.prepare(normal, nats, watch.direction)
        n, bad = streams.n[place, column], streams.bad[place, column]
        tick = Tick(int(streams.at[place]), int(normals.cells[place]), n, bad)
        began = time.perf_counter()
        state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
        spent += time.perf_counter() - began
        np.maximum(highest, judgement.value, out=highest)
        if judgement.resolved.size:
            for one in judgement.resolved.tolist():
                runs[one // size].happened.append((place, one % size, RESOLVED))
            spans.end(judgement.resolved, place + 1)
        is_open = judgement.state >= WORSE
        new = np.flatnonzero(is_open & ~was)
        if new.size:
            onset = (judgement.memory["judge.onset"][new] - streams.at[0]) / 300.0 + 1.0
            for one, since in zip(new.tolist(), onset.tolist(), strict=True):
                runs[one // size].happened.append((place, one % size, OPENED))
                runs[one // size].onsets.append(since)
            spans.begin(new, onset)
            opened_since[new[place >= changed[new]]] = True
        was = is_open
        if until_open and place >= final and opened_since.all():
            last = place + 1
            break
    for which, run in enumerate(runs):
        own = slice(which * size, (which + 1) * size)
        run.fold_s = spent
        run.ticks, run.highest, run.open = last - streams.start, highest[own].copy(), was[own].copy()
    return runs


class _Spans:
    """Spans of places that are not learned from, by column."""

    def __init__(self, size: int) -> None:
        self.closed: dict[int, list[tuple[int, int]]] = {}
        self.onset = np.full(size, np.nan)

    def begin(self, columns: NDArray[np.int64], onset: Array) -> None:
        self.onset[columns] = onset

    def end(self, columns: NDArray[np.int64], place: int) -> None:
        for column in columns.tolist():
            self.closed.setdefault(column, []).append((int(self.onset[column]), place))

    def within(self, since: int, until: int) -> dict[int, list[tuple[int, int]]]:
        """Return the columns with spans that touch one, and the parts of them inside."""
        found = {}
        for column, own in self.closed.items():
            inside = [(max(begin, since), min(end, until)) for begin, end in own if begin < until and end > since]
            if inside:
                found[column] = inside
        return found


def _learned(
    normals: Normals, column: NDArray[np.int64], place: int, spans: _Spans, frozen: NDArray[np.bool_] | None
) -> Baseline:
    """Return the baselines of all columns as of a midnight."""
    until = place - LAG
    since = until - LEARN
    fresh = baseline.take(normals.plain(place), column)
    within = spans.within(until - 2 * LEARN, until)
    touched = set(within)
    if frozen is not None:
        somewhere: NDArray[np.bool_] = np.asarray(frozen[max(until - 2 * LEARN, 0) : until].any(axis=0))
        touched |= set(np.flatnonzero(somewhere[column]).tolist())
    if not touched:
        return fresh
    columns = np.array(sorted(touched))
    weight = np.ones((2 * LEARN, len(columns)))
    for which, one in enumerate(columns.tolist()):
        for begin, end in within.get(one, ()):
            weight[begin - until + 2 * LEARN : end - until + 2 * LEARN, which] = 0.0
    if frozen is not None:
        there = frozen[max(until - 2 * LEARN, 0) : until, column[columns]]
        weight[-len(there) :][there] = 0.0
    enough: NDArray[np.bool_] = np.asarray(weight[LEARN:].mean(axis=0)) >= 0.5
    for part, begin in ((enough, since), (~enough, until - 2 * LEARN)):
        if part.any():
            own = normals.fitted(begin, until, column[columns[part]], weight[begin - until + 2 * LEARN :, part])
            _put(fresh, columns[part], own)
    return fresh


def _put(target: Baseline, columns: NDArray[np.int64], source: Baseline) -> None:
    """Write the streams of one baseline into columns of another."""
    for one in fields(Baseline):
        getattr(target, one.name)[..., columns] = getattr(source, one.name)
