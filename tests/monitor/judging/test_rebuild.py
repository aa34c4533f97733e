"""A rebuild mends counts that are wrong, and judges anew from them; what was told stays."""

import pytest

from bellbuoy.config.server import Retention
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.needs import needed
from bellbuoy.monitor.judging.rebuild import rebuild
from bellbuoy.monitor.store import Store

DAYS = 36
TOLD = ("verdicts_raw", "incidents_raw", "incident_members", "changes_raw", "outbox")


@pytest.fixture(scope="module")
def quiet(world_of):
    return world_of(length=DAYS, per_day=40, seed=3)


def filled(config, world, wrong=()):
    store = Store.open(None, config.store)
    store.follow(config)
    for number in range(DAYS):
        world.append(store, number)
    for sql in wrong:
        with store.transaction() as tx:
            tx.cursor.execute(sql)
    Evaluation(store, config).advance(world.end(DAYS - 1))
    return store


def counted(store):
    cursor = store.new_cursor()
    return {
        "counts": cursor.execute("SELECT minute, series, sum(n), sum(bad) FROM counts GROUP BY ALL ORDER BY ALL").fetchall(),
        "latency": cursor.execute(
            "SELECT minute, workflow, step, bucket, sum(n), sum(sum_us) FROM latency GROUP BY ALL ORDER BY ALL"
        ).fetchall(),
    }  # fmt: skip


def test_planted_wrong_counts_are_mended_and_all_is_as_if_they_had_never_been_wrong(config, quiet, written):
    first = "(SELECT min(minute) FROM counts)"
    day20 = f"minute >= {first} + INTERVAL 20 DAY AND minute < {first} + INTERVAL 21 DAY"
    day10 = f"minute >= {first} + INTERVAL 10 DAY AND minute < {first} + INTERVAL 246 HOUR"
    none_may_open = "SELECT id FROM series WHERE signal <> 'outcome_unknown'"  # of what is told nothing is learned
    wrong = (
        f"UPDATE counts SET bad = bad + 1 WHERE {day20} AND bad < n AND series % 3 = 0 AND series IN ({none_may_open})",
        f"DELETE FROM counts WHERE {day10}",
        f"DELETE FROM latency WHERE minute < {first} + INTERVAL 12 HOUR",
    )
    with filled(config, quiet) as right, filled(config, quiet, wrong) as store:
        before, good = written(store), written(right)
        assert counted(store) != counted(right)
        assert before["detector_state"] != good["detector_state"]
        assert before["baselines"] != good["baselines"]
        done = rebuild(store, config)
        assert (done.days, done.kept) == (DAYS, 0)
        assert 3 <= done.mended <= 6
        after = written(store)
        assert counted(store) == counted(right)
        assert after["baselines"] == good["baselines"]
        assert after["detector_state"] == good["detector_state"]
        assert {name: after[name] for name in TOLD} == {name: before[name] for name in TOLD}
        assert rebuild(store, config).mended == 0
        # the next tick is judged as if nothing had happened, and nothing counts as late
        for one in (store, right):
            evaluation = Evaluation(one, config)
            evaluation.advance(quiet.end(DAYS - 1) + 3600)
            assert evaluation.late_trials + evaluation.too_late_trials == 0
        assert written(store)["detector_state"] == written(right)["detector_state"]


def test_days_whose_events_have_left_keep_their_counts(config, quiet):
    with filled(config, quiet) as store:
        before = counted(store)
        now = quiet.end(DAYS - 1)
        store.retain(now, Retention(events=10 * 86400), needed(store, config))
        done = rebuild(store, config)
        assert (done.days, done.mended, done.kept) == (10, 0, DAYS - 10)
        assert counted(store) == before
