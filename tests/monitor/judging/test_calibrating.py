"""Thresholds follow from the last weeks of each detector: when they are learned, from what, and that a restart changes nothing."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.detectors.base import Verdict
from bellbuoy.detectors.calibration import LEAST
from bellbuoy.monitor.backtest.filling import fill_store
from bellbuoy.monitor.backtest.judging import judge
from bellbuoy.monitor.backtest.running import Material
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.calibrate import calibrate, judges, tails
from bellbuoy.monitor.judging.calibration_rows import calibrations
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.groups import thresholds
from bellbuoy.monitor.judging.incidents import Incident, Member
from bellbuoy.monitor.judging.learn import Learner
from bellbuoy.monitor.judging.records import save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.judging.watchlist import detectors_of, watchlist
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

DAY = 86_400
START = 1_780_272_000  # Monday 2026-06-01
WORKFLOWS = 11
TEXT = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
detectors:
  - { name: steps, signal: step_failure, by: [workflow, step], kind: rate_shift }
  - { name: whole, signal: step_failure, by: [workflow], kind: rate_shift, ignore_below: 1%, direction: both }
"""


def fill(store, days, *, workflows=WORKFLOWS, seed=5, since=0):
    """Write one event of each workflow, and counts of so many days: 20 trials every half an hour, 5 % bad."""
    lines = [
        b'{"type":"step","ts":%d,"interaction_id":"i%d","workflow":"w%02d","step":"qualify","outcome":"success"}'
        % (1000 * (START + since * DAY), place, place)
        for place in range(workflows)
    ]
    stream = Stream("test", f"made{since}", 0, "1")
    chunk = Chunk(stream, range(workflows), lines, workflows)
    number = store.stream_id(stream)
    store.append(decode(chunk, stream_id=number, received_at_us=(START + 100 * DAY) * 1_000_000, limits=Limits()))
    ids = [one.id for one in store.series() if one.signal == "step_failure"]
    random = np.random.default_rng(seed)
    at = np.repeat(START + since * DAY + 1800 * np.arange(days * 48), len(ids))
    n = np.full(len(at), 20)
    rows = {"series": np.tile(ids, days * 48), "n": n, "bad": random.binomial(n, 0.05)}
    minute = pa.array(at * 1_000_000, pa.int64()).cast(pa.timestamp("us"))
    rows |= {"minute": minute, "known_at": pa.array(np.zeros(len(at), np.int64)).cast(pa.timestamp("us"))}
    with store.transaction() as tx:
        tx.insert("counts", pa.table(rows))


@pytest.fixture(scope="module")
def config():
    return load_text(TEXT)


@pytest.fixture(scope="module")
def filled(config):
    """Five weeks of eleven workflows; nobody writes into it."""
    with Store.open(None, config.store) as opened:
        opened.follow(config)
        fill(opened, 36)
        yield opened


def measured(store, config, day, before=None, mend=None):
    at = START + day * DAY
    lines = watchlist(config.detectors, detectors_of(config.detectors), store.series())
    learner = Learner(store, config)
    known = learner.learn(at, lines, {}, set())
    if mend is not None:
        known = mend(known)
    return calibrate(learner, config, lines, thresholds(config, lines, at), known, before or {}, at), lines


def test_it_is_measured_as_soon_as_it_can_be_and_then_on_mondays(filled, config):
    assert measured(filled, config, 25)[0].keys() == {"whole"}, (
        "33 series-weeks are too few, in two directions there are 66"
    )
    first, lines = measured(filled, config, 29)
    assert {name: one.tail.weeks for name, one in first.items()} == {"steps": 44, "whole": 88}
    assert tails(lines, first) == {name: one.tail for name, one in first.items()}
    assert measured(filled, config, 30, before=first)[0] == {}
    again, _ = measured(filled, config, 35, before=first)
    assert again.keys() == first.keys()
    assert again["steps"].tail != first["steps"].tail


def test_it_holds_for_what_it_was_measured_on_alone(filled, config):
    first, lines = measured(filled, config, 29)
    other = load_text(TEXT.replace("by: [workflow, step]", "by: [workflow, step], ignore_below: 2%"))
    moved = watchlist(other.detectors, detectors_of(other.detectors), filled.series())
    assert tails(moved, first).keys() == {"whole"}
    assert len({judges(line) for line in [*lines, *moved]}) == 3
    assert measured(filled, other, 30, before=first)[0].keys() == {"steps"}


def test_when_too_few_weeks_are_left_nothing_is_calibrated_any_more(filled, config):
    first, _ = measured(filled, config, 29)

    def few(known):
        return {each: one for each, one in known.items() if each[1].workflow < "w05"}

    again, _ = measured(filled, config, 35, before=first, mend=few)
    assert not again["steps"].tail.calibrated
    assert again["whole"].tail.weeks == 40


def test_a_series_judged_by_others_takes_no_part(filled, config):
    def young(known):
        return {each: replace(one, armed=one.armed * 0 + 0.125) for each, one in known.items()}

    assert measured(filled, config, 29, mend=young)[0] == {}


@pytest.mark.parametrize(
    ("severity", "acknowledged", "left"), [("page", None, 43), ("watch", None, 44), ("watch", 1, 43)]
)
def test_weeks_in_incidents_that_are_no_noise_are_left_out(config, severity, acknowledged, left):
    with Store.open(None, config.store) as store:
        store.follow(config)
        fill(store, 29)
        key = SeriesKey("step_failure", "w03", "qualify")
        since, until = START + 16 * DAY, START + 17 * DAY
        verdict = Verdict("worse", until, since, 0.05, 0.15, 0.05, 0.15, 100, 15, 20.0, 12.0, "bad")
        member = Member(Watched("steps", key), verdict, since, until)
        taken = None if acknowledged is None else since + 60
        one = Incident(
            "inc_1", "w03", "resolved", severity, (member,), since, since, 1, until, taken, "ann" if taken else None
        )
        with store.transaction() as tx:
            save_incidents(tx, [one])
        assert measured(store, config, 29)[0]["steps"].tail.weeks == left


def test_in_an_outage_of_the_log_nothing_is_replayed(config):
    with Store.open(None, config.store) as store:
        outage = "outages: [{ from: 2026-06-08, to: 2026-06-10, why: collector down }]"
        other = load_text(TEXT + outage)
        store.follow(other)
        fill(store, 29)
        tail = measured(store, other, 29)[0]["steps"].tail
        assert (tail.weeks, tail.calibrated) == (33, False), "a week of which two days were lost does not count"


@pytest.fixture(scope="module")
def live(config):
    """Judged in one go, every day of five weeks."""
    with Store.open(None, config.store) as opened:
        opened.follow(config)
        fill(opened, 37)
        evaluation = Evaluation(opened, config)
        evaluation.advance(START + 36 * DAY + 7200)
        yield opened, evaluation


def test_thresholds_in_force_are_those_of_the_last_calibration(live, config):
    store, evaluation = live
    assert all(one.tail.calibrated for one in evaluation.calibrations.values())
    rows = (
        store.new_cursor()
        .execute("SELECT detector, valid_from, series_weeks FROM calibrations ORDER BY ALL")
        .fetchall()
    )
    days = {name: [(at.timestamp() // 1) for other, at, _ in rows if other == name] for name in ("steps", "whole")}
    assert len(days["steps"]) == 2
    assert all(weeks >= LEAST for _, _, weeks in rows)
    assert len(days["whole"]) == 4
    for group in evaluation.groups:
        assert group.watch.calibrated.all()
        assert (np.abs(group.watch.threshold - group.nominal) > 1e-6).any()
        assert not group.watch.empirical.any()


def test_a_restart_at_any_time_changes_no_bit(live, config, written):
    ready, evaluation = live
    with Store.open(None, config.store) as store:
        store.follow(config)
        fill(store, 37)
        for until in (13 * DAY, 28 * DAY, 28 * DAY + 300, 29 * DAY - 300, 30 * DAY, 35 * DAY, 36 * DAY + 7200):
            again = Evaluation(store, config)
            again.advance(START + until)
        assert again.calibrations == evaluation.calibrations == calibrations(store, START + 36 * DAY)
        assert written(store) == written(ready)
        query = "SELECT * FROM calibrations ORDER BY ALL"
        assert store.new_cursor().execute(query).fetchall() == ready.new_cursor().execute(query).fetchall()


def test_a_backtest_learns_the_same_thresholds_and_says_the_same(tmp_path, live, config):
    ready, evaluation = live
    path = tmp_path / "live.duckdb"
    with Store.open(path, config.store) as store:
        store.follow(config)
        fill(store, 37)
        Evaluation(store, config).advance(START + 36 * DAY + 7200)
    with (
        Material.gathered(lambda recording, one: fill_store(recording, path, one)) as material,
        material.recording(config) as recording,
    ):
        found = judge(recording, config, until=START + 36 * DAY + 7200, pages=False)
        assert found.evaluation.calibrations == evaluation.calibrations
        query = "SELECT * FROM verdicts_raw ORDER BY ALL"
        said, again = (one.new_cursor().execute(query).fetchall() for one in (ready, recording))
        assert [repr(row) for row in said] == [repr(row) for row in again]
