"""What an open incident says when it grows, and how one ends whose step is no more."""

import numpy as np
import pyarrow as pa
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.incidents import SeverityRules, acknowledge
from bellbuoy.monitor.judging.observing import Observation, observe
from bellbuoy.monitor.judging.records import incident, open_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.sources.base import Chunk, Stream

DAY = 86400
START = 1_780_272_000
RULES = SeverityRules(page=0.05, ticket=0.02)
CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
detectors: [{ name: step-success, signal: step_failure, by: [workflow, step], kind: rate_shift }]
"""


def bad(low, at, step="qualify", state="worse"):
    verdict = Verdict(state, at, 0, 0.05, 0.4, low, low + 0.1, 400, 48, 14.2, 12.9, "bad")
    return Observation(Watched("step-success", SeriesKey("step_failure", "calls", step)), verdict)


def told(*lows):
    """Return the reasons of the changes that one member's proven sizes make, tick by tick; None where nothing is said."""
    incidents, reasons = [], []
    for at, low in enumerate(lows, 1):
        incidents, changes = observe(incidents, [bad(low, at)], at, RULES)
        reasons.append(changes[0].reason if changes else None)
    return reasons


def test_an_incident_that_doubles_after_the_page_says_so_once_for_each_doubling():
    reasons = told(0.06, 0.09, 0.119, 0.12, 0.13, 0.2, 0.241, 0.3)
    assert [place for place, reason in enumerate(reasons) if reason] == [0, 3, 6]
    assert reasons[3] == "the change is at least 12.0 points (95 % interval) now, 6.0 when last told"


def test_a_fall_and_a_rise_to_what_was_told_is_no_news():
    assert told(0.06, 0.01, 0.06, 0.1)[1:] == [None, None, None]


def test_twice_next_to_nothing_is_no_news():
    assert told(0.001, 0.01, 0.019) == ["bad", None, None]
    assert told(0.001, 0.021)[1].startswith("watch → ticket")


def test_what_an_acknowledged_incident_has_told_is_kept():
    incidents, _ = observe([], [bad(0.06, 1)], 1, RULES)
    change = acknowledge(incidents[0], "dana", 2, "")
    incidents, changes = observe([change.incident], [bad(0.11, 3)], 3, RULES)
    assert changes == []
    _, changes = observe(incidents, [bad(0.13, 4)], 4, RULES)
    assert (changes[0].kind, changes[0].raised, changes[0].incident.state) == ("updated", False, "acknowledged")


@pytest.fixture
def filled(store):
    """A function that fills the store: days of each step's trials, at 4 a tick, each with its rate."""
    lines = [
        b'{"type":"step","ts":%d,"interaction_id":"i","workflow":"calls","step":"%s","outcome":"success"}'
        % (1000 * START, step)
        for step in (b"qualify", b"greet")
    ]
    chunk = Chunk(Stream("test", "made", 0, "1"), range(2), lines, 2)
    arrived = (START + 60) * 1_000_000
    store.append(decode(chunk, stream_id=store.stream_id(chunk.stream), received_at_us=arrived, limits=Limits()))
    ids = {one.step: one.id for one in store.series() if one.signal == "step_failure"}

    def fill(step, since, until, rate):
        at = START + 300 * np.arange(since * 288, until * 288)
        rows = {
            "minute": pa.array(at * 1_000_000, pa.int64()).cast(pa.timestamp("us")),
            "series": pa.array(np.full(len(at), ids[step])),
            "n": pa.array(np.full(len(at), 4)),
            "bad": pa.array(np.random.default_rng(since).binomial(4, rate, len(at))),
            "known_at": pa.array(np.zeros(len(at), np.int64)).cast(pa.timestamp("us")),
        }
        with store.transaction() as tx:
            tx.insert("counts", pa.table(rows))

    return fill


def judged(store, day, text=CONFIG):
    return Evaluation(store, load_text(text)).advance(START + day * DAY)


@pytest.fixture
def retired(filled, store):
    """`qualify` is bad from day 39 on and without a trial from day 41 on; `greet` goes on."""
    filled("qualify", 0, 39, 0.05)
    filled("qualify", 39, 41, 0.4)
    filled("greet", 0, 60, 0.05)
    return store


def test_a_step_that_was_taken_out_ends_its_incident_and_says_so(retired, filled):
    first = judged(retired, 47)
    assert [change.kind for change, _ in first][:1] == ["opened"]
    assert "no trial since" in first[-1][0].reason, "that it went stale is told"
    key = first[0][0].incident.id
    [(change, page)] = judged(retired, 49)
    assert (change.kind, change.incident.id, change.at) == ("resolved", key, START + 48 * DAY + 300)
    assert change.reason == "qualify has ended: no trial for 7 d, while calls goes on"
    assert page.headline == "qualify: no trial comes any more"
    assert "without a recovery" in "".join(span.text for span in page.impact)
    filled("qualify", 50, 60, 0.05)
    assert judged(retired, 60) == [], "what comes again is judged anew"


def test_a_workflow_that_stops_ends_nothing(filled, store):
    filled("qualify", 0, 39, 0.05)
    filled("qualify", 39, 41, 0.4)
    filled("greet", 0, 41, 0.05)
    judged(store, 55)
    assert [one.state for one in open_incidents(store)] == ["open"]


def test_how_long_is_a_key(retired):
    told = judged(retired, 47, CONFIG + "ended_after: 3d\n")
    assert (told[-1][0].kind, told[-1][0].at) == ("resolved", START + 44 * DAY + 300)


def test_what_was_told_outlives_a_restart(retired):
    (change, _), *_ = judged(retired, 40)
    kept = incident(retired, change.incident.id)
    assert kept.told >= change.incident.told > 0
