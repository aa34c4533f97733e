"""Parquet exports: each closed day in a file of its own, readable by anything, and a row that says what is in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from bellbuoy.monitor.store.aging.files import GROUP_ROWS, UNFINISHED, Written, first, measured, note_of, write
from bellbuoy.monitor.store.engine import Engine
from bellbuoy.monitor.store.statements import statement

DAY = 86400
HOUR = 3600
DAILY = ("events", "minutes")
"""What has a file a day; the files lie in a folder of that name."""
WHOLE = ("incidents", "changes")
"""What has one file, written anew each time."""


@dataclass(frozen=True, slots=True)
class Export:
    """A file that was written.

    Attributes:
        kind: `events`, `minutes`, `incidents` or `changes`.
        day: midnight at which its day begins, epoch seconds; None for tables in one file.
        file: the path, below the folder of the exports.
        rows: in it.
        size: bytes.
    """

    kind: str
    day: int | None
    file: str
    rows: int
    size: int


class Exports:
    """Writes the files of one folder. Only one of these works at a time on a folder.

    The first rows of a file of events may be in the store no more, the others are, in the order of their hours: what leaves
    the store leaves it from the front, and what arrives late comes at the end. So a file is only ever added to.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder

    def mend(self) -> list[str]:
        """Make the rows tell the truth about the files, after a kill or a hand from outside; return what was found.

        Leftovers of unfinished files are deleted; a file that was renamed before its row was written gets its row.

        Raises:
            OSError: the folder cannot be read or written.
        """
        found = []
        for leftover in sorted(self.folder.glob(f"**/*.parquet{UNFINISHED}")):
            leftover.unlink()
            found.append(f"{leftover.relative_to(self.folder)}: unfinished, deleted")
        known = {row["file"]: row for row in self.engine.rows("exports/known")}
        for name in sorted(known.keys() - set(self._files())):
            with self.engine.transaction() as tx:
                tx.run("exports/forget", file=name)
            found.append(f"{name}: it is not there any more")
        for name in self._files():
            path = self.folder / name
            note, row = note_of(path), known.get(name)
            if note is None or note.get("file") != name:
                continue  # not of ours: left alone
            if row is None or (row["size"], row["written_us"]) != (path.stat().st_size, note["written_us"]):
                if row is None and note["kind"] == "events" and self._held(note["day"]) < note["mark"]:
                    # of a store that was lost: nothing of the file is here, and what comes is added to it
                    note = {**note, "mark": 0}
                self.save(note, measured(path))
                found.append(f"{name}: its row is written")
        return found

    def due(self, until: float, fine_from: float = 0.0) -> list[tuple[str, int]]:
        """Return what is not written yet or was added to since: kind and day, oldest first.

        Args:
            until: days that end at or before it are closed.
            fine_from: counts of before it are summed to hours: such days of minutes are not written again.
        """
        wanted = []
        for kind in DAILY:
            for row in self.engine.rows(f"exports/days_{kind}"):
                again = row["mark"] != row["held"] and (kind == "events" or row["day"] >= fine_from)
                if row["day"] + DAY <= until and (row["mark"] is None or again):
                    wanted.append((kind, int(row["day"])))
        return sorted(wanted, key=lambda one: one[1])

    def day(self, kind: str, day: int, written_at: float) -> Export:
        """Write one day of events or minutes.

        Args:
            kind: `events` or `minutes`.
            day: the midnight at which it begins, epoch seconds.
            written_at: now.

        Raises:
            OSError: the disk is full or refuses; the file that was there before is still there.
        """
        name = f"{kind}/day={date_of(day).isoformat()}.parquet"
        if kind == "minutes":
            mark = int(self.engine.rows("exports/newest_count", since=day, until=day + DAY)[0]["mark"])
            return self._write(kind, day, name, self._span(kind, day, day + DAY), lambda _: mark, written_at)
        row = next((one for one in self.engine.rows("exports/known") if one["file"] == name), None)
        gone = 0
        if row is not None and (self.folder / name).exists():  # one that was taken away cannot be added to
            gone = row["rows"] - (row["mark"] if row["mark"] >= 0 else -1 - row["mark"])

        def pieces() -> Iterator[pa.Table]:
            if gone:
                yield from _like(first(self.folder / name, gone), self._schema(kind))
            for hour in range(day, day + DAY, HOUR):
                yield from self._span(kind, hour, hour + HOUR)

        return self._write(kind, day, name, pieces(), lambda rows: rows - gone, written_at)

    def whole(self, kind: str, written_at: float) -> Export:
        """Write all incidents or changes.

        Raises:
            OSError: the disk is full or refuses; the file that was there before is still there.
        """
        return self._write(kind, None, f"{kind}.parquet", self._span(kind), lambda _: 0, written_at)

    def _write(
        self, kind: str, day: int | None, name: str, pieces: Iterator[pa.Table], mark: Any, written_at: float
    ) -> Export:
        note: dict[str, Any] = {"kind": kind, "day": day, "file": name, "written_us": int(written_at * 1e6)}
        note["streams"] = self._streams() if kind == "events" else []

        def said(rows: int) -> dict[str, Any]:
            note.update(rows=rows, mark=mark(rows))
            return note

        written = write(self.folder / name, self._schema(kind), pieces, said)
        self.save(note, written)
        return Export(kind, day, name, written.rows, written.size)

    def save(self, note: Any, written: Written) -> None:
        """Write the row of a file: what it says of itself, and what it measures."""
        day, at = note["day"], note["written_us"]
        row = {"day": None if day is None else date_of(day), "kind": note["kind"], "file": note["file"]}
        row |= {"rows": written.rows, "mark": note["mark"], "size": written.size, "sha256": written.sha256}
        with self.engine.transaction() as tx:
            tx.run("exports/forget", file=note["file"])
            tx.insert("exports_raw", [row | {"written_at": at}])

    def _span(self, kind: str, since: int | None = None, until: int | None = None) -> Iterator[pa.Table]:
        """Yield rows as they are read: no lock of the writer is held, and little memory."""
        params = {} if since is None else {"since": since, "until": until}
        with self.engine.reader() as cursor:
            reader = cursor.sql(statement(f"exports/{kind}"), params=params or None).to_arrow_reader(GROUP_ROWS)
            for batch in reader:
                yield pa.Table.from_batches([batch])

    def _schema(self, kind: str) -> pa.Schema:
        params = {"since": 0, "until": 0} if kind in DAILY else None
        with self.engine.reader() as cursor:
            return cursor.sql(statement(f"exports/{kind}"), params=params).limit(0).to_arrow_table().schema

    def _held(self, day: int) -> int:
        found = self.engine.rows("exports/days_events")
        return next((int(row["held"]) for row in found if row["day"] == day), 0)

    def _streams(self) -> list[list[Any]]:
        rows = self.engine.rows("store/streams")
        return [[row[name] for name in ("id", "source", "path", "partition", "epoch")] for row in rows]

    def _files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.glob("**/*.parquet"))


def date_of(day: int) -> date:
    """Return the date that begins at a midnight in UTC."""
    return datetime.fromtimestamp(day, UTC).date()


def _like(tables: Iterator[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """Give rows that an earlier version wrote the columns of today."""
    for table in tables:
        columns = [
            table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
            for field in schema
        ]
        yield pa.table(columns, schema=schema)
