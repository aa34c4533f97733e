"""A person's query is asked again where the file was opened anew under it, and is told where it cannot be."""

import threading

import duckdb
import pytest

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store import Store, StoreExhausted
from bellbuoy.monitor.store.door.adhoc import QueryRefused, ask

pytestmark = pytest.mark.store

COUNT = "SELECT count(*) AS n FROM streams"
SLOW = f"WITH t AS (SELECT unnest({list(range(500))}) AS x) SELECT sum(hash(a.x + b.x + c.x) % 7) AS n FROM t AS a, t AS b, t AS c"


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "b.duckdb", Settings()) as opened:
        yield opened


def give_up(store):
    """What is left when DuckDB has given up on the file and there was no room to open it."""
    with store._lock:
        store._lost = True
        store._cursors.close()
        store._db.close()


def test_a_query_that_runs_when_the_file_is_opened_anew_is_answered(store, monkeypatch):
    begun, asked, found = threading.Event(), [], []
    cursors = store.new_cursor

    def given():
        cursor = cursors()
        asked.append(cursor)
        begun.set()
        return cursor

    monkeypatch.setattr(store, "new_cursor", given)
    asking = threading.Thread(target=lambda: found.append(ask(store, SLOW, seconds=60)))
    asking.start()
    assert begun.wait(30)
    with store._lock:
        store._renew()
    asking.join()
    assert len(asked) == 2
    assert found[0].rows.num_rows == 1


def test_where_duckdb_had_given_up_the_file_is_opened_for_the_query(store):
    give_up(store)
    assert ask(store, COUNT).rows.to_pydict() == {"n": [0]}
    assert store.life == 1
    assert store.readers._now == 0


def test_without_room_to_open_it_the_query_is_told_so(store, monkeypatch):
    give_up(store)

    def full(_):
        raise StoreExhausted("b.duckdb: no room")

    with monkeypatch.context() as patched:
        patched.setattr(store, "_opened", full)
        for _ in range(2):
            with pytest.raises(StoreExhausted, match="no room"):
                ask(store, COUNT)
    assert store.readers._now == 0
    assert ask(store, COUNT).rows.to_pydict() == {"n": [0]}


def test_a_closed_store_stays_closed(store):
    give_up(store)
    store.close()
    with pytest.raises(QueryRefused, match="closed"):
        ask(store, COUNT)
    with pytest.raises(duckdb.Error):
        store.rows("store/streams")
    assert store.life == 0


def test_nobody_can_say_in_words_that_the_file_is_broken(store):
    for words in ("database has been invalidated", "Corrupt database file", "computed checksum 1 does not match"):
        with pytest.raises(QueryRefused, match="Could not convert"):
            ask(store, f"SELECT '{words}'::INTEGER")
    assert store.damage is None
    assert ask(store, COUNT).rows.num_rows == 1
    assert store.life == 0
