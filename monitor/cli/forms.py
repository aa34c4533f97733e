"""The forms in which an answer of `bellbuoy query` is written: a table for people, csv, JSON lines, Arrow."""

import csv
import io
import shutil
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING

from bellbuoy.config.errors import cells as width_of
from bellbuoy.monitor.json_lines import ENCODER, lines, plain

if TYPE_CHECKING:
    import pyarrow as pa


def as_table(table: "pa.Table") -> bytes:
    """Return rows in columns, numbers to the right; on a terminal too narrow for that, each row as a list of its values.

    What would move the cursor of a terminal is written as an escape.
    """
    names = [_shown(name) for name in table.column_names]
    columns = [column.to_pylist() for column in table.columns]
    right = [any(_is_number(value) for value in column) for column in columns]
    cells = [[_shown(_text(value)) for value in column] for column in columns]
    widths = [max(map(width_of, [name, *column])) for name, column in zip(names, cells, strict=True)]
    rows = list(zip_longest(*cells))
    if sys.stdout.isatty() and sum(widths) + 2 * (len(widths) - 1) > shutil.get_terminal_size().columns:
        return _as_lists(names, rows).encode()
    told = [names, ["-" * width for width in widths], *rows]
    return "".join(_line(row, widths, right) for row in told).encode()


def as_csv(table: "pa.Table") -> bytes:
    """Return comma separated values; nested ones are JSON, NULL is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(zip(*([_text(value) for value in column.to_pylist()] for column in table.columns), strict=True))
    return text.getvalue().encode()


def as_jsonl(table: "pa.Table") -> bytes:
    """Return one JSON object a row."""
    return b"".join(lines(table))


def as_arrow(table: "pa.Table") -> bytes:
    """Return an Arrow IPC stream."""
    import pyarrow as pa

    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema) as writer:
        writer.write_table(table)
    return buffer.getvalue()


FORMS: "dict[str, Callable[[pa.Table], bytes]]" = {
    "table": as_table,
    "csv": as_csv,
    "jsonl": as_jsonl,
    "arrow": as_arrow,
}


def _as_lists(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    left = max(map(width_of, names), default=0)
    told = []
    for number, row in enumerate(rows, 1):
        told.append(f"-- row {number} --\n")
        told += [
            f"{name}{' ' * (left - width_of(name))}  {value}".rstrip() + "\n"
            for name, value in zip(names, row, strict=True)
        ]
    return "".join(told)


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    told = []
    for text, width, turn in zip(row, widths, right, strict=True):
        room = " " * (width - width_of(text))
        told.append(room + text if turn else text + room)
    return "  ".join(told).rstrip() + "\n"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _text(value: object) -> str:
    """Return a value in one cell: NULL is empty, nested values are JSON, long fractions are cut."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict | list | tuple):
        return ENCODER.encode(plain(value)).decode()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _shown(text: str) -> str:
    """Return a text without characters that would move a terminal's cursor."""
    return "".join(one if one.isprintable() or one == "\xa0" else one.encode("unicode_escape").decode() for one in text)
