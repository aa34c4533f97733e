"""Requests of Slack at the door: a signature instead of a token, and nothing read before it is checked."""

import asyncio
import json
from urllib.parse import urlencode

import httpx
import pytest

from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.web.app import create_app
from bellbuoy.monitor.web.slack import INTERACTIONS_PATH, MAX_BODY, Interactions
from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.slack_signed import FAULTS, signature

NOW = 1_795_000_000
SECRET = Secret("8f742231b10e8888abcd99yyyzzz85a5")
PAYLOAD = {"type": "block_actions", "user": {"id": "U02DANA"}}


class Taker:
    def __init__(self):
        self.taken = []
        self.full = False

    def take(self, payload):
        self.taken.append(payload)
        return not self.full


class World:
    def __init__(self, door):
        self.door, self.presses, self.metrics = door, Taker(), Metrics()
        door.server.token = Secret("correct horse battery staple")
        self.interactions = Interactions(self.presses.take, [SECRET], VirtualClock(NOW), self.metrics)

    def post(self, body, *, at=NOW, secret=SECRET, sent=None, method="POST", **headers):
        """Send a body signed at an instant, as Slack does: to the public name, without a token."""

        async def go():
            app = create_app(self.door, interactions=self.interactions)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            signed = {
                "x-slack-request-timestamp": str(at),
                "x-slack-signature": signature(secret, str(at), body),
                "content-type": "application/x-www-form-urlencoded",
            }
            async with httpx.AsyncClient(transport=transport, base_url="http://bellbuoy.example.com") as client:
                content = body if sent is None else sent
                return await client.request(method, INTERACTIONS_PATH, content=content, headers=signed | headers)

        return asyncio.run(go())

    def refused(self, reason):
        return self.metrics.slack_requests_refused.labels(reason)._value.get()


@pytest.fixture
def world(door):
    return World(door)


def form(payload=PAYLOAD):
    return urlencode({"payload": json.dumps(payload)}).encode()


def test_a_signed_interaction_is_taken_and_answered_with_nothing(world):
    answer = world.post(form())
    assert (answer.status_code, answer.content) == (200, b"")
    assert world.presses.taken == [PAYLOAD]


def test_any_name_may_lead_here_and_no_other_path_is_open(world):
    assert world.post(form(), host="proxy.inside").status_code == 200
    assert asyncio.run(_get(world.door, "/metrics")).status_code == 401


async def _get(door, path):
    transport = httpx.ASGITransport(create_app(door), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
        return await client.get(path)


REFUSED = {
    "signed with another secret": ({"secret": Secret("guessed")}, 401, "forged"),
    "changed on the way": ({"sent": form({"user": {"id": "U0BOSS"}})}, 401, "forged"),
    "another signature": ({"x-slack-signature": "v0=" + "0" * 64}, 401, "forged"),
    "no signature": ({"x-slack-signature": ""}, 401, "forged"),
    "no time": ({"x-slack-request-timestamp": ""}, 401, "forged"),
    "another time": ({"x-slack-request-timestamp": str(NOW - 1)}, 401, "forged"),
    "ten minutes old": ({"at": NOW - 600}, 401, "stale"),
    "of the future": ({"at": NOW + 600}, 401, "stale"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_from_slack_is_refused_and_counted(world, name):
    changed, status, reason = REFUSED[name]
    answer = world.post(form(), **changed)
    assert answer.status_code == status
    assert world.refused(reason) == 1
    assert world.presses.taken == []
    assert SECRET.reveal() not in answer.text


def test_the_same_request_again_is_refused(world):
    assert world.post(form()).status_code == 200
    assert world.post(form()).status_code == 401
    assert world.refused("replayed") == 1
    assert len(world.presses.taken) == 1


def test_a_large_body_is_refused_before_it_is_read(world):
    assert world.post(b"payload=" + b"x" * MAX_BODY).status_code == 413
    assert [world.refused(reason) for reason in FAULTS] == [0] * len(FAULTS)


@pytest.mark.parametrize(
    "body", [b"", b"payload=", b"payload=%7B", b"other=1", b"\xff\xfe", b"payload=" + b"[" * 50_000]
)
def test_a_signed_body_that_cannot_be_read_is_refused(world, body):
    assert world.post(body).status_code == 400
    assert world.presses.taken == []


def test_a_signed_list_is_nothing_to_do(world):
    assert world.post(form([1])).status_code == 200
    assert world.presses.taken == []


def test_where_too_much_waits_slack_is_told(world):
    world.presses.full = True
    assert world.post(form()).status_code == 503


def test_without_a_signing_secret_there_is_no_such_page(door, ask):
    assert ask(door, INTERACTIONS_PATH, method="POST", content=form()).status_code == 404


def test_only_a_post_is_an_interaction(world):
    assert world.post(b"", method="GET").status_code == 405
