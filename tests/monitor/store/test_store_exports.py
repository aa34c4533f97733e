"""Each closed day is in a Parquet file: whole, true to the store, and the same whenever the process dies."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from store_batches import START, messages

from bellbuoy.config.server import Retention
from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store import Store, Uncounted
from bellbuoy.monitor.store.aging.export import DAY, Exports
from bellbuoy.monitor.store.aging.restore import restore
from bellbuoy.monitor.store.errors import StoreUnfinished

pytestmark = [pytest.mark.store, pytest.mark.long]

FIRST = START // DAY * DAY
NOW = FIRST + 10 * DAY
KEYS = 'SELECT stream, "offset", idx FROM '


@pytest.fixture
def kept(tmp_path, stream, batch_of):
    """A store with three days of events, and its exports."""
    settings = Settings(path=str(tmp_path / "b.duckdb"), exports=str(tmp_path / "exports"))
    with Store.open(tmp_path / "b.duckdb", settings) as store:
        for number in range(3):
            add(store, stream, batch_of, number * 300, FIRST + number * DAY + 3000, 300, seconds=200)
        yield Exports(store, tmp_path / "exports")


def add(store, stream, batch_of, offset, at, count=20, seconds=1.0):
    store.append(batch_of(store, stream, messages(offset, count, start=at, seconds=seconds), offset, at + 100_000))


def write_due(exports, until=NOW):
    return [exports.day(kind, day, until) for kind, day in exports.due(until)]


def in_files(exports, kind="events"):
    pattern = str(exports.folder / kind / "*.parquet")
    return duckdb.sql(f"{KEYS} read_parquet('{pattern}') ORDER BY ALL").fetchall()


def in_store(exports):
    return exports.engine.cursor().execute(f"{KEYS} events_raw ORDER BY ALL").fetchall()


def test_every_closed_day_is_a_file_that_any_client_reads(kept):
    made = write_due(kept, FIRST + 2 * DAY)
    assert [(one.kind, one.day) for one in made] == [
        ("events", FIRST),
        ("minutes", FIRST),
        ("events", FIRST + DAY),
        ("minutes", FIRST + DAY),
    ]
    assert kept.due(FIRST + 2 * DAY) == []
    write_due(kept)
    assert in_files(kept) == in_store(kept)
    path = str(kept.folder / "events" / "*.parquet")
    cursor = kept.engine.cursor()
    outside = duckdb.sql(f"SELECT DISTINCT * FROM read_parquet('{path}')")
    columns = ", ".join(f'"{name}"' for name in outside.columns)
    assert (
        sorted(map(str, outside.fetchall()))
        == sorted(map(str, cursor.execute(f"SELECT DISTINCT {columns} FROM events_raw").fetchall()))
    )  # fmt: skip
    minutes = str(kept.folder / "minutes" / "*.parquet")
    assert (
        duckdb.sql(f"SELECT * FROM '{minutes}' ORDER BY ALL").fetchall()
        == cursor.execute("SELECT * FROM minutes ORDER BY ALL").fetchall()
    )
    for kind in ("incidents", "changes"):
        assert kept.whole(kind, NOW).rows == 0
    told = cursor.execute("SELECT file, rows, size, dirty FROM exports ORDER BY file").fetchall()
    assert [(name, rows) for name, rows, _, _ in told] == [
        (str(one.relative_to(kept.folder)), pq.read_metadata(one).num_rows)
        for one in sorted(kept.folder.glob("**/*.parquet"), key=lambda one: str(one.relative_to(kept.folder)))
    ]
    assert not any(dirty for *_, dirty in told)


def test_a_late_event_makes_its_day_dirty_and_the_day_is_written_again(kept, stream, batch_of):
    write_due(kept)
    add(kept.engine, stream, batch_of, 900, FIRST + DAY + 500)
    dirty = kept.engine.cursor().execute("SELECT epoch(day)::BIGINT FROM exports WHERE dirty").fetchall()
    assert dirty == [(FIRST + DAY,)]
    assert {(one.kind, one.day) for one in write_due(kept)} == {("events", FIRST + DAY), ("minutes", FIRST + DAY)}
    assert in_files(kept) == in_store(kept)


def test_events_leave_the_store_only_when_their_file_holds_them(kept, stream, batch_of):
    store, everything = kept.engine, in_store(kept)
    retention = Retention(events=DAY)
    gone = store.retain(NOW, retention)
    assert (gone.events, gone.kept) == (0, 3)
    write_due(kept)
    add(store, stream, batch_of, 900, FIRST + DAY + 500)
    everything = in_store(kept)
    gone = store.retain(NOW, retention)
    assert gone.kept == 1, "the day that was added to stays"
    write_due(kept)
    assert store.retain(NOW, retention).kept == 0
    assert in_store(kept) == []
    assert in_files(kept) == everything
    # what arrives after its day has left is added to the file that is there, twice too
    for offset in (1000, 1100):
        add(store, stream, batch_of, offset, FIRST + DAY + 500)
        everything = sorted([*everything, *(one for one in in_store(kept) if one not in everything)])
        write_due(kept)
        assert in_files(kept) == everything
        if offset == 1100:
            assert store.retain(NOW, retention).kept == 0
    assert in_store(kept) == []
    assert in_files(kept) == everything


def test_a_file_that_was_taken_away_or_cut_is_no_reason_to_delete(kept):
    write_due(kept)
    files = sorted((kept.folder / "events").glob("*"))
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-1])
    assert kept.engine.retain(NOW, Retention(events=DAY)).kept == 2


KILLED = """
import os, sys
from pathlib import Path
from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.aging import files
from bellbuoy.monitor.store.aging.export import Exports
folder, when, day, at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
real = os.replace
def replace(old, new):
    if when == "before":
        os._exit(9)
    real(old, new)
    os._exit(9)
files.os.replace = replace
settings = Settings(path=str(folder / "b.duckdb"), exports=str(folder / "exports"))
Exports(Store.open(folder / "b.duckdb", settings), folder / "exports").day("events", day, at)
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("again", [False, True])
def test_a_kill_leaves_the_old_or_the_new_file_and_the_next_start_a_true_row(
    kept, tmp_path, when, again, stream, batch_of
):
    if again:
        write_due(kept)
        add(kept.engine, stream, batch_of, 900, FIRST + 500)
    path = (
        kept.folder
        / "events"
        / f"day={kept.engine.cursor().execute('SELECT min(ts)::DATE FROM events_raw').fetchone()[0]}.parquet"
    )
    before = path.read_bytes() if path.exists() else None
    rows = len(in_store(kept))
    kept.engine.close()
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), when, str(FIRST), str(NOW + 5)], check=False, timeout=60
    )
    assert ended.returncode == 9
    now = path.read_bytes() if path.exists() else None
    assert (now == before) is (when == "before")
    settings = kept.engine.settings
    with Store.open(Path(settings.path), settings) as store:
        exports = Exports(store, kept.folder)
        exports.mend()
        assert not list(kept.folder.glob("**/*.tmp"))
        for row in store.rows("exports/known"):
            file = exports.folder / row["file"]
            assert (row["rows"], row["size"]) == (pq.read_metadata(file).num_rows, file.stat().st_size)
        assert exports.mend() == []
        assert (("events", FIRST) in exports.due(NOW)) is (when == "before")
        write_due(exports)
        assert in_files(exports) == in_store(exports)
        assert len(in_store(exports)) == rows


def test_a_full_disk_leaves_the_old_file(kept, monkeypatch):
    write_due(kept)
    before = in_files(kept)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        kept.day("events", FIRST, NOW)
    assert in_files(kept) == before
    assert not list(kept.folder.glob("**/*.tmp"))


def test_files_of_a_store_that_was_lost_are_added_to_and_never_written_over(kept, tmp_path, stream, batch_of):
    write_due(kept)
    old = in_files(kept)
    settings = Settings(path=str(tmp_path / "new.duckdb"), exports=str(kept.folder))
    with Store.open(tmp_path / "new.duckdb", settings) as store:
        exports = Exports(store, kept.folder)
        exports.mend()
        assert exports.due(NOW) == []
        add(store, stream, batch_of, 2000, FIRST + 500)
        write_due(exports)
        assert in_files(exports) == sorted([*old, *in_store(exports)])


BROKEN_OFF = """
import os, sys
from pathlib import Path
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.aging.restore import restore
from bellbuoy.monitor.store.transaction import Transaction
folder, last, run = Path(sys.argv[1]), sys.argv[2], Transaction.run
def dying(self, name, **more):
    if name == last:
        os._exit(9)
    return run(self, name, **more)
Transaction.run = dying
restore(Store.open(folder / "back.duckdb"), folder / "exports")
"""


@pytest.mark.parametrize("last", ["store/begin_stream", "exports/forget", "rebuild/restored"])
def test_a_restore_that_was_killed_leaves_a_file_that_nobody_opens(kept, tmp_path, last):
    write_due(kept)
    ended = subprocess.run([sys.executable, "-c", BROKEN_OFF, str(tmp_path), last], check=False, timeout=60)
    assert ended.returncode == 9
    path = tmp_path / "back.duckdb"
    for read_only in (False, True):
        with pytest.raises(StoreUnfinished, match="away and run `bellbuoy rebuild --from-exports` again"):
            Store.open(path, read_only=read_only)
    path.rename(tmp_path / "away.duckdb")
    path.with_name("back.duckdb.wal").unlink(missing_ok=True)
    with Store.open(path) as store:
        assert restore(store, kept.folder) == len(in_store(kept))
    for read_only in (False, True):
        with pytest.raises(StoreUnfinished, match="run `bellbuoy rebuild`, without --from-exports"):
            Store.open(path, read_only=read_only)
    with Uncounted.open(path) as store:
        assert store.positions("kafka") == kept.engine.positions("kafka")
