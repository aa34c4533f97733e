"""The latency histogram: the same in numpy and in SQL, the same for any split of the events, true within 12 %."""

import random
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_batches import START, messages
from test_store_append import minutes, recounted

from bellbuoy.monitor.signals import table
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.adding.buckets import BOUNDS_US, BUCKETS, bucket_sql, histogram_sql, microseconds_sql

pytestmark = [pytest.mark.store, pytest.mark.long]


def stored(store):
    """Return the histogram as it is stored: {(minute, workflow, step, bucket): (n, sum)}."""
    rows = store.cursor().execute(
        "SELECT epoch_us(minute), workflow, step, bucket, sum(n), sum(sum_us) FROM latency GROUP BY ALL"
    )
    return {row[:4]: row[4:] for row in rows.fetchall()}


def recount(store):
    rows = store.cursor().execute(f"SELECT epoch_us(minute), * EXCLUDE (minute) FROM ({histogram_sql('events_raw')})")
    return {row[:4]: row[4:] for row in rows.fetchall()}


def test_bounds_are_those_that_are_written_down():
    assert len(BOUNDS_US) == 47
    assert (BOUNDS_US[0], BOUNDS_US[1], BOUNDS_US[4], BOUNDS_US[-1]) == (16_384, 20_480, 32_768, 50_331_648)
    widths = np.diff(BOUNDS_US) / BOUNDS_US[:-1]
    assert widths.min() > 0.14
    assert widths.max() <= 0.25


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(0, 90_000) | st.sampled_from([bound / 1000 for bound in BOUNDS_US]), min_size=1, max_size=60))
def test_bucket_is_the_same_in_sql_and_in_numpy(latencies):
    with Store.open(None) as store:
        cursor = store.new_cursor()
        cursor.register("given", pa.table({"ms": latencies}))
        us = microseconds_sql("ms")
        found = cursor.execute(f"SELECT {us} AS us, {bucket_sql(us)} AS bucket FROM given").fetchnumpy()
        expected = np.rint(np.array(latencies) * 1000).astype(np.int64)
        assert found["us"].tolist() == expected.tolist()
        assert found["bucket"].tolist() == [sum(us >= bound for bound in BOUNDS_US) for us in expected.tolist()]
        store.drop_cursor(cursor)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), cuts=st.sets(st.integers(1, 299), max_size=6))
def test_any_split_of_the_events_gives_the_same_sums(stream, batch_of, seed, cuts):
    values = messages(seed, 300, seconds=random.Random(seed).choice([0.05, 3]))
    edges = [0, *sorted(cuts), 300]
    with Store.open(None) as whole, Store.open(None) as parts:
        whole.append(batch_of(whole, stream, values))
        for start, end in pairwise(edges):
            parts.append(batch_of(parts, stream, values[start:end], start))
        assert stored(parts) == stored(whole) == recount(whole)
        assert all(0 <= key[3] < BUCKETS for key in stored(whole))


def test_published_spans_are_the_buckets(store):
    rows = [
        {"minute": START * 1_000_000, "workflow": "w", "bucket": one, "n": 1, "sum_us": 1} for one in range(BUCKETS)
    ]
    with store.transaction() as tx:
        tx.insert("latency", rows)
    found = store.cursor().execute("SELECT from_ms, below_ms FROM latencies ORDER BY 1").fetchall()
    edges = [0, *BOUNDS_US, None]
    assert [(round(low * 1000), high and round(high * 1000)) for low, high in found] == list(pairwise(edges))


def test_events_that_do_not_count_have_no_latency(store, stream, batch_of):
    plain = b'{"type":"step","ts":"2026-02-02T10:00:00Z","interaction_id":"%d","workflow":"w","step":"s","outcome":"success"%s}'
    tails = [b',"latency_ms":1', b',"latency_ms":1,"environment":"staging"', b',"latency_ms":1,"demo":true', b""]
    store.append(batch_of(store, stream, [plain % (place, tail) for place, tail in enumerate(tails)]))
    assert [n for n, _ in stored(store).values()] == [1]


def test_many_signals_are_counted_as_one_by_one(store, stream, batch_of):
    class Own:
        def __init__(self, number):
            self.name = f"own{number}"
            self.trial = f"latency_ms > {number}"
            self.bad = f"latency_ms > {10 * number}"

    signals = table([Own(number) for number in range(70)])
    store.configure(signals)
    store.append(batch_of(store, stream, messages(3, 800)))
    events = store.cursor().execute("SELECT latency_ms FROM events WHERE counted AND type = 'step'").fetchall()
    found = {}
    for (_, name, *_), (n, bad) in minutes(store, "own").items():
        before = found.get(name, (0, 0))
        found[name] = (before[0] + n, before[1] + bad)
    for number in range(70):
        trials = [ms for (ms,) in events if ms > number]
        assert found[f"own{number}"] == (len(trials), sum(ms > 10 * number for ms in trials))
    built_in = {key: pair for key, pair in minutes(store).items() if not key[1].startswith("own")}
    assert built_in == recounted(store)
    assert min(key[0] for key in built_in) == START // 60 * 60


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    latencies=st.lists(st.floats(16.4, 50_000), min_size=1, max_size=80),
    qs=st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
def test_quantile_is_within_12_percent_of_the_exact_one(stream, batch_of, latencies, qs):
    plain = (
        '{"type":"step","ts":%d,"interaction_id":"%d","workflow":"w","step":"s","outcome":"success","latency_ms":%r}'
    )
    values = [(plain % ((START + place) * 1000, place, ms)).encode() for place, ms in enumerate(latencies)]
    with Store.open(None) as store:
        assert store.latency_quantiles("w", "s", START, START + 3600, qs) is None
        store.append(batch_of(store, stream, values))
        found = store.latency_quantiles("w", "s", START, START + 3600, qs)
        exact = np.quantile(latencies, qs, method="inverted_cdf")
        assert (np.abs(np.array(found) - exact) <= 0.12 * exact + 1e-9).all()


def test_quantile_beyond_the_bounds_is_the_mean_of_what_lies_there(store, stream, batch_of):
    plain = '{"type":"interaction","ts":%d,"interaction_id":"%d","workflow":"w","outcome":"success","latency_ms":%r}'
    values = [(plain % (START * 1000, place, ms)).encode() for place, ms in enumerate((1, 3, 80_000, 100_000))]
    store.append(batch_of(store, stream, values))
    assert store.latency_quantiles("w", None, START, START + 60, (0.1, 0.9)) == [2, 90_000]
