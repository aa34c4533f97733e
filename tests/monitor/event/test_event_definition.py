"""The one definition and what is generated from it agree, and its traps are closed."""

import itertools
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated

import jsonschema
import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.monitor.event import (
    COLUMNS,
    Limits,
    arrow_schema,
    concat,
    create_table_sql,
    decode,
    field_table_markdown,
    json_schema,
)
from bellbuoy.monitor.event import decoding as decoding_module
from bellbuoy.monitor.event.columns import columns_of, walk
from bellbuoy.monitor.event.definition import STRICT, TYPES, Event
from bellbuoy.monitor.event.names import clean
from bellbuoy.monitor.sources.base import Chunk, Stream

duckdb = pytest.importorskip("duckdb")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VALID = jsonschema.Draft202012Validator(json_schema())
NOW_US = 1_795_344_000_000_000


def all_classes(cls):
    yield cls
    for child in cls.__subclasses__():
        yield from all_classes(child)


def test_every_class_is_keyword_only_without_garbage_collection():
    from bellbuoy.monitor.event import parts

    inner = [value for value in vars(parts).values() if isinstance(value, type) and issubclass(value, msgspec.Struct)]
    inner.remove(msgspec.Struct)
    for cls in [*all_classes(Event), *inner]:
        assert cls.__match_args__ == (), cls  # no field can be given by its place
        assert not cls.__struct_config__.gc, cls
    assert all(cls.__struct_config__.forbid_unknown_fields for cls in [*STRICT, *inner])
    assert not any(cls.__struct_config__.forbid_unknown_fields for cls in TYPES)


def test_there_are_75_columns_and_each_has_a_meaning():
    assert len(COLUMNS) == 75
    assert [path for path, column in walk() if not column.description] == []


def test_the_table_of_fields_shows_defaults_and_every_form_of_a_time():
    rows = {line.split(" | ")[0].strip("| *"): line for line in field_table_markdown().splitlines()}
    assert "(default `1`)" in rows["attempt"]
    assert "(default `false`)" in rows["demo"]
    assert "default" not in rows["reask"]
    assert all("ms (≥ 1e11) or µs (≥ 1e14)" in rows[name] for name in ("ts", "ended_at", "knowledge[].as_of"))


def test_an_integer_without_bounds_is_no_field():
    class Loose(msgspec.Struct, kw_only=True):
        count: Annotated[int, msgspec.Meta(ge=0)]

    with pytest.raises(TypeError, match=r"Loose.count: an integer needs both bounds"):
        columns_of(Loose)


def test_the_table_takes_the_schema():
    con = duckdb.connect()
    con.execute(create_table_sql())
    empty = arrow_schema().empty_table()
    con.register("no_rows", empty)
    con.execute("INSERT INTO events_raw BY NAME SELECT * FROM no_rows")
    names = [row[0] for row in con.execute("DESCRIBE events_raw").fetchall()]
    assert names == arrow_schema().names == empty.column_names


def expected_us(value):
    if isinstance(value, int):
        return value * 1000 if value < 10**14 else value
    return (datetime.fromisoformat(value) - EPOCH) // timedelta(microseconds=1)


def expected(column, value):
    if value is None:
        return column.default if column.default is not None else None
    match column.shape:
        case "time" | "expiry":
            return datetime(1970, 1, 1) + timedelta(microseconds=expected_us(value))  # noqa: DTZ001 # UTC without zone
        case "struct":
            return {child.name: expected(child, value.get(child.name)) for child in column.children}
        case "structs":
            return [{child.name: expected(child, item.get(child.name)) for child in column.children} for item in value]
        case "map":
            texts = {True: "true", False: "false"}
            return {
                key: texts[item] if isinstance(item, bool) else str(item)
                for key, item in value.items()
                if item is not None
            }
        case _:
            return value


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_message_comes_back_from_the_database_unchanged(random_message, seed):
    rng = random.Random(seed)
    messages = [random_message(rng, rng.choice([0.05, 0.4, 1.0])) for _ in range(rng.choice([1, 2, 17]))]
    values = [msgspec.json.encode(message) for message in messages]
    for message in messages:
        VALID.validate(message)
    batch = decode(
        Chunk(Stream("t", "t", 0, ""), range(len(values)), values, len(values)),
        stream_id=1,
        received_at_us=NOW_US,
        limits=Limits(max_message=10**6),
    )
    assert batch.letters == []
    con = duckdb.connect()
    con.execute(create_table_sql())
    con.register("rows_of_the_batch", batch.table)
    con.execute("INSERT INTO events_raw BY NAME SELECT * FROM rows_of_the_batch")
    found = con.execute('SELECT * FROM events_raw ORDER BY "offset"')
    names = [column[0] for column in found.description]
    of_type = {cls.__struct_config__.tag: {column.name for column in columns_of(cls)} | {"type"} for cls in TYPES}
    defaults = {cls.__struct_config__.tag: {column.name: column.default for column in columns_of(cls)} for cls in TYPES}
    for message, row in zip(messages, found.fetchall(), strict=True):
        got = dict(zip(names, row, strict=True))
        kind = message["type"]
        for column in COLUMNS:
            if column.name not in of_type[kind]:
                assert got[column.name] is None
                continue
            if column.name == "event_id" and message.get("event_id") is None:
                assert len(got["event_id"]) == 32
                continue
            wanted = expected(column, message.get(column.name))
            if message.get(column.name) is None:
                wanted = defaults[kind].get(column.name)
            assert got[column.name] == wanted, column.name
        assert got["counted"] == (
            kind != "outcome" and message.get("environment", "production") == "production" and not message.get("demo")
        )


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 30), max_size=4), seed=st.integers(0, 9))
def test_how_a_log_is_cut_into_chunks_changes_nothing(random_message, cuts, seed):
    rng = random.Random(seed)
    values = [msgspec.json.encode(random_message(rng)) for _ in range(30)]
    values[7], values[20] = b"{", None
    stream = Stream("t", "t", 0, "")

    def run(bounds):
        parts = [
            decode(
                Chunk(stream, range(a, b), values[a:b], b),
                stream_id=1,
                received_at_us=NOW_US,
                limits=Limits(max_message=10**6),
            )
            for a, b in itertools.pairwise(bounds)
        ]
        return concat(parts)

    whole, pieces = run([0, 30]), run([0, *sorted(cuts), 30])
    assert pieces.table.equals(whole.table)
    assert [letter.offset for letter in pieces.letters] == [letter.offset for letter in whole.letters] == [7]
    assert (pieces.received, pieces.tombstones, pieces.next) == (30, 1, {stream: 30})
    assert pieces.newest_us == whole.newest_us


def test_an_event_without_identity_gets_the_same_one_again(read, small):
    first = (
        read(small(), small(step="close"), small(ts=1_795_341_600_000), small(attempt=2)).table["event_id"].to_pylist()
    )
    assert first[0] == first[2]  # the same instant, written otherwise
    assert len(set(first)) == 3
    assert read(small()).table["event_id"].to_pylist() == first[:1]
    assert read(small(event_id="e-1")).table["event_id"].to_pylist() == ["e-1"]


def test_unknown_fields_are_counted_and_not_stored(read, small):
    batch = read(small(reaks=True, transcript="SECRET"), small(reaks=False), small())
    assert batch.unknown_fields == Counter(reaks=2, transcript=1)
    assert "SECRET" not in str(batch.table.to_pylist())


def test_the_names_of_unknown_fields_do_not_fill_the_memory(read, small):
    values = [small(**{f"x{number}-{k}": 1 for k in range(50)}) for number in range(100)]
    assert len(read(*values).unknown_fields) <= 1_001


def test_what_demo_and_other_environments_did_is_not_counted(read, small):
    batch = read(small(), small(demo=True), small(environment="staging"), small(type="outcome"))
    assert batch.table["counted"].to_pylist() == [True, False, False, False]


def test_fractions_of_a_microsecond_are_rounded(read, small):
    batch = read(small(ts="2026-11-22T09:59:59.9999999Z"), small(ts="2026-11-22T10:00:00.0000004+00:00"))
    assert [str(ts) for ts in batch.table["ts"].to_pylist()] == ["2026-11-22 10:00:00"] * 2


@given(us=st.integers(946_684_800_000_000, NOW_US))
def test_every_microsecond_is_kept_exactly(us):
    text = (EPOCH + timedelta(microseconds=us)).isoformat()
    message = f'{{"type":"interaction","interaction_id":"c","workflow":"w","outcome":"success","ts":"{text}"}}'
    chunk = Chunk(Stream("t", "t", 0, ""), [0], [message.encode()], 1)
    batch = decode(chunk, stream_id=1, received_at_us=NOW_US, limits=Limits())
    assert batch.table["ts"].cast(pa.int64()).to_pylist() == [us]
    assert batch.newest_us == us


def test_too_old_is_judged_by_the_instant_that_is_given(read, small):
    limits = Limits(keep_s=86_400.0)
    old = small(ts="2006-06-08T12:00:00Z")
    assert [letter.kind for letter in read(old, limits=limits).letters] == ["too_old"]
    assert read(old, limits=limits, now_us=1_149_810_000_000_000).letters == []
    assert read(old).letters == []


def test_the_newest_event_never_lies_ahead_of_its_arrival(read, small):
    assert read(small(ts="2026-11-23T09:00:00Z")).newest_us == NOW_US


def test_a_row_that_no_array_takes_is_found_by_halving(read, small, monkeypatch):
    real = decoding_module._build

    def picky(reading, events, indexes):
        if any(event.step == "poison" for event in events):
            raise pa.ArrowInvalid("no")
        return real(reading, events, indexes)

    monkeypatch.setattr(decoding_module, "_build", picky)
    values = [small(step=f"s{number}") for number in range(100)]
    values[37] = small(step="poison")
    batch = read(*values)
    assert [(letter.offset, letter.kind) for letter in batch.letters] == [(37, "store")]
    assert batch.table["offset"].to_pylist() == [number for number in range(100) if number != 37]


def test_a_huge_dead_letter_keeps_its_head_length_and_hash(read):
    import hashlib

    huge = b"{" + b"x" * (2 << 20)
    [letter] = read(huge).letters
    assert (letter.kind, letter.size, len(letter.raw)) == ("size", len(huge), 64 << 10)
    assert letter.sha256 == hashlib.sha256(huge).hexdigest()


@given(st.text(max_size=20))
def test_clean_names_are_what_unicode_says(name):
    import unicodedata

    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    dirty = any(
        unicodedata.category(char) == "Cc" or unicodedata.bidirectional(char) in turning or char in "\u061c\u200e\u200f"
        for char in name
    )
    assert clean(name) == (not dirty)


def test_an_empty_chunk_moves_the_position_only(read):
    batch = decode(Chunk(Stream("t", "t", 0, ""), (), (), 42), stream_id=1, received_at_us=NOW_US, limits=Limits())
    assert (batch.rows, batch.received, batch.letters, batch.newest_us) == (0, 0, [], None)
    assert list(batch.next.values()) == [42]


def test_a_dead_letter_brings_its_key_and_headers():
    chunk = Chunk(Stream("t", "t", 0, ""), [5, 6], [b"{", b"}"], 7, [b"k", None], [[("h", b"1")], []])
    batch = decode(chunk, stream_id=1, received_at_us=NOW_US, limits=Limits())
    found = [(letter.offset, letter.key, list(letter.headers)) for letter in batch.letters]
    assert found == [(5, b"k", [("h", b"1")]), (6, None, [])]
