"""What a restart with another configuration does to what is open: nothing stands still, and nothing is open for ever."""

import numpy as np
import pyarrow as pa
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.explain.page import explain
from bellbuoy.monitor.judging import evaluate
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.records import open_incidents
from bellbuoy.monitor.signals import SignalError
from bellbuoy.monitor.sources.base import Chunk, Stream

DAY = 86400
START = 1_780_272_000
STREAM = Stream("test", "made", 0, "1")
BASE = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""


def configured(*, name="step-success", settings="{}", more=""):
    return load_text(
        BASE + f"detectors: [{{ name: {name}, signal: step_failure, by: [workflow, step], kind: rate_shift, "
        f"settings: {settings} }}]\n{more}"
    )


@pytest.fixture
def falling_on_day_39(store, monkeypatch):
    """Four trials a tick, 5 % of them bad, from day 39 on 40 %; every bad trial stands for an interaction of its own."""
    monkeypatch.setattr(Evaluation, "_enough", lambda *_: True)
    line = b'{"type":"step","ts":%d,"interaction_id":"i","workflow":"calls","step":"qualify","outcome":"success"}' % (
        1000 * START
    )
    arrived = (START + 60) * 1_000_000
    store.append(
        decode(
            Chunk(STREAM, [0], [line], 1),
            stream_id=store.stream_id(STREAM),
            received_at_us=arrived,
            limits=Limits(),
        )
    )
    ids = {one.signal: one.id for one in store.series()}
    at = START + 300 * np.arange(45 * 288)
    rate = np.where(at < START + 39 * DAY, 0.05, 0.4)
    minute = pa.array(at * 1_000_000, pa.int64()).cast(pa.timestamp("us"))
    rows = {
        "minute": minute,
        "series": pa.array(np.full(len(at), ids["step_failure"])),
        "n": pa.array(np.full(len(at), 4)),
        "bad": pa.array(np.random.default_rng(1).binomial(4, rate)),
        "known_at": pa.array(np.zeros(len(at), np.int64)).cast(pa.timestamp("us")),
    }
    with store.transaction() as tx:
        tx.insert("counts", pa.table(rows))
    return store


def opened(store):
    evaluation = Evaluation(store, configured())
    told = evaluation.advance(START + 40 * DAY + 300)
    assert told[0][0].kind == "opened"
    return told[0][0].incident.id


def test_an_incident_whose_detector_was_renamed_ends_and_says_so(falling_on_day_39):
    store = falling_on_day_39
    first = opened(store)
    told = Evaluation(store, configured(name="other")).advance(START + 45 * DAY)
    change, page = told[0]
    assert (change.kind, change.incident.id, change.at) == ("resolved", first, START + 40 * DAY + 600)
    assert change.reason == "qualify is not watched on by step-success: settings changed"
    assert page.headline == "qualify is not watched as before"
    assert "evidence of recovery" not in "".join(span.text for span in page.impact)
    assert [one.id for one in open_incidents(store)] != [first]


def test_a_detector_with_other_settings_begins_anew(falling_on_day_39):
    store = falling_on_day_39
    first = opened(store)
    evaluation = Evaluation(store, configured(settings="{ ratios: [1.5, 3] }"))
    told = evaluation.advance(START + 41 * DAY)
    assert evaluation.judged == START + 41 * DAY
    change, page = told[0]
    assert (change.kind, change.incident.id, page.headline) == ("resolved", first, "qualify is not watched as before")
    assert [(change.kind, change.incident.id != first) for change, _ in told[1:2]] == [("opened", True)]


@pytest.mark.parametrize("tick", ["10m", "1m", "1h"])
def test_a_tick_of_another_length_goes_on_and_expects_as_much_in_an_hour(falling_on_day_39, tick):
    store = falling_on_day_39
    opened(store)
    per_hour = 12 * store.new_cursor().execute("SELECT min(per_tick) FROM baselines").fetchone()[0]
    evaluation = Evaluation(store, configured(more=f"tick: {tick}"))
    rescaled = store.new_cursor().execute("SELECT min(per_tick), min(volume[1]) FROM baselines").fetchone()
    assert rescaled == pytest.approx((per_hour * evaluation.tick / 3600,) * 2, rel=0.01)
    evaluation.advance(START + 41 * DAY)
    assert evaluation.judged == START + 41 * DAY
    Evaluation(store, configured(more=f"tick: {tick}"))
    assert store.new_cursor().execute("SELECT min(per_tick) FROM baselines").fetchone()[0] == pytest.approx(rescaled[0])


def test_what_cannot_be_explained_is_told_without_findings(falling_on_day_39, monkeypatch):
    def failing(reader, *rest):
        if reader is falling_on_day_39:
            raise MemoryError("out of memory")
        return explain(reader, *rest)

    monkeypatch.setattr(evaluate, "explain", failing)
    _, page = Evaluation(falling_on_day_39, configured()).advance(START + 40 * DAY)[0]
    assert page.headline.startswith("qualify fell from 9")
    assert page.chart is None
    assert page.facts[0].label == "Success"


def test_a_signal_that_cannot_be_counted_is_named(store):
    config = load_text(BASE + 'signals: [{ name: own, trial: "nonsense > 1", bad: "true" }]')
    with pytest.raises(SignalError, match="signals: own: trial"):
        store.follow(config)


def test_a_step_that_speaks_again_after_months_changes_no_threshold_before_midnight(falling_on_day_39):
    store = falling_on_day_39

    def speak(step, day):
        line = b'{"type":"step","ts":%d,"interaction_id":"i","workflow":"calls","step":"%s","outcome":"success"}'
        at = store.positions("test")[STREAM]
        chunk = Chunk(STREAM, [at], [line % (1000 * (START + day * DAY), step)], at + 1)
        arrived = (START + 45 * DAY) * 1_000_000
        store.append(decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=arrived, limits=Limits()))

    def levels():
        evaluation = Evaluation(store, configured())
        evaluation.advance(store.rows("judgement/progress", name="judged")[0]["at"] + 300)
        return {level for group in evaluation.groups for level in group.watch.threshold.tolist()}

    speak(b"route", 1)
    opened(store)
    before = levels()
    speak(b"route", 40.01)
    assert levels() == before
    Evaluation(store, configured()).advance(START + 41 * DAY)
    assert levels() > before or min(levels()) > min(before), "from midnight on it has its share of the budget"
