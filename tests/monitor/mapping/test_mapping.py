"""The map of a workflow out of a real store: its arithmetic, and what it says of branches, loops and unknown steps."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walked import BEGAN, DAY, configured, mapped, stored, walk

from bellbuoy.monitor.mapping import asked
from bellbuoy.monitor.mapping.mapping import NotMapped, maps
from bellbuoy.monitor.mapping.text import text

pytestmark = [pytest.mark.store, pytest.mark.long]

EIGHT = ["greet", "identify_intent", "qualify", "off_script", "hold_state", "route", "execute_action", "close"]
DECLARED = f"workflows: [{{ name: calls, objective: 70%, steps: [{', '.join(EIGHT)}] }}]"


def by_name(found):
    return {step.name: step for step in (*found.steps, *found.unmapped)}


def eight_at_85():
    """Of 20 interactions each step fails in three, never two steps in the same five."""
    events = []
    for number in range(20):
        failing = {step for place, step in enumerate(EIGHT) if (number + 3 * place) % 20 < 3}
        steps = [f"{step}!" if step in failing else step for step in EIGHT]
        events += walk(number, steps, "failure" if failing else "success", at=BEGAN + 600 * number)
    return events


def test_eight_steps_at_85_percent_are_27_percent():
    found = mapped(eight_at_85(), DECLARED)
    assert [step.ok.rate for step in found.steps] == pytest.approx([0.85] * 8)
    assert found.compounded.rate == pytest.approx(0.2725, abs=1e-4)
    assert found.needed == pytest.approx(0.70 ** (1 / 8))
    shown = text(found)
    assert "compounded  27.2 % [" in shown
    assert "every step needs 95.6 %" in shown
    assert found.steps[0].if_perfect == pytest.approx(0.2725 / 0.85 - 0.2725, abs=1e-4)


def test_the_steps_stand_in_declared_order_and_learned_in_the_order_in_which_they_ran():
    events = eight_at_85()
    assert [step.name for step in mapped(events, DECLARED).steps] == EIGHT
    learned = mapped(events)
    assert [step.name for step in learned.steps] == EIGHT
    assert (learned.declared, learned.needed, learned.order_kept) == (False, None, 1.0)
    assert mapped(events, DECLARED).order_kept is None
    mixed = [
        one
        for number in range(4)
        for one in walk(number, ["b", "a"] if number else ["a", "b"], at=BEGAN + 900 * number)
    ]
    assert [step.name for step in mapped(mixed).steps] == ["b", "a"]
    assert mapped(mixed).order_kept == pytest.approx(0.75)
    assert all(step.declared is None for step in learned.steps)


LIVED = """
workflows:
  - name: calls
    title: Calls
    objective: 90%
    steps:
      - greet
      - { name: qualify, branches: [clarify, handoff, callback] }
      - { name: look_up, optional: true, integrations: [crm, fax] }
      - close
      - survey
    knowledge: [{ source: wiki, max_age: 1d }]
"""
WIKI = {"knowledge": [{"source": "wiki", "as_of": 1000 * (BEGAN - 9 * DAY)}]}


def lived():
    """100 interactions: 40 look something up, 10 ask to clarify, 4 of these again, 5 hand over, 6 run a step that is not declared."""
    events = []
    for number in range(100):
        unsure = {"confident": False, "failure_branch": "clarify", **WIKI} if number < 10 else WIKI
        steps = ["greet", ("qualify", unsure)]
        if number < 4:
            steps.append(("qualify", {"reask": True}))
        if number >= 95:
            steps[1] = ("qualify", {"failure_branch": "handoff", "handoff": {"to": "human"}})
        if number % 5 < 2:
            call = {"system": "crm", "status": "error" if number == 50 else "ok"}
            steps.append(("look_up!" if number == 50 else "look_up", {"integration": call}))
        if number == 53:
            steps.append(("look_up!", {"retried": True, "attempt": 1}))
            steps.append(("look_up", {"attempt": 2}))
        if number % 20 == 7 or number == 8:
            steps.append("upsell")
        steps.append(("close", {"outcome": "skipped"}) if number in {20, 21} else "close")
        events += walk(
            number,
            steps,
            {60: "abandoned", 61: "failure", 62: "unknown"}.get(number, "success"),
            at=BEGAN + 600 * number,
        )
    return events


def test_what_is_lived_stands_beside_what_is_declared():
    found = mapped(lived(), LIVED)
    steps = by_name(found)
    assert (found.interactions, found.ended, found.title) == (100, 99, "Calls")
    assert steps["look_up"].reach == pytest.approx(0.41)
    assert steps["look_up"].optional
    assert steps["qualify"].runs == pytest.approx(1.04)
    assert steps["qualify"].looped == pytest.approx(0.04)
    assert steps["look_up"].runs == 1.0, "a retry is no second run"
    assert steps["qualify"].reask == 1.0
    assert steps["qualify"].handoff == pytest.approx(0.05)
    assert (steps["close"].reach, steps["close"].skipped) == (pytest.approx(0.98), pytest.approx(0.02))
    assert [(step.name, step.events) for step in found.unmapped] == [("upsell", 6)]
    assert found.unseen == ("survey",)


def test_branches_are_counted_and_those_never_taken_named():
    qualify = by_name(mapped(lived(), LIVED))["qualify"]
    assert [(one.name, one.n, one.declared) for one in qualify.branches] == [
        ("clarify", 10, True),
        ("handoff", 5, True),
        ("callback", 0, True),
    ]
    assert qualify.branches[0].share == pytest.approx(10 / 104)
    assert "2 of 3: callback never, clarify 9.6 %, handoff 4.8 %" in text(mapped(lived(), LIVED), 200)


def test_what_a_step_touches_is_named_with_what_is_wrong_with_it():
    steps = by_name(mapped(lived(), LIVED))
    (wiki,) = steps["qualify"].touches
    assert (wiki.name, wiki.n, wiki.bad, wiki.state) == ("wiki", 95, 95, "stale")
    assert [(one.name, one.n, one.bad, one.declared) for one in steps["look_up"].touches] == [
        ("crm", 40, 1, True),
        ("fax", 0, 0, True),
    ]
    shown = text(mapped(lived(), LIVED), 200)
    assert "wiki (stale)" in shown
    assert "crm (2.5 % fail), fax never" in shown


def test_ways_go_by_the_order_of_events_and_rare_ones_are_counted():
    found = mapped(lived(), LIVED)
    ways = {(one.source, one.target, one.ending): one.share for one in found.edges}
    assert ways[None, "greet", None] == 1.0
    assert ways["greet", "qualify", None] == 1.0
    assert ways["qualify", "qualify", None] == pytest.approx(0.04)
    assert ways["close", None, "badly"] == pytest.approx(0.02)
    assert ways["close", None, "open"] == pytest.approx(0.01)
    assert all(share >= 0.01 for share in ways.values())
    many = lived() + [event for number in range(100, 300) for event in walk(number, ["greet"], at=BEGAN + 60 * number)]
    rare = mapped(many, LIVED)
    assert rare.edges_left_out > 0
    assert ("close", None, "open") not in {(one.source, one.target, one.ending) for one in rare.edges}


def test_why_observed_and_compounded_differ_is_told():
    """Twenty end badly with no failed step, ten well after one."""
    events = []
    for number in range(200):
        steps = ["greet", "route!" if number < 10 else "route"]
        outcome = "abandoned" if number >= 185 else "failure" if number >= 180 else "success"
        events += walk(number, steps, outcome, at=BEGAN + 60 * number)
    found = mapped(events)
    assert found.compounded.rate == pytest.approx(0.95)
    assert found.observed.rate == pytest.approx(0.90)
    assert found.difference.outside == pytest.approx(0.10)
    assert found.difference.outside_by == pytest.approx({"abandoned": 0.075, "failure": 0.025})
    assert found.difference.recovered == pytest.approx(0.05)
    assert found.difference.together == pytest.approx(0.0, abs=1e-9)
    more = mapped([one for number in range(20) for one in _again(events, number)])
    assert (
        "5.0 points fewer end well than the steps multiply to: −10.0 end badly although no step failed "
        "(2.5 failure, 7.5 abandoned); +5.0 end well although a step failed"
    ) in text(more, 400)


def _again(events, number):
    return [{**event, "interaction_id": f"{event['interaction_id']}-{number}"} for event in events]


def test_a_late_label_is_told_as_one():
    events = [event for number in range(40) for event in walk(number, ["greet"], at=BEGAN + 60 * number)]
    late = {"type": "outcome", "workflow": "calls", "outcome": "failure", "outcome_source": "human"}
    events += [{**late, "interaction_id": f"c{number}", "ts": 1000 * (BEGAN + 7200)} for number in range(4)]
    found = mapped(events)
    assert found.observed.rate == pytest.approx(0.9)
    assert found.difference.outside_by == pytest.approx({"relabelled": 0.1})


def test_branches_that_recover_are_told_too():
    events = [
        event
        for number in range(400)
        for event in walk(number, ["a!" if number % 4 == 0 else "a"], at=BEGAN + 60 * number)
    ]
    assert "25.0 points more end well than the steps multiply to: +25.0 end well although a step failed" in text(
        mapped(events), 200
    )


def test_a_step_whose_end_nobody_tells_is_left_out_of_the_product_and_that_is_said():
    events = [event for number in range(50) for event in walk(number, [("think", {"outcome": "unknown"}), "act"])]
    found = mapped(events)
    assert found.compounded.rate == 1.0
    assert (found.steps[0].ok, found.steps[0].if_perfect) == (None, None)
    assert "nobody says how think ended: not in the product" in text(found)


def test_a_past_map_is_printed_again():
    config = configured(LIVED)
    events = lived()
    with stored(events, config) as store:
        once = maps(store, config, "calls", BEGAN, BEGAN + DAY // 2)
        assert maps(store, config, "calls", BEGAN, BEGAN + DAY // 2) == once
        stream_of_later = [event for number in range(500, 560) for event in walk(number, ["greet!"], at=BEGAN + DAY)]
    with stored(events + stream_of_later, config) as store:
        assert maps(store, config, "calls", BEGAN, BEGAN + DAY // 2) == once
        assert maps(store, config, "calls", BEGAN, BEGAN + 2 * DAY) != once


def test_an_empty_span_is_a_map_that_says_so():
    found = mapped(lived(), LIVED, since=BEGAN - DAY, until=BEGAN)
    assert (found.interactions, found.compounded, found.observed, found.lever) == (0, None, None, None)
    assert set(found.unseen) == {step.name for step in found.steps}
    nothing = mapped(lived(), since=BEGAN - DAY, until=BEGAN)
    assert "no step was seen in this span, and none is declared" in text(nothing)


def test_interactions_without_steps_have_an_observed_rate():
    events = [event for number in range(4) for event in walk(number, [], "success" if number else "failure")]
    found = mapped(events)
    assert (found.without_steps, found.observed.rate, found.difference) == (1.0, 0.75, None)
    assert "observed    75.0 % [" in text(found)


def test_without_a_name_every_workflow_is_drawn_and_a_wrong_name_is_answered():
    config = configured(LIVED)
    with stored(lived() + walk("x", ["a"], workflow="tickets"), config) as store:
        assert [one.workflow for one in maps(store, config, None, BEGAN, BEGAN + DAY)] == ["calls", "tickets"]
        with pytest.raises(NotMapped, match="no workflow is named 'call': there is calls, tickets"):
            maps(store, config, "call", BEGAN, BEGAN + DAY)


def test_events_that_have_left_are_told():
    config = configured(LIVED)
    with stored(lived(), config) as store:
        with store.transaction() as tx:
            tx.run("judgement/set_progress", name="forgotten", at=BEGAN + 3600)
        (found,) = maps(store, config, "calls", BEGAN, BEGAN + DAY)
    assert found.events_since == BEGAN + 3600
    assert found.steps[0].trials == 100, "minutes are kept longer"
    assert found.interactions < 100
    assert "events before 2026-11-21 01:00 UTC have left the store" in text(found)


def test_many_events_are_looked_at_in_part(monkeypatch):
    events = [
        event for number in range(900) for event in walk(number, ["a", "b"] if number % 3 else ["a"], at=BEGAN + number)
    ]
    whole = mapped(events)
    monkeypatch.setattr(asked, "STEP_EVENTS", 500)
    part = mapped(events)
    assert (whole.every, part.every) == (1, 3)
    assert part.compounded.rate == whole.compounded.rate
    assert part.steps[1].reach == pytest.approx(whole.steps[1].reach, abs=0.12)
    assert part.interactions == pytest.approx(900, rel=0.25)
    assert part.steps[0].events == 900
    assert "of one interaction in 3" in text(part)
    assert "about " in text(part).splitlines()[0]


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_the_figures_are_those_of_a_recount(data):
    """Against a count in Python, whatever the interactions look like."""
    steps = st.lists(st.sampled_from(["a", "a!", "b", "b!", "c"]), min_size=1, max_size=5)
    walks = data.draw(
        st.lists(
            st.tuples(steps, st.sampled_from(["success", "failure", "abandoned", "unknown"])), min_size=1, max_size=12
        )
    )
    found = mapped(
        [event for number, (run, end) in enumerate(walks) for event in walk(number, run, end, at=BEGAN + 600 * number)]
    )
    names = {re.sub("!", "", one) for run, _ in walks for one in run}
    assert {step.name for step in found.steps} == names
    for step in found.steps:
        runs = [[one for one in run if one.rstrip("!") == step.name] for run, _ in walks]
        ran = [run for run in runs if run]
        assert step.reach == pytest.approx(len(ran) / len(walks))
        assert step.ok.rate == pytest.approx(
            1 - sum(one.endswith("!") for run in ran for one in run) / sum(map(len, ran))
        )
        assert step.runs == pytest.approx(sum(map(len, ran)) / len(ran))
    ended = [(run, end) for run, end in walks if end != "unknown"]
    if ended:
        failed = [any(one.endswith("!") for one in run) for run, _ in ended]
        assert found.difference.recovered == pytest.approx(
            sum(bad and end == "success" for bad, (_, end) in zip(failed, ended, strict=True)) / len(ended)
        )
    edges = {(one.source, one.target): one.share for one in found.edges if one.target}
    for (source, target), share in edges.items():
        taken = sum(
            any(x.rstrip("!") == source and y.rstrip("!") == target for x, y in itertools.pairwise(run))
            if source
            else run[0].rstrip("!") == target
            for run, _ in walks
        )
        assert share == pytest.approx(taken / len(walks))


def test_the_product_is_that_of_the_steps():
    found = mapped(lived(), LIVED)
    known = [step for step in found.steps if step.ok]
    product = 1.0
    for step in known:
        product *= 1 - step.reach * (1 - step.ok.rate)
    assert found.compounded.rate == pytest.approx(product)
    assert found.depth == pytest.approx(sum(step.reach for step in found.steps))
