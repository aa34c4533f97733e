"""Rows of an answer as JSON: one object a line, instants in UTC, no name twice."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 2048
ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="number")
"""Numbers of any size are numbers; what JSON has no form for is its text."""


def lines(table: "pa.Table") -> Iterator[bytes]:
    """Yield the rows of a table as JSON lines, some thousand at a time; a repeated column name gets a number."""
    named = table.rename_columns(distinct(table.column_names))
    for batch in named.to_batches(max_chunksize=ROWS_AT_ONCE):
        columns = [values(column) for column in batch.columns]
        rows = (dict(zip(named.column_names, row, strict=True)) for row in zip(*columns, strict=True))
        yield b"".join(ENCODER.encode(plain(row)) + b"\n" for row in rows)


def values(column: "pa.Array") -> list[Any]:
    """Return a column as Python values; an instant past the years 1 to 9999 is a text that says so."""
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):  # Python's dates end there, DuckDB's do not
        return [_value(one) for one in column]


def _value(one: "pa.Scalar") -> Any:
    try:
        return one.as_py()
    except (OverflowError, ValueError):
        return "outside the years 1 to 9999"


def distinct(names: list[str]) -> list[str]:
    """Return the names with `_2`, `_3`, … behind those that were there before."""
    given: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for name in names:
        number, fresh = numbers.get(name, 1), name
        while fresh in given:
            number += 1
            fresh = f"{name}_{number}"
        numbers[name] = number
        given[fresh] = None
    return list(given)


def plain(value: Any) -> Any:
    """Return a value whose instants say that they are UTC and whose keys are texts."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value
