"""The door for a person's SQL: reads of the published views, within limits, and nothing else."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.store.door.excess import excess
from bellbuoy.monitor.store.door.gate import QueryRefused
from bellbuoy.monitor.store.door.tree import objection, serialized
from bellbuoy.monitor.store.door.watch import Watched
from bellbuoy.monitor.store.engine import Engine
from bellbuoy.monitor.store.statements import statement

PUBLISHED = (
    "events",
    "interactions",
    "minutes",
    "rates",
    "trials",
    "latencies",
    "series",
    "verdicts",
    "calibrations",
    "incidents",
    "changes",
    "deliveries",
    "silences",
    "dead_letters",
    "streams",
    "notes",
    "exports",
)
"""What may be read."""

__all__ = ["PUBLISHED", "Answer", "Bounds", "QueryRefused", "ask"]

SLICE_ROWS = 2048
ERROR_CHARS = 400
"""Longest text of an error: DuckDB's may carry the value that it is about."""
FAULTS = (duckdb.Error, pa.ArrowException, MemoryError, RuntimeError, OSError, ValueError)
"""What DuckDB and Arrow raise when a query fails; Arrow wraps DuckDB's errors into its own."""
LOST = (duckdb.FatalException, duckdb.IOException)
"""Of these the ones that may tell of the file: other errors carry the asker's own words, which could say anything."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave.

    Attributes:
        columns: names, in order; they may repeat.
        types: DuckDB's names of their types.
        rows: the rows.
        truncated: true when a limit cut them off.
        took_ms: milliseconds.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: pa.Table
    truncated: bool
    took_ms: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one query, named as the keys of `query:`.

    Attributes:
        seconds: how long it may run, and how long it may wait for a place before.
        rows: how many rows the answer may have; what is past them is cut off and told.
        bytes: how large it may become, likewise.
        text: bytes of its text.
        at_once: how many run at the same time.
        waiting: how many more may wait.
    """

    seconds: float = 10.0
    rows: int = 100_000
    bytes: int = 64 << 20
    text: int = 16 << 10
    at_once: int = 2
    waiting: int = 8


def ask(
    store: Engine,
    sql: str,
    *,
    explain: bool = False,
    on_stuck: Callable[[str], None] | None = None,
    gone: threading.Event | None = None,
    limit: str = "`query.seconds`",
    **limits: Any,
) -> Answer:
    """Answer one SELECT over the published views.

    Args:
        store: an open store, for reading or writing.
        sql: the text.
        explain: answer with the plan, and run nothing.
        on_stuck: told when the query could be stopped by nothing; its thread, its cursor and its place are lost then,
            and the process must end.
        gone: set when nobody waits for the answer any more: the query is interrupted, or gives up its turn.
        limit: what to raise for more time, in words.
        limits: see `Bounds`.

    Raises:
        QueryRefused: it is not allowed, takes too long, finds no place, DuckDB reports an error, or nobody waits for
            it any more.
        StoreError: DuckDB has given up on the file, and it cannot be opened anew; or it is damaged.
    """
    bounds = Bounds(**limits)
    clock = SystemClock()
    began = clock.monotonic()
    with store.gate.passed(bounds.at_once, bounds.seconds, bounds.waiting, gone):
        life = store.life
        try:
            table, types, truncated = _watched(store, sql, bounds, explain, on_stuck, gone, limit)
        except QueryRefused as refusal:
            if refusal.result not in {"error", "refused"} or not store.renewed(life):
                raise
            table, types, truncated = _watched(store, sql, bounds, explain, on_stuck, gone, limit)
    took = (clock.monotonic() - began) * 1000
    return Answer(tuple(table.column_names), types, table, truncated, took)


def _watched(
    store: Engine,
    sql: str,
    bounds: Bounds,
    explain: bool,
    on_stuck: Callable[[str], None] | None,
    gone: threading.Event | None,
    limit: str,
) -> tuple[pa.Table, tuple[str, ...], bool]:
    """Run it once, on a cursor and a thread of its own."""
    try:
        cursor = store.new_cursor()
    except duckdb.Error as error:  # the file is not open at present
        raise QueryRefused("error", _told(error)) from error
    watched = Watched(lambda: _answered(store, cursor, sql, bounds, explain, watched.late), cursor.interrupt)
    try:
        return watched.result(bounds.seconds, limit=limit, gone=gone)
    except QueryRefused as refusal:
        if refusal.result == "stuck":
            store.abandon(cursor)
            if on_stuck is not None:
                on_stuck(sql)
        raise
    finally:
        if not watched.thread.is_alive():
            store.drop_cursor(cursor)


def _answered(
    store: Engine, cursor: duckdb.DuckDBPyConnection, sql: str, bounds: Bounds, explain: bool, late: threading.Event
) -> tuple[pa.Table, tuple[str, ...], bool]:
    try:
        _judge(cursor, sql, bounds.text)
        return _run(cursor, f"EXPLAIN {sql}" if explain else sql, bounds, late)
    except FAULTS as error:
        if isinstance(error, LOST):
            store.heard(error)
        raise QueryRefused("error", _told(error)) from error


def _judge(cursor: duckdb.DuckDBPyConnection, sql: str, most: int) -> None:
    size = len(sql.encode("utf-8", "replace"))
    if size > most:
        raise QueryRefused("refused", f"the text has {size} bytes, {most} are allowed (query.text)")
    if "\0" in sql:
        raise QueryRefused("refused", "the text has a NUL character; what stands behind it would not be read")
    statements = cursor.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(one.type.name for one in statements[:5]) or "nothing"
        raise QueryRefused("refused", f"exactly one SELECT is allowed; this is {kinds}")
    try:
        tree = serialized(cursor, sql)
        taken = {name.lower() for (name,) in cursor.execute(statement("store/names")).fetchall()}
        why = objection(tree, PUBLISHED, taken)
        grown = excess(tree) if why is None else None
    except RecursionError:
        raise QueryRefused("refused", "nested too deeply") from None
    except ValueError as error:
        raise QueryRefused("refused", f"only SELECT is offered: {_told(error)}") from error
    if why is not None:
        raise QueryRefused(
            "refused", f"{why}; tables: {', '.join(PUBLISHED)}; `bellbuoy schema tables` shows their columns"
        )
    if grown is not None:
        raise QueryRefused("refused", grown)


def _run(
    cursor: duckdb.DuckDBPyConnection, sql: str, bounds: Bounds, late: threading.Event
) -> tuple[pa.Table, tuple[str, ...], bool]:
    try:
        cursor.execute("BEGIN TRANSACTION READ ONLY")
        relation = cursor.sql(sql)
        if relation is None:
            raise QueryRefused("refused", "this answers nothing")
        reader = relation.to_arrow_reader(SLICE_ROWS)
        table, truncated = _gathered(reader, bounds.rows, bounds.bytes, late)
        return table, tuple(str(kind) for kind in relation.types), truncated
    finally:
        with suppress(duckdb.Error):
            cursor.execute("ROLLBACK")


def _gathered(reader: pa.RecordBatchReader, rows: int, size: int, late: threading.Event) -> tuple[pa.Table, bool]:
    parts: list[pa.RecordBatch] = []
    have, weight = 0, 0
    for part in reader:
        if late.is_set():
            raise RuntimeError("late")
        parts.append(part)
        have += part.num_rows
        weight += part.nbytes
        if have > rows or weight > size:
            break
    else:
        return pa.Table.from_batches(parts, reader.schema), False
    keep = min(rows, have)
    if weight > size:
        last = parts[-1]
        keep = min(keep, have - last.num_rows + int(last.num_rows * (size - weight + last.nbytes) / last.nbytes))
    return pa.Table.from_batches(parts, reader.schema).slice(0, keep), True


def _told(error: BaseException) -> str:
    return str(error).split("\n", 1)[0][:ERROR_CHARS]
