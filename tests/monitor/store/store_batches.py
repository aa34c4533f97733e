"""Messages as producers send them, made from a seed."""

import json
import random
from datetime import UTC, datetime

from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk

START = 1_770_000_000 // 300 * 300
STEPS = ("greet", "qualify", "route", "close")
OUTCOMES = ("success", "failure", "timeout", "abandoned", "skipped", "unknown")


def message(rng, at):
    """Return one event as a producer sends it."""
    event = {
        "type": "step",
        "ts": datetime.fromtimestamp(at, UTC).isoformat(),
        "interaction_id": f"i{rng.randrange(1000)}",
        "workflow": rng.choice(["lead", "support"]),
        "outcome": rng.choices(OUTCOMES, (80, 10, 3, 3, 2, 2))[0],
    }
    kind = rng.random()
    if kind < 0.2:
        event["type"] = "interaction"
        if rng.random() < 0.3:
            event["handoff"] = {"to": rng.choice(["human", "queue", "agent"])}
    elif kind < 0.22:
        event = {**event, "type": "outcome", "outcome_source": "human"}
    else:
        event |= {"step": rng.choice(STEPS), "latency_ms": rng.random() * 1000, "retried": rng.random() < 0.1}
        if rng.random() < 0.5:
            event["reask"] = rng.random() < 0.2
    if rng.random() < 0.05:
        event["demo" if rng.random() < 0.5 else "environment"] = True if event.get("demo") else "staging"
        event = {key: value for key, value in event.items() if key != "demo"}
    if rng.random() < 0.03:
        event["transcript"] = "not stored"
    return event


def messages(seed, count, *, start=START, seconds=0.5, bad=0.03):
    """Return `count` messages as bytes; a share `bad` of them is no event."""
    rng = random.Random(seed)
    found = []
    for place in range(count):
        text = json.dumps(message(rng, start + place * seconds)).encode()
        found.append(rng.choice([b"", b"{", b"\xff", b"[]", text[:-1]]) if rng.random() < bad else text)
    return found


def batch_of(store, stream, values, offset=0, received_at=START + 10_000.0):
    """Decode values into a batch of one stream, from an offset on."""
    chunk = Chunk(stream, range(offset, offset + len(values)), values, offset + len(values))
    limits = Limits(refuse_ahead_s=10 * 365 * 86400)
    return decode(chunk, stream_id=store.stream_id(stream), received_at_us=int(received_at * 1e6), limits=limits)
