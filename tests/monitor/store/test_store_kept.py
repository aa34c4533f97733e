"""The table of the events has the columns that events brought; everybody else sees all of them."""

import json
import threading

import pytest
from store_batches import messages

from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.amending.overlay import SHOWN
from bellbuoy.monitor.store.kept import FIRST, HELD, KEPT, columns, kinds

pytestmark = pytest.mark.store


def with_fields(first, n, **fields):
    """Return events of which each brings these fields."""
    events = [json.loads(one) for one in messages(first, n, bad=0)]
    for at, event in enumerate(events, first):
        if event["type"] == "outcome":  # it has few fields
            event["type"] = "interaction"
            del event["outcome_source"]
        event |= {**fields, "event_id": f"e{at}"}
    return [json.dumps(event).encode() for event in events]


def appended(store, batch_of, stream, first, values):
    store.append(batch_of(store, stream, values, first))


def test_new_store_has_few_columns_and_shows_all(tmp_path):
    with Store.open(tmp_path / "b.duckdb") as store:
        cursor = store.cursor()
        assert set(FIRST) < set(columns(cursor, KEPT)) < set(kinds())
        assert columns(cursor, "events_raw") == list(kinds())
        assert columns(cursor, "events") == [*kinds(), *SHOWN]
        types = dict(cursor.execute("SELECT column_name, column_type FROM (DESCRIBE events_raw)").fetchall())
        made = cursor.execute(f"SELECT {', '.join(f'CAST(NULL AS {kind})' for kind in kinds().values())}").description
        assert [str(types[name]) for name in kinds()] == [str(column[1]) for column in made]


def test_column_comes_with_the_first_event_that_brings_it_and_is_null_before(tmp_path, batch_of, stream):
    path = tmp_path / "b.duckdb"
    asked = 'SELECT count(*), count(region), max(region), count(handoff."to") FROM events_raw'
    with Store.open(path) as store:
        appended(store, batch_of, stream, 0, with_fields(0, 60))
        assert "region" not in columns(store.cursor(), KEPT)
        assert store.cursor().execute(asked).fetchall()[0][:3] == (60, 0, None)
        appended(store, batch_of, stream, 60, with_fields(60, 60, region="north"))
        assert "region" in columns(store.cursor(), KEPT)
        assert store.cursor().execute(asked).fetchall()[0][:3] == (120, 60, "north")
    with Store.open(path) as store:  # and it stays, for batches that do not bring it too
        appended(store, batch_of, stream, 120, with_fields(120, 60))
        appended(store, batch_of, stream, 180, with_fields(180, 60, region="south", tenant="t"))
        assert store.cursor().execute(asked).fetchall()[0][:3] == (240, 120, "south")
        assert columns(store.cursor(), "events_raw") == list(kinds())


def test_batch_that_is_not_stored_leaves_a_column_of_nulls_and_no_row(tmp_path, batch_of, stream):
    with Store.open(tmp_path / "b.duckdb") as store:
        appended(store, batch_of, stream, 0, with_fields(0, 60))

        def broken(*_):
            raise ZeroDivisionError

        batch = batch_of(store, stream, with_fields(60, 60, region="north"), 60)
        with pytest.raises(ZeroDivisionError):
            store._appender.append(batch, store._told, broken)
        asked = "SELECT count(*), count(region) FROM events_raw"
        assert store.cursor().execute(asked).fetchall() == [(60, 0)]
        store.append(batch)
        assert store.cursor().execute(asked).fetchall() == [(120, 60)]


def test_readers_go_on_while_columns_come(tmp_path, batch_of, stream):
    names = [
        name
        for name, kind in kinds().items()
        if kind == "VARCHAR" and name in ("region", "tenant", "intent", "channel")
    ]
    with Store.open(tmp_path / "b.duckdb") as store:
        appended(store, batch_of, stream, 0, with_fields(0, 30))
        stop, wrong, reads = threading.Event(), [], [0]

        def read():
            try:
                while not stop.is_set():
                    store.rows("store/oldest")
                    store.cursor().execute("SELECT count(*), count(region), count(tenant) FROM events_raw").fetchall()
                    reads[0] += 1
            except Exception as error:  # noqa: BLE001 - told below
                wrong.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        for place, name in enumerate(names, 1):
            appended(store, batch_of, stream, 30 * place, with_fields(30 * place, 30, **{name: "x"}))
        while reads[0] < 5 and not wrong:
            pass
        stop.set()
        thread.join()
        assert not wrong
        assert set(names) <= set(columns(store.cursor(), KEPT))


def test_a_store_that_an_earlier_version_gave_columns_and_tables_is_looked_at_whole(tmp_path, batch_of, stream):
    with Store.open(tmp_path / "b.duckdb") as store:
        appended(store, batch_of, stream, 0, with_fields(0, 5))
        assert "channel" not in columns(store.cursor(), HELD)
        with store.transaction() as tx:  # it knows nothing of this view
            tx.cursor.execute(f"ALTER TABLE {KEPT} RENAME TO {KEPT}_1")
            tx.cursor.execute(f"CREATE TABLE {KEPT} AS FROM {KEPT}_1 LIMIT 0")
            tx.cursor.execute(f"ALTER TABLE {KEPT} ADD COLUMN channel VARCHAR")
    with Store.open(tmp_path / "b.duckdb") as store:
        assert "channel" in columns(store.cursor(), HELD)
        assert store.cursor().execute(f"SELECT count(*) FROM {HELD}").fetchall() == [(5,)]
