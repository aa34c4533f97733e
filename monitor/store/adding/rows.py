"""The events of a batch on their way into the store: with their latency limits, judged, counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bellbuoy.monitor.signals import SIGNALS_A_WORD, Signal, marks_sql
from bellbuoy.monitor.store.adding.buckets import histogram
from bellbuoy.monitor.store.adding.duplicates import Keys
from bellbuoy.monitor.store.adding.limits import Told, latency_limits
from bellbuoy.monitor.store.adding.places import Ints, Places, places_of
from bellbuoy.monitor.store.adding.registry import Draft, Registry
from bellbuoy.monitor.store.adding.rollup import Rollup, counted
from bellbuoy.monitor.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Judged:
    """What DuckDB says of each event of a batch.

    Attributes:
        keys: 64-bit hash of its identity.
        words: bits, see `bellbuoy.monitor.signals.marks_sql`.
    """

    keys: Keys
    words: tuple[Ints, ...]

    def only(self, rows: NDArray[np.bool_]) -> "Judged":
        """Return what is said of some rows."""
        return Judged(self.keys[rows], tuple(word[rows] for word in self.words))


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
        found = tx.cursor.execute(marks_sql(signals, "arriving")).fetchnumpy()
        words = range(max(1, -(-len(signals) // SIGNALS_A_WORD)))
        return Judged(
            np.asarray(found["key"], np.uint64), tuple(np.asarray(found[f"marks{word}"], np.int64) for word in words)
        )

    def only(self, tx: Transaction, rows: NDArray[np.bool_]) -> "Rows":
        """Return some of the events, shown as `arriving` in place of all."""
        fewer = Rows(self.table.filter(pa.array(rows)), self.places.only(rows))
        tx.show("arriving", fewer.table)
        return fewer

    def counted(
        self,
        tx: Transaction,
        judged: Judged,
        signals: Sequence[Signal],
        registry: Registry,
        draft: Draft,
        known_us: int,
    ) -> Rollup:
        """Write the minute counts and latencies of the events."""
        splits = {signal.split for signal in signals if signal.split}
        strata = {split: self.places.strata(self.table, split) for split in splits}
        rollup = counted(self.places, judged.words, signals, registry, draft, strata)
        if len(rollup.minute):
            tx.show("arriving_counts", rollup.table(known_us))
            tx.run("store/add_counts")
        latencies = histogram(self.places, self.table["latency_ms"], judged.words[0] & 1 == 1)
        if latencies is not None:
            tx.show("arriving_latency", latencies)
            tx.run("store/add_latency")
        return rollup


def prepared(table: pa.Table, told: Told) -> Rows:
    """Add the column that the store computes at arrival: the latency above which a step counts as slow."""
    places = places_of(table)
    limits = latency_limits(places, told) if told.limits else pa.nulls(table.num_rows, pa.float64())
    if "latency_limit_ms" in table.column_names:
        table = table.drop_columns(["latency_limit_ms"])
    return Rows(table.append_column("latency_limit_ms", limits), places)
