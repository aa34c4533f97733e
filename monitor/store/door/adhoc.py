"""The door for a person's SQL: reads of the published views, within limits, and nothing else."""

import threading
from contextlib import suppress
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.store.door.gate import QueryRefused
from bellbuoy.monitor.store.door.tree import objection, serialized
from bellbuoy.monitor.store.engine import Engine

PUBLISHED = (
    "events",
    "interactions",
    "minutes",
    "rates",
    "trials",
    "series",
    "verdicts",
    "incidents",
    "changes",
    "deliveries",
    "dead_letters",
    "streams",
    "notes",
)
"""What may be read."""

__all__ = ["PUBLISHED", "Answer", "QueryRefused", "ask"]

TEXT_BYTES = 16 << 10
SLICE_ROWS = 2048


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


def ask(
    store: Engine,
    sql: str,
    *,
    seconds: float = 10.0,
    rows: int = 100_000,
    bytes: int = 64 << 20,  # noqa: A002 - named as the key `query.bytes`
    at_once: int = 2,
) -> Answer:
    """Answer one SELECT over the published views.

    Args:
        store: an open store, for reading or writing.
        sql: the text.
        seconds: how long it may run.
        rows: how many rows the answer may have; what is past them is cut off and told.
        bytes: how large it may become, likewise.
        at_once: how many queries run at the same time; eight more wait.

    Raises:
        QueryRefused: it is not allowed, takes too long, finds no place, or DuckDB reports an error.
    """
    clock = SystemClock()
    began = clock.monotonic()
    with store.gate.passed(at_once, seconds):
        cursor = store.new_cursor()
        try:
            _judge(store, cursor, sql)
            table, types, truncated = _run(cursor, sql, seconds, rows, bytes)
        finally:
            store.drop_cursor(cursor)
    took = (clock.monotonic() - began) * 1000
    return Answer(tuple(table.column_names), types, table, truncated, took)


def _judge(store: Engine, cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    size = len(sql.encode("utf-8", "replace"))
    if size > TEXT_BYTES:
        raise QueryRefused("refused", f"the text has {size} bytes, {TEXT_BYTES} are allowed")
    try:
        statements = cursor.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryRefused("error", _first_line(error)) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(one.type.name for one in statements[:5]) or "nothing"
        raise QueryRefused("refused", f"exactly one SELECT is allowed; this is {kinds}")
    try:
        tree = serialized(cursor, sql)
    except ValueError as error:
        raise QueryRefused("refused", f"only SELECT is offered: {error}") from error
    why = objection(tree, PUBLISHED, store.names)
    if why is not None:
        raise QueryRefused(
            "refused", f"{why}; tables: {', '.join(PUBLISHED)}; `bellbuoy schema tables` shows their columns"
        )


def _run(
    cursor: duckdb.DuckDBPyConnection, sql: str, seconds: float, rows: int, size: int
) -> tuple[pa.Table, tuple[str, ...], bool]:
    late = threading.Event()

    def stop() -> None:
        late.set()
        cursor.interrupt()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        cursor.execute("BEGIN TRANSACTION READ ONLY")
        relation = cursor.sql(sql)
        reader = relation.to_arrow_reader(SLICE_ROWS)
        table, truncated = _gathered(reader, rows, size, late)
        return table, tuple(str(kind) for kind in relation.types), truncated
    except (duckdb.Error, pa.ArrowException, MemoryError, RuntimeError) as error:
        if late.is_set():
            raise QueryRefused(
                "timeout", f"longer than {seconds:g} s; ask for less, or raise `query.seconds`"
            ) from error
        raise QueryRefused("error", _first_line(error)) from error
    finally:
        timer.cancel()
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
        keep = min(
            keep,
            have - parts[-1].num_rows + int(parts[-1].num_rows * (size - weight + parts[-1].nbytes) / parts[-1].nbytes),
        )
    return pa.Table.from_batches(parts, reader.schema).slice(0, keep), True


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0]
