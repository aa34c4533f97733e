"""Which ticks a baseline is learned from, which are left out, and when nothing is learned at all."""

import numpy as np
import pyarrow as pa
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.detectors.base import Counts, Verdict
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.incidents import Incident, Member
from bellbuoy.monitor.judging.judgement_rows import baselines
from bellbuoy.monitor.judging.learn import Learner, summed
from bellbuoy.monitor.judging.records import save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.judging.watchlist import detectors_of, watchlist
from bellbuoy.monitor.sources.base import Chunk, Stream

DAY = 86400
START = 1_780_272_000
QUALIFY = SeriesKey("step_failure", "calls", "qualify")
STREAM = Stream("test", "made", 0, "1")


def fill(store, days, rate=lambda day: 0.05, volume=4):
    """Write one event, so that the series is known, and counts of so many days with a bad share for each day."""
    line = b'{"type":"step","ts":%d,"interaction_id":"i","workflow":"calls","step":"qualify","outcome":"success"}' % (
        1000 * START
    )
    chunk = Chunk(STREAM, [0], [line], 1)
    store.append(
        decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=(START + 60) * 1_000_000, limits=Limits())
    )
    ids = {one.signal: one.id for one in store.series()}
    at = START + 300 * np.arange(days * 288)
    bad = np.array([round(volume * 288 * rate(day)) for day in range(days)])
    spread = np.zeros((days, 288))
    for day in range(days):
        spread[day, np.linspace(0, 287, bad[day]).astype(int)] = 1
    minute = pa.array(at * 1_000_000, pa.int64()).cast(pa.timestamp("us"))
    rows = {
        "minute": minute,
        "series": pa.array(np.full(len(at), ids["step_failure"])),
        "n": pa.array(np.full(len(at), volume)),
        "bad": pa.array(spread.ravel().astype(np.int64)),
        "known_at": pa.array(np.zeros(len(at), np.int64)).cast(pa.timestamp("us")),
    }
    with store.transaction() as tx:
        tx.insert("counts", pa.table(rows))


@pytest.fixture
def lines(store, config):
    def made():
        return [
            line
            for line in watchlist(config.detectors, detectors_of(config.detectors), store.series())
            if line.watched.series == QUALIFY
        ]

    return made


def learned(store, config, lines, day, known=None, frozen=frozenset()):
    return Learner(store, config).learn(START + day * DAY, lines(), known or {}, set(frozen))


def test_the_slow_detector_looks_at_the_anchor_and_the_quick_one_at_the_last_weeks(store, lines):
    fill(store, 1)
    assert {line.watched.detector: line.baseline for line in lines()} == {
        "step-success": "default",
        "month-one": "anchor",
    }


def test_the_learning_baseline_ends_a_week_ago_once_it_can(store, config, lines):
    fill(store, 60)
    for day, since, until in ((7, 0, 6), (10, 0, 7), (14, 0, 7), (20, 0, 13), (60, 25, 53)):
        found = learned(store, config, lines, day)["default", QUALIFY]
        assert ((found.since[0] - START) / DAY, (found.until[0] - START) / DAY) == (since, until), day


def test_the_anchor_is_the_first_28_full_days_and_is_learned_once(store, config, lines):
    fill(store, 60, rate=lambda day: 0.05 if day < 28 else 0.15)
    assert ("anchor", QUALIFY) not in learned(store, config, lines, 27)
    found = learned(store, config, lines, 28)
    assert round(float(found["anchor", QUALIFY].mean[0]), 3) == 0.05
    assert ("anchor", QUALIFY) not in learned(store, config, lines, 29, known=found)


def incident(since, until=None):
    verdict = Verdict("worse", START, since, 0.05, 0.15, 0.05, 0.15, 100, 15, 20.0, 12.0, "bad")
    member = Member(Watched("month-one", QUALIFY), verdict, since, until)
    return Incident("inc_1", "calls", "resolved" if until else "open", "page", (member,), since, since, 1, until)


def test_ticks_of_an_incident_are_not_learned_from(store, config, lines):
    fill(store, 40, rate=lambda day: 0.15 if 20 <= day < 24 else 0.05)
    with_it = learned(store, config, lines, 40)["default", QUALIFY]
    with store.transaction() as tx:
        save_incidents(tx, [incident(START + 20 * DAY, START + 24 * DAY)])
    without = learned(store, config, lines, 40)["default", QUALIFY]
    assert with_it.mean[0] > 0.06
    assert round(float(without.mean[0]), 3) == 0.05
    assert without.trials[0] == with_it.trials[0] - 4 * 288 * 4


def test_a_window_that_lost_half_reaches_back_twice_as_far(store, config, lines):
    fill(store, 80)
    with store.transaction() as tx:
        save_incidents(tx, [incident(START + 55 * DAY, START + 71 * DAY)])
    found = learned(store, config, lines, 80)["default", QUALIFY]
    assert (found.since[0] - START) / DAY == 80 - 7 - 56


def test_a_series_with_an_open_incident_keeps_its_baseline(store, config, lines):
    fill(store, 40)
    known = learned(store, config, lines, 30)
    assert ("default", QUALIFY) not in learned(store, config, lines, 40, known=known, frozen={QUALIFY})
    assert ("default", QUALIFY) in learned(store, config, lines, 40, frozen={QUALIFY}), "but it gets a first one"


@pytest.mark.parametrize("outage", [True, False])
def test_an_outage_is_neither_learned_from_nor_judged(store, lines, outage):
    text = "outages: [{ from: 2026-06-21, to: 2026-06-22, why: collector down }]"
    settings = load_text(CONFIG + (text if outage else ""))
    fill(store, 40, rate=lambda day: 0.6 if day in (20, 21) else 0.05)
    found = learned(store, settings, lines, 40)["default", QUALIFY]
    assert (round(float(found.mean[0]), 3) == 0.05) == outage
    Evaluation(store, settings).advance(START + 40 * DAY)
    states = {row["state"] for row in store.new_cursor().execute("SELECT state FROM verdicts").df().to_dict("records")}
    assert ("worse" in states) == (not outage)


CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""


def test_baselines_come_back_from_the_store_bit_for_bit(store, config, lines):
    fill(store, 40)
    evaluation = Evaluation(store, config)
    evaluation.advance(START + 35 * DAY + int(config.tick))
    known = baselines(store, START + 35 * DAY)
    assert {name for name, key in known if key == QUALIFY} == {"default", "anchor"}
    fresh = learned(store, config, lines, 35)["default", QUALIFY]
    stored = known["default", QUALIFY]
    for field in fresh.__dataclass_fields__:
        assert np.array_equal(getattr(fresh, field), getattr(stored, field)), field


def test_series_are_summed_for_a_line_that_looks_at_all_steps():
    counts = Counts(np.array([300, 600]), np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([[0.0, 1, 1], [1, 0, 2]]))
    got = summed(counts, [7, 8, 9], [(7,), (), (8, 9), ()])
    assert got.n.tolist() == [[1, 0, 5, 0], [4, 0, 11, 0]]
    assert got.bad.tolist() == [[0, 0, 2, 0], [1, 0, 2, 0]]


def test_calls_are_slow_by_the_limit_that_holds_now(store, config):
    """The step doubled its latency a week before: counted anew over today's limit, 5 % are over it."""
    random = np.random.default_rng(3)
    lines = []
    for number, at in enumerate(range(START, START + 21 * DAY, 600)):
        ms = random.lognormal(6, 0.5) * (2 if at > START + 7 * DAY else 1)
        lines.append(
            b'{"type":"step","ts":%d,"interaction_id":"i%d","workflow":"calls","step":"qualify","outcome":"success","latency_ms":%.1f}'
            % (1000 * at, number, ms)
        )
    chunk = Chunk(STREAM, range(len(lines)), lines, len(lines))
    store.append(
        decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=(START + 22 * DAY) * 1_000_000, limits=Limits())
    )
    series = SeriesKey("slow", "calls", "qualify")
    learner = Learner(store, config)
    learner.learn_latency(START + 21 * DAY, store.series(), set())
    one = store.series()[0]._replace(signal="slow")
    found = learner.learn(
        START + 21 * DAY, watchlist(config.detectors, detectors_of(config.detectors), [one]), {}, set()
    )["default", series]
    assert 0.04 < found.mean[0] < 0.06
    before = store.rows("store/latency_limits")
    learner.learn_latency(START + 22 * DAY, store.series(), {series})
    assert store.rows("store/latency_limits") == before, "with an open incident the limits stay"


def test_count_makes_the_view_of_trials(store, config):
    store.follow(config)
    assert store.rows("explain/interactions", signal="reask", workflow="calls", step="qualify", since=0, at=1) == [
        {"interactions": 0, "trials": 0}
    ]


def test_there_is_only_one_way_to_be_silent(store, config):
    fill(store, 1)
    heard = [store.series()[0]._replace(signal="interactions", step=None)]
    lines = watchlist(config.detectors, detectors_of(config.detectors), heard)
    assert [(line.watched.detector, line.watched.direction) for line in lines] == [("silence", 1)]
