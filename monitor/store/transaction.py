"""One write transaction: the statements and rows that go into the file together."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
import pyarrow as pa

from bellbuoy.monitor.store.statements import statement


class Transaction:
    """One write transaction: everything in it is stored, or nothing.

    Attributes:
        cursor: where it runs.
        events: rows of events added by it.
        left: rows of events deleted by it.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor = cursor
        self.events = 0
        self.left = 0

    def run(self, name: str, /, **params: Any) -> int:
        """Execute `sql/NAME.sql` and return how many rows it changed (0 where DuckDB does not tell)."""
        found = self.cursor.execute(statement(name), params or None).fetchall()
        return int(found[0][0]) if len(found) == 1 and len(found[0]) == 1 and isinstance(found[0][0], int) else 0

    def rows(self, name: str, /, **params: Any) -> list[dict[str, Any]]:
        """Return the rows of `sql/NAME.sql`, seeing what this transaction has written."""
        return dicts(self.cursor, statement(name), params)

    def insert(self, table: str, rows: pa.Table | Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a table, by the names of the columns; columns not named are NULL or their default.

        Args:
            table: its name.
            rows: an Arrow table, or dicts that all have the keys of the first one. Instants are datetimes in UTC
                without a zone, or whole microseconds.

        Raises:
            KeyError: a key is no column of the table.
        """
        if not isinstance(rows, pa.Table):
            if not rows:
                return
            columns = f'SELECT * FROM "{table}" LIMIT 0'  # noqa: S608 - our own names
            schema = self.cursor.sql(columns).to_arrow_table().schema
            wanted = pa.schema([schema.field(key) for key in rows[0]])
            rows = pa.Table.from_pylist([dict(row) for row in rows], schema=wanted)
        with self.registered(rows) as view:
            self.cursor.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM {view}')  # noqa: S608 - our own names

    def show(self, name: str, table: pa.Table) -> None:
        """Let SQL see an Arrow table under a name until another takes its place: one call less than `registered`.

        Each call into DuckDB gives the interpreter away, and a busy thread takes its time to give it back.
        """
        self.cursor.register(name, table)

    @contextmanager
    def registered(self, table: pa.Table) -> Iterator[str]:
        """Let SQL see an Arrow table under the name given back, while the block runs."""
        view = f"arrow_{uuid.uuid4().hex}"
        self.cursor.register(view, table)
        try:
            yield view
        finally:
            with suppress(duckdb.Error):  # after a failure the transaction may refuse; the rollback drops it
                self.cursor.unregister(view)


def dicts(cursor: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Execute a statement and return its rows as dicts."""
    found = cursor.execute(sql, dict(params) or None)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
