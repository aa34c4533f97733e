"""Amends earlier events by what later ones say of them, and their counts by the difference."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from bellbuoy.monitor.signals import Signal
from bellbuoy.monitor.store.adding.append import Appender
from bellbuoy.monitor.store.adding.limits import Told
from bellbuoy.monitor.store.adding.registry import Draft
from bellbuoy.monitor.store.adding.rollup import count, difference
from bellbuoy.monitor.store.amending.closed import closing_sql
from bellbuoy.monitor.store.amending.closing import DAY_US, Closes, closes_by, closes_now, parts, silent, table
from bellbuoy.monitor.store.amending.overlay import overlay_sql
from bellbuoy.monitor.store.amending.triggers import TRIGGER
from bellbuoy.monitor.store.statements import statement
from bellbuoy.monitor.store.transaction import Transaction

SLICE = 200_000
"""New events that are looked through at once: with all that their interactions hold, what bounds the memory."""
OPEN = 200_000
"""Interactions that are closed at once, unless configured otherwise."""
_OWN = (
    "(SELECT e.* FROM (SELECT * FROM amending WHERE idx >= 0 UNION ALL BY NAME SELECT * FROM events_closed) AS e "
    'JOIN changing AS c ON c.stream = e.stream AND c."offset" = e."offset" AND c.idx = e.idx)'
)
"""The events that change, as they were sent or made."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Whole interactions of which something new is known, and what is to be said of them.

    Attributes:
        events: theirs, with the ends that nobody sent.
        closing: those ends alone.
        wanted: what is to be amended.
        lacks: which steps are missing.
    """

    events: pa.Table
    closing: pa.Table
    wanted: pa.Table
    lacks: pa.Table


def amend(
    appender: Appender,
    told: Told,
    until: int | None = None,
    *,
    most: int = OPEN,
    anew: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Look through what arrived since the last time, amend the events that it says something of, and close what fell silent.

    The result depends on which events are stored and on `until`, and not on the order in which they came or on how often this ran.
    The counts of what changed are corrected at the minute of the amended event, by rows that become known now.

    Args:
        appender: of the store.
        told: what is counted, and what is declared.
        until: no event of before is expected any more, epoch seconds: interactions that fell silent before are closed; None: none
            is that was not closed yet.
        most: interactions that are closed at once.
        anew: look at all interactions again, whether they are to be closed.
        stop: asked between transactions; true ends early.

    Returns:
        how many events were amended, or amended otherwise than before.

    Raises:
        StoreExhausted: disk or memory is used up; what was done stays done, the rest is done the next time.
    """
    now = closes_now(appender, told.rules)
    if appender.says is None:
        with appender.engine.reader() as cursor:
            known = cursor.execute(statement("amend/says").replace("{trigger}", TRIGGER)).fetchall()
        appender.says = bool(appender.says or known)
    if not appender.says and not now:
        return 0
    amended = 0
    for stream, since, end in list(_slices(appender)):
        if stop():
            return amended
        draft = Draft()
        with appender.engine.reader() as cursor:
            found = _new(cursor, now, stream, since, end, says=appender.says)
        with appender.correction() as (tx, known_us):
            if found is not None:
                amended += _apply(tx, appender, told.signals, found, draft, known_us)
            tx.run("amend/forget_mark", stream=stream)
            tx.run("amend/set_mark", stream=stream, next=end)
        appender.registry.take(draft)
    return amended + _close(appender, told.signals, now, closes_by(now, until, anew=anew), most, stop, anew=anew)


def _slices(appender: Appender) -> Iterator[tuple[int, int, int]]:
    """Yield stream, first offset and end of what was not looked through yet, in pieces of about `SLICE` events."""
    for row in appender.engine.rows("amend/waiting"):
        first, until = row["first"], row["until"]
        step = -(-(until - first) * SLICE // max(row["n"], SLICE))
        for since in range(first, until, step):
            yield row["stream"], since, min(since + step, until)


def _new(
    cursor: duckdb.DuckDBPyConnection, now: Sequence[Closes], stream: int, since: int, until: int, *, says: bool
) -> _Found | None:
    """Return the interactions that new events concern, and what is to be said of them; None where there is none."""
    place = {"stream": stream, "since": since, "until": until}
    (span,) = _table(cursor, statement("amend/span"), **place).to_pylist()
    if span["since_us"] is None:
        return None
    of = 'e.stream = $stream AND e."offset" >= $since AND e."offset" < $until'
    reached = [replace(one, since_us=one.first_us) for one in now if one.until_us > span["since_us"] + DAY_US]
    cursor.register("silent", silent(cursor, reached, of, **place))
    text = statement("amend/touched").replace("{trigger}", TRIGGER if says else "false")
    touched = _table(cursor, text, **place, **span)
    cursor.unregister("silent")
    return _found(cursor, touched, now, **span)


def _close(
    appender: Appender,
    signals: Sequence[Signal],
    now: Sequence[Closes],
    closes: Sequence[Closes],
    most: int,
    stop: Callable[[], bool],
    *,
    anew: bool,
) -> int:
    """Close what fell silent, and note how far that is; return how many events changed."""
    amended = 0
    if anew:
        with appender.engine.reader() as cursor:
            amended += _closed(appender, signals, _table(cursor, statement("amend/closed")), closes, most)
    reached = {one.workflow: one for one in now}
    of = "e.ts >= make_timestamp(CAST($since AS BIGINT)) AND e.ts < make_timestamp(CAST($until AS BIGINT))"
    for part in parts(closes, appender.engine):
        if stop():
            break
        span = {"since": min(one.since_us for one in part), "until": max(one.until_us for one in part)}
        with appender.engine.reader() as cursor:
            touched = silent(cursor, part, of, **span)
        amended += _closed(appender, signals, touched, part, most)
        for one in part:
            until = max(one.until_us, reached[one.workflow].until_us)
            reached[one.workflow] = replace(one, since_us=until, until_us=until)
        with appender.engine.transaction() as tx:
            tx.run("amend/forget_closed_to")
            rows = [{"workflow": one.workflow, "first": one.first_us, "next": one.until_us} for one in reached.values()]
            tx.insert("closed_to", rows)
    return amended


def _closed(
    appender: Appender, signals: Sequence[Signal], touched: pa.Table, closes: Sequence[Closes], most: int
) -> int:
    """Close those of some interactions that are to be closed; return how many events changed."""
    amended = 0
    for first in range(0, touched.num_rows, most):
        draft = Draft()
        with appender.engine.reader() as cursor:
            found = _found(cursor, touched.slice(first, most), closes, since_us=0, until_us=0)
        if found is not None:
            with appender.correction() as (tx, known_us):
                amended += _apply(tx, appender, signals, found, draft, known_us, judged=True)
            appender.registry.take(draft)
    return amended


def _found(
    cursor: duckdb.DuckDBPyConnection, touched: pa.Table, closes: Sequence[Closes], *, since_us: int, until_us: int
) -> _Found | None:
    """Return interactions with what is to be said of them; None where there is none of them."""
    if not touched.num_rows:
        return None
    whole = any(touched["whole"].to_pylist())
    cursor.register("touched", touched)
    # few columns of all events, then all columns of few days
    days = _table(cursor, statement("amend/days"), whole=whole, since_us=since_us, until_us=until_us).to_pylist()
    found = [_table(cursor, statement("amend/rows"), **day) for day in days]
    cursor.unregister("touched")
    if not found:
        return None  # they have left meanwhile
    events = pa.concat_tables(found)
    cursor.register("closes", table(closes))
    cursor.register("amending", events)
    closing = _table(cursor, closing_sql())
    events = pa.concat_tables([events, closing], promote_options="default")
    cursor.register("amending", events)
    wanted = _table(cursor, statement("amend/wanted"))
    cursor.register("wanted", wanted)
    lacks = _table(cursor, statement("amend/lacks"))
    for name in ("closes", "amending", "wanted"):
        cursor.unregister(name)
    return _Found(events, closing, wanted, lacks)


def _table(cursor: duckdb.DuckDBPyConnection, sql: str, **params: Any) -> pa.Table:
    return cursor.sql(sql, params=params or None).to_arrow_table()


def _apply(
    tx: Transaction,
    appender: Appender,
    signals: Sequence[Signal],
    found: _Found,
    draft: Draft,
    known_us: int,
    *,
    judged: bool = False,
) -> int:
    """Write what is said now, and the counts' difference; return how many events it concerns.

    What is closed at minutes that are `judged` already (a store of before, a pause) is taken for judged with them: it did not come late.
    """
    tx.show("amending", found.events)
    held = _table(tx.cursor, statement("amend/held"))
    shown = {
        "held": held,
        "closing": found.closing.select(held.column_names),
        "wanted": found.wanted,
        "lacks": found.lacks,
    }
    for name, rows in shown.items():
        tx.show(name, rows)
    changing = _table(tx.cursor, statement("amend/changed"))
    tx.show("changing", changing)
    if changing.num_rows:
        relation = f"({overlay_sql(_OWN)})"
        before = count(tx, relation, signals, appender.registry, draft)
        for name in ("drop", "drop_lacking", "drop_closed", "add", "add_lacking", "add_closed"):
            tx.run(f"amend/{name}")
        after = count(tx, relation, signals, appender.registry, draft)
        counts = difference(after, before)
        if len(counts.minute):
            marks = np.full(len(counts.minute), known_us)
            if judged:
                (reached,) = tx.rows("aging/folded")
                if reached["folded"] is not None:
                    marks[counts.minute < reached["judged"]] = reached["folded"]
            tx.show("arriving_counts", counts.table(marks))
            tx.run("store/add_counts")
        appender.save_series(tx, draft)
    for name in ("amending", *shown, "changing"):
        tx.cursor.unregister(name)
    return int(changing.num_rows)
