"""`/v1/map`, `/v1/audit` and the pages of audits over a real store: what is answered, and what is refused."""

import asyncio
import json

import httpx
import msgspec
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.auditing.report import Audit
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

        def get(path, **headers):
            async def go():
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as asking:
                    return await asking.get(path, headers=headers)

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
        ("/v1/map?span=long", 400, "span and compare are lengths of time; write 12h, 7d or 28d"),
        ("/v1/audit?compare=long", 400, "span and compare are lengths of time; write 12h, 7d or 28d"),
        ("/v1/audit?workflow=tickets", 422, "no workflow is named 'tickets': there is calls"),
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


def test_the_audit_of_a_workflow_is_answered_and_compared_with_a_week_before(client):
    (found,) = msgspec.json.decode(client("/v1/audit?workflow=calls").content, type=list[Audit])
    assert (found.map.interactions, found.compared) == (10, NOW + 1 - 7 * DAY)
    assert [line.name for line in found.lines] == ["greet", "close"]
    (alone,) = client("/v1/audit?span=2d&to=2026-11-18&compare=0d").json()
    assert (alone["map"]["interactions"], alone["compared"]) == (2, None)


def test_the_page_of_an_audit_stands_in_the_frame_of_the_dashboard(client):
    page = client("/audit/calls", accept="text/html")
    assert page.status_code == 200
    assert '<a href="/audit" aria-current="page">Audit</a>' in page.text
    assert "2 not judged" in page.text
    assert client("/audit/calls.json").json()["map"]["workflow"] == "calls"
    assert "7 d to 2026-11-19" in client("/audit/calls?span=7d&to=2026-11-18", accept="text/html").text
    assert '<a href="/audit/calls"' in client("/audit", accept="text/html").text
    assert client("/audit.json").json() == ["calls"]
    assert '<a href="/audit/calls">' in client("/w/calls", accept="text/html").text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/audit/tickets", 404, "No workflow is named “tickets”"),
        ("/audit/calls?span=long", 400, "span and compare are lengths of time"),
    ],
)
def test_an_audit_that_cannot_be_is_a_page_that_says_so(client, path, status, said):
    page = client(path, accept="text/html")
    assert (page.status_code, said in page.text) == (status, True)


def test_where_there_is_no_room_the_page_of_an_audit_says_so(client, monkeypatch):
    def full(*_):
        raise StoreExhausted("bellbuoy.duckdb: disk or memory is used up")

    monkeypatch.setattr(Reading, "audits", full)
    page = client("/audit/calls", accept="text/html")
    assert (page.status_code, "Ask again" in page.text) == (503, True)
