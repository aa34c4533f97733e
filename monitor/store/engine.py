"""The one DuckDB instance of a process: opening it safely, one writer, a cursor for each reading thread."""

import gc
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import duckdb
import pyarrow as pa

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store.cursors import Cursors
from bellbuoy.monitor.store.damage import SMALL, TWICE, damaged, log_of, look_through, suspect, suspicions, trust
from bellbuoy.monitor.store.door.gate import Gate
from bellbuoy.monitor.store.errors import StoreCorrupt, StoreError, StoreExhausted, StoreLocked, StoreUnfinished
from bellbuoy.monitor.store.migrate import migrate
from bellbuoy.monitor.store.opening import GROUP, connect, exhausted, release, settle
from bellbuoy.monitor.store.readers import ASKED_S, BRIEF_S, Readers
from bellbuoy.monitor.store.statements import statement
from bellbuoy.monitor.store.transaction import Transaction, dicts

if TYPE_CHECKING:
    import pandas as pd  # loading it takes longer than most commands

__all__ = ["Engine", "exhausted"]

T = TypeVar("T")

_gate = threading.Lock()


NEARLY = 10 * GROUP
"""Events after which the log is merged: what is in the log is in memory as well, and is read again at the next start."""

AFRESH = 1_000_000
"""Events after which the file is opened anew, where nobody reads. What DuckDB knows of a row group that it wrote it keeps
in memory until then, 1.4 KB a column: 20 MB a million events, beside `memory_limit`. Of a file just opened it has nothing."""

UNWINDING, AGAIN_S = 60, 0.05
"""How often, and how far apart (seconds), who reads is interrupted before the file is opened anew."""


class Engine:
    """An open store: settings locked, schema migrated, one writer at a time.

    Attributes:
        path, settings, read_only: as opened.
        schema: number of the last migration.
        gate: how many ad hoc queries run.
        readers: who reads at present.
        damage: why the file can be trusted no more, found while it was in use; None while all is well.
        unmerged: why the log could not be merged into the file at the last try; None while all is well.
    """

    def __init__(self, path: Path | None, settings: Settings, *, read_only: bool) -> None:
        self.path = path
        self.settings = settings
        self.read_only = read_only
        self.gate = Gate()
        self._lock = threading.Lock()
        self._writer_thread: int | None = None
        self._local = threading.local()
        self._cursors = Cursors()
        self.damage: str | None = None
        self.unmerged: str | None = None
        self._merge_at = settings.checkpoint
        self._events = 0
        self.left = 0
        """Rows of events deleted so far: what was read before may have left."""
        self._grown = 0
        self.readers = Readers()
        self._lost = False
        self._life = 0
        self.schema = 0
        self._db = self._opened(self.suspicions())

    def suspicions(self) -> list[str]:
        """Return what was noted of damage since the store was last closed whole."""
        return [] if self.path is None or self.read_only else suspicions(self.path)

    def _opened(self, suspected: Sequence[str]) -> duckdb.DuckDBPyConnection:
        """Open the file, bring it to this version, look through it as far as there is reason to, and lock its settings."""
        con = connect(self.path, read_only=self.read_only)
        try:
            settle(con, self.path, self.settings)
            if suspected:
                look_through(con, None)
            self.schema = migrate(con, str(self.path or "memory"), read_only=self.read_only)
            if not self._life and con.execute(statement("rebuild/restoring")).fetchall():
                raise StoreUnfinished(  # noqa: TRY301 - closed below as for any other reason
                    f"{self.path}: bringing events back from exports was broken off and left it half full; move it and its .wal away "
                    "and run `bellbuoy rebuild --from-exports` again."
                )
            if self.path is not None and not self.read_only:
                look_through(con, SMALL)
            con.execute("SET lock_configuration = true")
            if len(suspected) >= TWICE and self.path is not None:
                raise StoreCorrupt(self.path, suspected[-1])  # noqa: TRY301 - closed below as for any other reason
        except BaseException as error:
            con.close()
            release(self.path)
            if damaged(error) and self.path is not None:
                raise StoreCorrupt(self.path, str(error)) from error
            if exhausted(error):
                raise StoreExhausted(f"{self.path or 'memory'}: the store cannot be opened: {error}") from error
            raise
        return con

    @classmethod
    def open(cls, path: Path | None, settings: Settings | None = None, *, read_only: bool = False) -> Self:
        """Open the store at `path` (None: in memory), making folder and file where they are missing.

        Raises:
            StoreLocked: another process, or another object of this one, has it.
            StoreCorrupt: its bytes are not what was written.
            StoreNewer, StoreOlder, StoreForeign, StoreMissing: see `bellbuoy.monitor.store.errors`.
        """
        if path is not None:
            path = Path(path).absolute()
        return cls(path, Settings() if settings is None else settings, read_only=read_only)

    @contextmanager
    def transaction(self, *, commit: bool = True, merge: bool = True) -> Iterator[Transaction]:
        """Hold the writer's lock and one transaction: committed at the end, rolled back on an exception.

        Args:
            commit: false rolls back at the end: a trial.
            merge: false leaves the merging of the log to a later call of `merge`.

        Raises:
            RuntimeError: this thread is in a transaction already.
            StoreExhausted: disk or memory is used up; nothing was written.
        """
        if self._writer_thread == threading.get_ident():
            raise RuntimeError("a transaction is open in this thread already; pass it on instead of opening another")
        with self._lock:
            self._writer_thread = threading.get_ident()
            try:
                if self._lost:
                    self._renew()
                ending = False
                try:
                    self._db.execute("BEGIN TRANSACTION")
                    tx = Transaction(self._db)
                    yield tx
                    ending = True
                    self._db.execute("COMMIT" if commit else "ROLLBACK")
                except BaseException as error:
                    if ending and self.path is not None:
                        self._lost = (
                            True  # DuckDB 1.5.6 stores wrong values after a COMMIT that memory did not suffice for
                        )
                    with suppress(duckdb.Error):  # a failed COMMIT has rolled back by itself
                        self._db.execute("ROLLBACK")
                    self._classify(error)
                    raise
                if commit:
                    self.left += tx.left
                    self._events += tx.events
                    self._grown += tx.events
                if merge:
                    self._merge()
                    self._refresh()
            finally:
                self._writer_thread = None

    def merge(self) -> bool:
        """Merge the log into the file if it is time to, after a transaction that did not; return whether it was."""
        with self._lock:
            merged = not self._lost and self._merge()
            self._refresh()
            return merged

    def _merge(self) -> bool:
        """Merge the log into the file once it is long enough, or holds a group of events.

        The lock is held, and no transaction is open. Returns whether it was tried.

        A merge that fails leaves every committed row where it is, in the log, and makes DuckDB refuse all work: the file
        is opened anew, and the next try waits until the log has grown by a quarter.
        """
        if self.path is None or self.read_only:
            return False
        log = log_of(self.path)
        size = log.stat().st_size if log.exists() else 0
        if size < self._merge_at and (self._events <= NEARLY or self.unmerged is not None):
            return False
        try:
            self._db.execute("CHECKPOINT")
        except duckdb.TransactionException:
            return False  # a reader is in the way: after the next commit
        except duckdb.Error as error:
            self.unmerged = str(error).split("\n", 1)[0]
            self._merge_at = max(size + (size >> 2), self.settings.checkpoint)
            with suppress(StoreError):
                self._classify(error)
            with suppress(StoreError):  # the next transaction tries again
                if self._lost and self.damage is None:
                    self._renew()
        else:
            self.unmerged = None
            self._merge_at = self.settings.checkpoint
            self._events = 0
        return True

    def _refresh(self) -> None:
        """Open the file anew where it has grown much since it was opened and nobody reads; the lock is held."""
        if self._grown >= AFRESH and self.path is not None and not self._lost:
            with self.readers.alone() as alone, suppress(StoreError):  # the next transaction tries again
                if alone:
                    self._renew()

    def heard(self, error: BaseException) -> None:
        """Take note of an error of DuckDB: of damage, and of an instance that must be opened anew.

        Raises:
            StoreCorrupt: the error is damage.
        """
        if isinstance(error, duckdb.FatalException) or "has been invalidated" in str(error):
            self._lost = True
        if damaged(error) and self.path is not None:
            if self.damage is None:
                self.damage = str(error).split("\n", 1)[0]
                if not self.read_only:
                    with suppress(OSError):  # without room for the note the next start looks only at what is small
                        suspect(self.path, self.damage)
            raise StoreCorrupt(self.path, self.damage) from error

    def _classify(self, error: BaseException) -> None:
        self.heard(error)
        if exhausted(error):
            raise StoreExhausted(f"{self.path or 'memory'}: disk or memory is used up: {error}") from error

    def _renew(self) -> None:
        """Open the file anew: after DuckDB gave up on it, or to be rid of what it remembers; the lock is held.

        Raises:
            StoreExhausted: there is no room to open it.
            StoreCorrupt, StoreLocked, StoreError: it cannot be opened.
        """
        self._lost = True
        self._break_off()
        with _gate:
            self._cursors.close()
            self._life += 1
            with suppress(duckdb.Error):
                self._db.close()
            release(self.path)
            gc.collect()  # an error that was caught holds frames, they hold results, and those hold the old instance
            try:
                self._db = self._opened(())
            except StoreLocked as error:
                raise StoreExhausted(f"{self.path}: a reader still holds what DuckDB gave up on") from error
            self._lost = False
            self._grown = 0

    def _break_off(self) -> None:
        """Interrupt who reads until nobody does, or their time is over: what a reader holds is the old instance."""
        for _ in range(UNWINDING):
            with _gate:
                self._cursors.interrupt()
            if self.readers.gone(AGAIN_S):
                return

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return the calling thread's own cursor for reading."""
        life, cursor = getattr(self._local, "cursor", (-1, None))
        if cursor is None or life != self._life:
            with _gate:
                life, cursor = self._life, self._cursors.add(self._db)
            self._local.cursor = life, cursor
        found: duckdb.DuckDBPyConnection = cursor
        return found

    @contextmanager
    def reader(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a cursor for reading that may take minutes."""
        self.readers.enter(BRIEF_S, long=True)
        try:
            with _gate:
                cursor = self._cursors.add(self._db)
            try:
                yield cursor
            finally:
                self._drop(cursor)
        finally:
            self.readers.leave(long=True)

    def new_cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new cursor; until it is dropped, or for ever if it is abandoned, it counts as reading."""
        self.readers.enter(ASKED_S)
        try:
            with _gate:
                return self._cursors.add(self._db)
        except duckdb.Error:
            self.readers.leave()
            raise

    def drop_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Close a cursor of `new_cursor`."""
        self._drop(cursor)
        self.readers.leave()

    def _drop(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.abandon(cursor)
        cursor.close()

    def abandon(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Let go of a cursor that is busy and cannot be stopped: closing it would wait for it, for ever."""
        with _gate:
            self._cursors.forget(cursor)

    def text(self, name: str, params: Mapping[str, Any]) -> str:  # noqa: ARG002 -- for those who fill in more
        """Return the SQL of `sql/NAME.sql` for these parameters."""
        return statement(name)

    def rows(self, name: str, /, **params: Any) -> list[dict[str, Any]]:
        """Return the rows of `sql/NAME.sql` as dicts, read on the calling thread's own cursor."""
        return self._read(lambda cursor: dicts(cursor, self.text(name, params), params))

    def frame(self, name: str, /, **params: Any) -> "pd.DataFrame":
        """Return the rows of `sql/NAME.sql` as a pandas frame."""
        return self._read(lambda cursor: cursor.execute(self.text(name, params), params or None).df())

    def columns(self, name: str, /, **params: Any) -> Mapping[str, Any]:
        """Return the rows of `sql/NAME.sql` as NumPy arrays by name: DuckDB plans once what it plans twice for `arrow`."""
        return self._read(lambda cursor: cursor.execute(self.text(name, params), params or None).fetchnumpy())

    def arrow(self, name: str, /, **params: Any) -> pa.Table:
        """Return the rows of `sql/NAME.sql` as an Arrow table."""
        return self._read(lambda cursor: _arrow(cursor, self.text(name, params), params))

    def _read(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Read, a second time where DuckDB had given up on the file and it could be opened anew.

        Raises:
            StoreCorrupt: what is read is damaged.
            StoreExhausted: there is no room to open it anew, or no memory to read.
        """
        with self.readers.within():
            life = self._life
            try:
                return work(self.cursor())
            except duckdb.Error as error:
                self.heard(error)
                same = life == self._life and not self._lost
                if same or self._writer_thread == threading.get_ident():
                    self._classify(error)
                    raise
        self.renewed(life)
        with self.readers.within():
            return work(self.cursor())

    @property
    def life(self) -> int:
        """How often the file has been opened anew: what was begun in another life may have been broken off."""
        return self._life

    def renewed(self, life: int) -> bool:
        """Return whether the file is open anew since a `life`; where it has to be, it is opened now.

        Raises:
            StoreExhausted: there is no room to open it.
            StoreCorrupt, StoreLocked, StoreError: it cannot be opened.
        """
        if self._lost:
            with self._lock:
                if self._lost:
                    self._renew()
        return life != self._life

    def close(self) -> None:
        """Bring the file up to date with its log and let go of it; a second call does nothing."""
        with self._lock, _gate:
            self._lost = False  # what is closed is not opened anew
            self._cursors.close()
            if not self.read_only and self.damage is None:
                with suppress(duckdb.Error):  # the log is replayed at the next start all the same
                    self._db.execute("CHECKPOINT")
                    if self.path is not None:
                        trust(self.path)
            with suppress(duckdb.Error):
                self._db.close()
        release(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _arrow(cursor: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any]) -> pa.Table:
    return cursor.sql(sql, params=dict(params) or None).to_arrow_table()
