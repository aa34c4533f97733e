"""Somebody takes an incident: seen at once, taken on by the one who judges, shown by the sinks that show the incident."""

import threading
from itertools import count

import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.judging.acks import waiting
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.ourselves import Ourselves, Trouble
from bellbuoy.monitor.judging.records import incident, open_incidents, page_of
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.stories import NotTold, Stories

DAY = 86_400
CONFIG = load_text("""
version: 1
sources: [{ files: { path: none.jsonl } }]
baselines: { default: { learn: 7d, lag: 1d, min_trials: 300, min_bad: 3, min_span: 3d } }
detectors:
  - { name: steps, signal: step_failure, by: [workflow, step], kind: rate_shift }
sinks: { out: { console: {} }, other: { console: {} } }
routes: [{ when: { workflow: another }, to: [other] }, { to: [out] }]
""")
FALLS, ENDS, OPENED = 10, 13, 12


@pytest.fixture(scope="module")
def world(world_of):
    """`qualify` fails in 30 % from day 10 to day 13."""
    return world_of("qualify:0.985->0.7@day10", "qualify:0.7->0.985@day13", length=18, per_day=150)


@pytest.fixture
def store():
    with Store.open(None, CONFIG.store) as opened:
        opened.follow(CONFIG)
        yield opened


def run(world, store, first, last, evaluation=None):
    evaluation = evaluation or Evaluation(store, CONFIG)
    told = []
    for number in range(first, last):
        world.append(store, number)
        told += evaluation.advance(world.end(number))
    return evaluation, told


def stories(store, at):
    return Stories(store, CONFIG, VirtualClock(float(at)))


def test_it_is_seen_at_once_and_is_a_change_when_the_judging_takes_it_on(world, store):
    evaluation, told = run(world, store, 0, OPENED)
    key, number = told[-1][0].incident.id, told[-1][0].number
    shown = [row["sink"] for row in store.rows("people/deliveries", incident=key)]
    at = world.end(OPENED) + 60
    asked = stories(store, at)
    assert asked.acknowledge(key, "kim", "rolling back") == f"{key} is acknowledged by kim: rolling back"
    line, *_ = asked.listed()
    assert (line.state, line.acknowledged_by, line.acknowledged_at) == ("acknowledged", "kim", at)
    story = asked.story(key)
    assert [one.reason for one in story.changes if one.change == "acknowledged"] == [
        "acknowledged by kim: rolling back"
    ]
    assert incident(store, key).state == "open", "the judging alone writes incidents"

    ((change, page),) = evaluation.acknowledge()
    assert (change.kind, change.number, change.at) == ("acknowledged", number + 1, at)
    assert evaluation.acknowledge() == []
    kept = incident(store, key)
    assert (kept.state, kept.acknowledged_by, kept.acknowledged_at) == ("acknowledged", "kim", at)
    assert evaluation.incidents == open_incidents(store)
    assert asked.story(key).changes[-1] == story.changes[-1], "what was shown before is what it became"
    assert page.state == "acknowledged"
    assert "acknowledged by kim" in page.foot
    assert page.summary.startswith("ACKNOWLEDGED page, lead-qualifier: ")
    asks = {row["sink"]: row["wanted"] for row in store.rows("people/deliveries", incident=key)}
    assert asks == dict.fromkeys(shown, change.number), "no sink is told that did not show it"


def test_it_goes_on_being_judged_and_stays_somebody_s_until_it_ends(world, store):
    evaluation, told = run(world, store, 0, OPENED)
    key = told[-1][0].incident.id
    stories(store, world.end(OPENED)).acknowledge(key, "kim")
    _, after = run(world, store, OPENED, 18, evaluation)
    assert after[0][0].kind == "acknowledged"
    ended = after[-1][0]
    assert (ended.kind, ended.incident.id, ended.incident.acknowledged_by) == ("resolved", key, "kim")
    assert all("acknowledged by kim" in page.foot for _, page in after), "every later page says whose it is"
    numbers = [row["number"] for row in store.rows("incidents/changes", incident=key, after=0)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_restart_takes_on_what_waits(world, store):
    _, told = run(world, store, 0, OPENED)
    key = told[-1][0].incident.id
    stories(store, world.end(OPENED)).acknowledge(key, "kim")
    ((change, _),) = Evaluation(store, CONFIG).acknowledge()
    assert change.incident.acknowledged_by == "kim"


def test_the_first_one_has_it_and_one_that_comes_too_late_changes_nothing(world, store):
    evaluation, told = run(world, store, 0, OPENED)
    key = told[-1][0].incident.id
    asked = stories(store, world.end(OPENED))
    asked.acknowledge(key, "kim")
    assert asked.acknowledge(key, "joe") == f"{key} is acknowledged by kim already"
    with store.transaction() as tx:  # two that came at the same time, as from two processes
        tx.insert(
            "acknowledgements", [{"id": "z", "incident": key, "asked_at": world.end(OPENED) * 10**6, "who": "joe"}]
        )
    assert len(evaluation.acknowledge()) == 1
    assert waiting(store, "agents") == []
    _, after = run(world, store, OPENED, 18, evaluation)
    assert after[-1][0].kind == "resolved"
    with pytest.raises(NotTold, match="is resolved: there is nothing to acknowledge"):
        asked.acknowledge(key, "joe")
    with store.transaction() as tx:  # it raced the end
        tx.insert(
            "acknowledgements", [{"id": "y", "incident": key, "asked_at": world.end(OPENED) * 10**6, "who": "joe"}]
        )
    assert evaluation.acknowledge() == []
    assert waiting(store, "agents") == []
    assert incident(store, key).state == "resolved"
    assert asked.story(key).incident.acknowledged_by == "kim"


def test_none_is_lost_that_comes_while_ticks_are_judged(world, store):
    """Each tick is a transaction of its own; somebody takes the incident at every one of them, from another thread."""
    evaluation, told = run(world, store, 0, OPENED)
    key = told[-1][0].incident.id
    world.append(store, OPENED)
    said = []
    asked = stories(store, world.end(OPENED))
    thread = threading.Thread(target=lambda: said.append(asked.acknowledge(key, "kim")))
    steps = count()

    def stop():
        if next(steps) == 20:
            thread.start()
        return False

    after = []
    for until in range(world.end(OPENED - 1), world.end(OPENED) + 1, 300):
        after += evaluation.advance(until, stop)
    thread.join()
    after += evaluation.acknowledge()
    assert said == [f"{key} is acknowledged by kim"]
    assert [change.kind for change, _ in after].count("acknowledged") == 1
    assert evaluation.incidents == open_incidents(store)
    assert incident(store, key).acknowledged_by == "kim"


@pytest.mark.parametrize(
    ("key", "who", "said"),
    [
        ("inc_none", "kim", "there is no incident inc_none"),
        ("inc_none", "", "say who you are"),
        ("i", "a\x1bb", "one line"),
    ],
)
def test_what_cannot_be_taken_is_told_in_a_sentence(store, key, who, said):
    with pytest.raises(NotTold, match=said):
        stories(store, 0).acknowledge(key, who)


def test_a_trouble_of_our_own_is_taken_by_those_who_look_after_it(store):
    ourselves, trouble = (
        Ourselves(store, CONFIG),
        Trouble("store:full", "page", "the disk is full", "1 MiB left", "make room"),
    )
    (opened,) = ourselves.look([trouble], 1000.0)
    stories(store, 1010).acknowledge(opened.incident.id, "kim")
    assert Evaluation(store, CONFIG).acknowledge() == []
    taken, *rest = ourselves.look([trouble], 1020.0)
    assert (taken.kind, rest) == ("acknowledged", [])
    assert ourselves.look([trouble], 1030.0) == []
    (ended,) = ourselves.look([], 1100.0)
    assert (ended.kind, ended.incident.acknowledged_by) == ("resolved", "kim")
    (*_, newest) = store.rows("incidents/changes", incident=opened.incident.id, after=0)
    assert page_of(newest["page"]).foot == ("Bellbuoy itself", "acknowledged by kim")
