"""`/v1/map` over a real store: what is answered, and what is refused."""

import asyncio
import json

import httpx
import msgspec
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.mapping.drawn import Map
from bellbuoy.monitor.reading import Reading
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.web.app import create_app

NOW = 1_795_262_400
DAY = 86_400
CONFIG = load_text("""
version: 1
sources: [{ files: { path: none.jsonl } }]
workflows: [{ name: calls, steps: [greet, close] }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
""")


def event(number, step, at):
    told = {"type": "step", "interaction_id": f"c{number}", "workflow": "calls", "step": step, "outcome": "success"}
    return json.dumps({**told, "ts": 1000 * at}).encode()


@pytest.fixture
def client():
    """A client of the app over a store with ten interactions, a day apart, judged up to the last but one."""
    with Store.open(None, CONFIG.store) as store:
        store.follow(CONFIG)
        lines = [event(number, step, NOW - number * DAY) for number in range(10) for step in ("greet", "close")]
        chunk = Chunk(Stream("test", "events", 0, "1"), range(len(lines)), lines, len(lines))
        stream_id = store.stream_id(chunk.stream)
        store.append(decode(chunk, stream_id=stream_id, received_at_us=NOW * 1_000_000, limits=Limits()))
        app = create_app(Reading(store, CONFIG, clock=VirtualClock(float(NOW))))

        def get(path):
            async def go():
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as asking:
                    return await asking.get(path)

            return asyncio.run(go())

        get.store = store
        yield get


def test_the_map_of_a_workflow_is_answered_up_to_what_was_judged(client):
    (newest,) = msgspec.json.decode(client("/v1/map?workflow=calls").content, type=list[Map])
    assert (newest.workflow, newest.interactions, newest.until - newest.since) == ("calls", 10, 28 * DAY)
    assert newest.until == NOW + 1, "nothing was judged yet: up to the newest event"
    with client.store.transaction() as tx:
        tx.run("judgement/set_progress", name="judged", at=NOW - DAY)
    (judged,) = client("/v1/map").json()
    assert (judged["until"], judged["interactions"]) == (NOW - DAY, 8)


def test_a_past_span_is_answered(client):
    (found,) = client("/v1/map?workflow=calls&span=2d&to=2026-11-18").json()
    assert (found["since"], found["until"]) == (1_794_873_600, 1_795_046_400)
    assert found["interactions"] == 2


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/map?workflow=tickets", 422, "no workflow is named 'tickets': there is calls"),
        ("/v1/map?span=long", 400, "span is a length of time; write 12h, 7d or 28d"),
        ("/v1/map?to=soon", 400, "to is a date or a time; write 2026-11-21 or 2026-11-21T03:00Z"),
    ],
)
def test_what_cannot_be_answered_is_told_in_a_sentence(client, path, status, said):
    answer = client(path)
    assert (answer.status_code, answer.json()["error"]) == (status, said)


def test_where_there_is_no_room_it_is_to_be_asked_again(client, monkeypatch):
    def full(*_):
        raise StoreExhausted("bellbuoy.duckdb: disk or memory is used up")

    monkeypatch.setattr(Reading, "maps", full)
    answer = client("/v1/map")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "disk or memory is used up" in answer.json()["error"]
