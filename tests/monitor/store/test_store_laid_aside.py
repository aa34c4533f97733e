"""Events in several tables are one: what is laid aside is read, leaves and is compared as if it lay in one table."""

import json
import random
import shutil

import pytest
from store_batches import START

from bellbuoy.config.server import Retention
from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store import Store, kept
from bellbuoy.monitor.store.door.adhoc import QueryRefused, ask

pytestmark = [pytest.mark.store, pytest.mark.long]

DAY = 86400
FIELDS = {
    "region": "north",
    "tenant": "t",
    "intent": "i",
    "channel": "phone",
    "confidence": 0.5,
    "tokens_in": 7,
    "handoff": {"to": "human"},
    "reask": True,
    "knowledge": [{"source": "wiki"}],
}


def events(rng, first, n, at):
    """Return events that each bring some of the fields known by then; one in ten came before."""
    names = rng.sample(list(FIELDS), rng.randrange(len(FIELDS)))
    found = []
    for place in range(first, first + n):
        named = rng.randrange(place) if place and rng.random() < 0.1 else place
        event = {
            "type": "step",
            "ts": at + named,
            "event_id": f"e{named}",
            "interaction_id": f"c{named % 50}",
            "workflow": "w",
            "step": "a",
            "outcome": "failure" if rng.random() < 0.2 else "success",
        }
        event["ts"] = event["ts"] * 1000
        found.append(json.dumps(event | {name: FIELDS[name] for name in names if rng.random() < 0.7}).encode())
    return found


def filled(store, batch_of, stream, seed):
    """Append twelve batches of an hour each; those before an append are forgotten, so that repeats come in."""
    rng = random.Random(seed)
    for number in range(12):
        store._appender.duplicates.fill([])
        store.append(batch_of(store, stream, events(rng, 60 * number, 60, START), 60 * number, START + 3600.0 * number))


def held(store):
    asked = (
        'FROM events_raw ORDER BY stream, "offset", idx',
        "FROM minutes ORDER BY ALL",
        "FROM interactions ORDER BY ALL",
    )
    return [store.cursor().execute(one).fetchall() for one in asked]


def judged(store, at):
    with store.transaction() as tx:
        tx.run("judgement/set_progress", name="judged", at=at)
        tx.run("judgement/set_folded", mark=store.known_us)


@pytest.mark.parametrize("seed", range(4))
def test_several_tables_hold_and_lose_what_one_does(tmp_path, monkeypatch, batch_of, stream, seed):
    told, tables = [], []
    for most in (0, 10**9):
        monkeypatch.setattr(kept, "VALUES", most)
        path = tmp_path / f"{most}" / "b.duckdb"
        with Store.open(path) as store:
            filled(store, batch_of, stream, seed)
            tables.append(len(kept.tables(store.cursor())))
            once = [held(store)]
            replayed = tmp_path / f"{most}.duckdb"
            shutil.copy(path, replayed)
            shutil.copy(f"{path}.wal", f"{replayed}.wal")
            with Store.open(replayed) as again:
                once.append(held(again))
            gone = store.remove_repeats(START - DAY, START + 2 * DAY)
            once.append(held(store))
            judged(store, START + 300)
            left = store.retain(START + DAY + 300, Retention(events=DAY)).events
            once.append(held(store))
            told.append((once, gone, left))
            judged(store, START + 100 * DAY)
            store.retain(START + 90 * DAY, Retention(events=DAY))
            assert kept.tables(store.cursor()) == [kept.KEPT]
            assert held(store)[0] == []
        with Store.open(path) as store:
            assert kept.tables(store.cursor()) == [kept.KEPT]
    assert told[0] == told[1]
    (once, gone, left), _ = told
    assert once[0] == once[1]
    assert tables[0] >= 3
    assert tables[1] == 1
    assert gone > 20
    assert left > 50


NUMBERS = ("latency_ms", "ttft_ms", "elapsed_s", "cost_usd", "confidence")


def test_a_new_column_beside_many_rows_needs_no_memory_for_each_of_them(tmp_path, batch_of, stream):
    with Store.open(tmp_path / "b.duckdb", Settings(memory_limit=64 << 20)) as store:
        store.append(batch_of(store, stream, events(random.Random(2), 0, 60, START), 0))
        chosen = ", ".join(
            'range + 60 AS "offset"' if name == "offset" else f'"{name}"'
            for name in kept.columns(store.cursor(), kept.KEPT)
        )
        with store.transaction() as tx:
            some = f"(SELECT * FROM {kept.KEPT} LIMIT 1)"
            tx.cursor.execute(f"INSERT INTO {kept.KEPT} BY NAME SELECT {chosen} FROM {some}, range(2_000_000)")
        (before,) = store.cursor().execute("SELECT count(*) FROM events_raw").fetchall()[0]
        assert before > 2_000_000
        assert "latency_ms" not in kept.columns(store.cursor(), kept.KEPT)
        event = {
            **json.loads(events(random.Random(3), 60, 1, START)[0]),
            **dict.fromkeys(NUMBERS, 0.5),
            "event_id": "new",
        }
        store.append(batch_of(store, stream, [json.dumps(event).encode()], 60))
        asked = "SELECT count(*), count(latency_ms), sum(ttft_ms) FROM events_raw"
        assert store.cursor().execute(asked).fetchall() == [(before + 1, 1, 0.5)]


def test_a_table_laid_aside_while_the_store_is_open_cannot_be_named_by_a_query(monkeypatch, batch_of, stream):
    monkeypatch.setattr(kept, "VALUES", 0)
    with Store.open(None) as store:
        filled(store, batch_of, stream, 0)
        name = kept.tables(store.cursor())[0]
        for sql in (f"FROM {name}", f"WITH {name} AS (SELECT 1) SELECT * FROM {name}"):
            with pytest.raises(QueryRefused, match=name):
                ask(store, sql)
