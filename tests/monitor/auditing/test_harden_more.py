"""More faults that a step is to be hardened for: gates, sources, systems, long interactions, what is not seen."""

import pytest
from walked import BEGAN, DAY
from worlds import (
    KEPT,
    UNTIL,
    WIKI,
    audited,
    interactions,
    normal,
    one,
    stands,
    told,
    verdicts,
    watch,
    workflow,
    world,
)

from bellbuoy.monitor.auditing.text import text

pytestmark = pytest.mark.store


def acts(one, steps):
    status = {"status": "missing"} if one in (71, 340) else {"status": "approved", "approver_role": "lead"}
    at = 1000 * (BEGAN + one * 60)
    steps["qualify"]["action"] = {
        "class": "money",
        "decided_by": "human",
        "approval": {
            **status,
            **({"requested_at": at, "decided_at": at + 40_000} if "approver_role" in status else {}),
        },
    }


def test_h6_one_action_without_its_gate_is_enough():
    with world(interactions(edit=acts), workflow()) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H6")
    assert (
        told(found)[0]
        == "2 of 600 consequential actions did not pass the gate (2 with no approval), the last on 2026-12-06"
    )
    (gate,) = found.gates
    assert (gate.action, gate.n, gate.states, gate.delay_s, gate.roles) == (
        "money", 600, {"gated": 598, "ungated": 2}, 40.0, {"lead": 598},
    )  # fmt: skip
    assert [(bypass.interaction_id, bypass.step) for bypass in found.bypasses] == [
        ("c340", "qualify"),
        ("c71", "qualify"),
    ]


def test_h7_what_stands_on_stale_content_is_told():
    with world(interactions(edit=stands(45)), workflow(rest=WIKI)) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H7")
    says, do, figures = told(found)
    assert says.startswith(
        "600 of 600 answers on wiki stood on content that is not pinned or not fresh, the last on 2026-12-18; it is stale, 45 d"
    )
    assert do == "renew its content, or raise `max_age` in `knowledge`"
    assert (figures["source"], figures["state"]) == ("wiki", "stale")


def calls(one, steps):
    wrong = {"status": "error", "error_class": "auth"} if one % 30 == 3 else {"status": "ok"}
    if one % 30 == 3 or one % 60 == 4:
        steps["qualify"] = {"outcome": "failure"}
    steps["qualify"]["integration"] = {"system": "crm", **wrong}


def test_h8_what_fails_with_a_system_is_fragile():
    with world(interactions(edit=calls), workflow(objective=0.7)) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H8")
    says, do, _ = told(found)
    assert says == "59 % of its 34 failures come with a failed call, 20 of them of crm, most often auth"
    assert do == "renew the credentials of crm before they end"


def ending(*names):
    def edit(_, steps):
        for name in names:
            steps[name]["integration"] = {"system": "crm", "status": "ok", "token_expires_at": 1000 * (UNTIL + 2 * DAY)}

    return edit


def test_h8_a_token_that_ends_is_told_where_it_is_used_and_once_more_where_several_use_it():
    with world(interactions(edit=ending("qualify")), workflow()) as (store, config):
        found = audited(store, config)
        assert verdicts(found) == one("harden", "H8")
        assert told(found)[0] == "the token of crm ends on 2026-12-21"
    with world(interactions(edit=ending("qualify", "close")), workflow()) as (store, config):
        found = audited(store, config)
        fragile = ("harden", ("H8",))
        assert verdicts(found) == {"greet": ("keep", ()), "qualify": fragile, "close": fragile, "crm": fragile}


def test_h9_what_fares_worse_the_longer_it_lasts_forgets():
    def long(one, steps):
        steps["qualify"] = {"outcome": "failure"} if one % 100 == 4 or (one % 2 and one % 20 == 3) else {}
        steps["qualify"]["elapsed_s"] = 1500 if one % 2 else 60

    with world(interactions(edit=long), workflow(objective=0.7)) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H9")
    assert told(found)[0] == "90.0 % go well past 20 minutes (300 runs), 98.0 % at the beginning"
    (lengths,) = found.lengths
    assert [(band.low, band.high, band.n) for band in lengths.bands] == [(0.0, 2.0, 300), (20.0, None, 300)]


def test_h9_more_lost_context_than_normal_is_told():
    def forgets(one, steps):
        steps["qualify"]["context_lost"] = one % 10 == 1

    with world(interactions(edit=forgets), workflow()) as (store, config):
        assert verdicts(audited(store, config)) == KEPT
        normal(store, "qualify", 0.01, signal="context_lost")
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H9")
    assert told(found)[0] == "context lost went from 1.0 % to 10.0 %"


def test_h10_where_nobody_says_how_it_ended_it_is_blind():
    def silent(one, steps):
        if one % 10 < 3:
            steps["qualify"]["outcome"] = "unknown"

    with world(interactions(edit=silent), workflow()) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("harden", "H10")
    assert told(found)[:2] == (
        "30.0 % of its 600 events do not say how they ended",
        "send `outcome` with each event, or later in an event of type `outcome`",
    )
    assert found.coverage.outcomes.without == ("qualify",)


def test_h10_what_no_detector_watches_is_blind_and_what_one_still_learns_is_not():
    with world(interactions(), workflow(), watched=["greet", "close"]) as (store, config):
        found = audited(store, config)
        assert verdicts(found) == one("harden", "H10")
        assert told(found)[0] == "no detector watches it: nobody would be told if its 600 trials went worse"
        watch(store, ["qualify"], state="learning")
        found = audited(store, config)
        assert verdicts(found) == KEPT
        assert found.coverage.watched.without == ("qualify",)
    with world(interactions(), workflow(), watched=[]) as (store, config):
        found = audited(store, config)
        assert verdicts(found) == KEPT, "nothing was judged then: that says nothing of a step"
        assert not found.coverage.judged
        assert "nothing of it was judged in the two days before the end" in text(found)
