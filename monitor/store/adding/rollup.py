"""Turns the one-pass counts of a batch into rows of `counts`: one for each minute and series that has trials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from bellbuoy.monitor.signals import EXPLODED, SIGNALS_A_WORD, Signal, apart, rollup_sql
from bellbuoy.monitor.store.adding.places import Ints, Places
from bellbuoy.monitor.store.adding.registry import Draft, Registry
from bellbuoy.monitor.store.transaction import Transaction

MINUTE = 60

Names: TypeAlias = tuple[str, str | None, str | None]
"""Workflow, step and segment."""
Part: TypeAlias = tuple[Ints, Ints, Ints, Ints]
"""Minute, series, trials and bad ones."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """Counts of a batch, sorted by minute and series; one element each a row of `counts`.

    Attributes:
        minute: beginning of the minute, epoch seconds.
        series: id.
        n, bad: trials and bad ones among them.
    """

    minute: Ints
    series: Ints
    n: Ints
    bad: Ints

    def table(self, known_at_us: int | Ints) -> pa.Table:
        """Return it as rows of `counts`, known since an instant in microseconds, or each since its own."""
        instant = pa.timestamp("us")
        return pa.table(
            {
                "minute": pa.array(self.minute * 1_000_000).cast(instant),
                "series": self.series.astype(np.int32),
                "n": self.n.astype(np.int32),
                "bad": self.bad.astype(np.int32),
                "known_at": pa.array(np.full(len(self.n), known_at_us, np.int64)).cast(instant),
            }
        )


def count(tx: Transaction, relation: str, signals: Sequence[Signal], registry: Registry, draft: Draft) -> Rollup:
    """Count every signal over a relation of events, registering the series that are new in `draft`."""
    return _rollup(_grouped(tx, relation, signals, registry, draft), registry, draft)


def difference(after: Rollup, before: Rollup) -> Rollup:
    """Return what has to be added to the counts of before for those of after; it may be negative."""
    columns = ("minute", "series", "n", "bad")
    both = [np.concatenate((getattr(after, name), getattr(before, name))) for name in columns]
    if not len(both[0]):
        return after
    sign = np.repeat((1, -1), (len(after.n), len(before.n)))
    found = _summed(both[0], both[1], sign * both[2], sign * both[3])
    moved = (found.n != 0) | (found.bad != 0)
    return Rollup(found.minute[moved], found.series[moved], found.n[moved], found.bad[moved])


def _grouped(tx: Transaction, relation: str, signals: Sequence[Signal], registry: Registry, draft: Draft) -> list[Part]:
    parts: list[Part] = []
    for own in apart(signals):
        wide = tx.cursor.execute(rollup_sql(own, relation)).fetchnumpy()
        keys: dict[Names, int] = {}
        named = zip(*(wide[name].tolist() for name in ("workflow", "step_name", "segment")), strict=True)
        place = np.fromiter((keys.setdefault(key, len(keys)) for key in named), np.int64, len(wide["minute"]))
        trials = [np.asarray(wide[f"n{at}"], np.int64) for at in range(len(own))]
        bad = [
            np.zeros(len(place), np.int64) if signal.bad is None else np.asarray(wide[f"bad{at}"], np.int64)
            for at, signal in enumerate(own)
        ]
        minute = np.asarray(wide["minute"], np.int64)
        parts += _parts(minute, place, list(keys), own, trials, bad, registry, draft)
    return parts


def counted(
    tx: Transaction,
    table: pa.Table,
    places: Places,
    words: Sequence[Ints],
    signals: Sequence[Signal],
    registry: Registry,
    draft: Draft,
    strata: Mapping[tuple[str, ...], tuple[Ints, list[str]]],
) -> Rollup:
    """Count every signal over a batch, shown as `arriving`, whose events are judged already.

    Those of which one event can be several trials are counted by a statement of their own.

    Args:
        tx: of the append.
        table: the rows.
        places: where the rows count.
        words: what they are, see `bellbuoy.monitor.signals.marks_sql`.
        signals: what is counted.
        registry: of the series.
        draft: takes those that are new.
        strata: for each set of fields by which signals are split, the stratum of each row and the strata's names.
    """
    exploded = [signal for signal in signals if signal.level == EXPLODED]
    parts = _grouped(tx, "arriving", exploded, registry, draft)
    marked = [signal for signal in signals if signal.level != EXPLODED]
    at = {signal.name: place for place, signal in enumerate(marked)}
    for own in apart(marked):
        place, whole = places.named(table, own[0].level)
        names = [(*pair, None) for pair in whole]
        if split := own[0].split:
            code, segments = strata[split]
            pairs, place = np.unique(place * len(segments) + code, return_inverse=True)
            names = [(*whole[one // len(segments)], segments[one % len(segments)]) for one in pairs.tolist()]
        parts += _counted(places.minute, place, names, words, {at[one.name]: one for one in own}, registry, draft)
    return _rollup(parts, registry, draft)


def _counted(
    minute: Ints,
    place: Ints,
    names: Sequence[Names],
    words: Sequence[Ints],
    signals: Mapping[int, Signal],
    registry: Registry,
    draft: Draft,
) -> list[Part]:
    """Count some signals, by their places among all, over rows whose names are known by their places."""
    if not len(minute):
        return []
    start = int(minute.min())
    cell = (minute - start) * len(names) + place
    cells = np.unique(cell)
    trials: list[Ints] = []
    bad: list[Ints] = []
    for word, marks in enumerate(words):
        first = word * SIGNALS_A_WORD
        among = [at - first for at in signals if first <= at < first + SIGNALS_A_WORD]
        if not among:
            continue
        patterns, pattern = np.unique(marks, return_inverse=True)
        joint, times = np.unique(cell * len(patterns) + pattern, return_counts=True)
        at, bits = np.searchsorted(cells, joint // len(patterns)), patterns[joint % len(patterns)]
        for one in among:
            for bit, found in ((1 + 2 * one, trials), (2 + 2 * one, bad)):
                hit = (bits >> bit) & 1 == 1
                found.append(np.bincount(at[hit], times[hit], len(cells)).astype(np.int64))
    own = list(signals.values())
    return _parts(start + cells // len(names), cells % len(names), names, own, trials, bad, registry, draft)


def _parts(
    minute: Ints,
    place: Ints,
    names: Sequence[Names],
    signals: Sequence[Signal],
    trials: Sequence[Ints],
    wrong: Sequence[Ints],
    registry: Registry,
    draft: Draft,
) -> list[Part]:
    """Turn counts by minute and names into counts by minute and series."""
    parts: list[Part] = []
    for signal, n, bad in zip(signals, trials, wrong, strict=True):
        seen = np.flatnonzero(n)
        if not len(seen):
            continue
        series = np.zeros(len(names), np.int64)
        for one in np.unique(place[seen]):
            series[one] = registry.id(draft, signal, *names[one])
        parts.append((minute[seen] * MINUTE, series[place[seen]], n[seen], bad[seen]))
    return parts


def _rollup(parts: Sequence[Part], registry: Registry, draft: Draft) -> Rollup:
    """Put counts by minute and series together, and note the spans of the series."""
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Rollup(nothing, nothing, nothing, nothing)
    rollup = _summed(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    for one in np.unique(rollup.series):
        at = rollup.minute[rollup.series == one]
        registry.span(draft, int(one), int(at[0]), int(at[-1]))
    return rollup


def _summed(minute: Ints, series: Ints, n: Ints, bad: Ints) -> Rollup:
    """Add up what falls on the same minute and series, sorted by both."""
    size = int(series.max()) + 1
    cell, place = np.unique(minute * size + series, return_inverse=True)
    total = np.zeros(len(cell), np.int64)
    wrong = np.zeros(len(cell), np.int64)
    np.add.at(total, place, n)
    np.add.at(wrong, place, bad)
    return Rollup(cell // size, cell % size, total, wrong)
