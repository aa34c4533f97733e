"""Compaction and the removal of repeats change no sum, in any order with appends, and take what they should."""

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_batches import START, messages
from test_store_append import minutes, recounted
from test_store_latency import recount, stored

from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.adding.duplicates import Duplicates
from bellbuoy.monitor.store.aging import repeats
from bellbuoy.monitor.store.transaction import Transaction

pytestmark = [pytest.mark.store, pytest.mark.long]

STREAMS = [Stream("kafka", "t", number, "e") for number in range(2)]


def judged(store, until, mark=None):
    """Say that ticks are judged up to an instant, with the counts known up to a mark."""
    with store.transaction() as tx:
        tx.run("judgement/set_progress", name="judged", at=until)
        tx.run("judgement/set_folded", mark=store.known_us if mark is None else mark)


def rows(store, table):
    return store.cursor().execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]


def seen(store):
    """Return all that a reader can ask of the counts."""
    ids = [one.id for one in store.series()]
    counts = store.ticks(ids, START - 7200, START + 7200, 300)
    rates = store.cursor().execute("SELECT * FROM rates ORDER BY ALL").fetchall()
    return minutes(store), counts.n.tolist(), counts.bad.tolist(), rates, stored(store)


def late_after(store, mark):
    """Return what the judge finds late after a mark."""
    told = {"after": mark, "upto": store.known_us, "since": START + 86400, "near": START - 86400, "far": START - 86400}
    return sorted((row["series"], row["n"], row["bad"]) for row in store.rows("judgement/late", **told))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    deeds=st.lists(
        st.sampled_from(["append", "append", "late", "judge", "compact", "restart"]), min_size=4, max_size=16
    ),
)
def test_nothing_that_is_read_changes(tmp_path_factory, batch_of, seed, deeds):
    rng = random.Random(seed)
    path = tmp_path_factory.mktemp("compact") / "b.duckdb"
    now, mark = START, 0
    position = dict.fromkeys(STREAMS, 0)
    store = Store.open(path)
    try:
        for number, deed in enumerate(deeds):
            if deed in ("append", "late"):
                stream, start = rng.choice(STREAMS), now if deed == "append" else now - rng.randrange(3600)
                values = messages(seed + number, 60, start=start, seconds=1)
                store.append(batch_of(store, stream, values, position[stream]))
                position[stream] += 60
                now += 60
            elif deed == "judge":
                mark = store.known_us
                judged(store, now // 300 * 300, mark)
            else:
                before, late = seen(store), late_after(store, mark)
                if deed == "compact":
                    store.compact()
                else:
                    store.close()
                    store = Store.open(path)
                assert seen(store) == before
                assert late_after(store, mark) == late
        assert minutes(store) == recounted(store)
        assert stored(store) == recount(store)
    finally:
        store.close()


def test_closed_minutes_have_one_row_a_series_and_open_ones_stay(store, stream, batch_of):
    for part in range(20):
        store.append(batch_of(store, stream, messages(part, 50, start=START + part, seconds=10, bad=0), part * 50))
    assert store.compact().slices == 0, "nothing is judged"
    judged(store, START + 300)
    spread = rows(store, "counts")
    done = store.compact()
    assert done.before > 4 * done.after > 0
    assert rows(store, "counts") < spread
    several = (
        "SELECT max(n) FROM (SELECT minute, count(*) AS n FROM counts WHERE minute {} to_timestamp({})::TIMESTAMP "
        "GROUP BY minute, series)"
    )
    assert store.cursor().execute(several.format("<", START + 300)).fetchall() == [(1,)]
    assert store.cursor().execute(several.format(">=", START + 300)).fetchall()[0][0] > 5
    assert store.compact().before == 0, "what is compacted is left alone"
    judged(store, START + 600)
    assert store.compact().before > 0, "what was open then is compacted now"
    assert store.cursor().execute(several.format("<", START + 600)).fetchall() == [(1,)]


def test_compaction_that_fails_half_way_changes_nothing(store, stream, batch_of, monkeypatch):
    for part in range(3):
        store.append(batch_of(store, stream, messages(part, 50, start=START + part), part * 50))
    judged(store, START + 3600)
    before, spread = seen(store), rows(store, "counts")
    real = Transaction.run

    def failing(self, name, /, **params):
        if name == "compact/add_latency":
            raise OSError("gone")
        return real(self, name, **params)

    monkeypatch.setattr(Transaction, "run", failing)
    with pytest.raises(OSError, match="gone"):
        store.compact()
    monkeypatch.undo()
    assert (seen(store), rows(store, "counts")) == (before, spread)
    assert store.compact().before > 0
    assert seen(store) == before


def test_rows_the_judge_has_not_taken_in_stay(store, stream, batch_of):
    store.append(batch_of(store, stream, messages(1, 50, bad=0)))
    mark = store.known_us
    store.append(batch_of(store, stream, messages(2, 50, bad=0), 50))
    store.append(batch_of(store, stream, messages(3, 50, bad=0), 100))
    judged(store, START + 3600, mark)
    known = "SELECT known_at, sum(n) FROM counts GROUP BY 1 ORDER BY 1"
    before = store.cursor().execute(known).fetchall()
    store.compact()
    assert len(before) == 3
    assert store.cursor().execute(known).fetchall() == before


def test_file_does_not_grow_under_appends_and_compaction(tmp_path, stream, batch_of):
    sizes, counts = [], []
    with Store.open(tmp_path / "b.duckdb") as store:
        for hour in range(4):
            for part in range(30):
                start = START + hour * 60 + part
                values = messages(hour * 30 + part, 40, start=start, seconds=0.001, bad=0)
                store.append(batch_of(store, stream, values, (hour * 30 + part) * 40))
            with store.transaction() as tx:
                tx.cursor.execute("DELETE FROM events_kept")  # the events' own growth is not what this is about
            judged(store, START + (hour + 1) * 60 + 60)
            store.compact()
            store.new_cursor().execute("CHECKPOINT")
            counts.append(rows(store, "counts"))
            sizes.append((tmp_path / "b.duckdb").stat().st_size)
    assert counts[-1] < 2.5 * 4 * counts[0]
    assert counts[-1] < 4 * 30 * 20, "what thirty appends left of a minute is one row a series"
    assert sizes[-1] <= 2 * sizes[1]


def test_no_slice_holds_the_store_for_long(store, stream, batch_of):
    for part in range(30):
        store.append(batch_of(store, stream, messages(part, 2000, start=START + part, seconds=1, bad=0), part * 2000))
    judged(store, START + 86400)
    began, busy = time.perf_counter(), time.process_time()
    done = store.compact()
    took, busy = time.perf_counter() - began, time.process_time() - busy
    assert min(took, busy) / done.slices < 0.5  # the clock runs on while other tests have the processor


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), again=st.sets(st.integers(0, 199), min_size=1, max_size=40), times=st.integers(1, 3))
def test_repeats_leave_as_if_they_had_not_come(batch_of, seed, again, times):
    values = messages(seed, 200, bad=0, seconds=7)
    with Store.open(None) as store:
        store.configure(slow_after={("lead", "greet"): 0.5})
        store.append(batch_of(store, STREAMS[0], values, received_at=START + 10_000))
        before = seen(store)
        repeated = [values[place] for place in sorted(again)] * times
        for number in range(times):
            store._appender.duplicates = Duplicates(10**6, 4_000_000)  # all is forgotten: the window was left long ago
            part = repeated[number * len(again) : (number + 1) * len(again)]
            store.append(batch_of(store, STREAMS[1], part, number * len(again), START + 200_000 + number))
        assert rows(store, "events_raw") == 200 + len(repeated)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(repeats, "PART_ROWS", 15)
            patch.setattr(repeats, "DROP_ROWS", 7)
            gone = store.remove_repeats(START + 100_000, START + 300_000)
        assert gone == len(repeated)
        assert {key: pair for key, pair in minutes(store).items() if pair != (0, 0)} == recounted(store) == before[0]
        assert {key: pair for key, pair in stored(store).items() if pair != (0, 0)} == recount(store) == before[4]
        assert store.remove_repeats(START, START + 300_000) == 0


def test_each_append_becomes_known_later_than_all_before(tmp_path, batch_of):
    known = []
    for arrival in (START + 500, START + 100, START + 100, START + 900):  # the clock of a machine may go back
        with Store.open(tmp_path / "b.duckdb") as store:
            for stream in STREAMS:
                start = store.positions("kafka").get(stream, 0)
                values = messages(len(known), 30, start=START + 40 * len(known), bad=0)
                store.append(batch_of(store, stream, values, start, arrival))
                found = store.cursor().execute("SELECT DISTINCT known_at FROM counts ORDER BY 1").fetchall()
                known.append(found[-1])
                assert found == known, "each has its own, greater than all before"
    assert len(known) == 8
