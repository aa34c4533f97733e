"""The one DuckDB instance of a process: opening it safely, one writer, a cursor for each reading thread."""

import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import duckdb
import pandas as pd
import pyarrow as pa

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store.door.gate import Gate
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.store.migrate import migrate
from bellbuoy.monitor.store.opening import connect, release, settle
from bellbuoy.monitor.store.statements import statement

_gate = threading.Lock()


class Transaction:
    """One write transaction: everything in it is stored, or nothing."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor = cursor

    def run(self, name: str, /, **params: Any) -> int:
        """Execute `sql/NAME.sql` and return how many rows it changed (0 where DuckDB does not tell)."""
        found = self.cursor.execute(statement(name), params or None).fetchall()
        return int(found[0][0]) if len(found) == 1 and len(found[0]) == 1 and isinstance(found[0][0], int) else 0

    def rows(self, name: str, /, **params: Any) -> list[dict[str, Any]]:
        """Return the rows of `sql/NAME.sql`, seeing what this transaction has written."""
        return _rows(self.cursor, statement(name), params)

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


class Engine:
    """An open store: settings locked, schema migrated, one writer at a time.

    Attributes:
        path, settings, read_only: as opened.
        schema: number of the last migration.
        names: all tables and views there are, DuckDB's own too, in small letters.
        gate: how many ad hoc queries run.
    """

    def __init__(self, path: Path | None, settings: Settings, *, read_only: bool) -> None:
        self.path = path
        self.settings = settings
        self.read_only = read_only
        self.gate = Gate()
        self._lock = threading.Lock()
        self._writer_thread: int | None = None
        self._local = threading.local()
        self._cursors: list[tuple[threading.Thread, duckdb.DuckDBPyConnection]] = []
        self._db = connect(path, read_only=read_only)
        try:
            settle(self._db, path, settings)
            self.schema = migrate(self._db, str(path or "memory"), read_only=read_only)
            found = self._db.execute(statement("store/names")).fetchall()
            self.names = frozenset(name.lower() for (name,) in found)
            self._db.execute("SET lock_configuration = true")
        except BaseException:
            self._db.close()
            release(path)
            raise

    @classmethod
    def open(cls, path: Path | None, settings: Settings | None = None, *, read_only: bool = False) -> Self:
        """Open the store at `path` (None: in memory), making folder and file where they are missing.

        Raises:
            StoreLocked: another process, or another object of this one, has it.
            StoreNewer, StoreOlder, StoreForeign, StoreMissing: see `bellbuoy.monitor.store.errors`.
        """
        if path is not None:
            path = Path(path).absolute()
        return cls(path, Settings() if settings is None else settings, read_only=read_only)

    @contextmanager
    def transaction(self, *, commit: bool = True) -> Iterator[Transaction]:
        """Hold the writer's lock and one transaction: committed at the end, rolled back on an exception.

        Args:
            commit: false rolls back at the end: a trial.

        Raises:
            RuntimeError: this thread is in a transaction already.
            StoreExhausted: disk or memory is used up; nothing was written.
        """
        if self._writer_thread == threading.get_ident():
            raise RuntimeError("a transaction is open in this thread already; pass it on instead of opening another")
        with self._lock:
            self._writer_thread = threading.get_ident()
            try:
                self._db.execute("BEGIN TRANSACTION")
                try:
                    yield Transaction(self._db)
                    self._db.execute("COMMIT" if commit else "ROLLBACK")
                except BaseException as error:
                    with suppress(duckdb.Error):  # a failed COMMIT has rolled back by itself
                        self._db.execute("ROLLBACK")
                    if exhausted(error):
                        raise StoreExhausted(f"{self.path or 'memory'}: disk or memory is used up: {error}") from error
                    raise
            finally:
                self._writer_thread = None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return the calling thread's own cursor for reading."""
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self.new_cursor()
            self._local.cursor = cursor
        return cursor

    def new_cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new cursor that `close` will close; cursors of threads that have ended are closed now."""
        with _gate:
            cursor = self._db.cursor()
            for thread, old in self._cursors:
                if not thread.is_alive():
                    old.close()
            self._cursors = [(thread, old) for thread, old in self._cursors if thread.is_alive()]
            self._cursors.append((threading.current_thread(), cursor))
        return cursor

    def drop_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Close a cursor of `new_cursor` before its thread ends."""
        with _gate:
            self._cursors = [(thread, one) for thread, one in self._cursors if one is not cursor]
        cursor.close()

    def rows(self, name: str, /, **params: Any) -> list[dict[str, Any]]:
        """Return the rows of `sql/NAME.sql` as dicts, read on the calling thread's own cursor."""
        return _rows(self.cursor(), statement(name), params)

    def frame(self, name: str, /, **params: Any) -> pd.DataFrame:
        """Return the rows of `sql/NAME.sql` as a pandas frame."""
        return self.cursor().execute(statement(name), params or None).df()

    def arrow(self, name: str, /, **params: Any) -> pa.Table:
        """Return the rows of `sql/NAME.sql` as an Arrow table."""
        return self.cursor().sql(statement(name), params=params or None).to_arrow_table()

    def close(self) -> None:
        """Bring the file up to date with its log and let go of it; a second call does nothing."""
        with self._lock, _gate:
            for _, cursor in self._cursors:
                cursor.interrupt()
                with suppress(duckdb.Error):  # one that is busy is closed by its reader, which is interrupted
                    cursor.close()
            self._cursors = []
            if not self.read_only:
                with suppress(duckdb.Error):  # the log is replayed at the next start all the same
                    self._db.execute("CHECKPOINT")
            self._db.close()
        release(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def exhausted(error: BaseException) -> bool:
    """Tell whether an error means that disk or memory is used up: it may pass, and no row is to blame."""
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return True
    text = str(error)
    return isinstance(error, duckdb.Error | OSError) and any(
        sign in text
        for sign in (
            "No space left",
            "File too large",
            "Read-only file system",
            "Too many open files",
            "Disk quota",
            "ENOSPC",
        )
    )


def _rows(cursor: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = cursor.execute(sql, dict(params) or None)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
