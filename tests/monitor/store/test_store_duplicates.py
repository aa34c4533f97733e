"""An event that comes twice is stored once, whatever the batches, the sources and the restarts between."""

import json
from collections import deque

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_batches import START, messages
from test_store_append import minutes, recounted

from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store import Store, StoreExhausted
from bellbuoy.monitor.store.adding.duplicates import Duplicates

pytestmark = pytest.mark.store

STREAMS = [Stream("kafka", "t", 0, "e"), Stream("http", "events", 0, "e")]


def named(key, at=START, kind="step"):
    """Return a message that names itself."""
    event = {
        "type": kind,
        "ts": at * 1000,
        "interaction_id": "i",
        "workflow": "lead",
        "event_id": f"e{key}",
        "outcome": "success",
    }
    return json.dumps(event | ({"step": "greet"} if kind == "step" else {})).encode()


def ids(store):
    return [
        row[0] for row in store.cursor().execute("SELECT event_id FROM events_places ORDER BY part, place").fetchall()
    ]


def test_second_of_two_equal_events_is_dropped_and_told(store, stream, batch_of):
    values = [named(1), named(2), named(1, START + 9), b"{", named(3, kind="outcome"), named(3, kind="outcome")]
    appended = store.append(batch_of(store, stream, values))
    assert (appended.rows, appended.duplicates, appended.letters) == (3, 2, 1)
    assert appended.outcome.duplicates == {stream: [2, 5]}
    assert [(offset, kind) for offset, kind, _ in appended.outcome.dead[stream]] == [(3, "json")]
    assert ids(store) == ["e1", "e2", "e3"]
    again = store.append(batch_of(store, stream, values, 6))
    assert (again.rows, again.duplicates) == (0, 5)
    assert store.positions("kafka") == {stream: 12}
    assert minutes(store) == recounted(store)


def test_two_sources_that_give_the_same_event_store_it_once(store, batch_of):
    for stream in STREAMS:
        store.append(batch_of(store, stream, [named(key) for key in range(50)]))
    assert ids(store) == [f"e{key}" for key in range(50)]
    assert {one.stream: one.next for one in store.streams()} == dict.fromkeys(STREAMS, 50)
    assert minutes(store) == recounted(store)


def test_append_that_was_rolled_back_is_not_remembered(store, stream, batch_of, monkeypatch):
    batch = batch_of(store, stream, [named(key) for key in range(20)])
    real = store._db

    class Full:
        def execute(self, sql, *rest):
            if sql == "COMMIT":
                raise duckdb.IOException("Could not write file: No space left on device")
            return real.execute(sql, *rest)

        def __getattr__(self, name):
            return getattr(real, name)

    monkeypatch.setattr(store, "_db", Full())
    with pytest.raises(StoreExhausted):
        store.append(batch)
    monkeypatch.undo()
    assert store.append(batch).rows == 20


def test_refused_row_is_a_dead_letter_and_its_repeat_counts(store, stream, batch_of):
    batch = batch_of(store, stream, [named(1), named(2), named(2), named(3)])
    names = pa.array([b"greet", b"\xff\xfe", b"greet", b"greet"], pa.binary())
    broken = pa.Array.from_buffers(pa.string(), 4, names.buffers())
    batch.table = batch.table.set_column(batch.table.schema.get_field_index("step"), "step", broken)
    appended = store.append(batch)
    assert (appended.rows, appended.refused, appended.duplicates) == (3, 1, 0)
    assert sorted(ids(store)) == ["e1", "e2", "e3"]
    assert store.append(batch_of(store, stream, [named(2)], 4)).duplicates == 1


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=40), min_size=1, max_size=8),
    restarts=st.sets(st.integers(0, 7)),
    sources=st.lists(st.integers(0, 1), min_size=8, max_size=8),
)
def test_store_is_a_set_of_events(tmp_path_factory, batch_of, batches, restarts, sources):
    path = tmp_path_factory.mktemp("set") / "b.duckdb"
    seen, position = set(), dict.fromkeys(STREAMS, 0)
    store = Store.open(path)
    try:
        for place, keys in enumerate(batches):
            if place in restarts:
                store.close()
                store = Store.open(path)
            stream = STREAMS[sources[place]]
            kinds = ("step", "interaction", "outcome")
            values = [named(key, START + key, kinds[key % 3]) for key in keys]
            appended = store.append(batch_of(store, stream, values, position[stream]))
            position[stream] += len(keys)
            first = set(keys) - seen
            assert (appended.rows, appended.duplicates) == (len(first), len(keys) - len(first))
            seen |= first
        assert sorted(ids(store)) == sorted(f"e{key}" for key in seen)
        assert minutes(store) == recounted(store)
        assert {one.stream: one.next for one in store.streams()} == {key: at for key, at in position.items() if at}
    finally:
        store.close()


@settings(max_examples=150, deadline=None)
@given(
    batches=st.lists(
        st.tuples(st.integers(0, 30), st.lists(st.integers(0, 90), min_size=1, max_size=25)), min_size=1, max_size=40
    ),
    window=st.sampled_from([8, 40, 4000]),
    room=st.sampled_from([1, 7, 40, 4000]),
)
def test_window_forgets_only_what_is_old_or_too_much(batches, window, room):
    window_us, now, present = window * 1_000_000, 0, 0
    held = Duplicates(window_us, room)
    came = deque()  # (key, arrival), the newest last
    for gap, keys in batches:
        now += gap * 1_000_000
        values = np.array(keys, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        fresh = held.new(values)
        fresh = np.ones(len(keys), bool) if fresh is None else fresh
        certain = {key for key, at in list(came)[len(came) - room * 7 // 8 :] if at >= now - window_us}
        possible = {key for key, at in came if at >= present - window_us * 9 // 8}
        inside = set()
        for key, new in zip(keys, fresh.tolist(), strict=True):
            assert new or key in possible or key in inside
            assert not (new and (key in certain or key in inside))
            inside.add(key)
        held.take(values[fresh], now)
        present = min(now, present + window_us // 8) if present else now
        came.extend((key, now) for key, new in zip(keys, fresh.tolist(), strict=True) if new)
        assert len(held) <= room


@settings(max_examples=150, deadline=None)
@given(
    batches=st.lists(
        st.tuples(st.integers(0, 30), st.lists(st.integers(0, 90), min_size=1, max_size=25)), min_size=1, max_size=40
    ),
    window=st.sampled_from([8, 40, 400]),
    wrong=st.tuples(st.integers(0, 39), st.sampled_from([-(10**9), -50, 50, 10**6, 10**9])),
)
def test_clock_that_is_wrong_for_one_batch_forgets_an_eighth_of_the_window_at_most(batches, window, wrong):
    held, now = Duplicates(window * 1_000_000, 4000), 2 * 10**15
    came = []  # (key, true arrival)
    for place, (gap, keys) in enumerate(batches):
        now += gap * 1_000_000
        values = np.array(keys, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        fresh = held.new(values)
        fresh = np.ones(len(keys), bool) if fresh is None else fresh
        certain = {key for key, at in came if at >= now - window * 1_000_000 * 7 // 8}
        assert not certain & {key for key, new in zip(keys, fresh.tolist(), strict=True) if new}
        held.take(values[fresh], now + (wrong[1] * 1_000_000 if place == wrong[0] else 0))
        came.extend((key, now) for key, new in zip(keys, fresh.tolist(), strict=True) if new)


@pytest.mark.parametrize("restart", [False, True])
def test_batch_that_arrives_far_ahead_forgets_nothing_recent(tmp_path, stream, batch_of, restart):
    store = Store.open(tmp_path / "b.duckdb")
    try:
        store.append(batch_of(store, stream, [named(1)], 0, START + 100))
        if restart:
            store.close()
            store = Store.open(tmp_path / "b.duckdb")
        store.append(batch_of(store, stream, [named(2)], 1, START + 400 * 86400))
        assert store.append(batch_of(store, stream, [named(1), named(2)], 2, START + 200)).duplicates == 2
    finally:
        store.close()


def test_window_is_read_back_as_it_was(tmp_path, stream, batch_of):
    path = tmp_path / "b.duckdb"
    values = messages(1, 3000, bad=0)
    with Store.open(path) as store:
        for place in range(0, 3000, 300):
            batch = batch_of(store, stream, values[place : place + 300], place, START + 10_000 + place)
            store.append(batch)
    for window, keys, remembered in ((86400, 4_000_000, 3000), (86400, 1000, 1000), (1000, 4_000_000, 1200)):
        with Store.open(path) as store:
            store._appender.remember(window, keys)
            before = store.streams()[0].next
            store.append(batch_of(store, stream, [named(f"{window}-{keys}", START + 12_700)], before, START + 12_750))
            assert remembered - keys // 8 <= len(store._appender.duplicates) <= remembered + 3
