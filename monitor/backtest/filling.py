"""Fills a recording: with the events of files, or with what a daemon's store holds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bellbuoy.config.model import Config
from bellbuoy.monitor.backtest.counted import counted
from bellbuoy.monitor.backtest.errors import BacktestError
from bellbuoy.monitor.backtest.recording import DAY, Recording
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.event.batch import FAR_US
from bellbuoy.monitor.ingest.limits import feeds
from bellbuoy.monitor.json_lines import ENCODER, plain
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.sources.build import foreign as foreign_of
from bellbuoy.monitor.sources.log_file import LogFile
from bellbuoy.monitor.store import Series, Store
from bellbuoy.monitor.store.kept import keep

LINES = 20_000
FIRST = 100
"""Records by which a file is told to be of events, or of the form that a source of the configuration maps."""
BYTES = 16 << 20


def fill_events(
    recording: Recording, files: Sequence[Path], config: Config, tell: Callable[[int], None] = lambda _: None
) -> tuple[int, list[str]]:
    """Store the events of log files (JSON lines, also .gz and .zst; Parquet) as the daemon stores them, with what they say of one another.

    Args:
        recording: empty.
        files: in any order.
        config: limits of a message; a file of no events is read by the first `map` of its sources.
        tell: hears how many records were read so far.

    Returns:
        How many events were stored, and why the others were not, at most three reasons.

    Raises:
        BacktestError: a file cannot be read.
        SourceStopped: a file is damaged.
    """
    native = Limits(max_message=config.ingest.max_message)
    foreign = next((one for one in map(foreign_of, feeds(config.sources)) if one is not None), None)
    stored = read = newest_us = 0
    reasons: list[str] = []
    for number, file in enumerate(sorted(files)):
        stream = Stream("backtest", str(file), number, "1")
        limits = native
        for chunk in _chunks(file, stream):
            if chunk.offsets[0] == 0 and foreign is not None and not _native(chunk):
                limits = replace(native, foreign=foreign)
            batch = decode(chunk, stream_id=recording.stream_id(stream), received_at_us=FAR_US, limits=limits)
            stored += recording.append(batch).rows
            newest_us = max(newest_us, batch.newest_us or 0)
            read += len(chunk.values)
            reasons += [f"{file}: {letter.reason}" for letter in batch.letters[: 3 - len(reasons)]]
            tell(read)
    recording.amend(newest_us // 1_000_000)
    return stored, reasons


def _native(chunk: Chunk) -> bool:
    """Tell whether one of the first records of a chunk is an event as it is."""
    first = Chunk(chunk.stream, chunk.offsets[:FIRST], chunk.values[:FIRST], chunk.next)
    return decode(first, stream_id=0, received_at_us=FAR_US, limits=Limits()).rows > 0


def _chunks(file: Path, stream: Stream) -> Iterator[Chunk]:
    if file.suffix.lower() == ".parquet":
        try:
            parts = pq.ParquetFile(file).iter_batches(LINES)
            offset = 0
            for part in parts:
                values = _events(part)
                yield Chunk(stream, range(offset, offset + len(values)), values, offset + len(values))
                offset += len(values)
        except (OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise BacktestError(f"{file}: cannot be read as Parquet: {str(error).splitlines()[0]}") from None
        return
    log = LogFile(file, stream, 0)
    try:
        while (chunk := log.take(LINES, BYTES, last_line=True)) is not None:
            yield chunk
    finally:
        log.close()


def _events(part: pa.RecordBatch) -> list[bytes]:
    """Return rows as the events that they stand for: a value that is not there is no field."""
    maps = [field.name for field in part.schema if pa.types.is_map(field.type)]
    events = []
    for row in part.to_pylist():
        for name in maps:
            row[name] = None if row[name] is None else dict(row[name])
        events.append(ENCODER.encode(_bare(plain(row))))
    return events


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items() if inner is not None}
    return [_bare(inner) for inner in value] if isinstance(value, list) else value


def fill_store(recording: Recording, path: Path, config: Config) -> int:
    """Copy counts, events and notes of a store that no daemon holds; it is opened for reading only.

    Returns:
        How many events were copied.

    Raises:
        StoreLocked, StoreMissing: a daemon holds it, or it is not there.
    """
    events = 0
    with Store.open(path, config.store, read_only=True) as store:
        days = [row["day"] for row in store.rows("exports/days_minutes")]
        parts = [store.arrow("exports/minutes", since=day, until=day + DAY) for day in days]
        if not parts:
            raise BacktestError(f"{path}: nothing is counted in it yet")
        recording.take_counts(counted(pa.concat_tables(parts), str(path)), config)
        recording.counted = False
        for row in store.rows("exports/days_events"):
            table = store.arrow("exports/events", since=row["day"], until=row["day"] + DAY)
            with recording.transaction() as tx:
                keep(tx, table)
            events += table.num_rows
        late = _renumbered(store.arrow("backtest/late"), store.series(), recording.series())
        with recording.transaction() as tx:
            tx.insert("notes", store.arrow("backtest/all_notes"))
            tx.insert("late_counts", late)
            tx.insert("baseline_marks", store.arrow("backtest/all_marks"))
    return events


def _renumbered(late: pa.Table, known: Sequence[Series], own: Sequence[Series]) -> pa.Table:
    """Return what came late as rows of another store, whose series have other numbers; it is about those that are counted there."""
    numbers = {one.key: one.id for one in own}
    to = np.full(max((one.id for one in known), default=0) + 1, -1, np.int32)
    for one in known:
        to[one.id] = numbers.get(one.key, -1)
    series = to[late["series"].to_numpy()]
    instants = {
        name: pc.multiply(late[column], 1_000_000).cast(pa.timestamp("us"))
        for name, column in (("minute", "minute"), ("taken_at", "taken"))
    }
    rows = pa.table({**instants, "series": pa.array(series), "n": late["n"], "bad": late["bad"]})
    return rows.filter(pa.array(series >= 0))
