"""Brings events back from their Parquet files into an empty store."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bellbuoy.monitor.store.adding.duplicates import PARTS, Duplicates
from bellbuoy.monitor.store.aging.export import Exports
from bellbuoy.monitor.store.aging.files import measured, note_of
from bellbuoy.monitor.store.engine import Engine
from bellbuoy.monitor.store.errors import StoreError
from bellbuoy.monitor.store.kept import keep
from bellbuoy.monitor.store.statements import statement
from bellbuoy.monitor.store.transaction import Transaction

AT_ONCE = 50_000
FOR_EVER_US = 1 << 62


def restore(engine: Engine, folder: Path) -> int:
    """Store the events of all files, and where their streams go on; return how many they are.

    Of an event that stands in its day's file twice the first one is stored: files to which a store that was read anew has
    added hold such ones. A store in which this was broken off is refused by whoever opens it, and so is one whose events are
    all back until they are counted (`bellbuoy.monitor.judging.rebuild.rebuild`).

    Args:
        engine: an empty store.
        folder: of the exports.

    Raises:
        StoreError: the store holds events already, or there are no files.
        StoreExhausted: disk or memory is used up.
    """
    if engine.rows("exports/days_events") or engine.rows("store/streams"):
        raise StoreError(f"{engine.path}: it holds events already; events come back into an empty store only.")
    files = [(path, note) for path in sorted(folder.glob("events/*.parquet")) if (note := note_of(path)) is not None]
    if not files:
        raise StoreError(f"{folder}: there are no exports of events in it.")
    with engine.transaction() as tx:
        tx.run("rebuild/begin_restoring")
    streams: dict[int, list[object]] = {}
    rows = 0
    wanted = set(engine.cursor().table("events_raw").columns)
    for path, note in files:
        streams.update({place[0]: place for place in note["streams"]})
        known = Duplicates(FOR_EVER_US, max(1, note["rows"]) * PARTS)
        for table in _tables(path, wanted):
            with engine.transaction() as tx:
                rows += _add(tx, table, known)
    with engine.transaction() as tx:
        for row in tx.rows("rebuild/next_offsets"):
            place = dict(zip(("id", "source", "path", "partition", "epoch"), streams[row["stream"]], strict=True))
            values = {"next": row["next"], "received": row["received"], "newest_us": row["newest_us"]}
            tx.run("store/begin_stream", **place, **values, at_us=row["arrived_us"])
    exports = Exports(engine, folder)
    for path, note in files:
        exports.save({**note, "mark": note["rows"]}, measured(path))
    with engine.transaction() as tx:
        tx.run("rebuild/restored")
    return rows


def _add(tx: Transaction, table: pa.Table, known: Duplicates) -> int:
    tx.show("arriving", table)
    keys = np.asarray(tx.cursor.execute(statement("duplicates/arriving")).fetchnumpy()["key"], np.uint64)
    tx.cursor.unregister("arriving")
    fresh = known.new(keys)
    if fresh is not None:
        table, keys = table.filter(pa.array(fresh)), keys[fresh]
    known.take(keys, 0)
    keep(tx, table)
    return int(table.num_rows)


def _tables(path: Path, wanted: set[str]) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(AT_ONCE):
            table = pa.Table.from_batches([batch])
            yield table.drop_columns([name for name in table.column_names if name not in wanted])
