"""The table of the events: it has the columns that some event brought so far; the view `events_raw` has all there are.

An event has 75 fields and a log uses about 25 of them. A column that is NULL in every row still costs when rows are
added: an eighth of the time of the whole ingest, and half of what DuckDB remembers of the rows it wrote.
"""

from collections.abc import Iterable, Mapping

import duckdb
import pyarrow as pa

from bellbuoy.monitor.event import COLUMNS, create_table_sql
from bellbuoy.monitor.event.columns import HEAD, quoted
from bellbuoy.monitor.store.statements import statement
from bellbuoy.monitor.store.transaction import Transaction

KEPT = "events_kept"
ALL = "events_raw"
ADDED = {"latency_limit_ms": "DOUBLE"}
"""Columns that the store computes at arrival."""
FIRST = ("event_id", "step", "outcome")
"""Columns that are there from the beginning, beside those that no event lacks."""


def kinds() -> dict[str, str]:
    """Return the DuckDB type of every column that an event can have, by name, in order."""
    return {name: sql for name, _, sql in HEAD} | {column.name: column.sql for column in COLUMNS} | ADDED


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table and its view, or bring them to what an event is in this version. A transaction is open."""
    wanted, have, shown = kinds(), columns(con, KEPT), columns(con, ALL)
    if not have and shown:  # a store of schema 3 or earlier: one table of all columns
        con.execute(f"ALTER TABLE {ALL} RENAME TO {KEPT}")
        have, shown = shown, []
    if not have:
        con.execute(create_table_sql(KEPT, FIRST))
    if shown != list(wanted):
        _show(con)


def columns(con: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Return the columns of a table or view, in order; none where there is no such thing."""
    return [column for column, _ in con.execute(statement("store/columns"), {"name": name}).fetchall()]


def hold(tx: Transaction, names: Iterable[str]) -> None:
    """Give the table more columns; each is NULL in the rows that are there."""
    known = kinds()
    for name in names:
        tx.cursor.execute(f"ALTER TABLE {KEPT} ADD COLUMN {quoted(name)} {known[name]}")
    _show(tx.cursor)


def keep(tx: Transaction, table: pa.Table) -> None:
    """Add rows, and the columns that they are the first to bring.

    Args:
        tx: the transaction.
        table: columns of `events_raw`; those that it lacks are NULL.
    """
    have = columns(tx.cursor, KEPT)
    new = [name for name in brought(table) if name not in have]
    if new:
        hold(tx, new)
    tx.insert(KEPT, table.select([name for name in table.column_names if name in {*have, *new}]))


def brought(table: pa.Table) -> list[str]:
    """Return the columns that have a value in some row."""
    return [name for name in table.column_names if table[name].null_count < table.num_rows]


def _show(con: duckdb.DuckDBPyConnection) -> None:
    """Make the view of all columns anew, and those that are made of it."""
    have = frozenset(columns(con, KEPT))
    con.execute(f"CREATE OR REPLACE VIEW {ALL} AS SELECT {', '.join(_chosen(kinds(), have))} FROM {KEPT}")  # noqa: S608 - our own names
    for name in ("store/view_events", "store/view_interactions"):
        con.execute(statement(name))


def _chosen(wanted: Mapping[str, str], have: frozenset[str]) -> Iterable[str]:
    for name, kind in wanted.items():
        yield quoted(name) if name in have else f"CAST(NULL AS {kind}) AS {quoted(name)}"
