"""Reads files of counts (Parquet, CSV, JSON lines): checks every row, adds up those of one key."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bellbuoy.config.signals import WITH_STEP, WITHOUT_STEP
from bellbuoy.monitor.backtest.errors import BacktestError

TIMES = ("minute", "tick", "ts")
KEYS = ("signal", "workflow", "step", "segment")
Key = tuple[str, str, str | None, str | None]
Whole = NDArray[np.int64]
MOST = 2**31 - 1
ROWS = 500_000
"""Looked at at once."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts, one row a minute and series, by series and then by minute.

    Attributes:
        series: signal, workflow, step and segment of each series, in their order.
        minute: beginning of the minute, epoch seconds, shape (R,).
        place: of its series, shape (R,).
        n, bad: trials and bad ones, shape (R,).
    """

    series: tuple[Key, ...]
    minute: Whole
    place: Whole | NDArray[np.int32]
    n: Whole | NDArray[np.int32]
    bad: Whole | NDArray[np.int32]


def read_counts(paths: Sequence[Path]) -> Counted:
    """Return the counts in files; rows of one minute and series are added up.

    Args:
        paths: files with the columns `minute` (or `tick`, `ts`: UTC), `workflow`, `n`, `bad` and, if they are there, `step`,
            `segment`, `signal`; in any order, with any others.

    Raises:
        BacktestError: a file cannot be read, lacks a column, or has a row that cannot be; the text names the row.
    """
    return summed([part for path in paths for part in _parts(str(path), _read(path))], str(paths[0]))


def counted(table: pa.Table, name: str) -> Counted:
    """Return the counts in a table of such columns.

    Raises:
        BacktestError: it has none; the text begins with `name`.
    """
    return summed(list(_parts(name, [table])), name)


def summed(parts: "list[Counted]", name: str) -> Counted:
    """Return the sum of counts.

    Raises:
        BacktestError: there are none; the text begins with `name`.
    """
    keys = sorted({key for part in parts for key in part.series}, key=lambda key: tuple(one or "" for one in key))
    places = {key: place for place, key in enumerate(keys)}
    if not any(len(part.n) for part in parts):
        raise BacktestError(f"{name}: there is no row in it; give counts of at least some weeks")
    first = min(int(part.minute.min()) for part in parts if len(part.minute))
    width = (max(int(part.minute.max()) for part in parts if len(part.minute)) - first) // 60 + 1
    whole = np.concatenate(
        [
            np.array([places[key] for key in part.series], np.int64)[part.place] * width + (part.minute - first) // 60
            for part in parts
        ]
    )
    order = np.argsort(whole, kind="stable")
    whole = whole[order]
    begins = np.flatnonzero(np.diff(whole, prepend=-1))
    n, bad = (
        np.add.reduceat(np.concatenate([getattr(part, column) for part in parts])[order], begins, dtype=np.int64)
        for column in ("n", "bad")
    )
    kept = whole[begins]
    if int(n.max()) > MOST:
        raise BacktestError(f"{name}: {int(n.max()):,} trials in one minute are more than can be counted")
    return Counted(tuple(keys), first + kept % width * 60, kept // width, n, bad)


def _parts(name: str, tables: Iterable[pa.Table]) -> Iterator[Counted]:
    """Yield the counts of tables that follow one another, some rows at a time: bounds the memory."""
    before = 0
    for table in tables:
        for begins in range(0, max(len(table), 1), ROWS):
            part = table.slice(begins, ROWS)
            yield _checked(name, part, before)
            before += len(part)


def _read(path: Path) -> Iterator[pa.Table]:
    """Yield the rows of a file, in its order."""
    kind = path.name.lower().removesuffix(".gz").rsplit(".", 1)[-1]
    try:
        if kind in ("parquet", "pq"):
            names = [name for name in pq.read_schema(path).names if name.lower() in KEYS]
            with pq.ParquetFile(path, read_dictionary=names) as file:
                yield file.schema_arrow.empty_table()
                for batch in file.iter_batches(ROWS):
                    yield pa.Table.from_batches([batch])
                return
        if kind == "csv":
            texts = {name: pa.dictionary(pa.int32(), pa.string()) for name in KEYS}
            options = pa_csv.ConvertOptions(column_types=texts, strings_can_be_null=True, null_values=["", "NULL"])
            yield pa_csv.read_csv(path, convert_options=options)
            return
        if kind in ("jsonl", "ndjson", "json"):
            yield pa_json.read_json(path)
            return
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise BacktestError(f"{path}: cannot be read as {kind}: {str(error).splitlines()[0]}") from None
    raise BacktestError(f"{path}: counts are read from .parquet, .csv and .jsonl; its name says none of them")


def _checked(path: str, table: pa.Table, before: int) -> Counted:
    """Return the columns that count, each row as it must be; the first row that is not is named, counted on from `before`."""
    names = {name.lower(): name for name in table.column_names}
    time = next((names[name] for name in TIMES if name in names), None)
    lacking = [name for name in ("workflow", "n", "bad") if name not in names]
    if time is None:
        lacking.insert(0, "minute")
    if lacking or time is None:
        raise BacktestError(
            f"{path}: has no column {', '.join(lacking)}; counts are minute, workflow, step, segment, signal, n, bad"
        )
    minute = _minutes(path, table[time], before)
    n, bad = (_whole(path, name, table[names[name]], before) for name in ("n", "bad"))
    wrong = np.flatnonzero((n < 0) | (bad < 0) | (bad > n) | (n > MOST))
    if len(wrong):
        row = int(wrong[0])
        raise BacktestError(f"{path}, row {before + row + 1}: {bad[row]} bad of {n[row]} trials cannot be")
    known: list[list[str | None]] = []
    flat = np.zeros(len(minute), np.int64)
    for name in KEYS:
        texts: list[str | None] = [None]
        codes = np.zeros_like(flat)
        if name in names:
            texts, codes = _coded(path, name, table[names[name]])
        known.append(texts)
        flat = flat * len(texts) + codes
    seen, place = np.unique(flat, return_inverse=True)
    parts = np.unravel_index(seen, [len(texts) for texts in known])
    series: list[Key] = []
    for which in zip(*(part.tolist() for part in parts), strict=True):
        signal, workflow, step, segment = (texts[code] for texts, code in zip(known, which, strict=True))
        if workflow is None:
            row = int(np.flatnonzero(place == len(series))[0])
            raise BacktestError(f"{path}, row {before + row + 1}: has no workflow")
        series.append((signal or (WITHOUT_STEP if step is None else WITH_STEP), workflow, step, segment))
    small = [one.astype(np.int32) for one in (place.reshape(-1), n, bad)]
    return Counted(tuple(series), minute, *small)


def _minutes(path: str, column: pa.ChunkedArray, before: int) -> Whole:
    """Return instants as epoch seconds, down to the whole minute; texts and epoch seconds are taken too."""
    try:
        if pa.types.is_integer(column.type):
            seconds = column.cast(pa.int64())
        else:
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                column = pc.replace_substring_regex(column.cast(pa.string()), "Z$", "")
            seconds = pc.divide(column.cast(pa.timestamp("us")).cast(pa.int64()), 1_000_000)
    except pa.ArrowException as error:
        raise BacktestError(f"{path}: a minute is no time such as 2026-10-04T11:35:00: {error}") from None
    if seconds.null_count:
        row = pc.index(pc.is_null(seconds), True).as_py()
        raise BacktestError(f"{path}, row {before + row + 1}: has no minute")
    answer: Whole = seconds.to_numpy() // 60 * 60
    return answer


def _whole(path: str, name: str, column: pa.ChunkedArray, before: int) -> Whole:
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise BacktestError(f"{path}, row {before + row + 1}: has no {name}")
    try:
        answer: Whole = column.cast(pa.int64()).to_numpy()
    except pa.ArrowException:
        raise BacktestError(f"{path}: the column {name} holds {column.type}, not whole numbers") from None
    return answer


def _coded(path: str, name: str, column: pa.ChunkedArray) -> tuple[list[str | None], Whole]:
    """Return the texts of a column and the place of each row's; an empty one is none, and stands first."""
    try:
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        whole = column.unify_dictionaries().combine_chunks()
        whole = whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)
        texts = whole.dictionary.cast(pa.string()).to_pylist()
    except pa.ArrowException:
        raise BacktestError(f"{path}: the column {name} holds {column.type}, not names") from None
    place = np.array([0, *(place if text else 0 for place, text in enumerate(texts, 1))], np.int64)
    return [None, *texts], place[whole.indices.fill_null(-1).to_numpy().astype(np.int64) + 1]
