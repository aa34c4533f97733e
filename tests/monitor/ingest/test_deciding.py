"""What people decide about sources: over HTTP in the daemon, and in a store that no daemon holds."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from list_source import Endless, ListSource
from prometheus_client import CollectorRegistry
from store_batches import messages
from test_halts import Breaking, feed
from test_ingest_threads import Running, until

from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.ingest.deciding import Deciding
from bellbuoy.monitor.sources.skipping import SkipRefused
from bellbuoy.monitor.web.app import create_app
from bellbuoy.sinks.base import Secret

pytestmark = pytest.mark.store

SERVER = SimpleNamespace(listen="127.0.0.1:8420", public_url=None, token=None, timezone="UTC")


def call(decides, method, path, *, token=None, server=SERVER, **more):
    """Ask the web app, as a program does."""
    door = SimpleNamespace(
        server=SimpleNamespace(**{**vars(server), "token": token}), registry=CollectorRegistry(), status=None
    )

    async def go():
        transport = httpx.ASGITransport(create_app(door, decides=decides))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
            return await client.request(method, path, **more)

    return asyncio.run(go())


@pytest.fixture
def halted(store, told, clock):
    """A daemon's ingest whose partition 0 stopped at 60."""
    source = Breaking([messages(1, 200), messages(2, 300)], 60, chunk=20)
    ingest = Ingest(source, store, told(), clock, feed=feed(max_share=1.0))
    with Running(ingest):
        until(lambda: ingest.stopped and ingest.total.received == 360)
        yield Deciding(store, clock, [ingest]), ingest


def test_the_list_says_where_each_stream_stands_and_why_it_stopped(halted):
    decides, ingest = halted
    ingest.reading._lags_at = float("-inf")
    until(lambda: sorted((ingest.lags() or {}).values()) == [0, 7])  # told once more, after all was read
    answer = call(decides, "GET", "/v1/sources")
    assert answer.status_code == 200
    assert answer.json()["streams"] == [
        {
            "name": "kafka:t:0",
            "position": 60,
            "behind": 7,
            "state": "stopped",
            "why": "position 60 is out of range",
            "remedy": "decide",
        },
        {"name": "kafka:t:1", "position": 300, "behind": 0, "state": "reading", "why": "", "remedy": ""},
    ]


def test_a_skip_over_http_is_taken_and_answered(halted, store):
    decides, ingest = halted
    answer = call(decides, "POST", "/v1/source/skip", json={"stream": "kafka:t:0", "to": "100", "why": "lost"})
    assert (answer.status_code, answer.json()) == (
        200,
        {"done": "kafka:t:0 goes on at 100; it stood at 60; 5 records between them are lost"},
    )
    until(lambda: ingest.total.received == 460)
    assert store.cursor().execute("SELECT why, answer FROM skips").fetchall() == [("lost", "taken")]
    assert decides.streams()[0].state == "reading"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"stream": "kafka:t:0", "to": "begin"}, "offset 0 lies before the position"),
        ({"stream": "kafka:t:7", "to": "begin"}, "kafka:t:7: no stream is named so; there are kafka:t:0, kafka:t:1;"),
        ({"stream": "kafka2:t:0", "to": "begin"}, "kafka2: no source is named so; there are kafka"),
        ({"stream": "t", "to": "begin"}, "t: no stream is named so; write SOURCE:TOPIC:PARTITION"),
        ({"stream": "kafka:t:0", "to": "-1"}, "-1: a stream goes on at `begin`, at `end` or at an offset"),
        ({"stream": "kafka:t:0", "to": 1}, "send the keys stream, to, why"),
        ({"stream": "kafka:t:0", "to": "end", "force": True}, "send the keys stream, to, why"),
    ],
)
def test_a_skip_that_cannot_be_is_refused_with_a_sentence(halted, store, body, why):
    decides, ingest = halted
    answer = call(decides, "POST", "/v1/source/skip", json=body)
    assert answer.status_code == 400
    assert why in answer.json()["error"]
    assert store.positions("kafka")[ingest.source.streams()[0]] == 60
    assert ingest.stopped


def test_a_page_of_another_site_and_a_form_decide_nothing(halted, store):
    decides, _ = halted
    body = {"stream": "kafka:t:0", "to": "100"}
    path = "/v1/source/skip"
    assert call(decides, "POST", path, json=body, headers={"origin": "http://evil.example"}).status_code == 403
    assert call(decides, "POST", path, data=body).status_code == 415
    assert (
        call(decides, "POST", path, content=b"x" * 20_000, headers={"content-type": "application/json"}).status_code
        == 413
    )
    assert call(decides, "POST", path, json=body, token=Secret("t0k")).status_code == 401
    assert call(decides, "GET", "/v1/sources", token=Secret("t0k")).status_code == 401
    assert call(decides, "GET", path).status_code == 405
    assert call(None, "POST", path, json=body).status_code == 404
    assert store.skips.waiting("kafka") == []


def test_a_halted_source_is_resumed_over_http(store, told, clock):
    source = Endless([[b"{"] * 200], chunk=10)
    ingest = Ingest(source, store, told(), clock, feed=feed(max_share=1.0, max_consecutive=150))
    decides = Deciding(store, clock, [ingest])
    with Running(ingest):
        until(lambda: ingest.stopped and ingest.total.received)
        assert decides.streams()[0].why.startswith("more than 150 messages in a row cannot be read")
        answer = call(decides, "POST", "/v1/source/resume", json={"source": "kafka"})
        assert answer.json() == {"done": "kafka is read again, and what cannot be read is counted afresh"}
        until(lambda: ingest.total.received == 200)
        again = call(decides, "POST", "/v1/source/resume", json={"source": "kafka"})
        assert (again.status_code, again.json()) == (400, {"error": "kafka is read already"})
        other = call(decides, "POST", "/v1/source/resume", json={"source": "kafka9"})
        assert other.json() == {"error": "kafka9: no source is named so; there are kafka"}


def test_without_a_daemon_it_is_written_down(store, told, clock):
    Ingest(ListSource([messages(1, 50)]), store, told(), clock).drain()
    decides = Deciding(store, VirtualClock(1_800_000_000.0), running=False)
    assert decides.streams()[0].state == "not read"
    said = decides.skip("kafka:t:0", "end", "")
    assert said == "written down: kafka:t:0 goes on at end at the next start of the daemon"
    assert [skip.target for skip in store.skips.waiting("kafka")] == ["end"]
    with pytest.raises(SkipRefused, match="no daemon runs"):
        decides.resume("kafka")
