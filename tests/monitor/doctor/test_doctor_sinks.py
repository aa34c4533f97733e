"""What doctor says of sinks, each thing broken in turn, and that nobody sees anything of it."""

import os
import shutil
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import pytest
from certificates import Certificates
from fake_slack import CHANNEL
from fake_slack_app import FakeSlackApp
from ports import free_port

from bellbuoy.config.server import Server
from bellbuoy.monitor.clock import SystemClock, VirtualClock
from bellbuoy.monitor.doctor import telling
from bellbuoy.monitor.doctor.slack import slack, webhook
from bellbuoy.sinks.alertmanager import Alertmanager
from bellbuoy.sinks.base import Secret, Sent
from bellbuoy.sinks.console import Console
from bellbuoy.sinks.pagerduty import PagerDuty
from bellbuoy.sinks.slack import Slack
from bellbuoy.sinks.testing_receiver import Fault, Receiver
from bellbuoy.sinks.webhook import Webhook

PUBLIC = Server(public_url="https://bellbuoy.example.com")
ALL = {"chat:write", "files:write", "files:read", "channels:read", "channels:history"}


@pytest.fixture
def fake():
    with FakeSlackApp() as app:
        app.scopes = set(ALL)
        yield app
    assert app.posts == [], "nobody sees anything of it"
    assert not app.wires, "no connection is opened"


@pytest.fixture
def found(fake, said):
    """Return what is said of a sink with these settings."""

    def make(server=PUBLIC, clock=None, **settings):
        sink = Slack(**{"channel": CHANNEL, "bot_token": Secret(fake.token), "api_url": fake.api_url, **settings})
        return said(slack(sink, server, clock or SystemClock()))

    return make


def test_an_app_that_may_do_all_is_told_so(fake, found):
    lines = found(app_token=Secret(fake.app_token), signing_secret=Secret(fake.secret))
    assert [level for level, _ in lines] == ["ok"] * 6
    assert [line for _, line in lines[:5]] == [
        "the token is that of bellbuoy in Fake",
        "all scopes that are used are granted: chat:write, files:write, files:read",
        f"{CHANNEL} is there, and the bot may write to it",
        "buttons are heard: the app token opens Socket Mode",
        "Slack sends what is pressed to https://bellbuoy.example.com/slack/interactions, if its app says so",
    ]
    assert lines[5][1].endswith(" Slack's")


def test_a_wrong_token_is_a_fault_and_is_not_shown(fake, found):
    ((level, line),) = found(bot_token=Secret("xoxb-wr0ng"))
    assert (level, line) == ("fail", "Slack answered invalid_auth: check the bot token and `api_url`")


def test_the_token_of_a_person_is_named(fake, found):
    fake.bot = False
    assert found()[0] == ("warn", "the token is that of bellbuoy in Fake, and not of a bot; give the bot token, xoxb-…")


@pytest.mark.parametrize(
    ("scope", "settings", "level", "lost"),
    [
        ("chat:write", {}, "fail", "nothing is sent"),
        ("files:write", {}, "warn", "messages have no chart"),
        ("files:read", {}, "warn", "messages have no chart"),
        ("usergroups:read", {"actors": ("S04ONCALL",)}, "warn", "nobody of the groups in `actors` may press a button"),
    ],
)
def test_a_scope_that_is_missing_is_named_with_what_is_lost(fake, found, scope, settings, level, lost):
    fake.scopes -= {scope}
    line = f"the scope {scope} is missing: {lost}; add it to the app and install the app again"
    assert (level, line) in found(**settings)


def test_a_scope_that_is_not_used_is_not_missed(fake, found):
    fake.scopes -= {"files:write", "files:read", "channels:history"}
    assert (
        "ok",
        (
            "all scopes that are used are granted: chat:write; without channels:history a message whose fate is not known is "
            "sent again, and may be there twice"
        ),
    ) in found(chart="none")


@pytest.mark.parametrize(
    ("change", "channel", "level", "sentence"),
    [
        ({"member": False}, CHANNEL, "fail", "the bot is not in the channel: invite it"),
        ({"archived": True}, CHANNEL, "fail", "the channel is archived: give another one"),
        ({}, "C0NOWHERE", "fail", "Slack answered channel_not_found: invite the bot"),
        ({"scopes": ALL - {"channels:read"}}, CHANNEL, "ok", "is there, and the bot may write to it"),
        ({"scopes": ALL - {"channels:read"}, "member": False}, CHANNEL, "fail", "Slack answered not_in_channel"),
        ({"scopes": ALL | {"chat:write.public"}, "member": False}, CHANNEL, "ok", "the bot may write to it"),
        (
            {"scopes": ALL - {"channels:read", "channels:history"}},
            CHANNEL,
            "warn",
            "is not known: its scopes do not show it; with channels:read",
        ),
        ({}, "#agents", "warn", "is not known: it is given by its name; give its id, C…; --send-test tries it"),
    ],
)
def test_a_channel_is_found_as_far_as_scopes_allow(fake, found, change, channel, level, sentence):
    for name, value in change.items():
        setattr(fake, name, value)
    (line,) = [one for one in found(channel=channel) if channel in one[1]]
    assert line[0] == level
    assert sentence in line[1]


def test_buttons_that_are_not_heard_are_named(fake, found):
    assert ("ok", "no buttons: neither app_token nor signing_secret is set") in found()
    assert any(
        level == "fail" and line.startswith("buttons are not heard, for the app token: Slack answered invalid_auth")
        for level, line in found(app_token=Secret("xapp-wr0ng"))
    )
    assert any(
        level == "fail" and "https addresses alone" in line
        for level, line in found(server=Server(), signing_secret=Secret(fake.secret))
    )


@pytest.mark.parametrize(
    ("off", "settings", "level"),
    [(5, {}, "ok"), (-90, {}, "warn"), (400, {}, "warn"), (400, {"signing_secret": Secret("s")}, "fail")],
)
def test_a_clock_that_is_off_is_told(fake, found, off, settings, level):
    *_, (told, line) = found(clock=VirtualClock(time.time() + off), **settings)
    assert told == level
    assert ("ahead of Slack's" if off > 0 else "behind Slack's") in line


def test_slack_that_does_not_answer_is_a_fault(found):
    ((level, line),) = found(api_url=f"http://127.0.0.1:{free_port()}/")
    assert (level, line) == ("fail", "Slack cannot be reached")


def test_with_a_webhook_the_whole_list_of_what_is_lost_is_told(said):
    lost = "a new message per change, no edit, no thread, no upload, no buttons"
    with Receiver() as receiver:
        ((level, line),) = said(webhook(Slack(webhook_url=Secret(f"{receiver.url}services/T0/s3cret"))))
        assert receiver.requests == []
    assert level == "warn"
    assert line == f"a webhook_url in place of bot_token: {lost}; give bot_token and channel to have them"
    (first, _) = said(webhook(Slack(webhook_url=Secret(f"https://127.0.0.1:{free_port()}/services/s3cret"))))
    assert first[0] == "fail"
    assert "connection refused" in first[1]
    assert "s3cret" not in first[1]


def test_other_sinks_say_what_is_wrong_and_what_is_lost(said, tmp_path, monkeypatch):
    gone = f"http://127.0.0.1:{free_port()}/s3cret"
    lost = "each change is a new message, no threads, no chart"
    with Receiver() as receiver:
        for kind, there, away in (
            ("webhook", Webhook(url=receiver.url), Webhook(url=gone)),
            ("pagerduty", PagerDuty(Secret("k"), receiver.url), PagerDuty(Secret("k"), gone)),
            ("alertmanager", Alertmanager(url=receiver.url), Alertmanager(url=gone)),
        ):
            assert said(telling.probed(kind, there)) == [("ok", f"{kind} is there; {lost}")]
            ((level, line),) = said(telling.probed(kind, away))
            assert level == "fail"
            assert "cannot be reached: connection refused" in line
            assert "s3cret" not in line
        assert [request.path for request in receiver.requests] == ["/api/v2/status"], "nothing is sent"
        receiver.fail(Fault("status", 401))
        ((level, line),) = said(telling.probed("alertmanager", Alertmanager(url=receiver.url, token=Secret("t"))))
        assert level == "fail"
        assert "the receiver answered 401" in line
    assert [level for level, _ in said(telling.probed("console", Console()))] == ["ok"]
    assert [level for level, _ in said(telling.probed("console", Console(str(tmp_path / "a.jsonl"))))] == ["ok"]
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    ((level, line),) = said(telling.probed("console", Console(str(tmp_path / "a.jsonl"))))
    assert (level, line.partition(";")[0]) == ("fail", f"console: {tmp_path}/a.jsonl cannot be written to")


def test_a_certificate_that_is_not_accepted_is_named(tmp_path, lacking):
    if not shutil.which("openssl"):
        lacking("openssl", "it makes the certificates")
    files = Certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.broker, files.key(files.broker))

    def shake(listener):
        near, _ = listener.accept()
        with suppress(OSError), near, context.wrap_socket(near, server_side=True):
            pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=shake, args=(listener,))
        thread.start()
        port = listener.getsockname()[1]
        why = Webhook(url=f"https://127.0.0.1:{port}/s3cret").probe()
        thread.join()
    assert why is not None
    assert why.startswith(f"127.0.0.1:{port} cannot be reached: its certificate is not accepted, ")
    assert Webhook(url="https://no-such-host.invalid/s3cret").probe() == "the name no-such-host.invalid is not known"


@dataclass(frozen=True)
class Own:
    """A sink of somebody's own, without a probe."""

    edits: ClassVar[bool] = False
    threads: ClassVar[bool] = True
    images: ClassVar[bool] = True
    resolves: ClassVar[bool] = False

    def send(self, page):
        return Sent({})


def test_a_sink_without_a_probe_is_told_so(said):
    assert said(telling.probed("own:Own", Own())) == [
        (
            "ok",
            (
                "own:Own can be made; it has no `probe`, so only --send-test shows more; each change is a new message, the end is "
                "not told"
            ),
        )
    ]


def test_each_sink_is_looked_at_in_its_own_way(configured, monkeypatch):
    monkeypatch.setenv("TOKEN", "made-up")
    secret = {"env": "TOKEN"}
    config = configured(
        sinks={
            "a": {"slack": {"channel": "C0123456", "bot_token": secret}},
            "b": {"slack": {"webhook_url": secret}},
            "c": {"console": {}},
        },
        routes=[{"to": ["a", "b", "c"]}],
    )
    assert [(one.name, one.look.func) for one in telling.checks(config, SystemClock())] == [
        ("a", slack),
        ("b", webhook),
        ("c", telling.probed),
    ]
