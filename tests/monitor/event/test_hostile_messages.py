"""The 25 hostile messages: each has its exact class, alone and amid a thousand good ones."""

import json

import pytest

B = b'{"type":"step","ts":"2026-11-22T10:00:00Z","interaction_id":"c1","workflow":"w","step":"greet","outcome":"success"}'


def b(**changes):
    message = {**json.loads(B), **changes}
    return json.dumps({key: value for key, value in message.items() if value is not None}).encode()


def raw(text):
    """B with raw JSON text put in before its end."""
    return B[:-1] + b"," + text.encode() + b"}"


def without(name):
    message = json.loads(B)
    del message[name]
    return json.dumps(message).encode()


NESTED = "[" * 20_000 + "]" * 20_000
REFUSED = [
    ("1 zero bytes", b"", "empty"),
    *((f"2 cut after {size}", B[:size], "json") for size in range(1, len(B))),
    ("3 twice", B + B, "json"),
    ("3 trailing", B + b"x", "json"),
    ("4 null", b"null", "type"),
    ("4 array", b"[]", "type"),
    ("4 string", b'"x"', "type"),
    ("4 number", b"7", "type"),
    ("5 empty object", b"{}", "missing"),
    ("5 step", without("step"), "missing"),
    ("5 outcome", without("outcome"), "missing"),
    ("5 ts", without("ts"), "missing"),
    ("6 not UTF-8", B.replace(b"greet", b"\xff\xfe"), "encoding"),
    ("6 not UTF-8 in an unknown field", B[:-1] + b',"x":"\xff\xfe"}', "encoding"),
    ("8 NaN", raw('"confidence":NaN'), "json"),
    ("8 Infinity", raw('"confidence":Infinity'), "json"),
    ("9 1e999", raw('"latency_ms":1e999'), "bounds"),
    ("9 negative", raw('"latency_ms":-1'), "bounds"),
    ("10 large count", raw('"tokens_in":99999999999'), "bounds"),
    ("11 attempt one", raw('"attempt":"one"'), "type"),
    ("11 attempt 2.0", raw('"attempt":2.0'), "type"),
    ("11 reask maybe", raw('"reask":"maybe"'), "type"),
    ("12 meh", b(outcome="meh"), "enum"),
    ("12 span", b(type="span"), "enum"),
    ("12 type is a number", b(type=7), "type"),
    ("14 no offset", b(ts="2026-11-22T10:00:00"), "timestamp"),
    ("14 date only", b(ts="2026-11-22"), "timestamp"),
    ("14 leap second", b(ts="2026-11-22T10:00:60Z"), "timestamp"),
    ("14 20Z5", b(ts="20Z5-11-22T10:00:00Z"), "timestamp"),
    ("15 seconds", b(ts=1_795_344_000), "timestamp"),
    ("15 nanoseconds", b(ts=1_795_344_000_000_000_000), "timestamp"),
    ("15 float", b(ts=1_795_344_000_000.5), "timestamp"),
    ("15 digits in a string", b(ts="1795344000000"), "timestamp"),
    ("16 year 1", b(ts="0001-01-01T00:00:00+14:00"), "timestamp"),
    ("16 year 9999", b(ts="9999-12-31T23:59:59-14:00"), "future"),
    ("16 1999", b(ts="1999-12-31T23:59:59Z"), "timestamp"),
    ("16 1999 in ms", b(ts=946_684_799_999), "timestamp"),
    ("17 three days ahead", b(ts="2026-11-25T10:40:00Z"), "future"),
    ("18 lone surrogate", B.replace(b"greet", b"\\ud800"), "json"),
    ("19 NUL in a name", B.replace(b"greet", b"\\u0000"), "bounds"),
    ("20 U+202E", b(step="a\u202eb"), "bounds"),
    ("20 U+202E in UTF-8", B.replace(b"greet", "a\u202eb".encode()), "bounds"),
    ("20 C1 control", B.replace(b"greet", "a\u0085b".encode()), "bounds"),
    ("20 DEL", B.replace(b"greet", b"a\x7fb"), "bounds"),
    ("20 in an object", b(route={"chosen": "a\u2066"}), "bounds"),
    ("20 in a list", b(slots_asked=["ok", "a\nb"]), "bounds"),
    ("20 in a list of objects", b(knowledge=[{"source": "a\u2066"}]), "bounds"),
    ("20 129 characters", b(step="x" * 129), "bounds"),
    ("20 empty id", b(interaction_id=""), "bounds"),
    ("21 33 attributes", b(attributes={f"k{i}": i for i in range(33)}), "bounds"),
    ("21 257 characters", b(attributes={"k": "x" * 257}), "bounds"),
    ("21 2^70", b(attributes={"k": 2**70}), "bounds"),
    ("21 empty key", b(attributes={"": 1}), "bounds"),
    ("22 object", b(attributes={"k": {}}), "type"),
    ("24 nested in an unknown field", raw(f'"x":{NESTED}'), "depth"),
    ("24 nested in attributes", raw(f'"attributes":{{"a":{NESTED}}}'), "type"),
    ("size", raw(f'"reason":"{"x" * 66_000}"'), "size"),
    ("unknown key inside an object", b(handoff={"whom": "x"}), "type"),
    ("missing inside an object", b(route={}), "missing"),
    ("time inside an object", b(knowledge=[{"source": "a", "as_of": "1999-01-01T00:00:00Z"}]), "timestamp"),
    ("time inside an object ahead", b(knowledge=[{"source": "a", "as_of": "2027-01-01T00:00:00Z"}]), "future"),
    (
        "expiry in 2200",
        b(integration={"system": "a", "status": "ok", "token_expires_at": "2200-01-01T00:00:00Z"}),
        "timestamp",
    ),
    ("ended before it began", b(ended_at="2026-11-22T09:00:00Z"), "meaning"),
    ("corrects nothing", b(type="outcome", outcome=None), "meaning"),
    ("attempt without step", b(type="outcome", step=None, attempt=2), "meaning"),
    ("version 2", b(schema_version="2"), "version"),
    ("null where there is a default", raw('"demo":null'), "type"),
]
ACCEPTED = [
    ("7 byte order mark", b"\xef\xbb\xbf" + B, {}),
    ("13 outcome twice", raw('"outcome":"failure"'), {"outcome": "failure"}),
    ("17 ten minutes ahead", b(ts="2026-11-22T10:50:00Z"), {}),
    ("19 NUL in an attribute", b(attributes={"k": "a\0b"}), {"attributes": [("k", "a\0b")]}),
    ("23 transcript", b(transcript="x" * 10_000), {}),
    ("25 drop table", b(step="'; DROP TABLE events; --"), {"step": "'; DROP TABLE events; --"}),
    ("25 café", b(step="café ☕"), {"step": "café ☕"}),
    ("25 café in UTF-8", B.replace(b"greet", "café ☕".encode()), {"step": "café ☕"}),
    ("version 1.4", b(schema_version="1.4"), {"schema_version": "1.4"}),
    ("expiry ahead", b(integration={"system": "a", "status": "ok", "token_expires_at": "2027-01-01T00:00:00Z"}), {}),
]
SHORT = [case for case in REFUSED if not case[0].startswith("2 cut") or case[0] in ("2 cut after 1", "2 cut after 60")]


@pytest.mark.parametrize(("value", "kind"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_refused_message_has_its_class(read, value, kind):
    batch = read(value)
    assert batch.table is None
    [letter] = batch.letters
    assert letter.kind == kind
    assert letter.reason.startswith(f"{kind}: ")
    assert " - at $" in letter.reason
    assert "; " in letter.reason
    assert letter.reason.isprintable()
    assert len(letter.reason) < 600
    assert (letter.raw, letter.size, letter.sha256) == (value, len(value), None)


@pytest.mark.parametrize(("value", "kind"), [case[1:] for case in SHORT], ids=[case[0] for case in SHORT])
def test_a_refused_message_harms_none_of_a_thousand(read, small, value, kind):
    good = [small(interaction_id=f"c{number}") for number in range(1000)]
    values = [*good[:500], value, *good[500:]]
    offsets = [10 * number for number in range(1001)]
    batch = read(*values, offsets=offsets)
    assert batch.rows == 1000
    assert [(letter.kind, letter.offset) for letter in batch.letters] == [(kind, 5000)]
    rows = batch.table.select(["offset", "interaction_id"]).to_pydict()
    expected = [(10 * (number + (number >= 500)), f"c{number}") for number in range(1000)]
    assert list(zip(rows["offset"], rows["interaction_id"], strict=True)) == expected
    assert batch.received == 1001


@pytest.mark.parametrize(("value", "wanted"), [case[1:] for case in ACCEPTED], ids=[case[0] for case in ACCEPTED])
def test_an_accepted_message_is_kept_as_it_is(read, value, wanted):
    batch = read(value)
    assert batch.letters == []
    [row] = batch.table.to_pylist()
    assert {key: row[key] for key in wanted} == wanted
    assert "x" * 100 not in str(row)


def test_a_tombstone_is_skipped_and_counted(read):
    batch = read(None, B, None)
    assert (batch.rows, batch.letters, batch.tombstones, batch.received) == (1, [], 2, 3)
    assert batch.table["offset"].to_pylist() == [1]


def test_clock_skew_is_accepted_and_counted(read):
    assert read(b(ts="2026-11-22T10:50:00Z"), b(ts="2026-11-22T10:44:59Z")).ahead == 1


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (
            without("step"),
            "missing: object missing required field `step` - at $.step; send this field",
        ),
        (
            b(outcome="meh"),
            (
                "enum: invalid enum value 'meh' - at $.outcome; send one of abandoned, cancelled, failure, "
                "skipped, success, timeout, unknown"
            ),
        ),
        (
            b(knowledge=[{"source": "a"}, {"source": "a", "as_of": "soon"}]),
            (
                "timestamp: invalid RFC3339 encoded datetime - at $.knowledge[1].as_of; send RFC 3339 with an offset "
                "(2026-11-22T10:00:00Z), or a whole epoch in ms or µs, from 2000 on"
            ),
        ),
        (raw('"demo":null'), "type: expected `bool`, got `null` - at $.demo; leave the field out"),
    ],
)
def test_a_reason_says_what_where_and_what_to_do(read, value, reason):
    assert read(value).letters[0].reason == reason
