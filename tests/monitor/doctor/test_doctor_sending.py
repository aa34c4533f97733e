"""`--send-test`: each step through a fake Slack and a receiver, and what is told where one of them fails."""

import json

import pytest
from fake_slack import CHANNEL, FakeSlack

from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.doctor.sending import sample, send
from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.lint import lint
from bellbuoy.sinks.pagerduty import PagerDuty
from bellbuoy.sinks.render import message
from bellbuoy.sinks.slack import Slack
from bellbuoy.sinks.testing_receiver import Fault, Receiver
from bellbuoy.sinks.webhook import Webhook

NOW = 1_795_000_000


@pytest.fixture
def fake():
    with FakeSlack() as slack:
        yield slack
    assert slack.findings == []


@pytest.fixture
def tried(fake, said):
    """Send a sample through a sink for Slack with these settings; return what is told of each step."""

    def make(clock=None, **settings):
        sink = Slack(**{"channel": CHANNEL, "bot_token": Secret(fake.token), "api_url": fake.api_url, **settings})
        return said(send(sink, clock or VirtualClock(NOW), "Europe/Berlin"))

    return make


def test_a_page_is_posted_edited_and_deleted_and_nothing_is_left(fake, tried):
    clock = VirtualClock(NOW)
    assert tried(clock) == [
        ("ok", f"opened: taken, in {CHANNEL}"),
        ("ok", "the chart was uploaded and is shown"),
        ("ok", "resolved: the message was edited"),
        ("ok", "the message was deleted"),
    ]
    assert (fake.ledger, fake.files) == ({}, {})
    assert [call.method for call in fake.calls if call.method.startswith("chat.")] == [
        "chat.postMessage",
        "chat.update",
        "chat.delete",
    ]
    assert clock.now() >= NOW + 1, "not faster than Slack takes messages"


def test_the_page_says_that_nothing_is_wrong_and_calls_nobody(fake, tried):
    page = sample(NOW, "UTC")
    said = message(page, mention="")
    assert "nothing is wrong" in said["text"].lower()
    assert lint(said["blocks"]) == []
    tried(mention={"page": "<!channel>", "ticket": "<!here>"})
    posted = next(call for call in fake.calls if call.method == "chat.postMessage")
    assert "<!" not in json.dumps(posted.arguments).replace("<!date", "")


def test_what_slack_does_not_take_is_named(fake, tried):
    fake.scopes -= {"files:write"}
    fake.refused = {"container"}
    found = tried()
    assert (
        "warn",
        "Slack does not take these parts of our messages: container; they are left out, or told in the thread",
    ) in found
    assert (
        "warn",
        "the chart could not be uploaded: messages go without it; see to the scopes files:write, files:read",
    ) in found
    assert found[-1] == ("ok", "the message was deleted")


def test_a_channel_that_refuses_ends_it(fake, tried):
    ((level, line),) = tried(channel="C0NOWHERE")
    assert level == "fail"
    assert line.startswith("opened: refused (not_found): C0NOWHERE: Slack answered channel_not_found")


def test_who_asks_to_wait_is_waited_for(fake, tried):
    clock = VirtualClock(NOW)
    fake.fail(Fault("status", 429, {"Retry-After": "7"}))
    assert tried(clock)[0] == ("ok", f"opened: taken, in {CHANNEL}")
    assert clock.now() >= NOW + 8
    fake.fail(*[Fault("status", 429, {"Retry-After": "7"})] * 3)
    assert tried() == [
        ("fail", "opened: not taken (rate_limited); too much was sent there lately: try again in a minute")
    ]


def test_a_message_that_cannot_be_edited_or_deleted_is_named(fake, tried):
    fake.lost = {"chat.update": ["cant_update_message"], "chat.delete": ["message_not_found"]}
    found = tried()
    assert found[2][0] == "warn"
    assert "could not be edited" in found[2][1]
    assert found[3][0] == "warn"
    assert found[3][1].endswith(f"delete it by hand in {CHANNEL}")


def test_what_a_webhook_of_slack_wrote_stays(said):
    with Receiver() as receiver:
        found = said(send(Slack(webhook_url=Secret(receiver.url)), VirtualClock(NOW), "UTC"))
        assert len(receiver.accepted) == 2
    assert found == [
        ("ok", "opened: taken"),
        ("ok", "resolved: taken"),
        ("warn", "the messages stay: a webhook cannot take them away; delete them by hand"),
    ]


def test_other_sinks_are_told_the_beginning_and_the_end(said):
    with Receiver() as receiver:
        assert said(send(Webhook(url=receiver.url), VirtualClock(NOW), "UTC")) == [
            ("ok", "opened: taken"),
            ("ok", "resolved: taken"),
        ]
        bodies = [json.loads(request.body) for request in receiver.accepted]
        assert [body["type"].rpartition(".")[2] for body in bodies] == ["opened", "resolved"]
        assert len({body["subject"] for body in bodies}) == 1
        receiver.fail(Fault("status", 500))
        assert said(send(Webhook(url=receiver.url), VirtualClock(NOW), "UTC")) == [
            ("fail", "opened: not taken (server_error); the receiver has a trouble of its own: try again later")
        ]
        ((level, line),) = said(send(PagerDuty(Secret("k3y"), receiver.url), VirtualClock(NOW), "UTC"))
        assert level == "fail"
        assert "check `api_url`" in line
        assert "k3y" not in line
