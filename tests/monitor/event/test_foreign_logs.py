"""A log of another form is read by a map as if its producer had sent events."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.event.foreign import Entry, Foreign, MapError, fields, look, path_of
from bellbuoy.monitor.sources.base import Chunk, Stream

MAP = {
    "interaction_id": Entry("$.conversation.id"),
    "workflow": Entry(value="lead-qualifier"),
    "step": Entry("$.span.name"),
    "outcome": Entry("$.span.status", values={"OK": "success", "ERROR": "failure", "true": "success"}),
    "ts": Entry("$.time"),
}
LINE = {
    "time": 1_795_341_600_123,
    "conversation": {"id": 4711},
    "span": {"name": "greet", "status": "OK"},
    "text": "Hi",
}


def mapped(**more):
    return Limits(foreign=Foreign({**MAP, **more}))


def line(**changes):
    return json.dumps({**LINE, **changes}).encode()


def test_a_line_of_another_form_is_an_event_and_nothing_else_of_it_is_stored(read):
    batch = read(line(), limits=mapped())
    assert batch.letters == []
    [row] = batch.table.to_pylist()
    kept = {key: row[key] for key in ("type", "interaction_id", "workflow", "step", "outcome")}
    assert kept == {
        "type": "step",
        "interaction_id": "4711",
        "workflow": "lead-qualifier",
        "step": "greet",
        "outcome": "success",
    }
    assert row["ts"].isoformat() == "2026-11-22T10:00:00.123000"
    assert "Hi" not in str(row)
    assert batch.unknown_fields == {}


def test_without_a_step_it_is_the_end_of_an_interaction(read):
    batch = read(line(span={"status": "ERROR"}), line(), limits=mapped())
    assert batch.table.select(["type", "outcome"]).to_pylist() == [
        {"type": "interaction", "outcome": "failure"},
        {"type": "step", "outcome": "success"},
    ]


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("ts", "2026-11-22T10:00:00.5Z", "2026-11-22T10:00:00.500000"),
        ("ts", "2026-11-22T11:00:00+01:00", "2026-11-22T10:00:00"),
        ("ts", "2026-11-22 10:00:00", "2026-11-22T10:00:00"),
        ("ts", 1_795_341_600, "2026-11-22T10:00:00"),
        ("ts", 1_795_341_600.25, "2026-11-22T10:00:00.250000"),
        ("ts", "1795341600", "2026-11-22T10:00:00"),
        ("ts", 1_795_341_600_000_001, "2026-11-22T10:00:00.000001"),
        ("ts", 1_795_341_600_000_001_000, "2026-11-22T10:00:00.000001"),
        ("tokens_in", "12", 12),
        ("tokens_in", 12.0, 12),
        ("latency_ms", "3.5", 3.5),
        ("demo", "False", False),
        ("reask", 1, True),
        ("model", 4, "4"),
        ("model", True, "true"),
        ("model", "m" * 200, "m" * 127 + "…"),
        ("slots_asked", "name", ["name"]),
        ("slots_asked", ["name", 2], ["name", "2"]),
        ("attributes", {"a": 1, "b": None, "c": [1], "d": True}, [("a", "1"), ("d", "true")]),
    ],
)
def test_a_value_is_taken_for_what_the_field_has(read, field, value, wanted):
    batch = read(line(it=value), limits=mapped(**{field: Entry("$.it")}))
    assert batch.letters == []
    [found] = batch.table[field].to_pylist()
    assert (found.isoformat() if field == "ts" else found) == wanted


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("ts", "yesterday", "map: no time for `ts`: 'yesterday' - at $.it; "),
        ("ts", True, "map: no time for `ts`: True - at $.it; "),
        ("tokens_in", 1.5, "map: no whole number for `tokens_in`: 1.5 - at $.it; "),
        ("latency_ms", "fast", "map: no number for `latency_ms`: 'fast' - at $.it; "),
        ("latency_ms", "nan", "map: no number for `latency_ms`: 'nan' - at $.it; "),
        ("demo", "maybe", "map: no true or false for `demo`: 'maybe' - at $.it; "),
        ("model", {"a": 1}, "map: no text for `model`: {'a': 1} - at $.it; "),
        ("attributes", "a", "map: no object for `attributes`: 'a' - at $.it; "),
        ("attempt", 0, "bounds: expected `int` >= 1 - at $.attempt; keep within the bounds of the schema (read from $.it: "),
        ("outcome", "WEIRD", "enum: invalid enum value 'WEIRD' - at $.outcome; send one of "),
        ("outcome", "WEIRD", " (read from $.it: see `map` of this source)"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_for_it_is_a_dead_letter_that_names_the_place(read, field, value, reason):
    raw = line(it=value)
    batch = read(raw, limits=mapped(**{field: Entry("$.it")}))
    [letter] = batch.letters
    assert reason in letter.reason
    assert letter.raw == raw, "what is kept is what was sent"


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        (json.dumps({**LINE, "conversation": {}}).encode(), "map", "map: no value for `interaction_id` - at $.conversation.id; "),
        (json.dumps({**LINE, "time": None}).encode(), "map", "map: no value for `ts` - at $.time; correct `map` of this source"),
        (b"[1]", "type", "type: expected `object`, got `array` - at $; "),
        (b"{", "json", "json: "),
        (b"\xff", "json", "json: "),
        (b"", "empty", "empty: "),
        (b" " * 70_000, "size", "size: "),
    ],
)  # fmt: skip
def test_a_line_that_is_no_event_harms_none_of_a_thousand(read, value, kind, reason):
    values = [*(line(conversation={"id": n}) for n in range(500)), value]
    values += [line(conversation={"id": n}) for n in range(500, 1000)]
    batch = read(*values, None, limits=mapped(), offsets=[3 * n for n in range(1002)])
    assert batch.table["interaction_id"].to_pylist() == [str(n) for n in range(1000)]
    assert batch.tombstones == 1
    [letter] = batch.letters
    assert (letter.kind, letter.offset) == (kind, 1500)
    assert letter.reason.startswith(reason)


def test_a_required_field_that_the_map_does_not_name_is_said_so(read):
    without = {name: entry for name, entry in MAP.items() if name != "workflow"}
    [letter] = read(line(), limits=Limits(foreign=Foreign(without))).letters
    assert letter.reason.startswith("map: no value for `workflow`, which the map does not name - at $; ")


def test_objects_are_made_where_all_is_there_that_they_need(read):
    more = {
        "integration.system": Entry("$.tool.name"),
        "integration.status": Entry("$.span.status", values={"OK": "ok", "ERROR": "error"}),
        "knowledge.source": Entry("$.docs[-1]['doc.id']"),
        "attributes.plan": Entry("$.plan"),
    }
    batch = read(
        line(tool={"name": "crm"}, docs=[{"doc.id": "old"}, {"doc.id": "wiki"}], plan=3), line(), limits=mapped(**more)
    )
    assert batch.letters == []
    full, bare = batch.table.select(["integration", "knowledge", "attributes"]).to_pylist()
    assert (full["integration"]["system"], full["integration"]["status"]) == ("crm", "ok")
    assert [one["source"] for one in full["knowledge"]] == ["wiki"]
    assert full["attributes"] == [("plan", "3")]
    assert bare == {"integration": None, "knowledge": None, "attributes": None}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$", ()),
        ("$.a.b-c", ("a", "b-c")),
        ("$.a[0][-1]", ("a", 0, -1)),
        ("$['gen_ai.tool.name']", ("gen_ai.tool.name",)),
        ('$.a["it\'s"].b', ("a", "it's", "b")),
    ],
)
def test_a_path_leads_to_one_value(text, path):
    assert path_of(text) == path


@pytest.mark.parametrize(
    "text", ["", "a", "$a", "$.", "$..a", "$.a[*]", "$.a[", "$.a[x]", "$[?(@.a)]", "$.a b", "$.a[1:2]"]
)
def test_what_is_no_path_to_one_value_is_refused(text):
    with pytest.raises(MapError, match="is no path to one value; write"):
        path_of(text)


def test_nothing_stands_where_the_way_ends():
    assert look({"a": [1]}, ("a", 1)) is None
    assert look({"a": [1]}, ("a", -2)) is None
    assert look({"a": [1]}, ("a", "b")) is None
    assert look({"a": 1}, ("a", 0)) is None
    assert look({"a": {"b": False}}, ("a", "b")) is False


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("stepp", "stepp: an event has no such field; docs/events.md lists them, or name it attributes.stepp"),
        ("integration.sytem", "integration.sytem: an event has no such field; "),
        ("integration", "integration: this is an object; name its fields, such as integration.system, integration."),
        ("action.approval", "action.approval: this is an object; name its fields, such as action.approval."),
        ("step.name", "step.name: an event has no such field; "),
    ],
)
def test_a_field_that_an_event_has_not_is_refused(name, sentence):
    with pytest.raises(MapError) as caught:
        Foreign({name: Entry("$.a")})
    assert str(caught.value).startswith(sentence)


IDENTITY = Foreign(
    {name: Entry("$." + name.replace("knowledge.", "knowledge[0].")) for name in fields()}
)  # of a list, the first


def without_empty(value):
    if not isinstance(value, dict):
        return value
    rest = {key: without_empty(one) for key, one in value.items()}
    return {key: one for key, one in rest.items() if one != {} and one is not None}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_events_mapped_onto_themselves_are_the_same_events(random_message, seed):
    rng = random.Random(seed)
    messages = [without_empty(random_message(rng, rng.choice([0.02, 0.3, 1.0]))) for _ in range(30)]
    for message in messages:
        message.pop("attributes", None) if not message.get("attributes") else None
        if len(message.get("knowledge") or ()) != 1:
            message.pop("knowledge", None)
    values = [json.dumps(message).encode() for message in messages]
    chunk = Chunk(Stream("test", "log", 0, "e"), range(len(values)), values, len(values))
    own, foreign = (
        decode(chunk, stream_id=7, received_at_us=1_795_344_000_000_000, limits=limits)
        for limits in (Limits(), Limits(foreign=IDENTITY))
    )
    assert [letter.kind for letter in own.letters] == [letter.kind for letter in foreign.letters] == []
    assert foreign.table.equals(own.table)
