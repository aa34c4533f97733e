"""What a log is seen to hold."""

import pytest

KNOWLEDGE = {"knowledge": [{"source": "wiki", "version": "r1", "as_of": "2026-05-31T00:00:00Z"}]}


def by_name(workflow):
    return {step.name: step for step in workflow.steps}


def test_shares_are_of_interactions_and_of_those_that_ended_well(log, seen):
    made = (
        log()
        .run("greet", "answer", "close")
        .run("greet", "close")
        .run("greet", end="failure")
        .run("greet", end="unknown")
    )
    (workflow,) = seen(made).workflows
    assert [step.name for step in workflow.steps] == ["greet", "answer", "close"]
    assert (workflow.interactions, workflow.known, workflow.well, workflow.told) == (4, 3, 2, True)
    steps = by_name(workflow)
    assert [(one.reach, one.well) for one in steps.values()] == [(1.0, 1.0), (0.25, 0.5), (0.5, 1.0)]


def test_a_step_that_runs_often_counts_once_and_stands_where_it_ran_first(log, seen):
    (workflow,) = seen(log().run("ask", "search", "ask", "search", "close")).workflows
    assert [step.name for step in workflow.steps] == ["ask", "search", "close"]
    assert by_name(workflow)["ask"].reach == 1.0


def test_without_an_index_time_tells_the_order_whatever_order_the_lines_have(log, seen):
    made = log(indexed=False).run("greet", "answer", "close").run("greet", "answer", "close")
    made.events.reverse()
    (workflow,) = seen(made).workflows
    assert [step.name for step in workflow.steps] == ["greet", "answer", "close"]
    assert workflow.kept == 1.0


def test_where_no_end_is_told_what_got_to_the_usual_last_step_ended_well(log, seen):
    made = log().run("greet", "answer", "close", end=None).run("greet", "close", end=None).run("greet", end=None)
    (workflow,) = seen(made).workflows
    assert (workflow.told, workflow.known, workflow.last, workflow.well) == (False, 0, "close", 2)
    assert by_name(workflow)["answer"].well == 0.5


def test_a_late_label_says_how_an_interaction_ended(log, seen):
    made = log().run("greet", end="unknown").run("greet", end="success")
    label = {"type": "outcome", "workflow": "support", "ts": "2026-06-03T00:00:00Z"}
    made.events.append({**label, "interaction_id": "i1", "outcome": "failure"})
    made.events.append({**label, "interaction_id": "i2", "step": "greet", "outcome": "failure", "route_expected": "x"})
    found = seen(made)
    assert (found.workflows[0].known, found.workflows[0].well) == (2, 1)
    assert found.given["route.expected"] == 1


def test_branches_systems_actions_and_sources_are_seen_by_step(log, seen):
    call = {"integration": {"system": "crm", "status": "ok", "latency_ms": 100}}
    slow = {"integration": {"system": "crm", "status": "timeout", "latency_ms": 9000}}
    pay = {"action": {"class": "money", "decided_by": "rule", "approval": {"status": "approved"}}}
    write = {"action": {"class": "write"}}
    steps = ("look", call), ("look", slow), ("ask", {"failure_branch": "clarify"}), ("pay", pay), ("pay", write)
    newer = {"knowledge": [{"source": "wiki", "version": "r2", "as_of": "2026-05-31T12:00:00Z"}]}
    (workflow,) = seen(log().run(*steps, ("answer", KNOWLEDGE)).run(("answer", newer))).workflows
    steps = by_name(workflow)
    assert steps["look"].systems == ("crm",)
    assert steps["ask"].branches == ("clarify",)
    acts = steps["pay"].acts
    assert (dict(acts.classes), dict(acts.decided_by)) == ({"money": 1, "write": 1}, {"rule": 1, "nobody": 1})
    assert (acts.approved, acts.grave) == (1, 1)
    (system,) = workflow.systems
    assert (system.calls, system.failed, system.slow_ms) == (2, 1, 9000)
    (source,) = workflow.sources
    assert (source.name, source.version) == ("wiki", "r2")
    assert source.age_s == pytest.approx(86_400 + 3600 + 5), "the oldest use"


def test_workflows_are_apart_the_one_with_most_interactions_first(log, seen):
    found = seen(log("few").run("a"), log("many").run("b").run("b"))
    assert [one.name for one in found.workflows] == ["many", "few"]
    assert found.interactions == 3
    assert found.types == {"step": 3, "interaction": 3}
