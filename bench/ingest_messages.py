"""The messages that `bellbuoy bench ingest` reads: eight steps and the end of each interaction, about 560 bytes each."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

STEPS = ("greet", "identify_intent", "qualify", "off_script", "hold_state", "route", "execute_action", "close")
PARTS = len(STEPS) + 1
"""Messages of one interaction."""
START = 1_770_000_000.0
APART_S = 0.02
"""Seconds between two messages."""


def events(count: int, seed: int = 1, start: float = START) -> Iterator[bytes]:
    """Yield so many messages, each with an identity of its own; the first one happened at `start`, epoch seconds."""
    rng = random.Random(seed)
    for place in range(count):
        ts = datetime.fromtimestamp(start + place * APART_S, UTC).isoformat(timespec="microseconds")
        call, part = divmod(place, PARTS)
        event: dict[str, Any] = {
            "type": "interaction",
            "ts": ts.replace("+00:00", "Z"),
            "event_id": f"{place:032x}",
            "interaction_id": f"call-{call:012d}",
            "workflow": "lead-qualifier",
            "outcome": "success" if rng.random() < 0.9 else "failure",
            "channel": "phone",
            "language": "en",
            "intent": "demo_request",
            "agent_version": "2.14.1",
            "model": "model-large-2026-09",
            "latency_ms": round(rng.lognormvariate(6, 0.6), 1),
        }
        if part < len(STEPS):
            event |= {
                "type": "step",
                "step": STEPS[part],
                "step_index": part,
                "attempt": 1,
                "confidence": round(rng.random(), 3),
                "reask": rng.random() < 0.04,
                "tokens_in": rng.randrange(4000),
                "tokens_out": rng.randrange(400),
                "turn_index": part,
                "prompt_version": "p17",
                "integration": {"system": "crm.write", "status": "ok", "latency_ms": round(rng.random() * 300, 1)},
            }
        elif rng.random() < 0.1:
            event["handoff"] = {"to": "human", "reason": "asked for a person"}
        yield json.dumps(event).encode()
