"""An answer as a table for people, fitted to a terminal: as columns, or each row as a list where it is too wide."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING

from bellbuoy.config.errors import cells as width_of
from bellbuoy.monitor.json_lines import ENCODER, plain

if TYPE_CHECKING:
    import pyarrow as pa

PLAN = ["explain_key", "explain_value"]


def grid(table: "pa.Table", columns: int | None = None) -> str:
    """Return rows in columns, numbers to the right; where that is wider than `columns`, each row as a list of its values.

    What would move the cursor of a terminal is written as an escape; the drawing of a plan stays as it is drawn.
    """
    if table.column_names == PLAN:
        return "".join(_drawn(str(text)) for text in table.column(1).to_pylist())
    names = [_shown(name) for name in table.column_names]
    values = [column.to_pylist() for column in table.columns]
    right = [any(_is_number(value) for value in column) for column in values]
    cells = [[_shown(text(value)) for value in column] for column in values]
    widths = [max(map(width_of, [name, *column])) for name, column in zip(names, cells, strict=True)]
    rows = list(zip_longest(*cells))
    if columns is not None and sum(widths) + 2 * (len(widths) - 1) > columns:
        return _lists(names, rows)
    told = [names, ["-" * width for width in widths], *rows]
    return "".join(_line(row, widths, right) for row in told)


def fitted(table: "pa.Table", columns: int, lines: int) -> tuple[str, int]:
    """Return the first rows as `grid` draws them, in about `lines` lines, and how many rows these are; one at least."""
    first = table.slice(0, max(1, lines - 2))
    drawn = grid(first, columns)
    if drawn.startswith("-- row 1 --"):
        first = table.slice(0, max(1, lines // (table.num_columns + 1)))
        drawn = grid(first, columns)
    return drawn, first.num_rows


def text(value: object) -> str:
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


def _lists(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
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
    for cell, width, turn in zip(row, widths, right, strict=True):
        room = " " * (width - width_of(cell))
        told.append(room + cell if turn else cell + room)
    return "  ".join(told).rstrip() + "\n"


def _drawn(plan: str) -> str:
    return "".join(_shown(line).rstrip() + "\n" for line in plan.splitlines())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _shown(said: str) -> str:
    """Return a text without characters that would move a terminal's cursor."""
    return "".join(one if one.isprintable() or one == "\xa0" else one.encode("unicode_escape").decode() for one in said)
