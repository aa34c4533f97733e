"""Old minutes become hours and then days: what is counted stays counted, and what is still needed stays as it is."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_batches import START, messages

from bellbuoy.config.server import Retention
from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.aging.coarsen import DAY, Needed

pytestmark = pytest.mark.store
FIRST = START // DAY * DAY
NOW = FIRST + 100 * DAY
DAILY = "SELECT date_trunc('day', minute) AS day, series, sum(n), sum(bad), max(known_at) FROM counts GROUP BY ALL ORDER BY ALL"
LATENCY = "SELECT date_trunc('day', minute), workflow, step, bucket, sum(n), sum(sum_us) FROM latency GROUP BY ALL ORDER BY ALL"


def row(minute, series, n, bad, known):
    known_at = (NOW + known) * 1_000_000
    return {"minute": minute * 1_000_000, "series": series, "n": n, "bad": bad, "known_at": known_at, "writer": 0}


def judged(store, at, folded):
    with store.transaction() as tx:
        tx.run("judgement/set_progress", name="judged", at=at)
        tx.run("judgement/set_folded", mark=folded * 1_000_000)


rows = st.lists(
    st.tuples(st.integers(0, 99 * 1440), st.integers(1, 4), st.integers(0, 50), st.integers(-3, 50), st.integers(0, 9)),
    min_size=1,
    max_size=60,
)


@given(rows=rows, kept=st.integers(0, 90), protected=st.sets(st.integers(1, 4), max_size=2), days=st.integers(36, 99))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_series_keeps_its_sums_of_every_day(rows, kept, protected, days):
    with Store.open(None) as store:
        with store.transaction() as tx:
            tx.insert("counts", [row(FIRST + minute * 60, *rest) for minute, *rest in rows])
            latencies = [
                {"minute": (FIRST + minute * 60) * 1_000_000, "workflow": "w", "step": None, "bucket": series}
                | {"n": n, "sum_us": bad * 1_000}
                for minute, series, n, bad, _ in rows
            ]
            tx.insert("latency", latencies)
        judged(store, NOW, NOW + 5)
        cursor = store.cursor()
        before, slow = cursor.execute(DAILY).fetchall(), cursor.execute(LATENCY).fetchall()
        span = (FIRST + kept * DAY + 500.0, FIRST + kept * DAY + 30_000.0)
        needed = Needed(NOW - 35 * DAY, [span], protected)
        fine = (
            f"SELECT * FROM counts WHERE minute >= make_timestamp({(NOW - 35 * DAY) * 1_000_000}) "
            f"OR minute BETWEEN make_timestamp({int(span[0] * 1e6)}) AND make_timestamp({int(span[1] * 1e6)}) "
            f"OR series IN (SELECT unnest({sorted(protected)}::INTEGER[])) "
            f"OR known_at > make_timestamp({(NOW + 5) * 1_000_000}) ORDER BY ALL"
        )
        untouched = cursor.execute(fine).fetchall()
        for _ in range(2):
            store.retain(NOW, Retention(minutes=days * DAY), needed)
            assert cursor.execute(DAILY).fetchall() == before
            assert cursor.execute(LATENCY).fetchall() == slow
            assert set(untouched) <= set(cursor.execute(fine).fetchall())
        left = (
            f"SELECT count(*) FROM counts WHERE minute < make_timestamp({(NOW - 35 * DAY) // DAY * DAY * 1_000_000}) "
            f"AND minute <> date_trunc('hour', minute) AND known_at <= make_timestamp({(NOW + 5) * 1_000_000}) "
            f"AND NOT list_contains({sorted(protected)}::INTEGER[], series) "
            f"AND date_trunc('day', minute) <> make_timestamp({(FIRST + kept * DAY) * 1_000_000})"
        )
        assert cursor.execute(left).fetchall() == [(0,)]


def test_nothing_is_summed_that_is_not_judged_yet():
    with Store.open(None) as store:
        with store.transaction() as tx:
            tx.insert("counts", [row(FIRST + 60 * minute, 1, 1, 0, 0) for minute in range(100)])
        before = store.cursor().execute("SELECT * FROM counts ORDER BY ALL").fetchall()
        store.retain(NOW, Retention(), Needed(NOW))
        judged(store, FIRST, NOW)
        store.retain(NOW, Retention(), Needed(NOW))
        assert store.cursor().execute("SELECT * FROM counts ORDER BY ALL").fetchall() == before


def test_deleting_and_refilling_keeps_the_file_at_a_plateau(tmp_path, stream, batch_of):
    sizes = []
    with Store.open(tmp_path / "bellbuoy.duckdb", Settings(checkpoint=1 << 20)) as store:
        for number in range(30):
            values = messages(number, 3000, start=FIRST + number * DAY, seconds=25)
            store.append(batch_of(store, stream, values, number * 3000, FIRST + (number + 1) * DAY))
            now = FIRST + (number + 1) * DAY
            judged(store, now, now + 10 * DAY)
            store.retain(now, Retention(events=5 * DAY, minutes=6 * DAY, daily=8 * DAY, dead_letters=DAY), Needed(now))
            sizes.append(store.sizes()["file"])
    assert max(sizes[15:]) <= 1.25 * max(sizes[8:15]), sizes
