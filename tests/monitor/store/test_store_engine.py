"""The file is opened safely, migrated whole, written by one and read by many."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from bellbuoy.config.server import Store as Settings
from bellbuoy.config.server import Temp
from bellbuoy.monitor.store import (
    Store,
    StoreError,
    StoreForeign,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreOlder,
    engine,
    kept,
)
from bellbuoy.monitor.store import migrate as migrating
from bellbuoy.monitor.store.door.adhoc import ask
from bellbuoy.monitor.store.engine import NEARLY, Engine
from bellbuoy.monitor.store.opening import GROUP
from bellbuoy.monitor.store.statements import ROOM, migrations, statement

pytestmark = pytest.mark.store


def put(store, key, value):
    with store.transaction() as tx:
        tx.insert("meta", [{"key": key, "value": value}])


def held(store):
    return dict(store.cursor().execute("SELECT key, value FROM meta ORDER BY key").fetchall())


def test_opening_makes_folders_and_opening_again_keeps_rows(tmp_path):
    path = tmp_path / "a" / "b" / "bellbuoy.duckdb"
    with Store.open(path) as store:
        put(store, "k", "v")
        assert store.sizes()["file"] > 0
    with Store.open(path) as store:
        assert held(store) == {"k": "v"}
        assert store.schema == len(migrations())


def test_closing_leaves_no_log_behind_and_may_be_repeated(tmp_path):
    store = Store.open(tmp_path / "b.duckdb")
    put(store, "k", "v")
    store.close()
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["b.duckdb"]


def test_settings_reach_duckdb_and_cannot_be_changed(tmp_path):
    settings = Settings(
        memory_limit=256 << 20, threads=1, checkpoint=32 << 20, temp=Temp(path=str(tmp_path / "spill"), max=64 << 20)
    )
    with Store.open(tmp_path / "b.duckdb", settings) as store:
        cursor = store.cursor()

        def told(name):
            return cursor.execute(f"SELECT current_setting('{name}')").fetchall()[0][0]

        assert told("memory_limit") == "256.0 MiB"
        assert told("threads") == 1
        assert told("checkpoint_threshold") == "1.0 PiB", "the engine merges, between two transactions"
        assert told("temp_directory") == str(tmp_path / "spill")
        assert told("enable_external_access") is False
        with pytest.raises(duckdb.Error, match="lock"):
            cursor.execute("SET threads = 4")
        with pytest.raises(duckdb.Error):
            cursor.execute("SELECT * FROM read_text('/etc/hostname')")


def test_log_is_merged_when_it_holds_nearly_a_group_of_events(tmp_path):
    with Store.open(tmp_path / "b.duckdb") as store:
        sizes = []
        for key in range(7):
            with store.transaction() as tx:
                tx.insert("meta", [{"key": str(key), "value": "v"}])
                tx.events = 20_000
            sizes.append(store.sizes().get("wal", 0))
        assert sizes[:5] == sorted(sizes[:5])
        assert sizes[4] > sizes[5] < sizes[6], "a sixth batch is enough"
        with store.transaction(commit=False) as tx:
            tx.insert("meta", [{"key": "not kept", "value": "v"}])
            tx.events = NEARLY + 1
        assert store.sizes()["wal"] == sizes[6]
        assert "not kept" not in held(store)


def groups_of(store, table):
    rows = f"SELECT max(start + count) - min(start) FROM pragma_storage_info('{table}') WHERE column_id = 0 GROUP BY row_group_id ORDER BY row_group_id"
    return [rows for (rows,) in store.cursor().execute(rows).fetchall()]


def test_large_batches_go_past_the_log_whatever_they_hold(tmp_path):
    with Store.open(tmp_path / "b.duckdb", Settings(checkpoint=1 << 40)) as store:
        with store.transaction() as tx:
            tx.cursor.execute("CREATE TABLE made (n BIGINT)")
        for rows in (2 * GROUP, 2 * GROUP - 77, GROUP + 1) * 3:
            before = store.sizes()["wal"]
            with store.transaction() as tx:
                tx.cursor.execute(f"INSERT INTO made SELECT range FROM range({rows})")
            assert store.sizes()["wal"] - before < 4096, "the rows are in the log"
        assert groups_of(store, "made") == [GROUP, GROUP, GROUP, GROUP - 77, GROUP, 1] * 3
        with store.transaction() as tx:
            tx.cursor.execute("INSERT INTO made SELECT range FROM range(2000)")
        assert store.sizes()["wal"] - before > 16_000


@pytest.fixture
def afresh(tmp_path, monkeypatch):
    """A store that is opened anew at every merge where nobody reads."""
    monkeypatch.setattr(engine, "AFRESH", 1)
    with Store.open(tmp_path / "b.duckdb", Settings(checkpoint=1)) as store:
        yield store


def grow(store, key):
    with store.transaction() as tx:
        tx.insert("meta", [{"key": key, "value": "v"}])
        tx.events = 1


def test_what_duckdb_remembers_is_dropped_now_and_then(afresh):
    lives = [afresh._life]
    for key in "abc":
        grow(afresh, key)
        lives.append(afresh._life)
    assert lives == [0, 1, 2, 3]
    assert held(afresh).keys() >= set("abc")
    with afresh.transaction() as tx:
        tx.insert("meta", [{"key": "d", "value": "v"}])
    assert afresh._life == 3, "nothing has grown since"


def test_nobody_who_reads_is_broken_off_for_it(afresh):
    cursor = afresh.new_cursor()
    reader = cursor.sql("SELECT range FROM range(300000)").to_arrow_reader(1000)
    next(iter(reader))
    grow(afresh, "a")
    assert afresh._life == 0
    assert sum(part.num_rows for part in reader) == 299_000
    afresh.drop_cursor(cursor)
    grow(afresh, "b")
    assert afresh._life == 1


def test_readers_and_ad_hoc_queries_go_on_while_the_file_is_opened_anew(afresh):
    stop, wrong, asked = threading.Event(), [], [0, 0]

    def read(place, work):
        try:
            while not stop.is_set():
                work()
                asked[place] += 1
        except Exception as error:  # noqa: BLE001 - told below
            wrong.append(error)

    works = (lambda: afresh.rows("store/series"), lambda: ask(afresh, "SELECT count(*) FROM events"))
    threads = [threading.Thread(target=read, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    written = 0
    while not wrong and (min(asked) < 30 or afresh._life < 3) and written < 5000:
        grow(afresh, str(written))
        written += 1
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert afresh._life >= 3, "it was never opened anew"
    assert min(asked) >= 30
    assert len(held(afresh).keys() & set(map(str, range(written)))) == written


def test_only_the_exports_folder_can_be_written(tmp_path):
    (tmp_path / "out").mkdir()
    with Store.open(tmp_path / "b.duckdb", Settings(exports=str(tmp_path / "out"))) as store:
        store.cursor().execute(f"COPY (SELECT 1 AS a) TO '{tmp_path}/out/a.parquet'")
        with pytest.raises(duckdb.Error):
            store.cursor().execute(f"COPY (SELECT 1 AS a) TO '{tmp_path}/a.parquet'")


def test_second_process_is_told_who_holds_the_store(tmp_path):
    with Store.open(tmp_path / "b.duckdb") as store:
        code = (
            "import sys; from pathlib import Path; from bellbuoy.monitor.store import Store, StoreLocked\n"
            "try: Store.open(Path(sys.argv[1]), read_only='r' in sys.argv[2])\n"
            "except StoreLocked as locked: print(locked.pid, locked)"
        )
        for mode in ("w", "r"):
            found = subprocess.run(
                [sys.executable, "-c", code, str(tmp_path / "b.duckdb"), mode],
                capture_output=True,
                text=True,
                check=True,
            )
            assert found.stdout.startswith(f"{os.getpid()} {tmp_path}/b.duckdb: the store is in use by process")
        put(store, "k", "unharmed")
        assert held(store) == {"k": "unharmed"}


def test_second_opening_in_the_same_process_is_refused(tmp_path):
    with Store.open(tmp_path / "b.duckdb"), pytest.raises(StoreLocked) as locked:
        Store.open(tmp_path / "b.duckdb")
    assert locked.value.pid == os.getpid()


def test_reading_a_missing_store_says_so(tmp_path):
    with pytest.raises(StoreMissing, match="there is no store yet"):
        Store.open(tmp_path / "b.duckdb", read_only=True)


def test_reading_only_refuses_to_write(tmp_path):
    Store.open(tmp_path / "b.duckdb").close()
    with Store.open(tmp_path / "b.duckdb", read_only=True) as store, pytest.raises(duckdb.Error, match="read-only"):
        put(store, "k", "v")


def test_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "b.duckdb").write_bytes(b"a diary, not a database. " * 1000)
    with pytest.raises(StoreForeign, match="not a DuckDB file"):
        Store.open(tmp_path / "b.duckdb")


def test_database_of_somebody_else_is_left_alone(tmp_path):
    with duckdb.connect(str(tmp_path / "b.duckdb")) as other:
        other.execute("CREATE TABLE theirs (a INTEGER)")
    with pytest.raises(StoreForeign, match="not a store of Bellbuoy"):
        Store.open(tmp_path / "b.duckdb")
    with duckdb.connect(str(tmp_path / "b.duckdb")) as other:
        assert other.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("theirs",)]


def test_newer_file_is_refused_with_one_sentence(tmp_path):
    Store.open(tmp_path / "b.duckdb").close()
    with duckdb.connect(str(tmp_path / "b.duckdb")) as later:
        later.execute(f"INSERT INTO migrations VALUES ({len(migrations()) + 1}, 'later')")
    with pytest.raises(StoreNewer, match="upgrade Bellbuoy"):
        Store.open(tmp_path / "b.duckdb")


def test_older_file_is_migrated_but_not_when_only_read(tmp_path, monkeypatch):
    monkeypatch.setattr(migrating, "migrations", lambda: migrations()[:1])
    with Engine.open(tmp_path / "b.duckdb") as store:
        put(store, "k", "v")
    monkeypatch.undo()
    with pytest.raises(StoreOlder, match="start the daemon once"):
        Store.open(tmp_path / "b.duckdb", read_only=True)
    with Store.open(tmp_path / "b.duckdb") as store:
        assert store.schema == len(migrations())
        assert held(store) == {"k": "v"}


def test_failing_migration_is_rolled_back_whole(tmp_path, monkeypatch):
    Store.open(tmp_path / "b.duckdb").close()
    broken = (
        *migrations(),
        (len(migrations()) + 1, "broken", "CREATE TABLE half (a INTEGER); INSERT INTO nowhere VALUES (1)"),
    )
    monkeypatch.setattr(migrating, "migrations", lambda: broken)
    with pytest.raises(duckdb.Error):
        Store.open(tmp_path / "b.duckdb")
    monkeypatch.undo()
    with Store.open(tmp_path / "b.duckdb") as store:
        assert store.schema == len(migrations())
        assert "half" not in {row["table_name"] for row in store.rows("store/names")}


def test_event_that_gains_a_field_gains_a_column(tmp_path, monkeypatch):
    with Store.open(tmp_path / "b.duckdb") as store:
        assert "mood" not in [row["name"] for row in store.rows("store/columns", name="events_raw")]
    monkeypatch.setattr(kept, "ADDED", {**kept.ADDED, "mood": "VARCHAR"})
    with Store.open(tmp_path / "b.duckdb") as store:
        assert store.cursor().execute("SELECT mood FROM events").fetchall() == []
        assert store.cursor().execute("SELECT mood FROM interactions").fetchall() == []


def test_numbers_of_migrations_have_no_gap(monkeypatch, tmp_path):
    assert [number for number, _, _ in migrations()] == list(range(1, len(migrations()) + 1))


def test_every_statement_is_one_statement_with_a_comment():
    for path in sorted((ROOM / "sql").rglob("*.sql")):
        name = path.relative_to(ROOM / "sql").with_suffix("").as_posix()
        text = re.sub(r"\{[a-z _]+\}", "filled_in", statement(name))
        assert len(duckdb.extract_statements(text)) == 1, name
        assert not any(word in text.lower() for word in ("now()", "current_date", "current_timestamp", "random()")), (
            name
        )


def test_statement_outside_its_folder_or_without_comment_is_refused(monkeypatch, tmp_path):
    with pytest.raises(LookupError, match="no statement"):
        statement("../migrations/0001_events")
    with pytest.raises(LookupError, match="no statement"):
        statement("nowhere/nothing")


def test_transaction_is_all_or_nothing(store):
    def breaking():
        with store.transaction() as tx:
            tx.insert("meta", [{"key": "a", "value": "1"}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaking()
    assert held(store) == {}
    with store.transaction(commit=False) as tx:
        tx.insert("meta", [{"key": "a", "value": "1"}])
    assert held(store) == {}
    put(store, "a", "1")
    assert held(store) == {"a": "1"}


def test_transaction_within_a_transaction_is_refused(store):
    with store.transaction(), pytest.raises(RuntimeError, match="open in this thread already"), store.transaction():
        pass
    put(store, "a", "1")


def test_readers_do_not_see_what_is_not_committed_and_do_not_wait(store):
    seen = []
    with store.transaction() as tx:
        tx.insert("meta", [{"key": "a", "value": "1"}])
        thread = threading.Thread(target=lambda: seen.append(held(store)))
        thread.start()
        thread.join(10)
    assert seen == [{}]
    assert held(store) == {"a": "1"}


def test_writers_of_several_threads_take_turns(store):
    def write(name):
        for place in range(20):
            put(store, f"{name}{place}", name)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(held(store)) == 80


def test_cursors_of_ended_threads_are_closed(store):
    for _ in range(20):
        thread = threading.Thread(target=lambda: held(store))
        thread.start()
        thread.join(10)
    assert len(store._cursors) < 5


def test_rows_frames_and_arrow_tables_agree(store):
    with store.transaction() as tx:
        tx.insert(
            "unknown_fields",
            pa.table({"name": ["a", "b"], "n": [2, 1], "last_at": pa.array([0, 0], pa.timestamp("us"))}),
        )
    rows = store.rows("store/unknown_fields", limit=5)
    assert rows == [{"name": "a", "n": 2, "last_at": 0}, {"name": "b", "n": 1, "last_at": 0}]
    assert store.frame("store/unknown_fields", limit=5).to_dict("records") == rows
    assert store.arrow("store/unknown_fields", limit=5).to_pylist() == rows


def test_insert_names_a_column_that_is_not_there(store):
    with pytest.raises(KeyError, match="nothing"), store.transaction() as tx:
        tx.insert("meta", [{"nothing": 1}])


def test_in_memory_store_leaves_no_trace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Store.open(None) as store:
        put(store, "a", "1")
        assert store.sizes() == {}
    assert list(tmp_path.iterdir()) == []


def test_errors_are_sentences(tmp_path):
    (tmp_path / "b.duckdb").mkdir()
    with pytest.raises(StoreError) as error:
        Store.open(tmp_path / "b.duckdb")
    assert str(error.value).startswith(str(Path(tmp_path / "b.duckdb")))
