"""`/v1/incidents` and `/v1/silences` over a real store: what is answered, what is refused, and that pages elsewhere do nothing."""

import asyncio

import httpx
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.silences import Silences
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.stories import Stories
from bellbuoy.monitor.web.app import create_app
from bellbuoy.sinks.base import Secret

NOW = 1_795_262_400
CONFIG = load_text("""
version: 1
sources: [{ files: { path: none.jsonl } }]
workflows: [{ name: calls, steps: [qualify] }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
""")


class Client:
    def __init__(self, door, store):
        clock = VirtualClock(float(NOW))
        self.door = door
        self.app = create_app(door, stories=Stories(store, CONFIG, clock), silences=Silences(store, CONFIG, clock))

    def __call__(self, method, path, body=None, **headers):
        async def go():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
                more = {} if body is None else {"json": body}
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(go())


@pytest.fixture
def store(keep):
    with Store.open(None) as opened:
        keep(opened, "inc_now", "open", NOW - 3600)
        keep(opened, "inc_old", "resolved", NOW - 40_000, NOW - 30_000)
        yield opened


@pytest.fixture
def client(door, store):
    return Client(door, store)


def test_the_list_and_one_in_full(client):
    assert [one["id"] for one in client("GET", "/v1/incidents").json()] == ["inc_now", "inc_old"]
    assert [one["id"] for one in client("GET", "/v1/incidents?state=resolved").json()] == ["inc_old"]
    assert [one["id"] for one in client("GET", f"/v1/incidents?since={NOW - 20_000}").json()] == ["inc_now"]
    story = client("GET", "/v1/incidents/inc_now").json()
    assert story["incident"]["headline"] == story["page"]["headline"] == "qualify fell"
    assert [one["change"] for one in story["changes"]] == ["opened"]
    assert story["deliveries"][0] | {"due_at": 0} == {
        "sink": "out",
        "state": "due",
        "wanted": 1,
        "sent": 0,
        "shown": 0,
        "due_at": 0,
        "tries": 0,
        "reason": None,
    }


def test_of_the_interactions_behind_one_only_those_are_named_whose_events_are_there(client):
    behind = client("GET", "/v1/incidents/inc_old/samples").json()
    assert (behind["since"], behind["until"], behind["samples"]) == (NOW - 40_900, NOW - 30_000, [])
    assert behind["series"] == "calls/qualify step_failure"
    assert client("GET", "/v1/incidents/inc_none/samples").status_code == 404


def test_taking_one_is_seen_by_the_next_who_looks(client):
    done = client("POST", "/v1/incidents/inc_now/ack", {"who": "kim", "why": "on it"})
    assert (done.status_code, done.json()) == (200, {"done": "inc_now is acknowledged by kim: on it"})
    (one,) = client("GET", "/v1/incidents?state=acknowledged").json()
    assert (one["id"], one["acknowledged_by"], one["acknowledged_at"]) == ("inc_now", "kim", NOW)
    assert client("GET", "/v1/incidents/inc_now").json()["changes"][-1]["reason"] == "acknowledged by kim: on it"
    assert client("POST", "/v1/incidents/inc_now/ack", {"who": "joe"}).json()["done"].endswith("kim already")


def test_a_silence_is_put_on_listed_and_ended(client):
    body = {"selector": "calls/qualify", "for": "2h", "who": "kim", "why": "deploy"}
    done = client("POST", "/v1/silences", body)
    key = done.json()["id"]
    assert done.status_code == 200
    assert done.json()["done"].startswith("calls/qualify is silenced until ")
    (one,) = client("GET", "/v1/silences").json()
    assert (one["id"], one["active"], one["until"], one["incidents"]) == (key, True, NOW + 7200, ["inc_now"])
    assert client("GET", "/v1/incidents").json()[0]["muted"].startswith("silenced by kim until ")
    assert client("DELETE", f"/v1/silences/{key}").status_code == 422, "it does not say who"
    assert client("DELETE", f"/v1/silences/{key}?who=joe").status_code == 200
    assert client("DELETE", f"/v1/silences/{key}?who=joe").status_code == 422, "it has ended"
    (one,) = client("GET", "/v1/silences").json()
    assert (one["active"], one["ended_by"]) == (False, "joe")


WANTED = {"selector": "calls", "for": "2h", "who": "kim", "why": "deploy"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/v1/incidents/inc_none", None, 404, "there is no incident inc_none"),
        ("GET", "/v1/incidents?state=shut", None, 400, "state is one of open, acknowledged, resolved"),
        ("GET", "/v1/incidents?since=yesterday", None, 400, "since is a time in epoch seconds"),
        ("POST", "/v1/incidents/inc_none/ack", {"who": "kim"}, 422, "there is no incident inc_none"),
        ("POST", "/v1/incidents/inc_old/ack", {"who": "kim"}, 422, "inc_old is resolved"),
        ("POST", "/v1/incidents/inc_now/ack", {"who": " "}, 422, "say who you are"),
        ("POST", "/v1/incidents/inc_now/ack", {"by": "kim"}, 400, "send the keys who, why"),
        ("POST", "/v1/silences", {**WANTED, "for": "2 hours"}, 422, "'2 hours' is not a duration; write 30m, 2h or 7d"),
        ("POST", "/v1/silences", {**WANTED, "for": "91d"}, 422, "a silence lasts 1m to 90d"),
        ("POST", "/v1/silences", {**WANTED, "selector": "cals"}, 422, "did you mean calls?"),
        ("POST", "/v1/silences", {**WANTED, "selector": "inc_old"}, 422, "inc_old is resolved"),
        ("POST", "/v1/silences", {"selector": "calls"}, 400, "send the keys selector, for, who, why"),
        ("DELETE", "/v1/silences/sil_none?who=kim", None, 422, "no silence sil_none is in force"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(client, store, method, path, body, status, said):
    done = client(method, path, body)
    assert done.status_code == status
    assert said in done.json()["error"]
    assert store.rows("people/silences", now=NOW, limit=9) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/incidents/inc_now/ack", {"who": "kim"}),
        ("POST", "/v1/silences", WANTED),
        ("DELETE", "/v1/silences/sil_x?who=kim", None),
    ],
)
def test_a_page_of_another_site_does_nothing_and_a_token_is_wanted(client, door, method, path, body):
    assert client(method, path, body, origin="https://evil.example").status_code == 403
    door.server.token = Secret("correct horse")
    assert client(method, path, body).status_code == 401
    assert client("GET", "/v1/incidents").status_code == 401


def test_where_no_incidents_are_kept_it_says_so(ask, door):
    for path in ("/v1/incidents", "/v1/incidents/inc_1", "/v1/incidents/inc_1/samples", "/v1/silences"):
        assert ask(door, path).status_code == 404
