"""What is done with a store that is damaged: it is recognised, looked through, told from somebody else's file, set aside.

DuckDB writes a checksum with every block, with both headers and with every entry of the write-ahead log, and compares it
when it reads: a wrong byte ends in an error, never in a wrong number. What remains to be done is here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

SIGNS = (
    "Corrupt database file",
    "Corrupt WAL",
    "replaying WAL",
    "WAL was created for",
    "WAL does not match",
    "Could not read enough bytes",
    "does not match stored checksum",
    "Failed to deserialize",
    "Serialization Error",
)
"""What DuckDB says of bytes that are not what it wrote."""
SMALL = 100_000
"""Rows up to which a table is read whole at every start."""
TWICE = 2
"""Times that a store may say it is damaged while a full look finds nothing: then it is set aside all the same."""

_NAMES = (b"events_raw", b"dead_letters_raw")
_CHUNK = 4 << 20
_HEADER = 4096


@dataclass(frozen=True, slots=True)
class SetAside:
    """A damaged store that was renamed.

    Attributes:
        path: where it is now; its write-ahead log lies beside it.
        why: what was wrong with it.
    """

    path: Path
    why: str


def damaged(error: BaseException) -> bool:
    """Tell whether an error of DuckDB means that the bytes in the file or its log are not what was written."""
    return isinstance(error, duckdb.Error) and any(sign in str(error) for sign in SIGNS)


def look_through(con: duckdb.DuckDBPyConnection, most_rows: int | None) -> None:
    """Read tables whole, so that every block of them is compared with its checksum.

    Args:
        con: a connection with no transaction open.
        most_rows: tables of more rows are left out; None leaves out none, which reads the whole file.

    Raises:
        duckdb.Error: a block is damaged, or the disk does not read.
    """
    tables = con.execute(
        "SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE database_name = current_database()"
    )
    for schema, name, rows in tables.fetchall():
        if most_rows is None or rows <= most_rows:
            con.execute(f'SELECT bit_xor(hash(whole_row)) FROM "{schema}"."{name}" AS whole_row').fetchall()  # noqa: S608 - the catalogue's names


def ours(path: Path, why: str) -> bool:
    """Tell whether a file that cannot be opened is a store of ours, or so broken that it is nobody's.

    Args:
        path: the file.
        why: what DuckDB says of it.
    """
    files = [one for one in (path, log_of(path)) if one.exists()]
    head = _first(path)
    if b"\0" in head and any(all(_holds(one, name) for name in _NAMES) for one in files):
        return True
    if "WAL" in why:  # the file itself can be read, and our tables are not in it
        return False
    return not head.strip(b"\0") or head[8:12] == b"DUCK"


def sqlite(path: Path) -> bool:
    """Tell whether a file is one of SQLite's."""
    return path.is_file() and _first(path).startswith(b"SQLite format")


def _first(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEADER)


def _holds(path: Path, name: bytes) -> bool:
    last = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if name in last + chunk:
                return True
            last = chunk[-len(name) :]
    return False


def log_of(path: Path) -> Path:
    """Return where the write-ahead log of a store lies."""
    return path.with_name(path.name + ".wal")


def set_aside(path: Path, now: float, why: str) -> SetAside:
    """Rename a damaged store, its log and what was noted of it; a new one can be made in its place.

    Args:
        path: of the store.
        now: the instant, epoch seconds; it is in the new name.
        why: what is wrong, for the note beside it.

    Raises:
        OSError: it cannot be renamed; nothing has changed, or only the log has moved.
    """
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    there, again = path.with_name(f"{path.name}.corrupt-{stamp}"), 1
    while there.exists():
        again += 1
        there = path.with_name(f"{path.name}.corrupt-{stamp}-{again}")
    if log_of(path).exists():  # first: a log without its file would be taken for the log of the next one
        log_of(path).rename(log_of(there))
    path.rename(there)
    _note(there).write_text(why + "\n", encoding="utf-8")
    _mark(path).unlink(missing_ok=True)
    return SetAside(there, why)


def all_set_aside(path: Path) -> list[SetAside]:
    """Return the damaged stores that lie beside a store, oldest first."""
    return list(_found(path))


def _found(path: Path) -> Iterator[SetAside]:
    for one in sorted(path.parent.glob(f"{path.name}.corrupt-*")):
        if one.suffix not in (".wal", ".why"):
            note = _note(one)
            yield SetAside(one, note.read_text(encoding="utf-8").strip() if note.exists() else "not noted")


def suspect(path: Path, why: str) -> None:
    """Note beside the store that it was found damaged while it was in use: the next start looks through all of it."""
    with _mark(path).open("a", encoding="utf-8") as file:
        file.write(why.replace("\n", " ") + "\n")


def suspicions(path: Path) -> list[str]:
    """Return what was noted since the store was last closed whole."""
    mark = _mark(path)
    return mark.read_text(encoding="utf-8").splitlines() if mark.exists() else []


def trust(path: Path) -> None:
    """Forget what was noted: the store was closed whole."""
    _mark(path).unlink(missing_ok=True)


def _mark(path: Path) -> Path:
    return path.with_name(path.name + ".damaged")


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".why")
