"""Repeats: an event that came again after the window of duplicates was forgotten leaves the store, and the counts."""

from collections.abc import Sequence

import pyarrow as pa

from bellbuoy.monitor.signals import Signal
from bellbuoy.monitor.store.adding.append import Appender
from bellbuoy.monitor.store.adding.buckets import histogram_sql
from bellbuoy.monitor.store.adding.registry import Draft
from bellbuoy.monitor.store.adding.rollup import count
from bellbuoy.monitor.store.kept import delete
from bellbuoy.monitor.store.transaction import Transaction

PART_ROWS = 2_000_000
"""Arrivals whose identities are compared at once with those of all events: what bounds the memory."""
DROP_ROWS = 20_000
"""Repeats that leave in one transaction: so few that no append waits for it."""
REPEATS = (
    'SELECT e.* FROM events AS e JOIN repeats AS r ON e.stream = r.stream AND e."offset" = r."offset" AND e.idx = r.idx'
)


def remove_repeats(appender: Appender, signals: Sequence[Signal], since: float, until: float) -> int:
    """Delete the events of a span of arrival that are in the store from before; return how many they were.

    Their counts and latencies are taken away in the same transaction, by rows that become known now: so the judge takes them
    in as it does late events.

    Args:
        appender: of the store.
        signals: what is counted.
        since: first arrival that is looked at, epoch seconds.
        until: end of them.

    Raises:
        StoreExhausted: disk or memory is used up; what was already removed stays so.
    """
    engine = appender.engine
    span = {"since_us": int(since * 1e6), "until_us": int(until * 1e6)}
    parts = 1 + engine.rows("repeats/arrivals", **span)[0]["n"] // PART_ROWS
    gone = 0
    for part in range(parts):
        found = engine.arrow("repeats/found", part=part, parts=parts, **span)
        for start in range(0, found.num_rows, DROP_ROWS):
            gone += _remove(appender, signals, found.slice(start, DROP_ROWS))
    return gone


def _remove(appender: Appender, signals: Sequence[Signal], repeats: pa.Table) -> int:
    with appender.correction() as (tx, known_us, _):
        tx.show("repeats", repeats)
        _take_back(tx, appender, signals, known_us)
        tx.run("exports/stale")
        gone = delete(tx, "repeats/drop")
        tx.run("repeats/drop_amended")
        tx.run("repeats/drop_lacking")
        tx.cursor.unregister("repeats")
    return gone


def _take_back(tx: Transaction, appender: Appender, signals: Sequence[Signal], known_us: int) -> None:
    """Write the counts and latencies of the repeats with the opposite sign."""
    relation = f"({REPEATS})"
    counts = count(tx, relation, signals, appender.registry, Draft())  # a series that is new counted none of them
    tx.show("arriving_counts", counts.table(known_us))
    tx.run("repeats/take_back")
    tx.cursor.execute(f"INSERT INTO latency BY NAME {histogram_sql(relation, -1)}")
