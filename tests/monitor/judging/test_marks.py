"""What people decide of what is normal: an incident that is expected, a series learned anew, a baseline that is pinned."""

from datetime import UTC, datetime

import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.judgement_rows import baselines
from bellbuoy.monitor.judging.marks import marks
from bellbuoy.monitor.judging.normal import Asked, Normal, NotDecided
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.store import Store

DAY = 86_400
TEXT = """
version: 1
sources: [{ files: { path: none.jsonl } }]
baselines: { default: { learn: 7d, lag: 1d, min_trials: 300, min_bad: 3, min_span: 3d } }
detectors:
  - { name: steps, signal: step_failure, by: [workflow, step], kind: rate_shift }
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""
CONFIG = load_text(TEXT)
QUALIFY = SeriesKey("step_failure", "lead-qualifier", "qualify")
FALLS = 10


@pytest.fixture(scope="module")
def worse(world_of):
    """`qualify` fails in 30 % from day 10 on, for ever."""
    return world_of("qualify:0.985->0.7@day10", length=24, per_day=150)


@pytest.fixture
def store():
    with Store.open(None, CONFIG.store) as opened:
        opened.follow(CONFIG)
        yield opened


def run(world, store, first, last):
    """Let days pass; return the changes."""
    evaluation = Evaluation(store, CONFIG)
    told = []
    for number in range(first, last):
        world.append(store, number)
        told += evaluation.advance(world.end(number))
    return [change for change, _ in told]


def normal_of(store, at):
    return baselines(store, at).get(("default", QUALIFY))


def test_what_is_expected_ends_the_incident_and_is_learned_from_its_onset_on(worse, store):
    (opened, *_) = run(worse, store, 0, 13)
    key = opened.incident.id
    before = store.rows("explain/buckets", **counted(worse))
    said = Normal(store, CONFIG).decide(Asked("accept", incident=key, who="kim", why="new script"))
    assert "lead-qualifier/qualify step_failure is learned from 2026-" in said
    again = Normal(store, CONFIG).decide(Asked("accept", incident=key, who="dana"))
    assert again == f"{key} is expected already, says kim; the next tick takes it on"
    after = run(worse, store, 13, 24)
    ended = after[0]
    assert (ended.kind, ended.incident.id) == ("resolved", key)
    assert "is expected to be so since" in ended.reason
    assert ended.reason.endswith(": new script (kim)")
    assert [one.kind for one in after] == ["resolved"], "it is normal now, and opens no more"
    learned = normal_of(store, worse.end(23))
    assert learned.since[0] >= opened.incident.onset - 300
    assert 0.25 < learned.mean[0] < 0.35
    assert learned.armed[0] == 1.0
    assert store.rows("explain/buckets", **counted(worse)) == before, "no count was touched"
    (mark,) = marks(store, worse.end(23)).all
    assert (mark.kind, mark.who, mark.taken) == ("accept", "kim", worse.end(12))


def counted(world):
    span = {"since": world.start, "until": world.end(12), "bucket": DAY}
    return {"signal": "step_failure", "workflow": "lead-qualifier", "step": "qualify", **span}


def test_a_restart_keeps_what_was_decided(worse, tmp_path):
    told = {}
    for restarts in (False, True):
        with Store.open(tmp_path / f"{restarts}.duckdb", CONFIG.store) as store:
            store.follow(CONFIG)
            (opened, *_) = run(worse, store, 0, 12)
            Normal(store, CONFIG).decide(Asked("accept", incident=opened.incident.id))
            changes = []
            parts = [(number, number + 1) for number in range(12, 20)] if restarts else [(12, 20)]
            for first, last in parts:
                changes += run(worse, store, first, last)
            told[restarts] = [(one.kind, one.at, one.reason) for one in changes], repr(normal_of(store, worse.end(19)))
    assert told[True] == told[False]


def test_a_series_is_learned_anew_from_an_instant_on(worse, store):
    run(worse, store, 0, 9)
    assert normal_of(store, worse.end(8)).armed[0] == 1.0
    asked = Asked("learn", series="*/qualify", why="moved to another model")
    assert "is learned from" in Normal(store, CONFIG).decide(asked)
    run(worse, store, 9, 14)
    learned = normal_of(store, worse.end(13))
    assert learned.since[0] >= worse.end(8) - 300


def test_a_baseline_is_pinned_to_a_span(worse, store):
    run(worse, store, 0, 9)
    span = (worse.start + DAY, worse.start + 6 * DAY)
    Normal(store, CONFIG).decide(Asked("pin", name="default", span=span))
    run(worse, store, 9, 12)
    learned = normal_of(store, worse.end(11))
    assert span[0] <= learned.since[0] < learned.until[0] <= span[1]
    rows = store.new_cursor().execute("SELECT count(*) FROM baselines WHERE valid_from > ?", [at(worse.end(9))])
    assert rows.fetchone()[0] == 0, "what stays is not written again every day"


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked("accept", incident="inc_none"), "there is no incident inc_none"),
        (Asked("learn", series="lead-qualifier/qualfy"), "no series is named lead-qualifier/qualfy; did you mean"),
        (Asked("pin", name="lunch", span=(0, DAY)), "no baseline is named 'lunch'; there are default"),
        (Asked("pin", name="default", span=(0, 4_000_000_000)), "ends after what is judged"),
    ],
)
def test_what_cannot_be_decided_is_told(worse, store, asked, told):
    run(worse, store, 0, 2)
    with pytest.raises(NotDecided, match=told):
        Normal(store, CONFIG).decide(asked)
