"""Repeats leave the store beside what else ages it: sums to hours, exports, dead letters read again."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from store_batches import START

from bellbuoy.config.server import Retention
from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.signals import BUILT_IN
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.aging.coarsen import Needed
from bellbuoy.monitor.store.aging.export import DAY, Exports, date_of
from bellbuoy.monitor.store.aging.restore import restore

pytestmark = pytest.mark.store
FIRST = START // DAY * DAY


def step(name, at):
    event = {
        "type": "step",
        "ts": at * 1000,
        "event_id": name,
        "interaction_id": f"c{name}",
        "workflow": "w",
        "step": "a",
    }
    return json.dumps({**event, "outcome": "failure", "latency_ms": 300.0}).encode()


def put(store, offset, arrival, *steps):
    """Append steps; what came before is forgotten, as it is after a day."""
    stream = Stream("kafka", "t", 0, "1")
    values = [step(*one) for one in steps]
    chunk = Chunk(stream, range(offset, offset + len(values)), values, offset + len(values))
    store._appender.duplicates.fill([])
    limits = Limits(refuse_ahead_s=10 * 365 * DAY)
    store.append(decode(chunk, stream_id=store.stream_id(stream), received_at_us=arrival * 1_000_000, limits=limits))


def counted(store):
    found = store.cursor().execute("SELECT epoch(minute)::BIGINT, n, bad FROM minutes WHERE signal = 'step_failure'")
    return sorted(found.fetchall())


def events(store):
    return store.cursor().execute("SELECT event_id FROM events_raw ORDER BY ts").fetchall()


@pytest.mark.parametrize("unit", ["hour", "day"])
def test_what_came_again_is_taken_from_the_hour_or_day_that_its_minute_was_summed_to(unit):
    keep = Retention(minutes=400 * DAY if unit == "hour" else 36 * DAY)
    now = FIRST + 50 * DAY
    with Store.open(None) as store:
        put(store, 0, now - 2 * DAY, ("a", FIRST + 7261), ("b", FIRST + 7321), ("c", FIRST + 45 * DAY + 61))
        put(store, 3, now - 3000, ("a", FIRST + 7261), ("b", FIRST + 7321), ("c", FIRST + 45 * DAY + 61))
        with store.transaction() as tx:
            tx.run("judgement/set_progress", name="judged", at=now)
            tx.run("judgement/set_folded", mark=store.known_us)
        store.retain(now, keep, Needed(since=FIRST + 30 * DAY))
        place = FIRST + (7200 if unit == "hour" else 0)
        assert counted(store) == [(place, 4, 4), (FIRST + 45 * DAY + 60, 2, 2)]
        assert store.remove_repeats(now - DAY, now) == 3
        assert counted(store) == [(place, 2, 2), (FIRST + 45 * DAY + 60, 1, 1)]
        assert store.cursor().execute("SELECT sum(n), sum(sum_us) FROM latency").fetchall() == [(3, 900_000)]


def test_a_signal_that_says_something_else_meanwhile_leaves_no_more_bad_ones_than_trials():
    with Store.open(None) as store:
        put(store, 0, FIRST + 100, ("a", FIRST + 61))
        put(store, 1, FIRST + DAY, ("a", FIRST + 61))
        changed = [replace(one, bad="false") if one.name == "step_failure" else one for one in BUILT_IN]
        store.configure(changed)
        assert store.remove_repeats(FIRST + 3600, FIRST + 2 * DAY) == 1
        assert counted(store) == [(FIRST + 60, 1, 1)]


def test_a_day_from_which_a_repeat_left_is_written_again_before_it_leaves(tmp_path):
    settings = Settings(path=str(tmp_path / "b.duckdb"), exports=str(tmp_path / "exports"))
    with Store.open(tmp_path / "b.duckdb", settings) as store:
        exports = Exports(store, tmp_path / "exports")
        put(store, 0, FIRST + 300, ("a", FIRST + 100), ("b", FIRST + 200))
        put(store, 2, FIRST + 2 * DAY, ("a", FIRST + 100))
        exports.day("events", FIRST, FIRST + 2 * DAY)
        put(store, 3, FIRST + 2 * DAY + 100, ("late", FIRST + 5000))  # as many come as leave
        assert store.remove_repeats(FIRST + DAY, FIRST + 3 * DAY) == 1
        assert store.cursor().execute("SELECT dirty FROM exports").fetchall() == [(True,)]
        assert store.retain(FIRST + 200 * DAY, Retention()).kept == 1
        assert events(store) == [("a",), ("b",), ("late",)]
        assert ("events", FIRST) in exports.due(FIRST + 3 * DAY)
        exports.day("events", FIRST, FIRST + 3 * DAY)
        path = tmp_path / "exports" / "events" / f"day={date_of(FIRST).isoformat()}.parquet"
        assert sorted(pq.read_table(path)["event_id"].to_pylist()) == ["a", "b", "late"]
        assert store.retain(FIRST + 200 * DAY, Retention()).events == 3


def test_a_file_that_was_taken_away_is_begun_anew_for_what_comes_late(tmp_path):
    settings = Settings(path=str(tmp_path / "b.duckdb"), exports=str(tmp_path / "exports"))
    with Store.open(tmp_path / "b.duckdb", settings) as store:
        exports = Exports(store, tmp_path / "exports")
        put(store, 0, FIRST + 300, ("a", FIRST + 100))
        exports.day("events", FIRST, FIRST + 2 * DAY)
        assert store.retain(FIRST + 200 * DAY, Retention()).events == 1
        path = tmp_path / "exports" / "events" / f"day={date_of(FIRST).isoformat()}.parquet"
        path.unlink()
        put(store, 1, FIRST + 200 * DAY, ("late", FIRST + 5000))
        assert exports.day("events", FIRST, FIRST + 200 * DAY).rows == 1
        assert store.retain(FIRST + 200 * DAY, Retention()).events == 1


def test_files_that_hold_an_event_twice_give_it_back_once(tmp_path):
    folder = tmp_path / "exports"
    for number, names in enumerate(["ab", "abc"]):  # the second store began anew beside the files of the first
        settings = Settings(path=str(tmp_path / f"{number}.duckdb"), exports=str(folder))
        with Store.open(tmp_path / f"{number}.duckdb", settings) as store:
            exports = Exports(store, folder)
            exports.mend()
            put(store, 0, FIRST + 300, *((name, FIRST + 100 + place) for place, name in enumerate(names)))
            assert exports.day("events", FIRST, FIRST + 2 * DAY).rows == (2, 5)[number]
    with Store.open(tmp_path / "2.duckdb", settings) as store:
        assert restore(store, folder) == 3
        assert events(store) == [("a",), ("b",), ("c",)]
        assert store.cursor().execute("SELECT next, received FROM streams").fetchall() == [(3, 3)]
