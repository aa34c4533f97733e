"""Turns the one-pass counts of a batch into rows of `counts`: one for each minute and series that has trials."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from bellbuoy.monitor.signals import SIGNALS_A_WORD, Signal, rollup_sql
from bellbuoy.monitor.store.adding.places import Ints, Places
from bellbuoy.monitor.store.adding.registry import Draft, Registry
from bellbuoy.monitor.store.engine import Transaction

MINUTE = 60


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

    def table(self, known_at_us: int) -> pa.Table:
        """Return it as rows of `counts`, known since an instant in microseconds."""
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
    wide = tx.cursor.execute(rollup_sql(signals, relation)).fetchnumpy()
    keys: dict[tuple[str, str | None], int] = {}
    pair = np.fromiter(
        (keys.setdefault(key, len(keys)) for key in zip(wide["workflow"].tolist(), wide["step"].tolist(), strict=True)),
        np.int64,
        len(wide["minute"]),
    )
    trials = [np.asarray(wide[f"n{place}"], np.int64) for place in range(len(signals))]
    bad = [
        np.zeros(len(pair), np.int64) if signal.bad is None else np.asarray(wide[f"bad{place}"], np.int64)
        for place, signal in enumerate(signals)
    ]
    return _registered(np.asarray(wide["minute"], np.int64), pair, list(keys), signals, trials, bad, registry, draft)


def counted(
    places: Places, words: Sequence[Ints], signals: Sequence[Signal], registry: Registry, draft: Draft
) -> Rollup:
    """Count every signal over a batch whose events are judged already, see `bellbuoy.monitor.signals.marks_sql`."""
    minute, names = places.minute, places.names
    start = int(minute.min())
    cell = (minute - start) * len(names) + places.pair
    cells = np.unique(cell)
    trials: list[Ints] = []
    bad: list[Ints] = []
    for word, marks in enumerate(words):
        patterns, pattern = np.unique(marks, return_inverse=True)
        joint, times = np.unique(cell * len(patterns) + pattern, return_counts=True)
        at, bits = np.searchsorted(cells, joint // len(patterns)), patterns[joint % len(patterns)]
        for place in range(len(signals[word * SIGNALS_A_WORD : (word + 1) * SIGNALS_A_WORD])):
            for bit, found in ((1 + 2 * place, trials), (2 + 2 * place, bad)):
                hit = (bits >> bit) & 1 == 1
                found.append(np.bincount(at[hit], times[hit], len(cells)).astype(np.int64))
    return _registered(start + cells // len(names), cells % len(names), names, signals, trials, bad, registry, draft)


def _registered(
    minute: Ints,
    pair: Ints,
    names: Sequence[tuple[str, str | None]],
    signals: Sequence[Signal],
    trials: Sequence[Ints],
    wrong: Sequence[Ints],
    registry: Registry,
    draft: Draft,
) -> Rollup:
    """Turn counts by minute and pair of workflow and step into counts by minute and series."""
    parts: list[tuple[Ints, Ints, Ints, Ints]] = []
    for signal, n, bad in zip(signals, trials, wrong, strict=True):
        seen = np.flatnonzero(n)
        if not len(seen):
            continue
        series = np.zeros(len(names), np.int64)
        for one in np.unique(pair[seen]):
            series[one] = registry.id(draft, signal, *names[one])
        parts.append((minute[seen] * MINUTE, series[pair[seen]], n[seen], bad[seen]))
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
