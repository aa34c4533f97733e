"""A healthy workflow, and ones of which a step can go: each is told by its own rule, and nothing else is."""

import pytest
from walked import BEGAN, DAY, walk
from worlds import (
    KEPT,
    STEPS,
    UNTIL,
    audited,
    interactions,
    one,
    told,
    verdicts,
    workflow,
    world,
)

pytestmark = pytest.mark.store


def test_a_healthy_workflow_is_kept():
    with world(interactions(), workflow()) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == KEPT
    assert found.lines[0].says.startswith("99.3 % [98.4, 99.8], needs 94.7 %; steady since 2026-12-18")


def test_k1_what_is_declared_and_never_seen_is_dead():
    with world(interactions(), workflow(more=["upsell"])) as (store, config):
        found = audited(store, config)
        assert verdicts(found) == one("kill", "K1", "upsell")
        assert told(found, "upsell")[:2] == (
            "never seen, while 600 interactions ran",
            "take it out, or find out why nothing reaches it",
        )
        assert "kill" not in {line.verdict for line in audited(store, config, until=BEGAN + 6 * DAY).lines}, (
            "too early to say"
        )


def test_k1_knows_the_past():
    """What was last seen 31 days before the end is dead then, and was not a week earlier."""
    old = [event for day in range(3) for event in walk(f"old{day}", ["greet", "upsell"], at=UNTIL - (33 - day) * DAY)]
    with world(old + interactions(), workflow(more=["upsell"])) as (store, config):
        found = audited(store, config)
        assert told(found, "upsell")[0].startswith("not seen since 2026-11-18")
        assert verdicts(audited(store, config, until=UNTIL - 4 * DAY))["upsell"][0] == "not_judged"


def without(one, steps):
    """Every second interaction has the optional step."""
    if one % 2:
        steps["upsell"] = {"outcome": "failure"} if one % 100 == 1 else {}


def lost(one, failed):
    """Of those with it one in ten ends badly, though no step failed."""
    return "failure" if failed or (one % 2 and one % 20 == 3) else "success"


def test_k2_what_does_not_help_can_go():
    config = workflow(more=["upsell"], upsell="optional: true", objective=0.8)
    with world(interactions(1000, edit=without, ended=lost), config, watched=(*STEPS, "upsell")) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("kill", "K2", "upsell")
    says, do, figures = told(found, "upsell")
    assert do == "observed, not an experiment: try it on a share first"
    assert (figures["n_with"], figures["n_without"], figures["strata"]) == (500, 500, 1)
    assert says.startswith("100.0 % of the 500 interactions without it end well, 84.0 % of the 500 with it; ")


@pytest.mark.parametrize("keys", ["optional: false", "optional: true, consequential: true"])
def test_k2_is_told_of_optional_steps_without_consequences_only(keys):
    config = workflow(more=["upsell"], upsell=keys, objective=0.8)
    with world(interactions(1000, edit=without, ended=lost), config, watched=(*STEPS, "upsell")) as (store, config):
        assert verdicts(audited(store, config))["upsell"] == ("keep", ())


def test_k2_compares_within_intents():
    """Hard calls go through the step, easy ones do not: within each nothing differs."""
    events = interactions(
        1000,
        edit=lambda one, steps: steps.update({"upsell": {}}) if (one % 10 < 8) == (one % 2 == 1) else None,
        ended=lambda one, failed: "failure" if failed or (one % 2 and one % 9 == 0) else "success",
    )
    told = {f"c{one}": "hard" if one % 2 else "easy" for one in range(1000)}
    events = [{**event, "intent": told[event["interaction_id"]]} for event in events]
    plain = [{key: value for key, value in event.items() if key != "intent"} for event in events]
    config = workflow(more=["upsell"], upsell="optional: true", objective=0.8)
    with world(events, config, watched=(*STEPS, "upsell")) as (store, config_):
        assert verdicts(audited(store, config_))["upsell"] == ("keep", ())
    with world(plain, config, watched=(*STEPS, "upsell")) as (store, config_):
        assert verdicts(audited(store, config_))["upsell"] == ("kill", ("K2",)), (
            "without intents the mix passes for a fault"
        )


def test_k3_what_asks_for_what_is_known_can_go():
    def again(one, steps):
        steps["qualify"] |= {"reask": one % 3 > 0, "reask_slot": "budget" if one % 4 else "name"}

    with world(interactions(edit=again), workflow()) as (store, config):
        found = audited(store, config)
    assert verdicts(found) == one("kill", "K3")
    assert told(found)[:2] == (
        "66.7 % of its 600 questions had been answered already (budget 75 %, name 25 %)",
        "drop the question, read the state",
    )
