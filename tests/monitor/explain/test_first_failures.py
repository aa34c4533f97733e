"""The first step that failed in an interaction, asked of the store."""

import json

import pytest

from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk, Stream

pytestmark = pytest.mark.store

START = 1_780_272_000
ONSET = START + 10 * 86400


def interaction(key, at, steps, outcome):
    """Return the events of an interaction: each step, a second apart, by its name and outcome; then its end."""
    own = {"interaction_id": key, "workflow": "calls"}
    for place, (step, ended) in enumerate(steps):
        yield {"type": "step", "ts": 1000 * (at + place), "step": step, "outcome": ended, **own}
    yield {"type": "interaction", "ts": 1000 * (at + 60), "outcome": outcome, **own}


def test_an_interaction_counts_where_it_first_failed(store):
    told = [
        interaction("a", START, [("greet", "success"), ("qualify", "failure"), ("route", "failure")], "failure"),
        interaction("b", START, [("greet", "failure"), ("qualify", "success")], "success"),
        interaction("c", ONSET + 60, [("greet", "success"), ("route", "failure")], "failure"),
        interaction("d", ONSET + 60, [("greet", "success")], "abandoned"),
        interaction("e", ONSET + 60, [("greet", "success")], "unknown"),
    ]
    lines = [json.dumps(event).encode() for events in told for event in events]
    chunk = Chunk(Stream("test", "made", 0, "1"), range(len(lines)), lines, len(lines))
    arrived = (ONSET + 3600) * 1_000_000
    store.append(decode(chunk, stream_id=store.stream_id(chunk.stream), received_at_us=arrived, limits=Limits()))
    rows = store.rows("explain/first_failures", workflow="calls", onset=ONSET, at=ONSET + 3600)
    assert [tuple(row.values()) for row in rows] == [
        (False, None, 1, 0),
        (True, "qualify", 1, 0),
        (True, "route", 0, 1),
        (True, None, 0, 1),
    ]
    assert store.rows("explain/first_failures", workflow="other", onset=ONSET, at=ONSET + 3600) == []
