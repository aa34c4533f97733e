"""Lines of what several steps stand on, and of steps of which too little is known."""

import pytest
from walked import BEGAN, DAY
from worlds import (
    KEPT,
    WIKI,
    audited,
    incident,
    interactions,
    one,
    stands,
    verdicts,
    workflow,
    world,
)

pytestmark = pytest.mark.store


def test_a_source_far_past_its_age_has_a_line_of_its_own():
    with world(interactions(edit=stands(95)), workflow(rest=WIKI)) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == {**one("harden", "H7"), "wiki": ("kill", ("K1",))}
    (line,) = (line for line in found.lines if line.kind == "source")
    assert (line.says, line.findings[0].says) == (
        "used by qualify",
        "its content is 95 d old, more than three times the 30 d that it may be",
    )


def test_a_source_that_nobody_uses_has_a_line_of_its_own():
    with world(interactions(), workflow(rest=WIKI)) as (store, config):
        assert verdicts(audited(store, config)) == {**KEPT, "wiki": ("kill", ("K1",))}


def test_a_system_with_an_open_incident_and_one_that_is_never_called_have_lines():
    def edit(_, steps):
        steps["qualify"]["integration"] = {"system": "crm", "status": "ok"}

    with world(interactions(edit=edit), workflow(qualify="integrations: [crm, fax]")) as (store, config):
        incident(store, "inc_2", "crm", signal="integration_failure")
        found = audited(store, config)
        assert verdicts(found) == {**KEPT, "crm": ("harden", ("H8",)), "fax": ("kill", ("K1",))}


def test_with_few_trials_nothing_is_judged_but_facts_are_told():
    with world(interactions(15, edit=stands(45)), workflow(rest=WIKI)) as (store, config):
        found = audited(store, config)
        assert {line.verdict for line in found.lines if line.name != "qualify"} == {"not_judged"}
        assert verdicts(found)["qualify"] == ("harden", ("H7",))
        greet = next(line for line in found.lines if line.name == "greet")
        assert greet.says.startswith("93.3 % [72.8, 99.3], needs 94.7 %; 15 trials: about 81 more would tell")
    with world(interactions(600, days=5), workflow()) as (store, config):
        found = audited(store, config, until=BEGAN + 5 * DAY)
        assert {line.verdict for line in found.lines} == {"not_judged"}
        assert "it has been seen for less than 7 days" in found.lines[0].says


def test_what_is_neither_above_nor_below_is_unproven():
    def some(one, steps):
        if one % 30 == 3:
            steps["qualify"] = {"outcome": "failure"}

    with world(interactions(edit=some), workflow()) as (store, config):
        found = audited(store, config)
        assert verdicts(found) == {**KEPT, "qualify": ("unproven", ())}
        assert "more trials like these would prove that it meets it" in found.lines[0].says
