"""Where the fields of events stand in logs of other forms: found in those that people write, and never made up."""

import json
from datetime import UTC, datetime

import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.simulate import Plan, simulate
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.sources.build import foreign as foreign_of
from bellbuoy.monitor.survey.mapped import foreign, written
from bellbuoy.monitor.survey.suggest import suggestion

EVENTS = [json.loads(line) for line in simulate(Plan(days=1, per_day=60))]
HEAD = (
    "version: 1\nsinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\nsources:\n  - files:\n      path: x.jsonl\n"
)


def spans(event):
    """Return an event as an exporter of spans would write it."""
    return {
        "conversation": {"id": event["interaction_id"]},
        "span": {"name": event.get("step"), "status": "ERROR" if event["outcome"] == "failure" else "OK", "note": "said hello"},
        "resource": {"service.name": event["workflow"], "service.version": event.get("agent_version")},
        "start_time": datetime.fromtimestamp(event["ts"] / 1000, UTC).isoformat().removesuffix("+00:00"),
        "text": f"a prompt of {event['interaction_id']}",
    }  # fmt: skip


def flat(event):
    """Return an event as a line of an application's log."""
    ends = {"success": "ok", "failure": "error", "timeout": "timed_out"}
    return {
        "@timestamp": event["ts"],
        "lvl": "info",
        "sessionId": event["interaction_id"],
        "agent": event["workflow"],
        "operation": event.get("step"),
        "result": ends.get(event["outcome"], event["outcome"]),
        "durationMs": event.get("latency_ms"),
        "modelName": event.get("model"),
        "inputTokens": event.get("tokens_in"),
        "msg": "done",
    }


def read(values, limits):
    batch = decode(
        Chunk(Stream("t", "t", 0, "e"), range(len(values)), values, len(values)),
        stream_id=1, received_at_us=4_102_444_800_000_000, limits=limits,
    )  # fmt: skip
    assert batch.letters == []
    return batch.table.select(["type", "ts", "interaction_id", "workflow", "step", "outcome"]).to_pylist()


@pytest.mark.parametrize("form", [spans, flat])
def test_the_events_of_a_log_of_another_form_are_those_that_it_was_made_of(form):
    records = [json.dumps(form(event)).encode() for event in EVENTS]
    found = suggestion(records[:2_000], "x")
    own = read([json.dumps(event).encode() for event in EVENTS], Limits())
    if form is spans:  # it has one word for all that went wrong
        for row in own:
            row["outcome"] = "success" if row["outcome"] != "failure" else "failure"
    assert read(records, Limits(foreign=foreign(found))) == own


@pytest.mark.parametrize("form", [spans, flat])
def test_what_is_written_is_read_as_what_was_found(form):
    records = [json.dumps(form(event)).encode() for event in EVENTS]
    found = suggestion(records, "x")
    config = load_text(HEAD + "".join(f"      {line}\n" for line in written(found)))
    again = foreign_of(config.sources[0].files)
    assert [again.one(one) for one in records] == [foreign(found).one(one) for one in records]


def test_a_word_that_says_only_that_nothing_was_raised_is_remarked():
    found = suggestion([json.dumps(spans(event)).encode() for event in EVENTS], "x")
    assert found["outcome"].entry.values == {"OK": "success", "ERROR": "failure"}
    assert "only that nothing was raised" in found["outcome"].remark
    assert not any("text" in one.entry.path for one in found.values() if one.entry.path), "no prompt is taken in"


def records(**fields):
    """Return twenty records of ten conversations; a function of the number makes a field."""
    made = [{key: value(n) if callable(value) else value for key, value in fields.items()} for n in range(20)]
    return [json.dumps(one).encode() for one in made]


BASE = {"time": lambda n: 1_795_000_000 + n, "call_id": lambda n: n // 2}


def test_without_a_name_of_the_workflow_it_is_that_of_the_file_and_without_an_end_nothing_is_said_of_it():
    found = suggestion(records(**BASE), "calls")
    assert (found["workflow"].entry.value, found["outcome"].entry.value) == ("calls", "unknown")
    assert "step" not in found
    assert "does not say how anything ended" in found["outcome"].remark


def test_a_word_that_nobody_knows_is_kept_and_asked_for():
    found = suggestion(records(**BASE, status=lambda n: ["ok", "failed", "weird"][n % 3]), "calls")
    assert found["outcome"].entry.values == {"ok": "success", "failed": "failure"}
    assert "give a meaning to 'weird'" in found["outcome"].remark


@pytest.mark.parametrize(
    ("fields", "field", "path"),
    [
        ({"start_time": lambda n: 1_795_000_000 + n, "time": 7}, "ts", "$.start_time"),
        ({"time": lambda n: n, "created_at": lambda n: f"2026-11-0{1 + n % 9} 10:00:00"}, "ts", "$.created_at"),
        ({"tool.name": lambda n: f"tool {n % 3}", "name": "x"}, "step", "$['tool.name']"),
        ({"name": lambda n: f"everyone is different {n}" * 20, "stage": lambda n: f"s{n % 3}"}, "step", "$.stage"),
        (
            {"user": lambda n: {"name": f"u{n % 3}", "id": n % 3}, "op": lambda n: {"name": f"s{n % 3}"}},
            "step",
            "$.op.name",
        ),
        ({"ok": lambda n: n % 2 == 0}, "outcome", "$.ok"),
        ({"model": lambda n: {"name": f"m{n % 2}"}}, "model", "$.model.name"),
    ],
)
def test_a_field_is_looked_for_by_its_name_and_by_what_stands_there(fields, field, path):
    assert suggestion(records(**{**BASE, **fields}), "x")[field].entry.path == path


def test_a_persons_name_is_no_step():
    assert "step" not in suggestion(records(**BASE, user=lambda n: {"name": f"u{n % 3}", "id": n % 3}), "x")


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"\xff", b"[1]", b"{", b"7"],
        records(time=lambda n: 1_795_000_000 + n),
        records(call_id=lambda n: n // 2),
        records(time=lambda n: n, call_id=lambda n: n // 2),
        records(time=lambda n: 1_795_000_000 + n, call_id="always the same"),
    ],
)
def test_nothing_is_suggested_where_there_is_no_time_or_no_identity(lines):
    assert suggestion(lines, "x") == {}
