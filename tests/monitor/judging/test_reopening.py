"""What is bad again soon after its incident ended is the same incident, told again."""

from dataclasses import replace

import pytest

from bellbuoy.config.load import load_text
from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.judging.endings import let_go
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.incidents import SeverityRules, acknowledge
from bellbuoy.monitor.judging.lately import Lately
from bellbuoy.monitor.judging.observing import Observation, observe
from bellbuoy.monitor.judging.records import incident, open_incidents, save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.long

HOUR, DAY = 3600, 86400
RULES = SeverityRules(page=0.05, ticket=0.02)


def seen(at, state="worse", low=0.06, step="qualify", detector="step-success", direction=1):
    verdict = Verdict(state, at, at - 900, 0.05, 0.4, low, low + 0.1, 400, 48, 14.2, 12.9, f"{state} at {at}")
    return Observation(Watched(detector, SeriesKey("step_failure", "calls", step), direction), verdict)


def life(*ticks, within=DAY, incidents=(), lately=()):
    """Fold ticks (at, observations …) and return what is open, what ended lately, and all changes."""
    ended, told = Lately(lately, within), []
    for at, *observations in ticks:
        incidents, changes = observe(incidents, observations, at, RULES, ended.before(at))
        ended.take(changes)
        told += changes
    return list(incidents), ended, told


ONCE = ((10 * HOUR, seen(10 * HOUR)), (20 * HOUR, seen(20 * HOUR, "steady", 0.0)))


def test_a_relapse_within_the_window_reopens_it_and_calls_again():
    back = 23 * HOUR
    [now], _, told = life(*ONCE, (back, seen(back, low=0.021)))
    assert [(one.kind, one.number) for one in told] == [("opened", 1), ("resolved", 2), ("reopened", 3)]
    change = told[-1]
    assert (change.raised, change.before.state, now.state) == (True, "resolved", "open")
    assert now.id == told[0].incident.id
    assert (now.opened_at, now.onset, now.resolved_at) == (10 * HOUR, back - 900, None)
    assert now.severity == "page", "as it was: it never falls"
    assert change.reason == f"qualify is bad again, 3 h after the end: worse at {back}"
    assert [one.verdict.state for one in now.members] == ["worse"]
    assert [(one.verdict.state, one.resolved_at) for one in now.past] == [("steady", 20 * HOUR)]


def test_whose_it_was_it_is_no_more():
    incidents, ended, _ = life(ONCE[0])
    taken = acknowledge(incidents[0], "dana", 11 * HOUR, "").incident
    [now], _, _ = life(ONCE[1], (21 * HOUR, seen(21 * HOUR)), incidents=[taken], lately=ended.before(0))
    assert (now.state, now.acknowledged_by, now.acknowledged_at) == ("open", None, None)


@pytest.mark.parametrize(("after", "kind"), [(DAY - 300, "reopened"), (DAY, "opened"), (9 * DAY, "opened")])
def test_after_the_window_it_is_another_one(after, kind):
    at = 20 * HOUR + after
    _, _, told = life(*ONCE, (at, seen(at)))
    assert told[-1].kind == kind


def test_without_a_window_nothing_is_reopened():
    _, _, told = life(*ONCE, (20 * HOUR + 300, seen(20 * HOUR + 300)), within=0)
    assert told[-1].kind == "opened"


def test_another_detector_may_see_the_relapse():
    [now], _, told = life(*ONCE, (21 * HOUR, seen(21 * HOUR, detector="month-one")))
    assert told[-1].kind == "reopened"
    assert now.lead.watched.detector == "month-one"


@pytest.mark.parametrize("other", [{"step": "route"}, {"direction": -1, "state": "better"}])
def test_what_was_not_bad_before_is_another_one(other):
    _, _, told = life(*ONCE, (21 * HOUR, seen(21 * HOUR, **other)))
    assert [one.kind for one in told] == ["opened", "resolved", "opened"]
    assert told[-1].incident.id != told[0].incident.id


def test_what_ended_without_a_recovery_is_not_bad_again():
    incidents, ended, _ = life(ONCE[0])
    _, changes = let_go(incidents, (), 20 * HOUR, RULES)
    assert [one.kind for one in changes] == ["resolved"]
    ended.take(changes)
    _, _, told = life((21 * HOUR, seen(21 * HOUR)), lately=ended.before(21 * HOUR))
    assert told[-1].kind == "opened"


def test_what_is_part_of_an_open_one_joins_that():
    at = 21 * HOUR
    whole = Observation(
        Watched("end-to-end", SeriesKey("interaction_failure", "calls", None)), replace(seen(at).verdict, onset=at)
    )
    incidents, _, told = life(*ONCE, (at, whole), (at + 300, seen(at + 300)))
    assert [one.kind for one in told] == ["opened", "resolved", "opened", "updated"]
    assert len(incidents) == 1


def test_two_that_are_bad_again_at_once_reopen_one_incident_once():
    bad = [seen(HOUR), seen(HOUR, detector="month-one"), seen(HOUR, step=None)]
    good = [replace(one, verdict=seen(2 * HOUR, "steady").verdict) for one in bad]
    again = [replace(one, verdict=seen(3 * HOUR).verdict) for one in bad]
    [now], _, told = life((HOUR, *bad), (2 * HOUR, *good), (3 * HOUR, *again))
    assert [one.kind for one in told] == ["opened", "resolved", "reopened"]
    assert len(now.members) == len(now.past) == 3


def test_what_falls_with_a_relapse_is_part_of_it_however_long_ago_it_was_first_opened():
    at = 9 * DAY
    first = ((HOUR, seen(HOUR)), (at - 2 * HOUR, seen(at - 2 * HOUR, "steady", 0.0)))
    with_it = seen(at + 600, step=None)
    incidents, _, told = life(*first, (at, seen(at)), (at + 600, seen(at + 600), with_it))
    assert [one.kind for one in told] == ["opened", "resolved", "reopened", "updated"]
    assert len(incidents) == 1


def test_the_last_end_counts_and_every_time_is_kept(store):
    again = [(at * HOUR, seen(at * HOUR, *how)) for at, how in ((30, ()), (40, ("steady", 0.0)), (50, ()))]
    [now], ended, told = life(*ONCE, *again)
    assert [one.kind for one in told] == ["opened", "resolved", "reopened", "resolved", "reopened"]
    assert [one.resolved_at for one in now.past] == [20 * HOUR, 40 * HOUR]
    assert ended.before(50 * HOUR) == []
    with store.transaction() as tx:
        save_incidents(tx, [now])
    assert incident(store, now.id) == now
    assert [one.lead for one in open_incidents(store)] == [now.lead]
    spans = [(row["since"], row["until"]) for row in store.rows("judgement/bad_spans")]
    assert sorted(spans, key=str) == sorted(
        [(20 * HOUR - 900, 20 * HOUR), (40 * HOUR - 900, 40 * HOUR), (50 * HOUR - 900, None)], key=str
    ), "none of them is learned from"


def test_what_is_bad_again_while_the_incident_is_open_keeps_the_first_time_too():
    other = seen(HOUR, step=None)
    [now], _, told = life(
        (HOUR, seen(HOUR), other), (2 * HOUR, seen(2 * HOUR, "steady", 0.0)), (3 * HOUR, seen(3 * HOUR))
    )
    assert [one.kind for one in told] == ["opened", "updated", "updated"]
    assert [one.resolved_at for one in now.past] == [2 * HOUR]
    assert all(one.resolved_at is None for one in now.members)


def test_those_that_ended_lately_are_known_after_a_restart(store):
    for name, end in (("b", 20), ("a", 20), ("c", 12)):
        _, ended, _ = life((HOUR, seen(HOUR, step=name)), (end * HOUR, seen(end * HOUR, "steady", 0.0, step=name)))
        with store.transaction() as tx:
            for one in ended.before(end * HOUR):
                save_incidents(tx, [one])
    found = Lately.of(store, 40 * HOUR, DAY).before(40 * HOUR)
    assert [one.resolved_at for one in found] == [20 * HOUR] * 2
    assert found == sorted(found, key=lambda one: one.id)
    assert all(one.lead.recovered for one in found)


def _within(within):
    return f"""
version: 1
tick: 15m
reopen_within: {within}
sources: [{{ files: {{ path: none.jsonl }} }}]
sinks: {{ out: {{ console: {{}} }} }}
routes: [{{ to: [out] }}]
"""


@pytest.mark.parametrize(
    ("within", "restarts", "last"), [("5d", False, "reopened"), ("5d", True, "reopened"), ("0s", False, "opened")]
)
def test_through_the_judgement(world_of, config, within, restarts, last):
    """Down on day 32, back on day 36, down again two days after its end."""
    world = world_of(
        "qualify:0.985->0.80@day32", "qualify:0.80->0.985@day36", "qualify:0.985->0.80@day39", per_day=300, length=42
    )
    settings = load_text(_within(within))
    with Store.open(None, config.store) as store:
        store.follow(settings)
        evaluation, told = Evaluation(store, settings), []
        for number in range(42):
            world.append(store, number)
            if restarts:
                evaluation = Evaluation(store, settings)
            told += evaluation.advance(world.end(number))
    own = [change for change, _ in told if change.incident.lead.watched.series.step == "qualify"]
    kinds = [(one.kind, one.incident.id == own[0].incident.id) for one in own if one.kind != "updated"]
    assert kinds == [("opened", True), ("resolved", True), (last, last == "reopened")]
