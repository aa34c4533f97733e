"""Amends earlier events by what later ones say of them, and their counts by the difference."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from bellbuoy.monitor.signals import Signal
from bellbuoy.monitor.store.adding.append import Appender
from bellbuoy.monitor.store.adding.registry import Draft
from bellbuoy.monitor.store.adding.rollup import count, difference
from bellbuoy.monitor.store.amending.overlay import overlay_sql
from bellbuoy.monitor.store.amending.triggers import TRIGGER
from bellbuoy.monitor.store.statements import statement
from bellbuoy.monitor.store.transaction import Transaction

SLICE = 200_000
"""New events that are looked through at once: with all that their interactions hold, what bounds the memory."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Whole interactions of which something new is known, and what is to be amended in them."""

    events: pa.Table
    wanted: pa.Table


def amend(appender: Appender, signals: Sequence[Signal], stop: Callable[[], bool] = lambda: False) -> int:
    """Look through what arrived since the last time, and amend the events that it says something of.

    The result depends on which events are stored and not on the order in which they came or on how often this ran. The counts of
    what changed are corrected at the minute of the amended event, by rows that become known now.

    Args:
        appender: of the store.
        signals: what is counted.
        stop: asked between transactions; true ends early.

    Returns:
        how many events were amended, or amended otherwise than before.

    Raises:
        StoreExhausted: disk or memory is used up; what was done stays done, the rest is done the next time.
    """
    if appender.says is None:
        with appender.engine.reader() as cursor:
            known = cursor.execute(statement("amend/says").replace("{trigger}", TRIGGER)).fetchall()
        appender.says = bool(appender.says or known)
    if not appender.says:
        return 0
    amended = 0
    for stream, since, until in list(_slices(appender)):
        if stop():
            break
        with appender.engine.reader() as cursor:
            found = _found(cursor, stream, since, until)
        draft = Draft()
        with appender.correction() as (tx, known_us):
            if found is not None:
                amended += _apply(tx, appender, signals, found, draft, known_us)
            tx.run("amend/forget_mark", stream=stream)
            tx.run("amend/set_mark", stream=stream, next=until)
        appender.registry.take(draft)
    return amended


def _slices(appender: Appender) -> Iterator[tuple[int, int, int]]:
    """Yield stream, first offset and end of what was not looked through yet, in pieces of about `SLICE` events."""
    for row in appender.engine.rows("amend/waiting"):
        first, until = row["first"], row["until"]
        step = -(-(until - first) * SLICE // max(row["n"], SLICE))
        for since in range(first, until, step):
            yield row["stream"], since, min(since + step, until)


def _found(cursor: duckdb.DuckDBPyConnection, stream: int, since: int, until: int) -> _Found | None:
    """Return the interactions that new events concern, and what is to be amended in them; None where there is none."""
    text = statement("amend/touched").replace("{trigger}", TRIGGER)
    touched = _table(cursor, text, stream=stream, since=since, until=until)
    if not touched.num_rows:
        return None
    labels = any(touched["label"].to_pylist())
    span = {"since": touched["since_us"][0].as_py(), "until": touched["until_us"][0].as_py()}
    cursor.register("touched", touched)
    # few columns of all events, then all columns of few days
    days = _table(cursor, statement("amend/days"), labels=labels, **span).to_pylist()
    parts = [_table(cursor, statement("amend/rows"), **day) for day in days]
    cursor.unregister("touched")
    if not parts:
        return None  # they have left meanwhile
    events = pa.concat_tables(parts)
    cursor.register("amending", events)
    wanted = _table(cursor, statement("amend/wanted"))
    cursor.unregister("amending")
    return _Found(events, wanted)


def _table(cursor: duckdb.DuckDBPyConnection, sql: str, **params: Any) -> pa.Table:
    return cursor.sql(sql, params=params or None).to_arrow_table()


def _apply(
    tx: Transaction, appender: Appender, signals: Sequence[Signal], found: _Found, draft: Draft, known_us: int
) -> int:
    """Write what is amended now, and the counts' difference; return how many events it concerns."""
    tx.show("amending", found.events)
    tx.show("wanted", found.wanted)
    changing = _table(tx.cursor, statement("amend/changed"))
    tx.show("changing", changing)
    if changing.num_rows:
        own = '(SELECT e.* FROM amending AS e JOIN changing AS c ON c.stream = e.stream AND c."offset" = e."offset" AND c.idx = e.idx)'
        relation = f"({overlay_sql(own, 'amended')})"
        before = count(tx, relation, signals, appender.registry, draft)
        tx.run("amend/drop")
        tx.run("amend/add")
        after = count(tx, relation, signals, appender.registry, draft)
        counts = difference(after, before)
        if len(counts.minute):
            tx.show("arriving_counts", counts.table(known_us))
            tx.run("store/add_counts")
        appender.save_series(tx, draft)
    for name in ("amending", "wanted", "changing"):
        tx.cursor.unregister(name)
    return int(changing.num_rows)
