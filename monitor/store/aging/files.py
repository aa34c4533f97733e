"""A Parquet file of an export: written whole or not at all, and able to say itself what it holds."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

GROUP_ROWS = 61_440
"""Rows of a row group: what one piece in memory holds."""
NOTE = b"bellbuoy"
"""Key under which a file says what it holds."""
UNFINISHED = ".tmp"


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is there.

    Attributes:
        rows: in it, counted in its footer after it was written.
        size: bytes.
        sha256: of all its bytes.
    """

    rows: int
    size: int
    sha256: str


def write(path: Path, schema: pa.Schema, pieces: Iterable[pa.Table], note: Any) -> Written:
    """Write rows under a temporary name, bring them to the disk, and put them in the place of what was there.

    Args:
        path: the file.
        schema: of the rows.
        pieces: the rows, in parts that each fit in memory.
        note: called when all rows are written; gives what the file says of itself.

    Raises:
        OSError: the disk is full or refuses; what was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        rows = 0
        with pq.ParquetWriter(unfinished, schema, compression="zstd") as writer:
            for table in _grouped(pieces):
                writer.write_table(table, row_group_size=GROUP_ROWS)
                rows += table.num_rows
            writer.add_key_value_metadata({NOTE.decode(): json.dumps(note(rows))})
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        written = measured(unfinished)
        if written.rows != rows:
            raise OSError(f"{unfinished}: {rows} rows were written and {written.rows} are in it")  # noqa: TRY301 - the file goes the way of every failure
        os.replace(unfinished, path)  # noqa: PTH105 - the call that kills are planted at
    except BaseException:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise
    settle(path.parent)
    return written


def measured(path: Path) -> Written:
    """Return what a file holds."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(pq.read_metadata(path).num_rows, path.stat().st_size, digest)


def note_of(path: Path) -> Mapping[str, Any] | None:
    """Return what a file says of itself; None when it is not of ours."""
    try:
        said = (pq.read_metadata(path).metadata or {}).get(NOTE)
        found = None if said is None else json.loads(said)
    except (pa.ArrowException, OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def first(path: Path, rows: int) -> Iterator[pa.Table]:
    """Yield the first rows of a file, in parts."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(GROUP_ROWS):
            if rows <= 0:
                return
            part = batch.slice(0, rows)
            rows -= part.num_rows
            yield pa.Table.from_batches([part])


def settle(folder: Path) -> None:
    """Bring a folder's entries to the disk: a renamed file is there after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _grouped(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the rows in tables of a row group or more each, so that quiet hours make no small groups."""
    waiting: list[pa.Table] = []
    have = 0
    for piece in pieces:
        if not piece.num_rows:
            continue
        waiting.append(piece)
        have += piece.num_rows
        if have >= GROUP_ROWS:
            yield pa.concat_tables(waiting)
            waiting, have = [], 0
    if waiting:
        yield pa.concat_tables(waiting)
