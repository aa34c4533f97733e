"""Interactions that fall silent, and steps that are missing: in any order of arrival, across restarts, and as late as it may be."""

import itertools
import json
import random

import pytest
import store_batches

from bellbuoy.config.load import load_text
from bellbuoy.config.model import Workflow
from bellbuoy.config.server import Retention
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.rebuild import rebuild
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.adding.rules import rules_of
from bellbuoy.monitor.store.amending import amend as amending

pytestmark = pytest.mark.store

STREAMS = [Stream("kafka", "agent.interactions", partition, "e1") for partition in range(2)]
NOON = 1795341600
QUIET_S = 1800
DAY = NOON // 86_400 * 86_400
SUMS = "SELECT minute, signal, workflow, step, sum(n), sum(bad) FROM minutes GROUP BY ALL HAVING sum(n) <> 0 OR sum(bad) <> 0 ORDER BY ALL"
ENDS = "SELECT interaction_id, epoch(ts)::BIGINT, outcome, derived FROM interactions ORDER BY ALL"
FLOWS = [
    Workflow.model_validate({"name": "w", "steps": ["a", "b", {"name": "c", "optional": True}]}),
    Workflow.model_validate({"name": "slow", "closes_after": "2h"}),
]


def step(interaction="c", second=0, name="a", **fields):
    return {"type": "step", "interaction_id": interaction, "step": name, "ts": (NOON + second) * 1000} | fields


def end(interaction="c", second=0, outcome="success", **fields):
    return {
        "type": "interaction",
        "interaction_id": interaction,
        "outcome": outcome,
        "ts": (NOON + second) * 1000,
    } | fields


EARLIER = end("earlier", -3600, outcome="unknown")
"""By it the workflow is one that sends ends."""


@pytest.fixture
def known():
    """Store events as they come, look through them up to a second after noon, and return the ends as they are known."""
    with Store.open(None) as store:
        store.configure(rules=rules_of(FLOWS))
        sent = itertools.count()

        def know(*events, until=None):
            lines = [json.dumps({"workflow": "w", "outcome": "success"} | one).encode() for one in events]
            for line in lines:
                store.append(store_batches.batch_of(store, STREAMS[0], [line], next(sent)))
            store.amend(None if until is None else NOON + until)
            found = store.cursor().execute(ENDS).fetchall()
            return {name: (at - NOON, *rest) for name, at, *rest in found if name != "earlier"}

        know.store = store
        yield know


def counts(store, signal, at=None):
    where = "" if at is None else f" AND minute = make_timestamp({(NOON + at) * 1_000_000})"
    asked = f"SELECT coalesce(sum(n), 0), coalesce(sum(bad), 0) FROM minutes WHERE signal = '{signal}'{where}"
    return store.cursor().execute(asked).fetchone()


def test_an_interaction_that_falls_silent_is_abandoned(known):
    assert known(EARLIER, step(second=0), step(second=60, name="b"), until=60 + QUIET_S) == {}
    assert known(until=61 + QUIET_S) == {"c": (60 + QUIET_S, "abandoned", True)}
    for signal in ("interaction_failure", "abandoned"):
        assert counts(known.store, signal) == counts(known.store, signal, 60 + QUIET_S) == (1, 1)
    assert counts(known.store, "interactions") == (1, 0), "how many come is what was sent"
    assert known.store.amend(NOON + 61 + QUIET_S) == 0


def test_an_end_that_comes_late_takes_its_place(known):
    known(EARLIER, step(), until=7200)
    assert known(end(second=90), until=7200) == {"c": (90, "success", False)}
    assert counts(known.store, "interaction_failure") == (1, 0)
    assert counts(known.store, "abandoned", QUIET_S) == (0, 0)


def test_a_step_that_comes_late_moves_it_and_one_that_is_new_opens_it_again(known):
    known(EARLIER, step(), until=7200)
    assert known(step(second=600, name="b"), until=7200) == {"c": (600 + QUIET_S, "abandoned", True)}
    assert known(step(second=6000, name="b"), until=7200) == {}
    assert known(until=6001 + QUIET_S) == {"c": (6000 + QUIET_S, "abandoned", True)}
    assert counts(known.store, "abandoned") == (1, 1)


def test_a_step_after_the_end_opens_nothing(known):
    assert known(EARLIER, step(), end(second=30), step(second=5000, name="b"), until=90_000) == {
        "c": (30, "success", False)
    }


def test_an_interaction_of_which_all_comes_late_is_closed_too(known):
    known(EARLIER, until=7200)
    assert known(step(second=100), until=7200) == {"c": (100 + QUIET_S, "abandoned", True)}


def test_a_workflow_that_sends_no_ends_has_none_made_and_the_first_one_makes_none_before_it(known):
    assert known(step("one", -90), step("two", 40), until=7200) == {}
    assert counts(known.store, "interaction_failure") == (0, 0)
    seen = known(end("three", 7300), step("four", 7400), until=7401 + QUIET_S)
    assert {name for name, one in seen.items() if one[-1]} == {"four"}
    assert {name for name, one in known(end("five", 30), until=7401 + QUIET_S).items() if one[-1]} == {"two", "four"}


def test_one_that_was_handed_over_last_has_no_known_end(known):
    known(EARLIER, step("one", failure_branch="handoff"), step("two", 5, handoff={"to": "queue"}), step("two", 9))
    seen = known(until=7200)
    assert (seen["one"][1], seen["two"][1]) == ("unknown", "abandoned")
    assert counts(known.store, "interaction_failure") == (1, 1)
    assert counts(known.store, "handoff") == (3, 2)


def test_what_its_steps_say_last_is_said_of_the_end(known):
    known(
        EARLIER,
        step(channel="phone", intent="demo", path="edge", content_ref="https://t.example.com/1", attributes={"plan": "a"}),
        step(second=5, name="b", channel="chat", latency_ms=7.0, step_index=3, demo=True),
        until=7200,
    )  # fmt: skip
    columns = "channel, intent, path, content_ref, attributes, step, latency_ms, step_index, counted, stated_outcome, end_reason"
    found = known.store.cursor().execute(f"SELECT {columns} FROM interactions WHERE derived").fetchall()
    said = ("chat", "demo", "edge", "https://t.example.com/1", {"plan": "a"})
    assert found == [(*said, None, None, None, False, None, "silence")]
    assert counts(known.store, "abandoned") == (0, 0), "a staged run counts nowhere"


def test_a_label_says_how_it_ended(known):
    known(EARLIER, step(), until=7200)
    label = {"type": "outcome", "interaction_id": "c", "ts": (NOON + 99) * 1000, "outcome_source": "human"}
    assert known(label, until=7200) == {"c": (QUIET_S, "success", True)}
    assert counts(known.store, "interaction_failure") == (1, 0)
    assert known(end(second=9, outcome="failure"), until=7200) == {"c": (9, "success", False)}
    assert known.store.cursor().execute("SELECT count(*) FROM amended").fetchall() == [(1,)]


def test_a_workflow_may_be_silent_for_as_long_as_it_says(known):
    events = [EARLIER | {"workflow": "slow"}, step(workflow="slow")]
    assert known(*events, until=7200) == {}
    assert known(until=7201) == {"c": (7200, "abandoned", True)}


def test_a_step_that_is_needed_and_did_not_run_is_missing(known):
    known(
        step("one"),
        step("one", 5, "b"),
        end("one", 9),
        step("two"),
        end("two", 9),
        step("three"),
        end("three", 9, "failure"),
    )
    known(
        step("four", workflow="v"),
        end("four", workflow="v"),
        step("five"),
        step("five", 2, "b", outcome="skipped"),
        end("five"),
    )
    asked = "SELECT interaction_id, missing_step, missing_steps FROM interactions ORDER BY ALL"
    assert known.store.cursor().execute(asked).fetchall() == [
        ("five", True, ["b"]),
        ("four", None, None),
        ("one", False, None),
        ("three", None, None),
        ("two", True, ["b"]),
    ]  # fmt: skip
    assert counts(known.store, "missing_step") == (3, 2)
    asked = "SELECT interaction_id, bad, detail FROM trials WHERE signal = 'missing_step' AND bad ORDER BY ALL"
    assert known.store.cursor().execute(asked).fetchall() == [("five", True, "b"), ("two", True, "b")]


def test_a_step_that_comes_late_is_not_missing_any_more(known):
    known(end(second=9))
    assert counts(known.store, "missing_step") == (1, 1)
    known(step(second=100_000))
    assert known.store.cursor().execute("SELECT missing_steps FROM interactions").fetchall() == [(["b"],)]
    known(step(second=-200_000, name="b"))
    assert counts(known.store, "missing_step") == (1, 0)
    assert known.store.cursor().execute("SELECT count(*) FROM lacking").fetchall() == [(0,)]


def test_a_step_of_days_before_is_not_missing(known):
    known(step(second=-300_000), step(second=-200_000, name="b"))
    known(end())
    assert counts(known.store, "missing_step") == (1, 0)


def test_an_interaction_that_did_not_end_well_by_what_is_known_lacks_nothing(known):
    known(end(), {"type": "outcome", "interaction_id": "c", "ts": (NOON + 5) * 1000, "outcome": "failure"})
    assert counts(known.store, "missing_step") == (0, 0)
    assert counts(known.store, "interaction_failure") == (1, 1)


def test_what_is_needed_is_what_was_declared_when_the_end_came(known):
    known(step(), end(second=5))
    known.store.configure(rules=rules_of([Workflow.model_validate({"name": "w", "steps": ["a"]})]))
    known(step(second=9), end("next", 20))
    assert counts(known.store, "missing_step") == (2, 2), "one lacks b, the other a"
    known.store.amend(anew=True)
    assert counts(known.store, "missing_step") == (2, 2)


def messages(rng):
    """Interactions that end, that end late, that fall silent, that lack steps; in two workflows, one without ends at first; and labels."""
    made = [EARLIER]
    for number in range(14):
        base = {"interaction_id": f"c{number}", "workflow": rng.choice(("w", "w", "slow"))}
        second = number * 700
        for place in range(rng.randint(1, 4)):
            second += rng.choice((30, 200, 2500))
            made.append(
                step(second=second, name=rng.choice("abc"), event_id=f"{number}.{place}", demo=rng.random() < 0.1) | base
                | {"outcome": rng.choice(("success", "failure", "skipped")), "failure_branch": rng.choice(("none", "none", "handoff"))}
            )  # fmt: skip
        if rng.random() < 0.6:
            at = second + rng.choice((10, 10, 5000, -400))
            made.append(
                end(second=at, outcome=rng.choice(("success", "success", "failure")), event_id=f"{number}.end") | base
            )
        if rng.random() < 0.3:
            label = {
                "type": "outcome",
                "event_id": f"{number}.label",
                "ts": (NOON + 9) * 1000,
                "outcome_source": "human",
            }
            made.append(base | label | {"outcome": rng.choice(("success", "failure"))})
    return [{"workflow": "w", "outcome": "success"} | one for one in made]


UNTIL = 9000


def expected(events):
    """Return the ends and the missing steps that follow from a set of events, by their definition: interaction, time, outcome."""
    first = {}
    for one in events:
        if one["type"] == "interaction":
            first[one["workflow"]] = min(first.get(one["workflow"], 1 << 60), one["ts"] // 60_000 * 60)
    closed, missing = [], []
    for name in {(one["workflow"], one["interaction_id"]) for one in events}:
        own = [one for one in events if (one["workflow"], one["interaction_id"]) == name]
        steps = [one for one in own if one["type"] == "step"]
        labels = [one["outcome"] for one in own if one["type"] == "outcome"]
        ends = [one for one in own if one["type"] == "interaction"]
        if steps and not ends and name[0] in first:
            last = max(steps, key=lambda one: (one["ts"], one["event_id"]))
            at, after = last["ts"] // 1000, 7200 if name[0] == "slow" else QUIET_S
            if at >= first[name[0]] and at + after < NOON + UNTIL:
                handed = last["failure_branch"] == "handoff"
                closed.append((name[1], at + after, (labels or ["unknown" if handed else "abandoned"])[0]))
        ran = {one["step"] for one in steps if one["outcome"] != "skipped"}
        missing += [
            (name[1], sorted({"a", "b"} - ran))
            for one in ends
            if name[0] == "w" and (labels or [one["outcome"]])[0] == "success" and {"a", "b"} - ran
        ]
    return sorted(closed), sorted(missing)


def arrived(events, rng, most):
    """Return what is known of events that come in some order, in batches, with repeats and looks between; and what a recount gives."""
    order = events + rng.sample(events, 3)
    rng.shuffle(order)
    looks = sorted(rng.randint(0, UNTIL) for _ in order)
    with Store.open(None) as store:
        store.configure(rules=rules_of(FLOWS))
        store._open_interactions = most
        sent = dict.fromkeys(STREAMS, 0)
        while order:
            size, stream = rng.randint(1, 9), rng.choice(STREAMS)
            lines, order = [json.dumps(one).encode() for one in order[:size]], order[size:]
            store.append(store_batches.batch_of(store, stream, lines, sent[stream]))
            sent[stream] += len(lines)
            if rng.random() < 0.5:
                store.amend(NOON + looks[len(looks) - len(order) - 1])
        store.amend(NOON + UNTIL)
        assert store.amend(NOON + UNTIL) == 0
        cursor = store.cursor()
        found = [
            cursor.execute("SELECT interaction_id, epoch(ts)::BIGINT, outcome FROM interactions WHERE derived ORDER BY ALL").fetchall(),
            cursor.execute("SELECT interaction_id, list_sort(missing_steps) FROM interactions WHERE missing_step ORDER BY ALL").fetchall(),
            cursor.execute(SUMS).fetchall(),
        ]  # fmt: skip
        store.recount(DAY)
        assert cursor.execute(SUMS).fetchall() == found[2], "a recount of the events as they are known gives the same"
        assert store.amend(anew=True) == 0
        return found


@pytest.mark.parametrize("seed", range(5))
def test_any_order_gives_what_follows_from_the_events(seed):
    events = messages(random.Random(seed))
    closed, missing = expected(events)
    first, second = (arrived(events, random.Random(100 * seed + other), (2, 200_000)[other]) for other in range(2))
    assert first == second
    assert first[:2] == [closed, missing]
    assert closed or missing


def test_what_was_broken_off_is_done_by_the_next_look(known, monkeypatch):
    known(EARLIER, step("one"), step("two", 90), until=-100)
    whole = amending.Amender._apply

    def dies(*asked, **more):
        whole(*asked, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(amending.Amender, "_apply", dies)
    with pytest.raises(KeyboardInterrupt):
        known.store.amend(NOON + 7200)
    monkeypatch.setattr(amending.Amender, "_apply", whole)
    assert known(until=7200) == {"one": (QUIET_S, "abandoned", True), "two": (90 + QUIET_S, "abandoned", True)}
    assert counts(known.store, "abandoned") == (2, 2)


def test_what_the_store_says_itself_leaves_with_its_events(known):
    known(EARLIER, step("one"), step("two"), end("two", 5), until=7200)
    known(step("next", 86_400 * 3), end("next", 86_400 * 3))
    known.store.retain(NOON + 86_400 * 3, Retention(events=86_400.0))
    assert known.store.cursor().execute("SELECT interaction_id FROM events_closed").fetchall() == []
    assert known.store.cursor().execute("SELECT interaction_id FROM lacking").fetchall() == [("next",)]
    assert counts(known.store, "abandoned") == (3, 1), "what was counted stays"
    assert known.store.amend(anew=True) == 0


TEXT = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
workflows: [{ name: w, closes_after: 20m }]
"""


def stored(store, events, first):
    lines = [json.dumps({"workflow": "w", "outcome": "success"} | one).encode() for one in events]
    store.append(store_batches.batch_of(store, STREAMS[0], lines, first, received_at=NOON + 86_400))


def test_a_tick_is_judged_with_what_fell_silent_by_then_and_takes_in_what_comes_late(tmp_path):
    config = load_text(TEXT)
    with Store.open(tmp_path / "b.duckdb") as store:
        store.follow(config)
        stored(store, [end("before", -2 * 86_400, "failure"), step(), step("other", 30)], 0)
        evaluation = Evaluation(store, config)
        evaluation.advance(NOON + 1199)
        assert counts(store, "abandoned") == (1, 0)
        evaluation.advance(NOON + 1800, deaf=True)
        assert counts(store, "abandoned") == (1, 0), "while some is not read an end may be among it"
        evaluation.advance(NOON + 2100)
        assert counts(store, "abandoned", 1200) == (2, 2)
        assert evaluation.late_trials == 0, "what is closed at its time is not late"
    with Store.open(tmp_path / "b.duckdb") as store:
        store.follow(config)
        evaluation = Evaluation(store, config)
        stored(store, [end(second=20)], 3)
        evaluation.advance(NOON + 2400)
        assert counts(store, "abandoned") == (3, 1)
        late = [(row["minute"] - NOON, row["n"], row["bad"]) for row in store.rows("backtest/late")]
        assert (1200, -1, -1) in late
        assert (0, 1, 0) in late
        before = store.cursor().execute(SUMS).fetchall()
        rebuild(store, config)
        assert store.cursor().execute(SUMS).fetchall() == before
