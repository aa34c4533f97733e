"""Reads files of counts (Parquet, CSV, JSON lines): checks every row, adds up those of one key."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from bellbuoy.monitor.backtest.errors import BacktestError

TIMES = ("minute", "tick", "ts")
KEYS = ("signal", "workflow", "step", "segment")
MOST = 2**31 - 1
WITH_STEP, WITHOUT_STEP = "step_failure", "interaction_failure"
"""What a row counts where the file has no column `signal`: failures of the step, or of the whole interaction."""


def read_counts(paths: Sequence[Path]) -> pa.Table:
    """Return the counts in files, one row a minute and series.

    Args:
        paths: files with the columns `minute` (or `tick`, `ts`: UTC), `workflow`, `n`, `bad` and, if they are there, `step`,
            `segment`, `signal`; in any order, with any others.

    Returns:
        Columns minute (epoch seconds, whole minutes), signal, workflow, step, segment, n, bad; ordered by all of them.

    Raises:
        BacktestError: a file cannot be read, lacks a column, or has a row that cannot be; the text names the row.
    """
    table = pa.concat_tables([_checked(path, _read(path)) for path in paths])
    if not table.num_rows:
        raise BacktestError(f"{paths[0]}: there is no row in it; give counts of at least some weeks")
    summed = table.group_by(["minute", *KEYS]).aggregate([("n", "sum"), ("bad", "sum")])
    summed = summed.rename_columns(["minute", *KEYS, "n", "bad"])
    return summed.sort_by([(name, "ascending") for name in ("minute", *KEYS)])


def _read(path: Path) -> pa.Table:
    kind = path.name.lower().removesuffix(".gz").rsplit(".", 1)[-1]
    try:
        if kind in ("parquet", "pq"):
            return pq.read_table(path)
        if kind == "csv":
            texts = {name: pa.string() for name in KEYS}
            options = pa_csv.ConvertOptions(column_types=texts, strings_can_be_null=True, null_values=["", "NULL"])
            return pa_csv.read_csv(path, convert_options=options)
        if kind in ("jsonl", "ndjson", "json"):
            return pa_json.read_json(path)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise BacktestError(f"{path}: cannot be read as {kind}: {str(error).splitlines()[0]}") from None
    raise BacktestError(f"{path}: counts are read from .parquet, .csv and .jsonl; its name says none of them")


def _checked(path: Path, table: pa.Table) -> pa.Table:
    """Return the columns that count, each row as it must be; the first row that is not is named."""
    names = {name.lower(): name for name in table.column_names}
    time = next((names[name] for name in TIMES if name in names), None)
    lacking = [name for name in ("workflow", "n", "bad") if name not in names]
    if time is None:
        lacking.insert(0, "minute")
    if lacking or time is None:
        raise BacktestError(
            f"{path}: has no column {', '.join(lacking)}; counts are minute, workflow, step, segment, signal, n, bad"
        )
    minute = _minutes(path, table[time])
    n, bad = (_whole(path, name, table[names[name]]) for name in ("n", "bad"))
    wrong = np.flatnonzero((n < 0) | (bad < 0) | (bad > n) | (n > MOST))
    if len(wrong):
        row = int(wrong[0])
        raise BacktestError(f"{path}, row {row + 1}: {bad[row]} bad of {n[row]} trials cannot be")
    columns: dict[str, pa.Array | pa.ChunkedArray] = {"minute": pa.array(minute)}
    for name in KEYS:
        columns[name] = _text(path, name, table[names[name]]) if name in names else pa.nulls(len(table), pa.string())
    if columns["workflow"].null_count:
        row = pc.index(pc.is_null(columns["workflow"]), True).as_py()
        raise BacktestError(f"{path}, row {row + 1}: has no workflow")
    usual = pc.if_else(pc.is_null(columns["step"]), WITHOUT_STEP, WITH_STEP)
    columns["signal"] = pc.coalesce(columns["signal"], usual)
    return pa.table({**columns, "n": pa.array(n), "bad": pa.array(bad)})


def _minutes(path: Path, column: pa.ChunkedArray) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
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
        raise BacktestError(f"{path}, row {row + 1}: has no minute")
    answer: np.ndarray[tuple[int], np.dtype[np.int64]] = seconds.to_numpy() // 60 * 60
    return answer


def _whole(path: Path, name: str, column: pa.ChunkedArray) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise BacktestError(f"{path}, row {row + 1}: has no {name}")
    try:
        answer: np.ndarray[tuple[int], np.dtype[np.int64]] = column.cast(pa.int64()).to_numpy()
    except pa.ArrowException:
        raise BacktestError(f"{path}: the column {name} holds {column.type}, not whole numbers") from None
    return answer


def _text(path: Path, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of names; an empty one is none."""
    try:
        texts = column.cast(pa.string())
    except pa.ArrowException:
        raise BacktestError(f"{path}: the column {name} holds {column.type}, not names") from None
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
