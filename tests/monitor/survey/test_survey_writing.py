"""The configuration that is written: what a person reads, and that the product accepts it, whatever the log holds."""

import os
import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellbuoy.config.load import inspect_text
from bellbuoy.config.pending import pending
from bellbuoy.monitor.survey.lacks import lacks
from bellbuoy.monitor.survey.tally import survey
from bellbuoy.monitor.survey.writing import Given, document

GOLDEN = Path(__file__).parents[2] / "golden" / "survey"
NOW = datetime(2026, 7, 1)  # noqa: DTZ001 - as the store has it: UTC without zone
FILE = Given("calls.jsonl", ("calls.jsonl",))


def accepted(text):
    """The configuration; nothing is wrong with it but that nobody knows where a heartbeat could go to."""
    found = inspect_text(text, "bellbuoy.yaml", environ={})
    assert [one.code for one in found.findings] == ["BB219"], found.findings
    assert pending(found.config) == []
    return found.config


def compare(name, made):
    file = GOLDEN / name
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8"), f"{name} is not what it was; read the difference before writing it"


def unwrapped(text):
    """Without the breaks of lines in comments."""
    return re.sub(r"\n *#", "", text)


def calls(log):
    """Twenty calls of a workflow that says nearly everything."""
    made = log("lead-qualifier")
    for number in range(20):
        head = {"agent_version": "v2", "channel": "phone", "content_ref": "https://traces.example.com/1"}
        unsure = {"confidence": 0.3, "failure_branch": ["clarify", "script"][number % 2]}
        ask = {"reask": False, "latency_ms": 900, **(unsure if number % 4 == 0 else {"confidence": 0.9})}
        source = {"source": "pricing-wiki", "version": f"r{number}", "as_of": "2026-05-25T00:00:00Z"}
        book = {
            "integration": {
                "system": "calendar.book",
                "status": "error" if number == 7 else "ok",
                "latency_ms": 200 + number,
            },
            "action": {"class": "write", "decided_by": "rule"},
        }
        off = [("off_script", {"knowledge": [source]})] if number % 3 == 0 else []
        steps = ["greet", ("qualify", ask), *off, ("book", book), "close"]
        if number == 11:
            made.run(*steps[:2], end="failure", **head)
        else:
            made.run(*steps, end="success", **head)
    return made


@pytest.mark.golden
def test_a_log_that_says_much_is_written_as_a_person_has_read_it(log, seen, now):
    text = document(seen(calls(log)), FILE, now)
    compare("calls.yaml", text)
    (workflow,) = accepted(text).workflows
    assert [step.name for step in workflow.steps] == ["greet", "qualify", "off_script", "book", "close"]
    assert [step.name for step in workflow.steps if step.optional] == ["off_script"]
    assert [one.system for one in workflow.integrations] == ["calendar.book"]


@pytest.mark.golden
def test_a_topic_of_steps_alone_is_written_as_a_person_has_read_it(log, seen, now):
    made = (
        log("support", indexed=False).run("greet", "answer", end=None).run("greet", end=None, environment="production")
    )
    topic = Given(
        "topic agent.interactions at k:9092",
        servers="k:9092",
        topic="agent.interactions",
        remarks=("Of more records only 3 were looked at.",),
    )
    text = document(seen(made), topic, now)
    compare("steps.yaml", text)
    (source,) = accepted(text).sources
    assert (source.kafka.bootstrap_servers, source.kafka.topics) == ("k:9092", ("agent.interactions",))


def test_many_names_that_seldom_run_are_no_list(log, seen, now):
    made = log()
    for number in range(60):
        made.run("hello", f"tool-{number}", f"tool-{number + 1}")
    text = document(seen(made), FILE, now)
    assert accepted(text).workflows[0].steps == ()
    assert (
        "No `steps` here: 62 names are more than anybody reads in a list (at most 30 are written), and 61 of the 62"
        in unwrapped(text)
    )
    few = log().run(*[f"step-{number}" for number in range(12)])
    assert len(accepted(document(seen(few), FILE, now)).workflows[0].steps) == 12


def test_an_old_log_is_kept_for_long_enough_to_be_taken_in(log, seen, now):
    text = document(seen(log().run("greet")), FILE, now.replace(year=2036))
    retention = accepted(text).store.retention
    assert retention.minutes == retention.events == 12 * 365 * 86_400
    assert "retention" not in document(seen(log().run("greet")), FILE, now)


def test_what_is_written_in_comments_is_accepted_too(log, seen, now):
    """Objective, knowledge, a sink, a heartbeat: each hint does what it says once its sign is taken away."""
    text = document(seen(calls(log)), FILE, now)
    for hint in ("# objective:", "# knowledge:", "#   - { source:", "# reliability:", "#   slack:", "#     channel:", "#     bot_token:", "# server:", "# heartbeat:"):  # fmt: skip
        assert text.count(hint) == 1, hint
        text = text.replace(hint, hint[2:] if hint.startswith("# ") else hint[1:])
    text = text.replace("- { to: [out] }", "- { to: [reliability, out] }")
    plain = "      - { name: book, integrations: [calendar.book] }"
    hint = plain.replace(" }", ", consequential: true, gate: rule }")
    assert hint.strip() in text
    text = text.replace(plain + "\n", hint + "\n")
    found = inspect_text(text, "bellbuoy.yaml", environ={"SLACK_BOT_TOKEN": "xoxb-made-up"})
    assert found.findings == ()
    (workflow,) = found.config.workflows
    assert (workflow.objective, workflow.knowledge[0].source, workflow.steps[3].gate) == (0.9, "pricing-wiki", "rule")


def test_the_detectors_that_the_log_feeds_are_told_apart_from_those_that_it_does_not(log, seen, now):
    text = unwrapped(document(seen(log().run("greet")), FILE, now))
    assert (
        "is watched: failures of each step, interactions that do not end well, outcomes that nobody states, silence."
        in text
    )
    assert (
        "cannot watch: questions asked again, handoffs, handoffs without their context, guesses, wrong buckets, failed calls of integrations, slow runs of each step."
        in text
    )


def test_what_a_log_lacks_is_told_once_the_most_valuable_first(log, seen):
    fields = [lack.field for lack in lacks(seen(log().run("greet", end=None)))]
    assert fields[0] == "`interaction` events with an `outcome`"
    assert "`reask`, or `slots_asked` and `slots_filled`" in fields
    assert len(fields) == len(set(fields))
    told = [lack.field for lack in lacks(seen(calls(log)))]
    assert told == [
        "`handoff`",
        "`outcome` events, for a sample that people look at later",
        "`context_lost`",
        "`route.chosen`, and `route_expected` from whoever knows it later",
    ]
    mute = seen(log().run("greet", ("answer", {"outcome": "unknown"}), end="unknown"))
    first, second = lacks(mute)[:2]
    assert (first.field, first.part) == ("`outcome` of the 100 % of interactions that say `unknown`", False)
    assert (second.field, second.part) == (
        "`outcome` of the 50 % of steps that say `unknown`, most of all of answer",
        True,
    )


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
EVENTS = st.fixed_dictionaries(
    {
        "type": st.just("step"),
        "ts": st.datetimes(datetime(2026, 6, 1), datetime(2026, 6, 30)),  # noqa: DTZ001 - as the store has it
        "interaction_id": st.sampled_from("abc"),
        "workflow": TEXTS,
        "step": TEXTS,
        "outcome": st.sampled_from(["success", "failure", "unknown"]),
        "failure_branch": st.sampled_from(["none", "clarify", "abort"]),
    },
    optional={
        "step_index": st.integers(0, 5),
        "integration": st.fixed_dictionaries({"system": TEXTS, "status": st.sampled_from(["ok", "error"])}),
        "knowledge": st.lists(st.fixed_dictionaries({"source": TEXTS, "version": TEXTS}), max_size=2),
        "action": st.fixed_dictionaries({"class": st.sampled_from(["money", "write"])}),
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=12), TEXTS)
def test_whatever_the_names_are_the_configuration_is_accepted(events, name):
    text = document(survey(events), Given(name, (name,)), NOW)
    config = accepted(text)
    assert [one.name for one in config.workflows] == [one.name for one in survey(events).workflows]
    assert config.sources[0].files.path == name
    assert yaml.safe_load(text)["version"] == 1
