"""The rows of an answer, in the form that is wanted: tuples, pyarrow, pandas, a table in a notebook."""

import html
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"
SHOWN_ROWS = 20
"""Rows that a notebook shows."""
SHOWN_TEXT = 120
"""Characters of a value that a notebook shows."""


class Result:
    """The rows of one SELECT.

    Args:
        rows: a pyarrow.Table, or an Arrow stream as bytes.
        took_ms: milliseconds that the daemon took; NaN where it did not say.
        as_of: what is judged up to here (UTC); None before the first tick.
        truncated: a limit cut the answer off.
        note: which limit, and the way out.
    """

    def __init__(
        self,
        rows: "pa.Table | bytes",
        *,
        took_ms: float = float("nan"),
        as_of: datetime | None = None,
        truncated: bool = False,
        note: str = "",
    ) -> None:
        self._rows = rows
        self.took_ms = took_ms
        self.as_of = as_of
        self.truncated = truncated
        self.note = note

    def arrow(self) -> "pa.Table":
        """Return a pyarrow.Table; instants are UTC without a zone."""
        if isinstance(self._rows, bytes):
            import pyarrow as pa

            self._rows = pa.ipc.open_stream(io.BytesIO(self._rows)).read_all()
        return self._rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give the rows to whatever reads Arrow: `polars.DataFrame(result)`, `pyarrow.table(result)`, DuckDB."""
        return self.arrow().__arrow_c_stream__(requested_schema)

    def df(self) -> "pd.DataFrame":
        """Return a pandas.DataFrame.

        Sums of whole numbers, which are wider than 64 bits in DuckDB, become int64 where they fit and have no NULL;
        other decimals become float64. Instants are UTC without a zone.
        """
        frame: pd.DataFrame = _narrowed(self.arrow()).to_pandas()
        return frame

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self.arrow().column_names)

    @property
    def types(self) -> list[str]:
        """Arrow's names of the columns' types."""
        return [str(kind) for kind in self.arrow().schema.types]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.arrow().num_rows, self.arrow().num_columns

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows as tuples."""
        return list(self)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(_tuples(self.arrow()))

    def __repr__(self) -> str:
        return f"<{self.summary()}: {', '.join(self.columns)}>"

    def summary(self) -> str:
        """Return the answer's size and time in a few words: `12 rows, 3 columns, 4 ms, as of 2026-11-21 12:00 UTC`."""
        rows, columns = self.shape
        told = [_counted(rows, "row"), _counted(columns, "column")]
        if self.took_ms == self.took_ms:  # NaN is not
            told.append(f"{self.took_ms:,.0f} ms" if self.took_ms >= 1 else "under 1 ms")
        if self.as_of is not None:
            told.append(f"as of {self.as_of:%Y-%m-%d %H:%M} UTC")
        if self.truncated:
            told.append("cut off")
        return ", ".join(told)

    def _repr_html_(self) -> str:
        """Return a small table for a notebook; every text in it is escaped."""
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        first = _tuples(self.arrow().slice(0, SHOWN_ROWS))
        body = "".join("<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>" for row in first)
        hidden = len(self) - len(first)
        more = f"; {hidden:,} more not shown, <code>.df()</code> has them" if hidden > 0 else ""
        note = f"<br>{html.escape(self.note)}" if self.note else ""
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{html.escape(self.summary())}{more}{note}</p>"
        )


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _tuples(table: "pa.Table") -> Sequence[tuple[Any, ...]]:
    if not table.num_columns:
        return []
    return list(zip(*(_values(column) for column in table.columns), strict=True))


def _values(column: "pa.ChunkedArray") -> list[Any]:
    """Return Python values; wide whole numbers as int, maps as dict."""
    import pyarrow as pa

    values: list[Any] = column.to_pylist(maps_as_pydicts="lossy")
    if pa.types.is_decimal(column.type) and column.type.scale == 0:
        return [None if value is None else int(value) for value in values]
    return values


def _narrowed(table: "pa.Table") -> "pa.Table":
    """Return the table without decimals, of which pandas makes objects."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if not pa.types.is_decimal(field.type):
            continue
        column = table.column(place)
        try:
            narrow = column.cast(pa.int64() if field.type.scale == 0 else pa.float64())
        except pa.ArrowInvalid:
            narrow = column.cast(pa.float64())
        table = table.set_column(place, field.name, narrow)
    return table


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return html.escape(text if len(text) <= SHOWN_TEXT else text[: SHOWN_TEXT - 1] + "…")
