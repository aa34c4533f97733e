"""What later events say of earlier ones: late labels, attempts, slots, handoffs; in any order of arrival."""

import itertools
import json
import random

import pytest
import store_batches

from bellbuoy.config.load import load_text
from bellbuoy.config.server import Retention
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.amending import amend as amending
from bellbuoy.monitor.store.amending import looking
from bellbuoy.monitor.store.kept import delete

pytestmark = pytest.mark.store

STREAMS = [Stream("kafka", "agent.interactions", partition, "e1") for partition in range(2)]
SHOWN = "event_id, type, step, outcome, outcome_source, stated_outcome, reask, retried, route, handoff, handed_off, branch_target_met, attributes"
SUMS = "SELECT minute, signal, workflow, step, sum(n), sum(bad) FROM minutes GROUP BY ALL HAVING sum(n) <> 0 OR sum(bad) <> 0 ORDER BY ALL"


@pytest.fixture
def known():
    """Store events as they come, look through them, and return each as it is known, by its identity."""
    with Store.open(None) as store:
        sent = itertools.count()

        def know(*events, amend=True):
            for event in events:
                line = {
                    "type": "step",
                    "workflow": "w",
                    "interaction_id": "c",
                    "outcome": "success",
                    "ts": 1795341600000,
                } | event
                line |= {} if line["type"] != "step" else {"step": line.get("step", "s")}
                if line["type"] == "outcome" and "outcome" not in event:
                    del line["outcome"]
                store.append(store_batches.batch_of(store, STREAMS[0], [json.dumps(line).encode()], next(sent)))
            if amend:
                store.amend()
            rows = store.cursor().execute(f"SELECT {SHOWN} FROM events").fetchall()
            return {row[0]: dict(zip(SHOWN.split(", "), row, strict=True)) for row in rows}

        know.store = store
        yield know


def step(event_id, second=0, **fields):
    return {"event_id": event_id, "ts": 1795341600000 + second * 1000, **fields}


def label(second=100, **fields):
    return {"type": "outcome", "ts": 1795341600000 + second * 1000, **fields}


def end(event_id="end", second=60, **fields):
    return {"type": "interaction", "event_id": event_id, "ts": 1795341600000 + second * 1000, **fields}


def counts(store, signal):
    return (
        store.cursor()
        .execute(f"SELECT coalesce(sum(n), 0), coalesce(sum(bad), 0) FROM minutes WHERE signal = '{signal}'")
        .fetchone()
    )


def test_a_label_corrects_the_step_it_names_at_its_minute(known):
    known(step("a"), step("b", 5, step="route", route={"chosen": "small"}))
    assert counts(known.store, "misroute") == (0, 0)
    seen = known(label(7200, step="route", outcome="failure", outcome_source="human", route_expected="large"))
    assert (seen["b"]["outcome"], seen["b"]["stated_outcome"], seen["b"]["outcome_source"]) == (
        "failure",
        "success",
        "human",
    )
    assert seen["b"]["route"] == {"chosen": "small", "expected": "large"}
    assert seen["a"]["outcome"] == "success"
    assert counts(known.store, "misroute") == (1, 1)
    assert counts(known.store, "false_success") == (1, 1)
    assert counts(known.store, "step_failure") == (2, 1)
    minutes = known.store.cursor().execute("SELECT DISTINCT epoch(minute) FROM minutes").fetchall()
    assert minutes == [(1795341600,)]


def test_of_event_id_wins_and_without_attempt_the_last_one_is_meant(known):
    known(step("one"), step("two", 5, attempt=2), step("three", 9, attempt=3))
    assert known(label(outcome="failure", step="s"))["three"]["outcome"] == "failure"
    assert known(label(outcome="failure", step="s", attempt=2, event_id="x"))["two"]["outcome"] == "failure"
    assert known(label(outcome="failure", of_event_id="one", event_id="y"))["one"]["outcome"] == "failure"


def test_without_a_step_the_interaction_is_meant(known):
    seen = known(step("a"), end(), label(outcome="failure"))
    assert (seen["a"]["outcome"], seen["end"]["outcome"]) == ("success", "failure")
    assert counts(known.store, "interaction_failure") == (1, 1)


def test_rank_beats_time_and_then_the_later_one_wins(known):
    seen = known(
        end(), label(10, outcome="failure", outcome_source="human"), label(20, outcome="success", event_id="later")
    )
    assert seen["end"]["outcome"] == "failure"
    seen = known(label(30, outcome="abandoned", outcome_source="human", event_id="human2"))
    assert seen["end"]["outcome"] == "abandoned"
    seen = known(label(5, outcome="timeout", outcome_source="human", event_id="early"))
    assert seen["end"]["outcome"] == "abandoned"
    assert (
        known(label(99, outcome="failure", outcome_source="stated", event_id="weak"))["end"]["outcome"] == "abandoned"
    )


def test_a_label_waits_for_its_event(known):
    known(label(outcome="failure", step="late"), amend=True)
    assert known(step("late", 3, step="late"))["late"]["outcome"] == "failure"
    assert counts(known.store, "step_failure") == (1, 1)


def test_the_values_of_a_label_lie_over_those_of_the_event(known):
    known(step("a", attributes={"size": "s", "colour": "red"}))
    seen = known(
        label(5, step="s", attributes={"colour": "blue"}), label(6, step="s", attributes={"paid": True}, event_id="x")
    )
    assert seen["a"]["attributes"] == {"size": "s", "colour": "blue", "paid": "true"}


OWN = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""
STRATA = (
    "SELECT segment, sum(n), sum(bad) FROM minutes WHERE segment IS NOT NULL GROUP BY 1 HAVING sum(n) <> 0 ORDER BY 1"
)


def split(store, *fields):
    """Count whole interactions by these fields, and return what asks for the counts."""
    by = f"{{ name: ends, kind: rate_shift, signal: interaction_failure, by: [workflow], stratify: [{', '.join(fields)}] }}"
    store.follow(load_text(f"{OWN}detectors: [{by}]"))

    def strata():
        store.publish()
        return store.cursor().execute(STRATA).fetchall()

    return strata


def test_a_label_moves_a_trial_to_the_stratum_that_it_says(known):
    strata = split(known.store, "attributes.plan", "channel", "outcome_source")
    known(end(attributes={"plan": "free", "size": "s"}, channel="voice"), end("other", interaction_id="d"))
    other = ("(none) | (none) | stated", 1, 0)
    assert strata() == [other, ("free | voice | stated", 1, 0)]
    known(label(outcome="failure", outcome_source="human", attributes={"plan": "paid"}))
    assert strata() == [other, ("paid | voice | human", 1, 1)]


def test_an_end_that_the_store_makes_anew_moves_to_the_stratum_of_its_steps(known):
    strata = split(known.store, "channel")
    known(end("first", second=-60, interaction_id="z"), step("a", 60), amend=False)
    known.store.amend(1795341600 + 90_000)
    assert strata() == [("(none)", 2, 1)]
    known(step("b", channel="voice"), amend=False)
    known.store.amend(1795341600 + 90_000)
    assert strata() == [("(none)", 1, 0), ("voice", 1, 1)]


def test_a_signal_of_the_users_own_may_name_fields_in_capitals(known):
    known.store.follow(
        load_text(f'{OWN}signals: [{{ name: own, trial: "LATENCY_MS IS NULL", bad: "OUTCOME = \'failure\'" }}]')
    )
    known(step("a"))
    assert counts(known.store, "own") == (1, 0)
    known(label(step="s", outcome="failure", outcome_source="human"))
    assert counts(known.store, "own") == (1, 1)


def test_what_comes_while_it_is_looked_is_looked_at_the_next_time(known, monkeypatch):
    """Fields that no event had so far: between the days of a look, and between the reading and the writing."""
    day = 86_400
    known(step("a"), step("b", 3 * day), amend=False)
    known(label(3 * day + 100, step="s", outcome="failure", outcome_source="human"), amend=False)
    read, many = looking.arrow, itertools.count()

    def arrow(cursor, sql, **params):
        found = read(cursor, sql, **params)
        if "FROM events_held" in sql and next(many) == 0:
            known(step("between", interaction_id="d", channel="voice"), amend=False)
        return found

    whole = amending.rows

    def rows(*given):
        found = whole(*given)
        known(step("after", interaction_id="e", integration={"system": "crm", "status": "ok"}), amend=False)
        monkeypatch.setattr(amending, "rows", whole)
        return found

    monkeypatch.setattr(looking, "arrow", arrow)
    monkeypatch.setattr(amending, "rows", rows)
    known.store.amend()
    assert next(many) == 2
    assert known()["b"]["outcome"] == "failure"
    assert counts(known.store, "step_failure") == (4, 1)
    assert counts(known.store, "integration_failure") == (1, 0)


def test_every_late_truth_of_a_label(known):
    known(step("a", reask=False, failure_branch="callback", handoff={"target": "desk"}))
    seen = known(label(step="s", reask=True, branch_target_met=False, handoff_accepted=False))["a"]
    assert (seen["reask"], seen["branch_target_met"], seen["handoff"]["accepted"], seen["handoff"]["target"]) == (
        True,
        False,
        False,
        "desk",
    )
    assert counts(known.store, "handoff_incomplete") == (1, 1)
    assert counts(known.store, "branch_failure") == (1, 1)
    assert counts(known.store, "reask") == (1, 1)


def test_what_was_tried_again_is_no_failure(known):
    known(step("one", 0, outcome="failure"))
    assert counts(known.store, "step_failure") == (1, 1)
    seen = known(step("two", 5, attempt=2, outcome="failure"), step("three", 9, attempt=3))
    assert [seen[name]["retried"] for name in ("one", "two", "three")] == [True, True, False]
    assert counts(known.store, "step_failure") == (1, 0)
    assert counts(known.store, "first_try_failure") == (1, 1)


def test_of_several_first_tries_the_latest_before_the_second_was_tried_again(known):
    seen = known(step("a", 0), step("b", 2), step("again", 4, attempt=2), step("c", 6))
    assert {name for name, one in seen.items() if one["retried"]} == {"b"}


@pytest.mark.parametrize(
    ("asked", "filled", "stated", "wanted"),
    [
        (["date"], ["date"], None, True),
        (["date"], ["place"], None, False),
        (["date", "place"], ["place"], None, True),
        (["date"], ["date"], False, False),
        ([], ["date"], None, None),
    ],
)
def test_a_question_that_was_answered_before_is_asked_again(known, asked, filled, stated, wanted):
    own = {} if stated is None else {"reask": stated}
    seen = known(step("a", 0, slots_asked=["x"], slots_filled=filled), step("b", 5, slots_asked=asked, **own))
    assert seen["b"]["reask"] is wanted
    assert seen["a"]["reask"] is False, "what the same event fills was not known when it asked"


def test_a_slot_filled_later_makes_no_reask(known):
    assert known(step("a", 0, slots_asked=["date"]), step("b", 5, slots_filled=["date"]))["a"]["reask"] is False


def test_a_step_that_hands_off_makes_the_interaction_one_that_was(known):
    assert known(step("a"), end())["end"]["handed_off"] is False
    assert known(step("b", 5, failure_branch="handoff"))["end"]["handed_off"] is True
    assert counts(known.store, "handoff") == (1, 1)


def test_interactions_of_another_workflow_with_the_same_id_are_others(known):
    known(step("a", slots_filled=["date"]), step("b", 5, workflow="v", slots_asked=["date"]))
    assert known(label(workflow="v", step="s", outcome="failure"))["a"]["outcome"] == "success"


def messages(rng):
    """A few interactions with everything that says something of something else, and a repeat of some."""
    made = []
    for number in range(6):
        base = {"workflow": "w", "interaction_id": f"c{number}"}
        second = number * 200
        for place in range(rng.randint(1, 5)):
            second += rng.randint(1, 30)
            made.append(
                base | {
                    "type": "step", "event_id": f"{number}.{place}", "step": rng.choice("ab"), "ts": 1795341600000 + second * 1000,
                    "attempt": rng.choice((1, 1, 2, 3)), "outcome": rng.choice(("success", "failure", "unknown")),
                    "slots_asked": rng.sample(("x", "y"), rng.randint(0, 2)), "slots_filled": rng.sample(("x", "y"), rng.randint(0, 2)),
                    "failure_branch": rng.choice(("none", "none", "handoff")), "demo": rng.random() < 0.1,
                    "route": {"chosen": rng.choice("pq")},
                }
            )  # fmt: skip
        made.append(
            base
            | {
                "type": "interaction",
                "event_id": f"{number}.end",
                "ts": 1795341600000 + second * 1000 + 5000,
                "outcome": "success",
            }
        )
        for place in range(rng.randint(0, 3)):
            aim = rng.choice(({}, {"step": "a"}, {"step": "b", "attempt": 2}, {"of_event_id": f"{number}.0"}))
            made.append(
                base | aim | {
                    "type": "outcome", "event_id": f"{number}.label{place}", "ts": 1795341600000 + rng.randint(0, 9) * 1000,
                    "outcome": rng.choice(("success", "failure")), "outcome_source": rng.choice(("human", "evaluator", "system", "stated")),
                    "route_expected": rng.choice("pq"), "attributes": {rng.choice("mn"): rng.choice("12")},
                }
            )  # fmt: skip
    return [json.dumps(one).encode() for one in made]


def arrived(lines, rng):
    """Return what is known, and the sums, of messages that come in some order, in batches, with repeats and looks between."""
    order = lines + rng.sample(lines, 3)
    rng.shuffle(order)
    with Store.open(None) as store:
        sent = dict.fromkeys(STREAMS, 0)
        while order:
            size, stream = rng.randint(1, 9), rng.choice(STREAMS)
            batch, order = order[:size], order[size:]
            store.append(store_batches.batch_of(store, stream, batch, sent[stream]))
            sent[stream] += len(batch)
            if rng.random() < 0.5:
                store.amend()
        store.amend()
        assert store.amend() == 0
        cursor = store.cursor()
        events = cursor.execute(f"SELECT {SHOWN} FROM events ORDER BY event_id").fetchall()
        sums = cursor.execute(SUMS).fetchall()
        store.recount(1795305600)
        return [events, sums, cursor.execute(SUMS).fetchall()]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_gives_the_same_events_and_the_counts_are_those_of_the_events(seed):
    lines = messages(random.Random(seed))
    first, second = (arrived(lines, random.Random(100 * seed + other)) for other in range(2))
    assert first[0] == second[0]
    assert first[1] == second[1]
    assert first[1] == first[2], "a recount of the events as they are known gives the same"
    assert any(row[4] for row in first[0])


def test_what_was_amended_leaves_with_its_event_and_is_found_again_by_a_look_at_all(known):
    known(end(), label(outcome="failure"))
    store = known.store
    before = store.cursor().execute(SUMS).fetchall()
    with store.transaction() as tx:
        tx.cursor.execute("DELETE FROM amended")
    assert store.amend() == 0
    assert store.amend(anew=True) == 1
    assert store.cursor().execute("SELECT outcome FROM interactions").fetchall() == [("failure",)]
    assert store.cursor().execute(SUMS).fetchall() != before, (
        "the counts had the difference already: rebuild counts the days again"
    )
    store.recount(1795305600)
    assert store.cursor().execute(SUMS).fetchall() == before
    store.retain(1795341600 + 86_400, Retention(events=3600))
    assert store.cursor().execute("SELECT count(*) FROM amended").fetchall() == [(0,)]


def test_an_event_that_leaves_while_it_is_looked_at_is_not_amended(known, monkeypatch):
    known(step("gone"), end(), amend=False)
    known(label(step="s", outcome="failure"), label(outcome="failure", event_id="x"), amend=False)
    look, looks = amending.rows, []

    def leaves(*asked, **more):
        looks.append(look(*asked, **more))
        if len(looks) == 1:
            with known.store.transaction() as tx:
                delete(tx, "store/drop_events", since=1795341600, until=1795341601)
        return looks[-1]

    monkeypatch.setattr(amending, "rows", leaves)
    before = counts(known.store, "step_failure")
    assert known.store.amend() == 1, "the end alone"
    assert [one.num_rows for one in looks] == [4, 3]
    assert counts(known.store, "step_failure") == before
    assert known.store.cursor().execute("SELECT count(*) FROM amended").fetchall() == [(1,)]
