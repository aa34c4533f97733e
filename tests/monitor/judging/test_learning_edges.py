"""What a baseline survives: long incidents, moved pins, signals summed over steps, spans of very different ages."""

import numpy as np
import pyarrow as pa
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging import learn
from bellbuoy.monitor.judging.incidents import Incident, Member
from bellbuoy.monitor.judging.learn import Learner, Need
from bellbuoy.monitor.judging.records import save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.judging.watchlist import detectors_of, watchlist
from bellbuoy.monitor.sources.base import Chunk, Stream

DAY = 86400
START = 1_780_272_000  # 2026-06-01
QUALIFY = SeriesKey("step_failure", "calls", "qualify")
BASE = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""
PINNED = """
baselines: { default: {}, anchor: { pinned: %s } }
detectors: [{ name: pinned, signal: step_failure, by: [workflow, step], kind: rate_shift, baseline: anchor }]
"""


def append(store, lines):
    stream = Stream("test", "made", 0, "1")
    number = store.stream_id(stream)
    chunk = Chunk(stream, range(len(lines)), lines, len(lines))
    store.append(decode(chunk, stream_id=number, received_at_us=(START + 90 * DAY) * 1_000_000, limits=Limits()))


def event(at, step="qualify", more=b""):
    return b'{"type":"step","ts":%d,"interaction_id":"i","workflow":"calls","step":"%s","outcome":"success"%s}' % (
        1000 * at,
        step.encode(),
        more,
    )


@pytest.fixture
def filled(store):
    append(store, [event(START)])
    series = next(one.id for one in store.series() if one.signal == "step_failure")
    at = START + 300 * np.arange(130 * 288)
    minute = pa.array(at * 1_000_000, pa.int64()).cast(pa.timestamp("us"))
    bad = (np.arange(len(at)) % 5 == 0).astype(np.int64)
    with store.transaction() as tx:
        columns = {"minute": minute, "series": np.full(len(at), series), "n": np.full(len(at), 4), "bad": bad}
        tx.insert("counts", pa.table(columns | {"known_at": pa.array(0 * at).cast(pa.timestamp("us"))}))
    return store


def learned(store, config, day, known=None):
    lines = watchlist(config.detectors, detectors_of(config.detectors), store.series())
    return Learner(store, config).learn(START + day * DAY, lines, known or {}, set())


def write_incident(store, since, until, *detectors):
    verdict = Verdict("worse", START, since, 0.05, 0.15, 0.05, 0.15, 100, 15, 20.0, 12.0, "bad")
    members = tuple(Member(Watched(name, QUALIFY), verdict, since, until) for name in detectors)
    with store.transaction() as tx:
        save_incidents(tx, [Incident("inc_1", "calls", "resolved", "page", members, since, since, 1, until)])


def test_after_a_long_incident_what_was_known_stays_until_there_is_as_much_again(filled, config):
    known = learned(filled, config, 40)
    write_incident(filled, START + 35 * DAY, START + 105 * DAY, "month-one")
    for day, fresh in ((106, False), (115, False), (120, True)):
        found = learned(filled, config, day, known)
        assert (("default", QUALIFY) in found) == fresh, day
    assert found["default", QUALIFY].armed == 1


def test_two_detectors_in_one_incident_leave_its_ticks_out_once(filled, config):
    write_incident(filled, START + 65 * DAY, START + 74 * DAY, "month-one", "step-success")
    found = learned(filled, config, 80)["default", QUALIFY]
    assert (found.since[0] - START) / DAY == 80 - 7 - 28


def test_a_pinned_baseline_moves_with_its_span_and_with_nothing_else(filled):
    first = load_text(BASE + PINNED % "2026-06-11..2026-06-20")
    known = learned(filled, first, 50)
    one = known["anchor", QUALIFY]
    assert ((one.since[0] - START) / DAY, (one.until[0] - START) / DAY) == (10, 20)
    assert learned(filled, first, 51, known) == {}
    with filled.transaction() as tx:
        tx.run("store/drop_counts", since=START, until=START + 15 * DAY)
    assert learned(filled, first, 52, known) == {}, "what retention deletes is not forgotten"
    for span, since, until in (("2026-06-21..2026-06-30", 20, 30), ("2026-06-11..2026-07-20", 15, 50)):
        one = learned(filled, load_text(BASE + PINNED % span), 60, known)["anchor", QUALIFY]
        assert ((one.since[0] - START) / DAY, (one.until[0] - START) / DAY) == (since, until)


def test_slow_calls_count_for_their_step_and_for_all_steps_together(store):
    detectors = "".join(
        f"{{ name: {name}, signal: slow, by: [{by}], kind: rate_shift }}, "
        for name, by in (("steps", "workflow, step"), ("whole", "workflow"))
    )
    config = load_text(BASE + f"detectors: [{detectors}]")
    random = np.random.default_rng(3)
    append(
        store,
        [
            event(at, step, b',"latency_ms":%.1f' % random.lognormal(6, 0.5))
            for at in range(START, START + 21 * DAY, 1200)
            for step in ("qualify", "route")
        ],
    )
    learner = Learner(store, config)
    learner.learn_latency(START + 21 * DAY, store.series(), set())
    series = [one._replace(signal="slow") for one in store.series() if one.signal == "step_failure"]
    lines = watchlist(config.detectors, detectors_of(config.detectors), series)
    trials = {
        key.step: (found.trials[0], round(float(found.mean[0]), 2))
        for (_, key), found in learner.learn(START + 21 * DAY, lines, {}, set()).items()
    }
    assert trials[None][0] == trials["qualify"][0] + trials["route"][0] > 1000
    assert all(mean == 0.05 for _, mean in trials.values())


def test_series_of_very_different_ages_are_fitted_apart(store, config, monkeypatch):
    monkeypatch.setattr(learn, "SLAB", 30 * 288 * 2)
    needs = [
        Need(SeriesKey("s", "w", str(place)), (place,), START + since * DAY, START + until * DAY)
        for place, (since, until) in enumerate([(300, 328), (0, 28), (0, 28), (300, 328), (0, 400)])
    ]
    slabs = [[need.key.step for need in slab] for slab in Learner(store, config)._slabs(needs)]
    assert slabs == [["1", "2"], ["4"], ["0", "3"]]


def test_the_anchor_of_a_sparse_series_takes_as_many_months_as_it_needs(filled, config):
    with filled.transaction() as tx:
        tx.cursor.execute("UPDATE counts SET n = 1, bad = 1 WHERE epoch_us(minute) // 1000000 % 86400 < 20 * 300")
        tx.cursor.execute("UPDATE counts SET n = 0, bad = 0 WHERE epoch_us(minute) // 1000000 % 86400 >= 20 * 300")
    known = {}
    for day, until, armed in ((28, 28, 0), (29, None, 0), (56, 56, 1), (84, None, 1)):
        found = learned(filled, config, day, known)
        assert (("anchor", QUALIFY) in found) == (until is not None), day
        known |= found
        assert bool(known["anchor", QUALIFY].armed[0]) == armed, day
