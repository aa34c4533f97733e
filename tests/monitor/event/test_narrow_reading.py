"""The narrow reading is faster than the full one and otherwise the same: what is learned is never seen."""

import json
import random
from functools import reduce
from operator import or_

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.monitor.event import COLUMNS, Limits, decode
from bellbuoy.monitor.event import decoding as decoding_module
from bellbuoy.monitor.event.definition import STRICT
from bellbuoy.monitor.event.forms import Form, Learned
from bellbuoy.monitor.sources.base import Chunk, Stream

NOW_US = 1_795_344_000_000_000
STREAM = Stream("t", "t", 0, "")
FULL = msgspec.json.Decoder(reduce(or_, STRICT))


def read(values, monkeypatch, learned):
    monkeypatch.setattr(decoding_module, "_LEARNED", learned)
    chunk = Chunk(STREAM, range(len(values)), values, len(values))
    return decode(chunk, stream_id=1, received_at_us=NOW_US, limits=Limits(max_message=10**6))


class Knows(Learned):
    """Begins with every field that there is."""

    def __init__(self):
        super().__init__()
        self.widen(Form(), [column.name for column in COLUMNS])


def broken(rng, message):
    """Return a message with one thing wrong, or a strange one that is right."""
    key = rng.choice(list(message))
    value = rng.choice([None, {}, [], "x" * 3000, -1, 1e9, True, "\x00", "\u202e"])
    return rng.choice(
        [
            b"",
            None,
            b"\xef\xbb\xbf" + msgspec.json.encode(message),
            msgspec.json.encode(message)[:-2],
            msgspec.json.encode({**message, key: value}),
            msgspec.json.encode({**message, "unheard_of": value}),
            msgspec.json.encode({name: value for name, value in message.items() if name != key}),
        ]
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), slice_=st.sampled_from([1, 3, 16, 2048]))
def test_what_is_known_changes_no_row_and_no_letter(random_message, seed, slice_):
    rng = random.Random(seed)
    messages = [random_message(rng, rng.choice([0.02, 0.2, 1.0])) for _ in range(40)]
    values = [broken(rng, message) if rng.random() < 0.2 else msgspec.json.encode(message) for message in messages]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding_module, "_SLICE", slice_)
        narrow = read(values, patch, Learned())
        full = read(values, patch, Knows())
    assert narrow.rows == full.rows
    assert narrow.rows == 0 or narrow.table.combine_chunks().equals(full.table.combine_chunks())
    assert narrow.letters == full.letters
    assert narrow.unknown_fields == full.unknown_fields
    assert (narrow.received, narrow.tombstones, narrow.newest_us) == (full.received, full.tombstones, full.newest_us)


def test_a_slice_is_read_twice_at_most_and_the_next_one_once(small, monkeypatch):
    spans = []
    real = decoding_module._read
    monkeypatch.setattr(decoding_module, "_read", lambda *given: spans.append(given[1].start) or real(*given))
    monkeypatch.setattr(decoding_module, "_SLICE", 4)
    values = [small(tenant="a"), small(region="b"), small(), small(model="m"), *[small(tenant="c")] * 8]
    batch = read(values, monkeypatch, Learned())
    assert spans == [0, 0, 4, 8]
    assert batch.table["tenant"].to_pylist() == ["a", None, None, None, *["c"] * 8]
    assert batch.table["model"].to_pylist()[3] == "m"


def test_a_field_that_is_sent_with_its_default_is_learned_too(small, monkeypatch):
    learned = Learned()
    read([small(demo=False, environment="production")], monkeypatch, learned)
    assert {"demo", "environment"} <= learned.form(0).names
    assert "tenant" not in learned.form(0).names


def test_what_was_learned_is_forgotten_after_a_million_events(small, monkeypatch):
    learned = Learned()
    read([small(tenant="a")], monkeypatch, learned)
    assert "tenant" in learned.form(999_000).names
    assert "tenant" not in learned.form(1_000).names
    assert read([small(tenant="b")], monkeypatch, learned).table["tenant"].to_pylist() == ["b"]


def test_two_that_learn_at_once_do_not_undo_each_other():
    learned = Learned()
    old = learned.form(1)
    learned.widen(old, ["tenant"])
    assert {"tenant", "region"} <= learned.widen(old, ["region"]).names


def test_a_narrow_event_reads_like_a_full_one(random_message):
    rng = random.Random(5)
    for presence in (0.0, 0.3, 1.0):
        for _ in range(40):
            value = msgspec.json.encode(random_message(rng, presence))
            full, narrow = FULL.decode(value), Form(json.loads(value)).read(value)
            assert [getattr(narrow, one.attribute) for one in COLUMNS] == [
                getattr(full, one.attribute) for one in COLUMNS
            ]


@pytest.mark.parametrize("text", ['{"type":"outcome","ts":"2026-11-22T10:00:00Z","interaction_id":"c","workflow":"w"}'])
def test_a_narrow_correction_has_to_correct_something_too(text):
    with pytest.raises(msgspec.ValidationError, match="corrects nothing"):
        Form().read(text.encode())
