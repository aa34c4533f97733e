"""The forms in which an answer of `bellbuoy query` is written: a table for people, csv, JSON lines, JSON, Parquet, Arrow."""

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from bellbuoy.monitor.cli.grid import grid, text
from bellbuoy.monitor.json_lines import lines

if TYPE_CHECKING:
    import pyarrow as pa


def as_table(table: "pa.Table") -> bytes:
    """Return rows in columns, numbers to the right."""
    return grid(table).encode()


def as_csv(table: "pa.Table") -> bytes:
    """Return comma separated values; nested ones are JSON, NULL is empty, fractions have all their digits."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(zip(*([_cell(value) for value in column.to_pylist()] for column in table.columns), strict=True))
    return written.getvalue().encode()


def as_jsonl(table: "pa.Table") -> bytes:
    """Return one JSON object a row."""
    return b"".join(lines(table))


def as_json(table: "pa.Table") -> bytes:
    """Return one JSON array of objects, one a row."""
    rows = b"".join(lines(table)).splitlines()
    return b"[" + b",\n ".join(rows) + b"]\n"


def as_arrow(table: "pa.Table") -> bytes:
    """Return an Arrow IPC stream."""
    import pyarrow as pa

    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema) as writer:
        writer.write_table(table)
    return buffer.getvalue()


def as_parquet(table: "pa.Table") -> bytes:
    """Return a Parquet file."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _cell(value: object) -> str:
    return repr(value) if isinstance(value, float) else text(value)


FORMS: "dict[str, Callable[[pa.Table], bytes]]" = {
    "table": as_table,
    "csv": as_csv,
    "jsonl": as_jsonl,
    "json": as_json,
    "arrow": as_arrow,
    "parquet": as_parquet,
}
WHOLE = ("arrow", "parquet")
"""Forms of which one stream or file holds one answer, and which no terminal shows."""
