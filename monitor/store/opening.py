"""How the file is opened: in a form that every supported DuckDB reads, by one process, with the roads out closed."""

import os
import re
import threading
from pathlib import Path
from typing import Any

import duckdb

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store.damage import damaged, ours, sqlite
from bellbuoy.monitor.store.door.priority import lowered
from bellbuoy.monitor.store.errors import (
    StoreCorrupt,
    StoreError,
    StoreExhausted,
    StoreForeign,
    StoreLocked,
    StoreMissing,
    StoreNewer,
)

FILE_FORMAT = "v1.5.0"
"""Written so that every supported DuckDB opens it; later versions would default to a format that 1.5 cannot read."""

GROUP = 10_240
"""Rows of a row group. A batch of as many goes into the file as it is, past the log, and merging the log has nothing to
rewrite: with DuckDB's 122,880 an event cost a third more, and the merge of half-full groups held the writer for 0.3 s."""

NAME = "bellbuoy"
"""What the file is called inside DuckDB."""

NEVER = 1 << 50
"""DuckDB's own merging of the log is out of reach: a merge that fails in a COMMIT would leave it open whether the commit
was kept. The engine merges between two transactions (`Engine._merge`)."""

_open_here: set[Path] = set()
_gate = threading.Lock()


def connect(path: Path | None, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file, or a database in memory.

    Raises:
        StoreLocked, StoreNewer, StoreForeign, StoreCorrupt, StoreMissing, StoreExhausted, StoreError: what is wrong.
    """
    if path is None:
        return _attached(":memory:", "")
    if read_only and not path.exists():
        raise StoreMissing(f"{path}: there is no store yet; start the daemon, or give another `store.path`.")
    with _gate:
        if path in _open_here:
            raise StoreLocked(path, os.getpid())
        path.parent.mkdir(parents=True, exist_ok=True)
        if sqlite(path):  # DuckDB would reach out for an extension that reads it
            raise StoreForeign(f"{path}: a SQLite file, not a DuckDB file; give another `store.path`.")
        try:
            con = _attached(str(path), _options(path, read_only=read_only))
        except duckdb.Error as error:
            raise _named(path, error) from error
        _open_here.add(path)
        return con


def _options(path: Path, *, read_only: bool) -> str:
    if read_only:
        return "(READ_ONLY)"
    new = "" if path.exists() else f", STORAGE_VERSION {_literal(FILE_FORMAT)}"  # a file that is there keeps its own
    return f"(ROW_GROUP_SIZE {GROUP}{new})"


def _attached(path: str, options: str) -> duckdb.DuckDBPyConnection:
    """Open an instance and the file in it: the size of a row group can be said only of a file that is attached."""
    con = duckdb.connect(":memory:")
    try:
        con.execute("SET enable_progress_bar = false")  # under `python -c` it would be drawn on standard output
        con.execute(f"ATTACH {_literal(path)} AS {NAME} {options}")
        con.execute(f"USE {NAME}")
    except BaseException:
        con.close()
        raise
    return con


def another(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return one more cursor, which sees the file's tables."""
    cursor = con.cursor()
    cursor.execute(f"USE {NAME}")
    return cursor


def _named(path: Path, error: duckdb.Error) -> StoreError:
    text = str(error).split("\n", 1)[0]
    if "lock" in text and "PID" in text:
        found = re.search(r"PID (\d+)", text)
        return StoreLocked(path, int(found.group(1)) if found else None)
    if "already attached" in text:  # a reader of this process still holds what was closed
        return StoreLocked(path, os.getpid())
    if "newer version" in text or "version number" in text:
        return StoreNewer(
            f"{path}: written by a later DuckDB than {duckdb.__version__}; upgrade it. DuckDB says: {text}"
        )
    if exhausted(error):
        return StoreExhausted(f"{path}: the store cannot be opened: {text}; make room, then start again.")
    invalid = "not a valid DuckDB" in text
    if (damaged(error) or invalid) and ours(path, text):
        return StoreCorrupt(path, text)
    if damaged(error) and "WAL" in text:
        return StoreForeign(
            f"{path}: its log cannot be read, and it is no store of Bellbuoy; give another `store.path`."
        )
    if invalid:
        return StoreForeign(f"{path}: not a DuckDB file; give another `store.path`.")
    return StoreError(f"{path}: the store cannot be opened: {text}")


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
            "Cannot allocate memory",
            "MemoryError",
            "bad allocation",
            "ENOSPC",
        )
    )


def release(path: Path | None) -> None:
    """Let this process open the path again."""
    with _gate:
        if path is not None:
            _open_here.discard(path)


def settle(con: duckdb.DuckDBPyConnection, path: Path | None, settings: Settings) -> None:
    """Set limits, then take away the roads out of the process; `lock_configuration` comes after the migrations."""
    threads = min(4, os.cpu_count() or 1) if settings.threads == "auto" else int(settings.threads)
    spill = settings.temp.path or (str(path.parent / "tmp") if path is not None else "")
    exports = [] if settings.exports is None else [str(Path(settings.exports).absolute())]
    values: dict[str, Any] = {
        "memory_limit": f"{settings.memory_limit}B",
        "threads": threads,
        "temp_directory": spill,
        "max_temp_directory_size": f"{settings.temp.max}B",
        "checkpoint_threshold": f"{NEVER}B",
        "max_vacuum_tasks": 1,  # of each table in each merge: rewriting three groups of events takes a second
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
        "allowed_directories": exports,
        "enable_external_access": False,
    }
    con.execute("SET threads = 1")  # so that those of the next line are new
    with lowered():
        for key, value in values.items():
            con.execute(f"SET {key} = {_literal(value)}")


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(one) for one in value) + "]"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
