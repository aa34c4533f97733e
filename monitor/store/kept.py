"""The tables of the events: each has the columns that some event brought so far; the view `events_raw` has all there are.

An event has 75 fields and a log uses about 25 of them. A column that is NULL in every row still costs when rows are
added: an eighth of the time of the whole ingest, and half of what DuckDB remembers of the rows it wrote.

A column that is added to a table costs memory for every row that is there, 13 bytes for a number, all at once: of a large
table more than `store.memory_limit`. So a new column finds few rows: a table of many is laid aside as it is, under a name
with a number, and a new one goes on. One that is laid aside leaves when retention has emptied it.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import duckdb
import pyarrow as pa

from bellbuoy.monitor.event import COLUMNS, create_table_sql
from bellbuoy.monitor.event.columns import HEAD, quoted
from bellbuoy.monitor.store.amending import closed
from bellbuoy.monitor.store.amending.closed import CLOSED
from bellbuoy.monitor.store.amending.overlay import SHOWN, overlay_sql
from bellbuoy.monitor.store.statements import statement
from bellbuoy.monitor.store.transaction import Transaction

KEPT = "events_kept"
"""Where events are added; a table laid aside is called the same with `_` and its number."""
ALL = "events_raw"
PLACES = "events_places"
"""The view of where each event is: `part` and `place` in it, in the order of arrival."""
VALUES = 500_000
"""How many values of rows that are there a transaction may add by new columns: 7 MB of numbers."""
ADDED = {
    "latency_limit_ms": "DOUBLE",
    "declared": "BOOLEAN",
    "knowledge_states": "VARCHAR[]",
    "integration_limit_ms": "DOUBLE",
    "token_state": "VARCHAR",
    "action_state": "VARCHAR",
    "required_steps": "VARCHAR[]",
}
"""Columns that the store computes at arrival."""
BRIEF = "events_brief"
"""The view of what tells which interactions are to be looked at whole: DuckDB plans a statement sooner that sees few columns."""
_BRIEF = (
    "stream", "offset", "ts", "type", "workflow", "interaction_id", "step", "attempt", "outcome", "failure_branch", "slots_asked",
    "handoff", "required_steps",
)  # fmt: skip
HELD = "events_held"
"""The view of what is looked at of interactions, the store's ends among them: without what no event has, but for what a look asks for."""
_ASKED = (
    *_BRIEF, "idx", "event_id", "received_at", "counted", "step_index", "outcome_source", "end_reason", "path", "slots_filled", "reask",
    "retried", "handoff", "route", "branch_target_met", "attributes", "of_event_id", "route_expected", "handoff_accepted",
)  # fmt: skip
IDENTITY = 'event_id, received_at, stream, "offset", idx'
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
    if not columns(con, CLOSED):
        con.execute(create_table_sql(CLOSED, closed.COLUMNS))
    if (
        shown != list(wanted)
        or not columns(con, PLACES)
        or not columns(con, BRIEF)
        or _mark(con) != _held(con)[1]
        or not set(SHOWN) <= set(columns(con, "events"))
    ):
        _show(con)


def columns(con: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Return the columns of a table or view, in order; none where there is no such thing."""
    return [column for column, _ in con.execute(statement("store/columns"), {"name": name}).fetchall()]


def tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the tables that hold events, in the order of arrival: those that are laid aside, and the one in use."""
    return [name for (name,) in con.execute(statement("store/tables"), {"name": KEPT}).fetchall()]


def hold(tx: Transaction, names: Sequence[str]) -> None:
    """Let what is added from now on have more columns; each is NULL in the rows that are there."""
    con, known = tx.cursor, kinds()
    rows = con.execute(f"SELECT count(*) FROM {KEPT}").fetchall()[0][0]  # noqa: S608 - our own names
    if rows * len(names) > VALUES:
        names = [name for name in [*columns(con, KEPT), *names] if name in known]
        _lay_aside(con)
    have = columns(con, KEPT)
    for name in names:
        if name not in have:
            con.execute(f"ALTER TABLE {KEPT} ADD COLUMN {quoted(name)} {known[name]}")
    _show(con)


def _lay_aside(con: duckdb.DuckDBPyConnection) -> None:
    *aside, _ = tables(con)
    number = 1 + max((int(name.removeprefix(f"{KEPT}_")) for name in aside), default=0)
    con.execute(f"ALTER TABLE {KEPT} RENAME TO {KEPT}_{number}")
    con.execute(create_table_sql(KEPT, FIRST))


def delete(tx: Transaction, name: str, /, **params: Any) -> int:
    """Execute `sql/NAME.sql` on each table of events, and return how many rows left; the statement names the one in use."""
    text, gone = statement(name), 0
    for table in tables(tx.cursor):
        gone += tx.cursor.execute(text.replace(KEPT, table), params or None).fetchall()[0][0]
    tx.left += gone
    return gone


def shed(tx: Transaction) -> None:
    """Drop what is laid aside and empty."""
    *aside, _ = tables(tx.cursor)
    empty = [name for name in aside if not tx.cursor.execute(f"FROM {name} LIMIT 1").fetchall()]
    for name in empty:
        tx.cursor.execute(f"DROP TABLE {name}")
    if empty:
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
    """Make the views of all events anew, and those that are made of them."""
    parts = tables(con)
    chosen = [f"SELECT {', '.join(_chosen(kinds(), columns(con, part)))} FROM {part}" for part in parts]  # noqa: S608 - our own names
    con.execute(f"CREATE OR REPLACE VIEW {ALL} AS {' UNION ALL '.join(chosen)}")
    brief = {name: kind for name, kind in kinds().items() if name in _BRIEF}
    chosen = [f"SELECT {', '.join(_chosen(brief, columns(con, part)))} FROM {part}" for part in parts]  # noqa: S608 - our own names
    con.execute(f"CREATE OR REPLACE VIEW {BRIEF} AS {' UNION ALL '.join(chosen)}")
    text, mark = _held(con)
    con.execute(f"CREATE OR REPLACE VIEW {HELD} AS {text}")
    con.execute(f"COMMENT ON VIEW {HELD} IS '{mark}'")
    placed = [f"SELECT {at} AS part, rowid AS place, {IDENTITY} FROM {part}" for at, part in enumerate(parts)]  # noqa: S608 - our own names
    con.execute(f"CREATE OR REPLACE VIEW {PLACES} AS {' UNION ALL '.join(placed)}")
    if columns(con, "lacking"):  # not before the migration that makes it
        both = f"(SELECT * FROM {ALL} UNION ALL BY NAME SELECT * FROM {CLOSED})"  # noqa: S608 - our own names
        con.execute(f"CREATE OR REPLACE VIEW events AS {overlay_sql(both)}")
        con.execute(statement("store/view_interactions"))


def _held(con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """Return the statement of the view `HELD` for the tables that there are, and what tells it from others."""
    parts = tables(con)
    have = {part: columns(con, part) for part in (*parts, CLOSED)}
    held = {name: kind for name, kind in kinds().items() if name in _ASKED or any(name in have[part] for part in parts)}
    text = " UNION ALL ".join(f"SELECT {', '.join(_chosen(held, names))} FROM {part}" for part, names in have.items())  # noqa: S608 - our own names
    return text, blake2b(text.encode(), digest_size=16).hexdigest()


def _mark(con: duckdb.DuckDBPyConnection) -> str | None:
    """Return what the view `HELD` was marked with when it was made; an earlier version may have changed the tables since."""
    found = con.execute("SELECT comment FROM duckdb_views() WHERE view_name = ?", [HELD]).fetchone()
    return None if found is None else found[0]


def _chosen(wanted: Mapping[str, str], have: Container[str]) -> Iterable[str]:
    for name, kind in wanted.items():
        yield quoted(name) if name in have else f"CAST(NULL AS {kind}) AS {quoted(name)}"
