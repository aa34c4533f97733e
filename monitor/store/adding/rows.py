"""The events of a batch on their way into the store: with their latency limits, judged, counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bellbuoy.monitor.signals import EXPLODED, SIGNALS_A_WORD, Signal, marks_sql, within
from bellbuoy.monitor.store.adding.buckets import histogram
from bellbuoy.monitor.store.adding.derived import TYPES, derived
from bellbuoy.monitor.store.adding.duplicates import Keys
from bellbuoy.monitor.store.adding.limits import Told, latency_limits
from bellbuoy.monitor.store.adding.places import Ints, Places, places_of
from bellbuoy.monitor.store.adding.registry import Draft, Registry
from bellbuoy.monitor.store.adding.rollup import Rollup, counted
from bellbuoy.monitor.store.kept import brought
from bellbuoy.monitor.store.transaction import Transaction


def marked(signals: Sequence[Signal]) -> list[Signal]:
    """Return the signals of which an event is one trial at most."""
    return [signal for signal in signals if signal.level != EXPLODED]


@dataclass(frozen=True, slots=True)
class Judged:
    """What DuckDB says of each event of a batch.

    Attributes:
        keys: 64-bit hash of its identity.
        signals: those that can have a trial among the events.
        words: bits of those of which an event is one trial at most, see `bellbuoy.monitor.signals.marks_sql`.
    """

    keys: Keys
    signals: tuple[Signal, ...]
    words: tuple[Ints, ...]

    @classmethod
    def read(cls, found: Mapping[str, Any], signals: tuple[Signal, ...]) -> "Judged":
        """Return what the columns of `marks_sql` say, by name."""
        words = range(max(1, -(-len(marked(signals)) // SIGNALS_A_WORD)))
        keys = np.asarray(found["key"], np.uint64)
        return cls(keys, signals, tuple(np.asarray(found[f"marks{word}"], np.int64) for word in words))

    def only(self, rows: NDArray[np.bool_]) -> "Judged":
        """Return what is said of some rows."""
        return Judged(self.keys[rows], self.signals, tuple(word[rows] for word in self.words))


@dataclass(frozen=True, slots=True)
class Rows:
    """Events of a batch.

    Attributes:
        table: as they are stored.
        places: where they count.
    """

    table: pa.Table
    places: Places

    def judged(self, tx: Transaction, signals: Sequence[Signal]) -> Judged:
        """Show the events as `arriving` and judge them all in one pass."""
        tx.show("arriving", self.table)
        possible = within(signals, brought(self.table))
        return Judged.read(tx.cursor.execute(marks_sql(marked(possible), "arriving")).fetchnumpy(), possible)

    def only(self, tx: Transaction, rows: NDArray[np.bool_]) -> "Rows":
        """Return some of the events, shown as `arriving` in place of all."""
        fewer = Rows(self.table.filter(pa.array(rows)), self.places.only(rows))
        tx.show("arriving", fewer.table)
        return fewer

    def counted(
        self,
        tx: Transaction,
        judged: Judged,
        registry: Registry,
        draft: Draft,
        known_us: int,
    ) -> Rollup:
        """Write the minute counts and latencies of the events."""
        rollup = self.rollup(tx, judged, registry, draft)
        if len(rollup.minute):
            tx.show("arriving_counts", rollup.table(known_us))
            tx.run("store/add_counts")
        latencies = histogram(self.places, self.table["latency_ms"], judged.words[0] & 1 == 1)
        if latencies is not None:
            tx.show("arriving_latency", latencies)
            tx.run("store/add_latency")
        return rollup

    def rollup(self, tx: Transaction, judged: Judged, registry: Registry, draft: Draft) -> Rollup:
        """Count the events by minute and series, registering the series that are new in `draft`."""
        splits = {signal.split for signal in judged.signals if signal.split and signal.level != EXPLODED}
        strata = {split: self.places.strata(self.table, split) for split in splits}
        if any(signal.level == EXPLODED for signal in judged.signals):
            tx.show("arriving", self.table)  # with the columns that no event brought
        return counted(tx, self.table, self.places, judged.words, judged.signals, registry, draft, strata)


def prepared(table: pa.Table, told: Told) -> Rows:
    """Add what the store says of events at arrival: what follows from them and the configuration, and latency limits."""
    places = places_of(table)
    limits = latency_limits(places, told) if told.limits else None
    found = {**derived(table, places, told.rules), "latency_limit_ms": limits}
    for name, kind in TYPES.items():
        values = found.get(name)
        column = pa.nulls(table.num_rows, kind) if values is None else values
        at = table.schema.get_field_index(name)
        table = table.append_column(name, column) if at < 0 else table.set_column(at, name, column)
    return Rows(table, places)
