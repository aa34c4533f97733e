"""Events → Arrow arrays, column by column; what is nested costs only where it is present."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bellbuoy.monitor.event.columns import TIMESTAMP, Column

Fault: TypeAlias = Callable[[int, str, str, str], None]
"""Called with row, class, what is wrong and path for each value that is out of its range of time."""

Rows: TypeAlias = Sequence[int] | NDArray[np.int_]

EARLIEST_US = 946_684_800_000_000
"""2000-01-01: nothing that an agent logged is older."""

LATEST_US = 4_102_444_800_000_000
"""2100-01-01: no credential is valid for longer."""

SPARSE: Final = 4
"""Objects that fewer than one in so many events have are built by themselves, and then put in their places."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROS_FROM = 10**14


class Builder:
    """Builds the arrays of one batch.

    Args:
        latest_us: times after this are `future`, microseconds UTC.
        fault: hears of each value that is refused; its row is in the arrays all the same and has to be dropped.
    """

    def __init__(self, latest_us: int, fault: Fault) -> None:
        self._latest_us = latest_us
        self._fault = fault

    def array(self, column: Column, owners: Sequence[Any], rows: Rows, path: str = "$") -> Any:
        """Return one column.

        Args:
            column: which one.
            owners: the objects that have it as an attribute.
            rows: row of the batch that each of them belongs to.
            path: JSON path of the owners.
        """
        values = list(map(attrgetter(column.attribute), owners))
        if values == [None] * len(values):  # stops at the first value that is there
            return pa.nulls(len(values), column.type)
        match column.shape:
            case "time" | "expiry":
                return self._times(column, values, rows, f"{path}.{column.name}")
            case "struct":
                return self._structs(column, values, rows, f"{path}.{column.name}")
            case "structs":
                return self._lists(column, values, rows, f"{path}.{column.name}[...]")
            case "map":
                return maps(values)
            case _:
                return pa.array(values, column.type)

    def _times(self, column: Column, values: list[Any], rows: Rows, path: str) -> Any:
        absent = None
        if None in values:
            absent = _absent_mask(values)
            values = [_MICROS_FROM * 10 if value is None else value for value in values]
        us = micros(values)
        latest = LATEST_US if column.shape == "expiry" else self._latest_us
        if us.min() < EARLIEST_US or us.max() > latest:
            for index in np.flatnonzero((us < EARLIEST_US) | (us > latest)).tolist():
                if absent is not None and absent[index]:
                    continue
                row = int(rows[index])
                if us[index] < EARLIEST_US:
                    self._fault(row, "timestamp", "before 2000", path)
                elif column.shape == "expiry":
                    self._fault(row, "timestamp", "after 2099", path)
                else:
                    self._fault(row, "future", "further ahead of its arrival than is allowed", path)
        return pa.array(us, TIMESTAMP, mask=absent)

    def _structs(self, column: Column, values: list[Any], rows: Rows, path: str) -> Any:
        if None not in values:
            return self._fields(column, values, rows, path)
        there = np.flatnonzero(~_absent_mask(values))
        if len(there) * SPARSE < len(values):  # cheaper than to look at what is not there, field by field
            few = self._fields(column, [values[at] for at in there.tolist()], np.asarray(rows)[there], path)
            places = np.full(len(values), -1)
            places[there] = np.arange(len(there))
            return few.take(pa.array(places, mask=places < 0))
        blank = _blank(column)
        filled = [value or blank for value in values]  # no object is false
        return self._fields(column, filled, rows, path, _absent(values))

    def _lists(self, column: Column, values: list[Any], rows: Rows, path: str) -> Any:
        flat = [item for value in values if value is not None for item in value]
        offsets = _offsets(values)
        return pa.ListArray.from_arrays(
            pa.array(offsets),
            self._fields(column, flat, np.repeat(rows, np.diff(offsets)), path),
            type=column.type,
            mask=_absent(values),
        )

    def _fields(self, column: Column, owners: list[Any], rows: Rows, path: str, absent: Any = None) -> Any:
        arrays = [self.array(child, owners, rows, path) for child in column.children]
        kind = column.type.value_type if column.shape == "structs" else column.type
        return pa.StructArray.from_arrays(arrays, fields=list(kind), mask=absent)


def micros(values: Sequence[Any]) -> Any:
    """Return microseconds UTC of aware datetimes and whole epochs (ms below 1e14, else µs), as int64.

    An epoch goes by way of a double: it holds the microseconds of every instant that is accepted exactly, and what it
    cannot hold is out of range.
    """
    try:
        spans = pa.array([value - _EPOCH for value in values], pa.duration("us"))
    except TypeError:  # an epoch among them
        mixed = [
            (float(value) if value >= _MICROS_FROM else value * 1000.0)
            if type(value) is int
            else value.timestamp() * 1e6
            for value in values
        ]
        return np.rint(np.array(mixed)).astype(np.int64)
    return spans.cast(pa.int64()).to_numpy()


def maps(values: Sequence[dict[str, Any] | None]) -> Any:
    """Return attributes as MAP(VARCHAR, VARCHAR): true → 'true', null → absent, numbers as JSON writes them."""
    keys = [key for value in values if value for key in value]
    items = [item for value in values if value for item in value.values()]
    try:
        texts = pa.array(items, pa.string())
    except pa.ArrowTypeError:
        return maps([None if value is None else _texts(value) for value in values])
    if texts.null_count:
        return maps([None if value is None else _texts(value) for value in values])
    sizes = [len(value) if value else 0 for value in values]
    offsets = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    marked = pa.array(offsets, pa.int32(), mask=np.append(_absent_mask(values), False))
    return pa.MapArray.from_arrays(marked, pa.array(keys, pa.string()), texts)


def _texts(value: dict[str, Any]) -> dict[str, str]:
    return {key: text(item) for key, item in value.items() if item is not None}


def text(value: Any) -> str:
    """Return a JSON scalar as text."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)


@cache
def _blank(column: Column) -> Any:
    """Return what stands for an object that is not there: each of its fields reads as None."""
    return SimpleNamespace(**dict.fromkeys(child.attribute for child in column.children))


def _absent_mask(values: Sequence[Any]) -> Any:
    return np.frombuffer(bytes([value is None for value in values]), bool)


def _absent(values: Sequence[Any]) -> Any:
    return pa.array(_absent_mask(values))


def _offsets(values: Sequence[Any]) -> Any:
    sizes = [0 if value is None else len(value) for value in values]
    offsets = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    return offsets
