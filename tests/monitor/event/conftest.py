"""Messages for the tests of the event: small ones, and random ones made from the definition."""

import json
import random
import string
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.event.definition import TYPES
from bellbuoy.monitor.sources.base import Chunk, Stream

NOW_US = 1_795_344_000_000_000  # 2026-11-22T10:40:00Z
SMALL = {
    "type": "step",
    "ts": "2026-11-22T10:00:00Z",
    "interaction_id": "c1",
    "workflow": "lead-qualifier",
    "step": "greet",
    "outcome": "success",
}
LETTERS = string.ascii_letters + "é☕ ;'\"-日/"
STREAM = Stream("test", "log", 0, "e")


@pytest.fixture
def small():
    """Return the smallest useful message with changes; None takes a field away."""

    def make(**changes):
        message = {**SMALL, **changes}
        return json.dumps({key: value for key, value in message.items() if value is not None}).encode()

    return make


@pytest.fixture
def read():
    """Decode values as one chunk."""

    def act(*values, limits=None, now_us=None, received_at_us=NOW_US, offsets=None):
        offsets = range(len(values)) if offsets is None else offsets
        chunk = Chunk(STREAM, offsets, values, (offsets[-1] + 1) if values else 0)
        return decode(chunk, stream_id=7, received_at_us=received_at_us, limits=limits or Limits(), now_us=now_us)

    return act


@pytest.fixture(scope="session")
def random_message():
    """Make one valid message of a random type: every field present with the chance given, at and within its bounds."""
    return make_message


def make_message(rng: random.Random, presence: float = 0.4) -> dict:
    cls = rng.choice(TYPES)
    info = msgspec.inspect.type_info(cls)
    message = {"type": info.tag, **_object(rng, info, presence)}
    if info.tag == "outcome":
        message["reask"] = rng.random() < 0.5
        if message.get("attempt") is not None:
            message["step"] = "close"
    message["schema_version"] = rng.choice(["1", "1.7"])
    if message.get("ended_at") is not None:
        message["ended_at"] = message["ts"]
    return message


def _object(rng, info, presence):
    chosen = [field for field in info.fields if field.required or rng.random() < presence]
    rng.shuffle(chosen)
    return {field.encode_name: _value(rng, field.type, presence) for field in chosen}


def _value(rng, kind, presence):
    match kind:
        case msgspec.inspect.Metadata(extra=extra) if extra and extra.get("kind") in ("time", "expiry"):
            return _time(rng)
        case msgspec.inspect.Metadata(type=inner):
            return _value(rng, inner, presence)
        case msgspec.inspect.UnionType(types=types):
            return _value(rng, rng.choice(types), presence)
        case msgspec.inspect.NoneType():
            return None
        case msgspec.inspect.BoolType():
            return rng.random() < 0.5
        case msgspec.inspect.LiteralType(values=values):
            return rng.choice(values)
        case msgspec.inspect.IntType(ge=low, le=high):
            return rng.choice([low, high, rng.randint(low, high)])
        case msgspec.inspect.FloatType(ge=low, le=high):
            low, high = low or 0, 1e6 if high is None else high
            return rng.choice([low, high, rng.uniform(low, high), 0.5])
        case msgspec.inspect.StrType(min_length=low, max_length=high):
            size = rng.choice([low or 0, rng.randint(low or 0, 20)]) if rng.random() < 0.95 else high
            return "".join(rng.choices(LETTERS, k=size))
        case msgspec.inspect.DictType(key_type=key, value_type=value):
            return {
                _value(rng, key, presence): _value(rng, value, presence) for _ in range(rng.choice([0, 1, 5, 5, 32]))
            }
        case msgspec.inspect.ListType(item_type=item, max_length=high):
            return [
                _value(rng, item, presence) for _ in range(rng.choice([0, 1, 2, 3]) if rng.random() < 0.95 else high)
            ]
        case msgspec.inspect.StructType():
            return _object(rng, kind, presence)
    raise AssertionError(kind)


def _time(rng):
    us = rng.randint(946_684_800_000_000, NOW_US)
    match rng.randrange(4):
        case 0:
            return us if us >= 10**14 else us * 10
        case 1:
            return us // 1000
        case 2:
            zone = timezone(timedelta(minutes=rng.randint(-14 * 60, 14 * 60)))
            return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).astimezone(zone).isoformat()
        case _:
            return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")
