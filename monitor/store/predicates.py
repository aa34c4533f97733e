"""Looks at the predicates of a signal before anything is counted with them."""

from typing import Any

import duckdb

from bellbuoy.monitor.signals import EXPLODED, Signal, SignalError, rollup_sql
from bellbuoy.monitor.store.door.tree import dicts, objection, serialized
from bellbuoy.monitor.store.engine import Engine

CHANGING = frozenset(["now", "today", "get_current_timestamp", "current_date", "age"])
"""Functions whose value depends on when they are asked: a recount would give other counts."""


def check(engine: Engine, signal: Signal) -> None:
    """Judge trial and bad by their trees, then prepare them against the columns of `events`.

    Raises:
        SignalError: one of them asks other tables, looks at other rows or at the time, calls what is not offered, is
            not understood, or is not true or false.
    """
    cursor = engine.new_cursor()
    try:
        for part, sql in (("trial", signal.trial), ("bad", signal.bad)):
            if sql is None or signal.level == EXPLODED:  # one of our own, whose relation is no table
                continue
            text = f"SELECT ({sql}\n) AS held FROM events"  # noqa: S608 - judged in the next lines, before anything runs
            try:
                why = _wrong(serialized(cursor, text))
                kind = None if why else str(cursor.sql(text + " LIMIT 0").types[0])
            except (ValueError, duckdb.Error) as error:
                why, kind = str(error).split("\n", 1)[0], None
            if kind not in (None, "BOOLEAN"):
                why = f"gives {kind}, not true or false"
            if why is not None:
                raise SignalError(f"signals: {signal.name}: {part}: {why}")
        try:
            cursor.sql(rollup_sql([signal], "events") + " LIMIT 0")
        except duckdb.Error as error:
            raise SignalError(f"signals: {signal.name}: {str(error).splitlines()[0]}") from error
    finally:
        engine.drop_cursor(cursor)


def _wrong(tree: Any) -> str | None:
    if len(tree["statements"]) != 1:
        return "one expression is wanted"
    for part in dicts(tree):
        if part.get("class") in ("SUBQUERY", "WINDOW"):
            return "a predicate looks at one event: no subqueries, no window functions"
        if str(part.get("function_name")).lower() in CHANGING:
            return f"{part['function_name']!r} changes from call to call; use `ts` and `received_at`"
    return objection(tree, ["events"], ["events"])
