"""What is appended is stored once, counted right, or kept as a dead letter; nothing in between."""

import random
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_batches import START, messages

from bellbuoy.config.server import Retention
from bellbuoy.monitor.signals import apart, rollup_sql, table
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store import PositionConflict, Store, StoreExhausted

pytestmark = pytest.mark.store

KNOWN = ("success", "failure", "timeout", "abandoned")


COUNTED = ("step_failure", "interaction_failure", "reask", "handoff", "slow", "interactions")


def recounted(store):
    """Count some of the signals from the stored rows, in plain Python; the others have a table of their own."""
    found = {}

    def add(row, signal, bad, *, step):
        minute = int(row["ts"].timestamp() // 60 * 60)
        key = (minute, signal, row["workflow"], row["step"] if step else None)
        n, wrong = found.get(key, (0, 0))
        found[key] = (n + 1, wrong + bool(bad))

    for row in (
        store.cursor()
        .sql("SELECT * REPLACE (ts AT TIME ZONE 'UTC' AS ts) FROM events_raw")
        .to_arrow_table()
        .to_pylist()
    ):
        if not row["counted"]:
            continue
        failed = row["outcome"] != "success"
        if row["type"] == "step":
            if row["outcome"] in KNOWN and not row["retried"]:
                add(row, "step_failure", failed, step=True)
            if row["reask"] is not None:
                add(row, "reask", row["reask"], step=True)
            if row["latency_limit_ms"] is not None and row["latency_ms"] is not None:
                add(row, "slow", row["latency_ms"] > row["latency_limit_ms"], step=True)
        if row["type"] == "interaction":
            add(row, "interactions", bad=False, step=False)
            add(row, "handoff", (row["handoff"] or {}).get("to") in ("human", "queue"), step=False)
            if row["outcome"] in KNOWN:
                add(row, "interaction_failure", failed, step=False)
    return found


def minutes(store, own=""):
    """Return the counts of the signals that `recounted` counts, and of those whose names begin with `own`."""
    asked = "SELECT epoch(minute)::BIGINT, signal, workflow, step, n, bad FROM minutes"
    wanted = f"signal IN {COUNTED}" + (f" OR starts_with(signal, '{own}')" if own else "")
    rows = store.cursor().execute(f"{asked} WHERE {wanted}").fetchall()
    return {tuple(row[:4]): (row[4], row[5]) for row in rows}


def test_batch_is_stored_with_its_counts_letters_and_position(store, stream, batch_of):
    batch = batch_of(store, stream, messages(1, 500))
    appended = store.append(batch)
    assert appended.rows + appended.letters == 500
    assert appended.letters == len(batch.letters) > 0
    assert sum(appended.kinds.values()) == appended.letters
    assert appended.oldest == START // 60 * 60
    assert store.positions("kafka") == {stream: 500}
    assert minutes(store) == recounted(store)
    assert [one.received for one in store.streams()] == [500]
    shown = store.cursor().execute('SELECT source, path, "offset", class FROM dead_letters ORDER BY id').fetchall()
    assert shown == [("kafka", stream.path, letter.offset, letter.kind) for letter in batch.letters]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    sizes=st.lists(st.integers(1, 200), min_size=1, max_size=6),
    bad=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)
def test_minute_sums_are_a_recount_of_the_events(batch_of, seed, sizes, bad):
    rng = random.Random(seed)
    streams = [Stream("kafka", "t", partition, "e") for partition in range(3)]
    with Store.open(None) as store:
        store.configure(
            max_series=rng.choice([5000, 12]), slow_after={("lead", "greet"): 0.5, ("support", "route"): 0.1}
        )
        position = Counter()
        received = 0
        for number, size in enumerate(sizes):
            stream = rng.choice(streams)
            start = START + rng.randrange(-7200, 7200)
            values = messages(seed + number, size, start=start, seconds=rng.choice([0.01, 1, 45]), bad=bad)
            store.append(batch_of(store, stream, values, position[stream]))
            position[stream] += size
            received += size
        counted = minutes(store)
        if store._appender.registry.max_series == 5000:
            assert counted == recounted(store)
        totals, again = Counter(), Counter()
        for (_, signal, *_), (n, _) in counted.items():
            totals[signal] += n
        for (_, signal, *_), (n, _) in recounted(store).items():
            again[signal] += n
        assert totals == again
        rows = (
            store.cursor().execute('SELECT count(*), count(DISTINCT (stream, "offset")) FROM events_raw').fetchall()[0]
        )
        letters = store.cursor().execute("SELECT count(*) FROM dead_letters").fetchall()[0][0]
        assert rows[0] == rows[1] == received - letters
        assert sum(store.positions("kafka").values()) == received


def test_one_statement_counts_the_store_as_it_counted_the_batches(store, stream, batch_of):
    store.configure(slow_after={("lead", "greet"): 0.3})
    for part in range(4):
        store.append(batch_of(store, stream, messages(part, 300, start=START + part * 40), part * 300))
    found = {}
    for signals in apart(one for one in table() if one.name in COUNTED):
        for row in store.cursor().sql(rollup_sql(signals, "events")).to_arrow_table().to_pylist():
            for place, signal in enumerate(signals):
                if row[f"n{place}"]:
                    step = row["step_name"] if signal.level == "step" else None
                    counts = (row[f"n{place}"], row.get(f"bad{place}", 0))
                    found[(row["minute"] * 60, signal.name, row["workflow"], step)] = counts
    assert found == minutes(store)


def test_position_that_moved_elsewhere_stops_the_append(store, stream, batch_of):
    store.append(batch_of(store, stream, messages(1, 50)))
    with store.transaction() as tx:
        tx.cursor.execute("UPDATE streams SET next = 70")
    before = minutes(store)
    with pytest.raises(PositionConflict, match="something else has written"):
        store.append(batch_of(store, stream, messages(2, 50), 50))
    assert minutes(store) == before
    assert store.cursor().execute("SELECT count(*) FROM events_raw").fetchall()[0][0] <= 50


def test_batch_that_comes_twice_is_refused(store, stream, batch_of):
    batch = batch_of(store, stream, messages(1, 50))
    store.append(batch)
    with pytest.raises(PositionConflict, match="comes again"):
        store.append(batch)
    assert store.positions("kafka") == {stream: 50}


def test_new_epoch_of_a_stream_is_another_stream(store, stream, batch_of):
    store.append(batch_of(store, stream, messages(1, 50)))
    again = replace(stream, epoch="e2")
    store.append(batch_of(store, again, messages(2, 30)))
    assert store.positions("kafka") == {stream: 50, again: 30}


def test_number_of_a_stream_is_never_given_twice(tmp_path, batch_of):
    streams = [Stream("kafka", "t", partition, "e") for partition in range(4)]
    with Store.open(tmp_path / "b.duckdb") as store:
        assert [store.stream_id(stream) for stream in streams[:3]] == [1, 2, 3]
        store.append(batch_of(store, streams[2], messages(1, 20)))  # the first two never got a batch
    with Store.open(tmp_path / "b.duckdb") as store:
        assert store.stream_id(streams[2]) == 3
        assert store.stream_id(streams[3]) == 4


def test_batch_of_tombstones_moves_the_position(store, stream, batch_of):
    store.append(batch_of(store, stream, [None] * 5))
    assert store.positions("kafka") == {stream: 5}
    assert store.streams()[0].newest is None


def test_row_that_duckdb_refuses_becomes_a_dead_letter(store, stream, batch_of):
    batch = batch_of(store, stream, messages(1, 400, bad=0))
    step = batch.table.schema.get_field_index("step")
    names = [None if name is None else name.encode() for name in batch.table["step"].to_pylist()]
    wrong = [place for place, name in enumerate(names) if name == b"route"][:3]
    for place in wrong:
        names[place] = b"\xff\xfe"
    broken = pa.Array.from_buffers(pa.string(), 400, pa.array(names, pa.binary()).buffers())
    batch.table = batch.table.set_column(step, "step", broken)
    appended = store.append(batch)
    assert (appended.rows, appended.letters, appended.refused) == (397, 3, 3)
    assert dict(appended.kinds) == {"store": 3}
    letters = store.cursor().execute('SELECT "offset", class, reason FROM dead_letters ORDER BY 1').fetchall()
    assert [offset for offset, _, _ in letters] == wrong
    assert all(reason.startswith("store: ") for _, _, reason in letters)
    assert store.positions("kafka") == {stream: 400}
    assert minutes(store) == recounted(store)


def test_fault_that_no_row_is_to_blame_for_makes_no_dead_letters(store, stream, batch_of):
    batch = batch_of(store, stream, messages(1, 50))
    broken = table([SimpleNamespace(name="x", trial="nothing = 1", bad="true")])
    with pytest.raises(duckdb.BinderException, match="nothing"):
        store.configure(broken)
    with pytest.raises(duckdb.BinderException, match="nothing"):
        store.append(batch)
    assert store.cursor().execute("SELECT count(*) FROM dead_letters_raw").fetchall() == [(0,)]
    store.configure()
    assert store.append(batch).rows == batch.rows


def test_full_disk_is_told_and_nothing_is_stored(store, stream, batch_of, monkeypatch):
    batch = batch_of(store, stream, messages(1, 50))
    real = store._db

    class Full:
        def execute(self, sql, *rest):
            if sql == "COMMIT":
                raise duckdb.IOException("Could not write file: No space left on device")
            return real.execute(sql, *rest)

        def __getattr__(self, name):
            return getattr(real, name)

    monkeypatch.setattr(store, "_db", Full())
    with pytest.raises(StoreExhausted, match="No space left"):
        store.append(batch)
    monkeypatch.undo()
    assert store.positions("kafka") == {}
    assert store.append(batch).rows == batch.rows
    assert minutes(store) == recounted(store)


def test_series_past_the_cap_count_together(store, stream, batch_of):
    store.configure(max_series=6)
    appended = store.append(batch_of(store, stream, messages(1, 600, bad=0)))
    assert appended.folded > 0
    kept = [one for one in store.series() if one.segment is None]
    other = [one for one in store.series() if one.segment == "other"]
    assert len([one for one in kept if one.step is not None]) == 6
    assert {one.signal for one in kept if one.step is None} >= {"interactions", "abandoned"}, (
        "a known workflow as a whole"
    )
    assert other
    assert all(one.step == "other" for one in other)
    totals, again = Counter(), Counter()
    for (_, signal, *_), pair in minutes(store).items():
        totals[signal] += pair[0]
    for (_, signal, *_), pair in recounted(store).items():
        again[signal] += pair[0]
    assert totals == again


def test_series_survive_a_restart(tmp_path, stream, batch_of):
    with Store.open(tmp_path / "b.duckdb") as store:
        store.append(batch_of(store, stream, messages(1, 300)))
        first = store.series()
        known = store.streams()
    with Store.open(tmp_path / "b.duckdb") as store:
        assert store.series() == first
        assert store.streams() == known
        store.append(batch_of(store, stream, messages(2, 300, start=START + 3600), 300))
        assert [one.id for one in store.series()][: len(first)] == [one.id for one in first]
        early = store.series(before=START + 60)
        assert 0 < len(early) <= len(first)
        spans = (
            store.cursor()
            .execute(
                "SELECT series, epoch(min(minute))::BIGINT, epoch(max(minute))::BIGINT FROM counts GROUP BY 1 ORDER BY 1"
            )
            .fetchall()
        )
        assert [(one.id, one.first_minute, one.last_minute) for one in store.series()] == spans


def test_unknown_fields_are_counted_by_name(store, stream, batch_of):
    store.append(batch_of(store, stream, messages(1, 300)))
    found = store.rows("store/unknown_fields", limit=10)
    assert [row["name"] for row in found] == ["transcript"]
    store.append(batch_of(store, stream, messages(1, 300), 300))
    assert store.rows("store/unknown_fields", limit=10)[0]["n"] == 2 * found[0]["n"]


def test_ticks_are_the_counts_densely(store, stream, batch_of):
    store.append(batch_of(store, stream, messages(1, 2000, seconds=2)))
    ids = [one.id for one in store.series() if one.signal in COUNTED][::-1]
    counts = store.ticks(ids, START, START + 4200, 300)
    assert counts.n.shape == counts.bad.shape == (14, len(ids))
    assert counts.at.tolist() == [START + 300 * place for place in range(1, 15)]
    expected_n, expected_bad = np.zeros_like(counts.n), np.zeros_like(counts.bad)
    column = {(one.signal, one.workflow, one.step): ids.index(one.id) for one in store.series() if one.id in ids}
    for (minute, *key), (n, bad) in minutes(store).items():
        expected_n[(minute - START) // 300, column[tuple(key)]] += n
        expected_bad[(minute - START) // 300, column[tuple(key)]] += bad
    assert (counts.n == expected_n).all()
    assert (counts.bad == expected_bad).all()
    part = store.ticks(ids[3:5], START + 600, START + 1200, 300)
    assert (part.n == expected_n[2:4, 3:5]).all()


def test_ticks_without_counts_are_zero_and_odd_spans_are_refused(store):
    counts = store.ticks([7, 9], 0, 600, 300)
    assert counts.n.tolist() == [[0, 0], [0, 0]]
    assert store.ticks([], 0, 600, 300).n.shape == (2, 0)
    assert store.ticks([1], 600, 600, 300).n.shape == (0, 1)
    for span in ((1, 600, 300), (0, 601, 300), (600, 0, 300), (0, 600, 90)):
        with pytest.raises(ValueError, match="not aligned"):
            store.ticks([1], *span)


def test_what_was_taken_back_before_it_was_counted_never_falls_under_nothing(store, stream, batch_of):
    store.append(batch_of(store, stream, messages(1, 100, bad=0)))
    ids = [one.id for one in store.series()]
    before = store.ticks(ids, START, START + 300, 300)
    row = {"minute": START * 1_000_000, "known_at": 1}
    with store.transaction() as tx:
        tx.insert("counts", [row | {"series": ids[0], "n": -(10**6), "bad": -(10**6)}])
        tx.insert("counts", [row | {"series": ids[1], "n": 0, "bad": 10**6}])
        tx.insert("counts", [row | {"series": ids[2], "n": 0, "bad": -(10**6)}])
    counts = store.ticks(ids, START, START + 300, 300)
    assert (counts.n[0, 0], counts.bad[0, 0]) == (0, 0)
    assert counts.bad[0, 1] == counts.n[0, 1] == before.n[0, 1] > 0
    assert (counts.n[0, 2], counts.bad[0, 2]) == (before.n[0, 2], 0)
    assert (counts.n[0, 3:] == before.n[0, 3:]).all()


def test_late_counts_add_to_an_old_tick(store, stream, batch_of):
    store.append(batch_of(store, stream, messages(1, 100, bad=0)))
    ids = [one.id for one in store.series()]
    before = store.ticks(ids, START, START + 300, 300).n.sum()
    store.append(batch_of(store, stream, messages(1, 100, bad=0, start=START + 0.25), 100))
    assert store.ticks(ids, START, START + 300, 300).n.sum() == 2 * before


def test_latency_limits_are_learned_by_quarter_of_the_local_day(store, stream, batch_of):
    store.configure(zone=ZoneInfo("Europe/Berlin"))
    store.append(batch_of(store, stream, messages(1, 3000, seconds=28.8, bad=0)))
    day = (START - 86400, START + 2 * 86400)
    learned = store.learn_latency(*day, START + 86400, min_trials=50)
    assert learned > 8
    rows = store.cursor().execute("SELECT band, limit_ms FROM latency_limits").fetchall()
    assert {band for band, _ in rows} == {0, 1, 2, 3}
    assert all(800 < limit <= 1000 for _, limit in rows)
    store.append(
        batch_of(store, stream, messages(2, 3000, seconds=28.8, bad=0, start=START + 86400), 3000, START + 200_000)
    )
    slow = [pair for key, pair in minutes(store).items() if key[1] == "slow"]
    assert 0.02 < sum(bad for _, bad in slow) / sum(n for n, _ in slow) < 0.09
    assert minutes(store) == recounted(store)
    store.configure(slow_after={("lead", "greet"): 0.1})
    store.append(batch_of(store, stream, messages(3, 500, bad=0, start=START + 172_800), 6000, START + 300_000))
    found = (
        store.cursor()
        .execute(
            "SELECT DISTINCT latency_limit_ms FROM events WHERE workflow = 'lead' AND step = 'greet' AND ts > "
            f"to_timestamp({START + 172_700})::TIMESTAMP"
        )
        .fetchall()
    )
    assert found == [(100.0,)]


def test_retention_deletes_what_is_past_its_age_and_nothing_else(store, stream, batch_of):
    day = 86400
    for number in range(5):
        values = messages(number, 200, start=START + number * day, seconds=1)
        store.append(batch_of(store, stream, values, number * 200, START + number * day + 300))
    now = START + 4 * day + 300
    gone = store.retain(now, Retention(events=2 * day, daily=3 * day, dead_letters=day))
    assert gone.events > 0
    cursor = store.cursor()

    def oldest(table, column):
        return cursor.execute(f"SELECT epoch(min({column}))::BIGINT FROM {table}").fetchall()[0][0]

    assert oldest("events_raw", "ts") >= now - 2 * day
    assert oldest("counts", "minute") >= now - 3 * day
    assert oldest("dead_letters_raw", "received_at") >= now - day
    assert cursor.execute("SELECT count(*) FROM events_raw").fetchall()[0][0] > 300
    again = store.retain(now, Retention(events=2 * day, daily=3 * day, dead_letters=day))
    assert (again.events, again.minutes, again.dead_letters) == (0, 0, 0)
