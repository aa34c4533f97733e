"""The life of an incident: one per cause, never silent, never back to a lower severity."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.judging.incidents import RANK, Incident, SeverityRules, acknowledge
from bellbuoy.monitor.judging.observing import Observation, observe
from bellbuoy.monitor.judging.watched import SeriesKey, Watched

RULES = SeverityRules(page=0.05, ticket=0.02)
TICK = 300


def watched(step="qualify", signal="step_failure", workflow="lead-qualifier", detector="step-success", direction=1):
    return Watched(detector, SeriesKey(signal, workflow, step), direction)


def verdict(state="worse", at=TICK, low=0.03, high=0.1, onset=0):
    return Verdict(
        state, at, onset, 0.05, 0.12, low, high, 400, 48, 14.2, 12.9, "12 % of 400 trials bad, 5 % is normal"
    )


def bad(one=None, at=TICK, **changes):
    return Observation(one or watched(), verdict(at=at, **changes))


def test_a_bad_verdict_opens_an_incident_with_the_severity_of_its_proven_size():
    incidents, changes = observe([], [bad(low=0.03)], TICK, RULES)
    assert [(change.kind, change.incident.severity, change.number, change.raised) for change in changes] == [
        ("opened", "ticket", 1, True)
    ]
    assert incidents == [changes[0].incident]


@pytest.mark.parametrize(("low", "severity"), [(0.001, "watch"), (0.02, "ticket"), (0.05, "page"), (-0.01, "watch")])
def test_severity_goes_by_the_end_of_the_interval_nearest_to_no_change(low, severity):
    _, changes = observe([], [bad(low=low)], TICK, RULES)
    assert changes[0].incident.severity == severity


def test_a_change_for_the_better_is_sized_by_the_other_end():
    _, changes = observe([], [bad(watched(direction=-1), low=-0.09, high=-0.06, state="better")], TICK, RULES)
    assert changes[0].incident.severity == "page"


def test_a_failing_step_and_its_end_to_end_fall_are_one_incident_led_by_the_step():
    whole = watched(None, "interaction_failure", detector="end-to-end")
    incidents, first = observe([], [bad(whole)], TICK, RULES)
    assert first[0].incident.lead.watched == whole
    incidents, second = observe(incidents, [bad(whole, at=2 * TICK), bad(at=2 * TICK)], 2 * TICK, RULES)
    assert len(incidents) == 1
    assert second[0].kind == "updated"
    assert second[0].incident.lead.watched.series.step == "qualify"
    assert "is part of it" in second[0].reason


def test_a_workflow_that_is_silent_leads_the_steps_that_are_silent_with_it():
    steps = [watched(step, "steps", detector="step-vanished") for step in ("greet", "qualify")]
    whole = watched(None, "interactions", detector="silence")
    incidents, _ = observe([], [bad(steps[0])], TICK, RULES)
    [incident], _ = observe(incidents, [bad(one) for one in (*steps, whole)], 2 * TICK, RULES)
    assert [one.watched for one in incident.members] == [whole, *steps]


def test_a_step_that_is_silent_leads_the_end_to_end_fall():
    step, whole = watched(signal="steps"), watched(None, "interaction_failure")
    incidents, _ = observe([], [bad(whole), bad(step)], TICK, RULES)
    assert incidents[0].lead.watched == step


def test_both_in_one_tick_are_one_incident_from_the_start():
    whole = watched(None, "interaction_failure", detector="end-to-end")
    incidents, changes = observe([], [bad(whole), bad()], TICK, RULES)
    assert [change.kind for change in changes] == ["opened"]
    assert [member.watched.series.step for member in incidents[0].members] == ["qualify", None]


def test_another_step_that_began_later_is_an_incident_of_its_own():
    incidents, _ = observe([], [bad()], TICK, RULES)
    later = bad(watched("route"), at=9 * TICK, onset=8 * TICK)
    incidents, changes = observe(incidents, [bad(at=9 * TICK), later], 9 * TICK, RULES)
    assert [change.kind for change in changes] == ["opened"]
    assert len(incidents) == 2


def test_another_step_that_began_before_the_page_is_the_same_story():
    incidents, _ = observe([], [bad(at=5 * TICK)], 5 * TICK, RULES)
    incidents, changes = observe(incidents, [bad(watched("route"), at=6 * TICK, onset=4 * TICK)], 6 * TICK, RULES)
    assert [change.kind for change in changes] == ["updated"]
    assert len(incidents) == 1


def test_other_workflows_never_share_an_incident():
    incidents, changes = observe([], [bad(), bad(watched(workflow="other"))], TICK, RULES)
    assert len(incidents) == len(changes) == 2


def test_it_is_resolved_when_the_last_member_has_recovered_and_not_before():
    whole = watched(None, "interaction_failure", detector="end-to-end")
    incidents, _ = observe([], [bad(), bad(whole)], TICK, RULES)
    incidents, changes = observe(
        incidents, [bad(state="steady", at=2 * TICK), bad(whole, at=2 * TICK)], 2 * TICK, RULES
    )
    assert [change.kind for change in changes] == ["updated"]
    assert "has recovered" in changes[0].reason
    incidents, changes = observe(incidents, [bad(whole, state="steady", at=3 * TICK)], 3 * TICK, RULES)
    assert [(change.kind, change.incident.resolved_at) for change in changes] == [("resolved", 3 * TICK)]
    assert incidents == []


def test_no_data_is_not_recovery():
    incidents, _ = observe([], [bad()], TICK, RULES)
    incidents, changes = observe(incidents, [bad(state="stale", at=2 * TICK)], 2 * TICK, RULES)
    assert [change.kind for change in changes] == ["updated"]
    assert incidents[0].state == "open"


def test_a_rise_in_severity_is_told_and_a_fall_is_not():
    incidents, _ = observe([], [bad(low=0.021)], TICK, RULES)
    incidents, changes = observe(incidents, [bad(low=0.051, at=2 * TICK)], 2 * TICK, RULES)
    assert (changes[0].kind, changes[0].raised, changes[0].incident.severity) == ("updated", True, "page")
    assert changes[0].reason.startswith("ticket → page: the change is at least 5.1 points")
    incidents, changes = observe(incidents, [bad(low=0.03, at=3 * TICK)], 3 * TICK, RULES)
    assert changes == []
    assert incidents[0].severity == "page"


def test_silence_is_a_page():
    silent = replace(verdict(low=0.0, high=0.0), measure="silence", least="page")
    _, changes = observe([], [Observation(watched(None, "interactions", detector="silence"), silent)], TICK, RULES)
    assert changes[0].incident.severity == "page"


@pytest.mark.parametrize(
    ("low", "high", "most", "severity"),
    [
        (-0.9, -0.51, "page", "page"),
        (-0.9, -0.51, "ticket", "ticket"),
        (-0.6, -0.2, "page", "ticket"),
        (-0.3, -0.1, "page", "watch"),
    ],
)
def test_a_volume_is_sized_by_what_is_surely_lost_of_it(low, high, most, severity):
    lost = replace(verdict(low=low, high=high), measure="volume", most=most)
    fewer = watched(None, "interactions", detector="volume", direction=-1)
    _, changes = observe([], [Observation(fewer, lost)], TICK, RULES)
    assert changes[0].incident.severity == severity
    incidents, _ = observe([], [bad()], TICK, RULES)
    _, changes = observe(incidents, [Observation(fewer, lost), bad(low=0.03)], 2 * TICK, RULES)
    if severity == "page":
        told = "ticket → page: the volume of lead-qualifier has changed by at least 51 % (95 % interval)"
        assert changes[0].reason.startswith(told)


def test_an_objective_sets_its_own_severity():
    burning = replace(verdict(low=0.001), least="ticket", most="ticket")
    _, changes = observe([], [Observation(watched(None, "interaction_failure"), burning)], TICK, RULES)
    assert changes[0].incident.severity == "ticket"


def test_the_id_depends_on_cause_and_tick_alone():
    ids = {observe([], [bad()], TICK, RULES)[1][0].incident.id for _ in range(3)}
    assert len(ids) == 1
    assert ids != {observe([], [bad(at=2 * TICK)], 2 * TICK, RULES)[1][0].incident.id}


def test_acknowledging_twice_changes_nothing():
    incidents, _ = observe([], [bad()], TICK, RULES)
    change = acknowledge(incidents[0], "dana", 2 * TICK, "rolling back")
    assert change is not None
    assert (change.incident.state, change.incident.acknowledged_by, change.reason) == (
        "acknowledged",
        "dana",
        "acknowledged by dana: rolling back",
    )
    assert acknowledge(change.incident, "kim", 3 * TICK, "") is None


STREAMS = [
    watched("qualify"),
    watched("route"),
    watched("qualify", "reask", detector="re-ask"),
    watched(None, "interaction_failure", detector="end-to-end"),
    watched("answer", workflow="other"),
]
EVENTS = st.lists(
    st.dictionaries(
        st.sampled_from(range(len(STREAMS))),
        st.tuples(st.sampled_from(["worse", "steady", "stale"]), st.floats(0, 0.2), st.integers(0, 30)),
        max_size=5,
    ),
    max_size=30,
)


@given(EVENTS)
def test_whatever_the_verdicts_every_state_is_reached_by_told_changes_alone(script):
    incidents: list[Incident] = []
    known: dict[str, Incident] = {}
    for place, events in enumerate(script, 1):
        at = place * TICK
        seen = [
            Observation(STREAMS[index], verdict(state, at, low, low + 0.05, min(onset * TICK, at)))
            for index, (state, low, onset) in sorted(events.items())
        ]
        incidents, changes = observe(incidents, seen, at, RULES)
        assert len({change.incident.id for change in changes}) == len(changes)
        for change in changes:
            before = known.get(change.incident.id)
            assert (before is None) == (change.kind == "opened")
            assert change.number == (before.number + 1 if before else 1)
            assert change.reason
            if before is not None:
                assert before.state != "resolved"
                assert RANK[change.incident.severity] >= RANK[before.severity]
            known[change.incident.id] = change.incident
        for incident in incidents:
            told = known[incident.id]
            assert (incident.state, incident.severity, incident.number) == (told.state, told.severity, told.number)
            assert any(member.resolved_at is None for member in incident.members)
        homes = [member.watched for incident in incidents for member in incident.members]
        assert len(homes) == len(set(homes))


@given(EVENTS, st.permutations(range(len(STREAMS))))
def test_the_order_of_verdicts_within_a_tick_does_not_matter(script, order):
    first: list[Incident] = []
    second: list[Incident] = []
    for place, events in enumerate(script, 1):
        at = place * TICK
        seen = [
            Observation(STREAMS[index], verdict(state, at, low, low + 0.05, min(onset * TICK, at)))
            for index, (state, low, onset) in events.items()
        ]
        shuffled = sorted(seen, key=lambda one: order[STREAMS.index(one.watched)])
        first, changes = observe(first, seen, at, RULES)
        second, others = observe(second, shuffled, at, RULES)
        assert changes == others
    assert first == second
    assert all(replace(one, state="open") == one or one.state != "open" for one in first)
