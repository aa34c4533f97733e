"""A new workflow is judged from its first midnight on by the others, for large changes, until it has learned."""

import numpy as np
import pyarrow as pa
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

DAY = 86_400
START = 1_780_272_000
CONFIG = load_text("""
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
detectors: [{ name: steps, signal: step_failure, by: [workflow, step], kind: rate_shift }]
""")
NEW = 12


def begin(store, workflow, step, since):
    """Write the first event of a step and return the number of its series."""
    line = b'{"type":"step","ts":%d,"interaction_id":"i","workflow":"%s","step":"%s","outcome":"success"}'
    line %= (1000 * since, workflow.encode(), step.encode())
    stream = Stream("test", f"{workflow}-{step}", 0, "1")
    batch = decode(
        Chunk(stream, [0], [line], 1),
        stream_id=store.stream_id(stream),
        received_at_us=(since + 60) * 1_000_000,
        limits=Limits(),
    )
    store.append(batch)
    return next(
        one.id for one in store.series() if (one.workflow, one.step, one.signal) == (workflow, step, "step_failure")
    )


def fill(store, number, since, until, rate, volume=4, seed=1):
    at = np.arange(since, until, 300)
    bad = np.random.default_rng([seed, number]).binomial(volume, rate, len(at))
    minute = pa.array(at * 1_000_000, pa.int64()).cast(pa.timestamp("us"))
    known = pa.array(np.zeros(len(at), np.int64)).cast(pa.timestamp("us"))
    rows = {"minute": minute, "series": np.full(len(at), number), "n": np.full(len(at), volume), "bad": bad}
    with store.transaction() as tx:
        tx.insert("counts", pa.table(rows | {"known_at": known}))


def world(store, rate, *, others=("a", "b", "c"), step="qualify", workflow="new"):
    """Three workflows over three weeks; a new one from day 12 on, which is as bad as `rate` says from day 14 on."""
    store.follow(CONFIG)
    for name in others:
        fill(store, begin(store, name, "qualify", START), START, START + 21 * DAY, 0.05)
    number = begin(store, workflow, step, START + NEW * DAY)
    fill(store, number, START + NEW * DAY, START + 14 * DAY, 0.05)
    fill(store, number, START + 14 * DAY, START + 21 * DAY, rate)


def told(store, until):
    evaluation = Evaluation(store, CONFIG)
    changes = [change for change, _ in evaluation.advance(int(START + until * DAY) // 300 * 300)]
    return evaluation, changes


def test_a_collapse_of_a_new_workflow_is_told_by_what_the_others_are(written):
    with Store.open(None, CONFIG.store) as store:
        world(store, 0.5)
        _, changes = told(store, 15)
        first = changes[0]
        assert first.incident.lead.watched.series == SeriesKey("step_failure", "new", "qualify")
        assert START + 14 * DAY < first.at < START + 14 * DAY + 4 * 3600
        whole = written(store)
    with Store.open(None, CONFIG.store) as store:
        world(store, 0.5)
        for day in (12.5, 13, 13.3, 14.05, 15):
            told(store, day)
        assert written(store) == whole


def test_until_then_it_learns_and_says_what_it_could_see():
    with Store.open(None, CONFIG.store) as store:
        world(store, 0.05)
        evaluation, changes = told(store, 14)
        assert changes == []
        row = store.rows("judgement/verdicts_now")
        why = next(one["why"] for one in row if one["workflow"] == "new")
        assert why.startswith("still learning what is normal:")
        assert "bad would be seen within a day" in why
        assert evaluation.known["default", SeriesKey("step_failure", "new", "qualify")].by_prior.all()
        evaluation.advance(START + 20 * DAY + 300)
        grown = evaluation.known["default", SeriesKey("step_failure", "new", "qualify")]
        assert (float(grown.armed[0]), float(grown.since[0])) == (1.0, START + NEW * DAY)


def test_the_other_steps_of_a_workflow_say_less_and_one_says_nothing():
    with Store.open(None, CONFIG.store) as store:
        world(store, 0.05, others=("a",))
        evaluation, _ = told(store, 14)
        assert ("default", SeriesKey("step_failure", "new", "qualify")) not in evaluation.known
    with Store.open(None, CONFIG.store) as store:
        store.follow(CONFIG)
        fill(store, begin(store, "a", "greet", START), START, START + 21 * DAY, 0.01)
        world(store, 0.05, others=("a",), step="route", workflow="a")
        evaluation, _ = told(store, 14)
        assert evaluation.known["default", SeriesKey("step_failure", "a", "route")].by_prior.all()


@pytest.mark.parametrize("volume", [1, 20])
def test_a_thin_workflow_is_judged_from_the_day_that_a_busy_one_is(volume):
    """As many trials as it needs lie in the first seven days, wherever in them the last one is."""
    with Store.open(None, CONFIG.store) as store:
        store.follow(CONFIG)
        number = begin(store, "a", "qualify", START)
        for day in range(8):  # by day alone, so that the last trials come hours before the end of the window
            fill(store, number, START + day * DAY, START + day * DAY + 16 * 3600, 0.05, volume=volume)
        evaluation, _ = told(store, 8.1)
        known = evaluation.known["default", SeriesKey("step_failure", "a", "qualify")]
        assert known.armed == 1
