"""Interactions told in short: which steps they ran and how each ended, put into a real store."""

import json

from bellbuoy.config.load import load_text
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.mapping.mapping import maps
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

BEGAN = 1_795_219_200
"""2026-11-21, midnight."""
DAY = 86_400
LEAST = "version: 1\nsources: [{ http: {} }]\nsinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\n"


def configured(workflows=""):
    """Return a configuration with the YAML of workflows."""
    return load_text(LEAST + workflows)


def walk(number, steps, outcome="success", *, workflow="calls", at=BEGAN):
    """Return the events of one interaction, a minute apart.

    Args:
        steps: names, or (name, further fields); a failed step is `name!`.
        outcome: of the whole; None: its end is not told.
    """
    events = []
    for place, told in enumerate(steps):
        name, more = (told, {}) if isinstance(told, str) else told
        common = {"interaction_id": f"c{number}", "workflow": workflow, "ts": 1000 * (at + 60 * place)}
        ended = "failure" if name.endswith("!") else "success"
        events.append(
            {"type": "step", **common, "step": name.rstrip("!"), "step_index": place, "outcome": ended, **more}
        )
    if outcome is not None:
        common = {"interaction_id": f"c{number}", "workflow": workflow, "ts": 1000 * (at + 60 * len(steps))}
        events.append({"type": "interaction", **common, "outcome": outcome})
    return events


def stored(events, config):
    """Return a store in memory that took events in, all at once."""
    store = Store.open(None, config.store)
    store.follow(config)
    lines = [json.dumps(event).encode() for event in events]
    stream = Stream("test", "events", 0, "1")
    chunk = Chunk(stream, range(len(lines)), lines, len(lines))
    latest = max(event["ts"] for event in events) * 1000
    batch = decode(chunk, stream_id=store.stream_id(stream), received_at_us=latest, limits=Limits())
    assert not batch.letters, batch.letters[:3]
    store.append(batch)
    store.amend()
    return store


def mapped(events, workflows="", *, since=BEGAN, until=BEGAN + DAY, workflow="calls"):
    """Return the map of a workflow, from a store of its own."""
    config = configured(workflows)
    with stored(events, config) as store:
        (found,) = maps(store, config, workflow, since, until)
    return found
