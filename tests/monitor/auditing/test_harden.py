"""Workflows with one fault each that a step is to be hardened for: each is told by its own rule, and nothing else is."""

import pytest
from walked import BEGAN, DAY
from worlds import (
    KEPT,
    STEPS,
    UNTIL,
    audited,
    incident,
    interactions,
    normal,
    one,
    told,
    verdicts,
    watch,
    workflow,
    world,
)

pytestmark = pytest.mark.store


def falls(one, steps):
    if one % 10 == 3:
        steps["qualify"] = {"outcome": "failure"}
    steps["qualify"]["prompt_version"] = "41" if one % 20 in (3, 4, 5, 6) else "40"


def test_h1_what_is_below_what_it_needs_is_to_be_hardened():
    with world(interactions(edit=falls), workflow()) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H1")
    says, do, figures = told(found)
    assert figures["gain"] == pytest.approx(found.lines[0].gain)
    assert says.startswith("89.3 % is below the 94.7 % that it needs; worst where prompt_version 41 (75.")
    assert do.startswith("bring it to 94.7 %: +5.")
    assert found.lines[0].name == "qualify", "what is to be hardened stands first"


def test_h2_without_an_objective_it_is_held_against_what_was_normal():
    with world(interactions(edit=falls), workflow(objective=None)) as (store, config):
        found = audited(store, config)
        assert verdicts(found) == dict.fromkeys(STEPS, ("unproven", ())), (
            "nothing is known that it could be held against"
        )
        assert "nothing to hold it against" in found.lines[0].says
        normal(store, "qualify", 0.05)
        found = audited(store, config)
        assert verdicts(found)["qualify"] == ("harden", ("H2",))
        assert told(found)[0].startswith("success went from 95.0 % to 89.3 %, surely by 3.")
        assert "worst where prompt_version 41 (" in told(found)[0]
        assert found.lines[0].says.startswith("89.3 % [86.7, 91.6], was 95.0 %; worth +5.")
        normal(store, "qualify", 0.075, at=BEGAN)
        found = audited(store, config)
        assert verdicts(found)["qualify"] == ("unproven", ()), "three points lost may be chance"
        assert "more trials would tell whether it fell" in found.lines[1].says
        normal(store, "qualify", 0.107, 90_000, at=BEGAN + DAY)
        normal(store, "greet", 0.0067, 90_000)
        assert verdicts(audited(store, config))["greet"] == ("keep", ())


def test_h2_what_a_detector_calls_worse_is_decaying():
    with world(interactions(), workflow()) as (store, config):
        watch(store, ["qualify"], state="worse", at=UNTIL - 1800, onset=UNTIL - 3 * DAY, was=0.01, now=0.02)
        found = audited(store, config)
        assert verdicts(found) == one("harden", "H2")
        assert told(found)[0] == "success went from 99.0 % to 98.0 % since 2026-12-16, says step-success"
        watch(store, ["qualify"], at=UNTIL + 1800)
        assert verdicts(audited(store, config)) == one("harden", "H2"), "what came later is not known then"
        assert verdicts(audited(store, config, until=UNTIL + 3600)) == KEPT


def test_h2_a_fall_of_volume_and_a_signal_of_ones_own_are_told_too():
    with world(interactions(), workflow()) as (store, config):
        watch(store, ["qualify"], state="worse", at=UNTIL - 1800, signal="steps", onset=UNTIL - DAY, was=12.0, now=3.0)
        watch(store, ["greet"], state="worse", at=UNTIL - 1800, signal="refunds", onset=UNTIL - DAY, was=0.1, now=0.3)
        watch(store, ["close"], state="worse", at=UNTIL - 1800, signal="integration_failure", was=0.1, now=0.3)
        found = audited(store, config)
    assert told(found)[0] == "volume since 2026-12-18, says step-success"
    assert told(found, "greet")[0] == "refunds went from 10.0 % to 30.0 % since 2026-12-18, says step-success"
    assert verdicts(found)["close"] == ("keep", ()), "a system of the same name is no step"


def test_h2_an_open_incident_is_named_until_it_ends():
    with world(interactions(), workflow()) as (store, config):
        incident(store, "inc_1", "qualify", at=UNTIL - 5 * DAY, resolved=UNTIL + DAY)
        watch(store, at=UNTIL - 6 * DAY)
        found = audited(store, config)
        assert verdicts(found) == one("harden", "H2")
        assert told(found)[:2] == (
            "incident inc_1 about its success has been open since 2026-12-14",
            "`bellbuoy incidents inc_1` says what is known of it",
        )
        watch(store, at=UNTIL + 2 * DAY)
        assert verdicts(audited(store, config, until=UNTIL + 2 * DAY)) == KEPT
        assert verdicts(audited(store, config, until=UNTIL - 6 * DAY)) == KEPT


def unsure(one, steps):
    if one % 10 == 3:
        steps["qualify"] = {"confident": False, "failure_branch": "clarify"}
    else:
        steps["qualify"]["confident"] = True


def test_h3_what_is_unsure_and_has_no_branch_is_to_be_hardened():
    with world(interactions(edit=unsure), workflow()) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H3")
    assert told(found)[0] == "it has no failure branch, and was not confident in 60 of 600 runs"


def test_h3_a_guess_is_told_whatever_is_declared():
    def guesses(one, steps):
        steps["qualify"] |= {"confident": one % 15 != 3}

    with world(interactions(edit=guesses), workflow(qualify="branches: [clarify]")) as (store, config):
        assert told(audited(store, config))[0] == "40 of 40 runs that were not confident went on as a guess"


def test_h3_what_decides_needs_a_branch():
    def decides(_, steps):
        steps["qualify"]["step_kind"] = "route"

    with world(interactions(edit=decides), workflow()) as (store, config):
        assert verdicts(audited(store, config)) == one("harden", "H3")
    with world(interactions(edit=decides), workflow(qualify="gate: rule")) as (store, config):
        assert verdicts(audited(store, config)) == KEPT


def test_h4_a_branch_that_was_never_taken_is_untested():
    with world(interactions(edit=unsure), workflow(qualify="branches: [clarify, callback]")) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H4")
    assert told(found)[:2] == (
        "the branch callback is declared and was never taken, in 60 runs that were not confident",
        "walk through callback once before a user has to, or take it out of `branches`",
    )


def test_h4_a_branch_that_leads_nowhere_is_told():
    ends = {"edit": unsure, "ended": lambda one, failed: "abandoned" if failed or one % 10 == 3 else "success"}
    with world(interactions(**ends), workflow(qualify="branches: [clarify]", objective=0.5)) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H4")
    assert (
        told(found)[0]
        == "0.0 % of the 60 interactions that took clarify ended well, 97.8 % of those that took no branch"
    )


def test_h5_a_handoff_without_its_context_is_told():
    def hands(one, steps):
        if one % 5 == 0:
            passed = {"context_required": 4, "context_passed": 2 if one % 10 else 4, "target": "sales"}
            steps["qualify"]["handoff"] = {"to": "human", **passed}

    with world(interactions(edit=hands), workflow()) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H5")
    assert told(found)[:2] == (
        "60 of 120 handoffs went without what they need, or were not accepted; 360 of 480 pieces of context were passed on",
        "pass on what sales needs: most are short there (60)",
    )
