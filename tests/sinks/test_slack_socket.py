"""Socket Mode through the SDK's connection: heard, answered, followed without a gap, and ended at once."""

import shutil
import socket
import ssl
import threading

import pytest
from certificates import Certificates
from fake_slack_app import FakeSlackApp

from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.outgoing import Failed
from bellbuoy.sinks.slack_socket import Socket, _Wire

PAYLOAD = {"type": "block_actions", "actions": [{"action_id": "ack"}]}


@pytest.fixture
def slack():
    with FakeSlackApp() as made:
        yield made


class Ear:
    """Hears a Slack in a thread of its own.

    Attributes:
        heard: the interactions.
        greeted: the numbers in the greetings.
        ended: why it ended, or what it raised.
    """

    def __init__(self, slack, *, takes=True):
        self.heard, self.greeted, self.ended = [], [], None
        self.stop = threading.Event()
        self._takes = takes
        self._socket = Socket(Secret(slack.app_token), slack.api_url)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _take(self, payload):
        self.heard.append(payload)
        return self._takes

    def _run(self):
        try:
            self.ended = self._socket.listen(self._take, self.stop, self.greeted.append)
        except Failed as failed:
            self.ended = failed

    def end(self, *, asked=True):
        """Return why it ended, within two seconds."""
        if asked:
            self.stop.set()
        self._thread.join(2)
        assert not self._thread.is_alive()
        return self.ended


def test_an_interaction_is_heard_and_its_envelope_answered(slack):
    ear = Ear(slack)
    slack.connected()
    slack.tell(PAYLOAD, "e1")
    slack.acked("e1")
    assert ear.end() == "stopping"
    assert ear.heard == [PAYLOAD]
    assert ear.greeted == [1]
    assert slack.wires[0].over.wait(2)


def test_what_is_no_interaction_is_answered_and_passed_by(slack):
    ear = Ear(slack)
    slack.connected().send({"type": "events_api", "envelope_id": "e1", "payload": {}})
    slack.acked("e1")
    ear.end()
    assert ear.heard == []


def test_an_interaction_that_is_not_taken_is_not_answered(slack):
    ear = Ear(slack, takes=False)
    wire = slack.connected()
    slack.tell(PAYLOAD, "e1")
    wire.send({"type": "events_api", "envelope_id": "e2", "payload": {}})
    slack.acked("e2")
    ear.end()
    assert ear.heard == [PAYLOAD]
    assert wire.acked == ["e2"]


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_another_connection_follows_before_the_old_one_is_left(slack, reason):
    ear = Ear(slack)
    old = slack.connected()
    slack.connections = 2
    old.send({"type": "disconnect", "reason": reason})
    new = slack.connected(2)
    assert old.over.wait(2)
    slack.tell(PAYLOAD, "e2", new)
    slack.acked("e2")
    assert ear.end() == "stopping"
    assert ear.greeted == [1, 2]


def test_the_old_connection_is_heard_on_where_no_other_can_be_had(slack):
    slack.lost["apps.connections.open"] = []
    ear = Ear(slack)
    wire = slack.connected()
    slack.lost["apps.connections.open"] = ["internal_error"]
    wire.send({"type": "disconnect", "reason": "warning"})
    slack.tell(PAYLOAD, "e1")
    slack.acked("e1")
    wire.cut()
    assert ear.end(asked=False) == "the connection was cut"


def test_too_many_connections_are_no_reason_for_one_more(slack):
    ear = Ear(slack)
    slack.connected().send({"type": "disconnect", "reason": "too_many_websockets"})
    assert ear.end(asked=False) == "Slack ended the connection: too_many_websockets"
    assert slack.asked == 1


def test_a_connection_that_is_cut_ends_at_once(slack):
    ear = Ear(slack)
    slack.connected().cut()
    assert ear.end(asked=False) == "the connection was cut"


def test_a_message_that_comes_in_two_halves_is_one(slack):
    ear = Ear(slack)
    wire = slack.connected()
    slack.until(lambda: wire.pings)  # nothing else is said meanwhile
    first, second = wire.pieces({"type": "interactive", "envelope_id": "e1", "payload": PAYLOAD})
    wire.raw(first)
    assert not threading.Event().wait(0.7), "longer than a look"
    wire.raw(second)
    slack.acked("e1")
    ear.end()
    assert ear.heard == [PAYLOAD]


@pytest.mark.parametrize("text", ["nonsense", "[]", "{"])
def test_what_cannot_be_read_ends_the_connection(slack, text):
    ear = Ear(slack)
    slack.connected().send(text)
    assert "while reading" in ear.end(asked=False)


def test_a_silent_connection_is_asked_and_then_left(slack, monkeypatch):
    monkeypatch.setattr("bellbuoy.sinks.slack_socket.LOOK_S", 0.01)
    monkeypatch.setattr("bellbuoy.sinks.slack_socket.SILENT_LOOKS", 30)
    slack.deaf = True
    ear = Ear(slack)
    wire = slack.connected()
    assert ear.end(asked=False) == "nothing was heard any more"
    assert wire.pings == 2, "at the beginning, and in the silence"


@pytest.mark.parametrize(
    ("code", "reason"), [("invalid_auth", "auth"), ("not_allowed_token_type", "auth"), ("ratelimited", "rate_limited")]
)
def test_without_an_address_there_is_no_connection(slack, code, reason):
    slack.lost["apps.connections.open"] = [code]
    ear = Ear(slack)
    assert ear.end(asked=False).reason == reason
    assert slack.app_token not in str(ear.ended) + repr(ear.ended)


@pytest.mark.parametrize("url", ["", "http://127.0.0.1/", "wss://127.0.0.1:8443/", "wss://", "ws://[", "file:///etc"])
def test_an_address_that_is_none_is_not_connected_to(slack, url):
    with pytest.raises(Failed, match="is none"):
        Socket(Secret("xapp"), "https://slack.com/api/")._check(url)


def test_in_the_clear_is_spoken_only_to_a_stand_in():
    with pytest.raises(Failed):
        Socket(Secret("xapp"), "https://slack.com/api/")._check("ws://wss.slack.com/link")
    Socket(Secret("xapp"), "https://slack.com/api/")._check("wss://wss.slack.com/link?ticket=1")
    Socket(Secret("xapp"), "http://127.0.0.1:1/api/")._check("ws://127.0.0.1:2/link")


def test_an_address_where_nobody_is_fails_without_the_ticket(slack):
    slack._wire_server.shutdown()
    slack._wire_server.server_close()
    ear = Ear(slack)
    found = ear.end(asked=False)
    assert found.reason == "unreachable"
    assert "ticket" not in str(found)


@pytest.fixture(scope="module")
def contexts(tmp_path_factory, lacking):
    """Contexts of TLS for our end and for Slack's: Slack itself is spoken to so, where a read times out and ends otherwise."""
    if not shutil.which("openssl"):
        lacking("openssl", "it makes the certificates")
    files = Certificates(tmp_path_factory.mktemp("tls"))
    here, there = ssl.create_default_context(cafile=files.ca), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    there.load_cert_chain(files.broker, files.key(files.broker))
    return here, there


def test_over_tls_too_a_read_waits_and_an_end_is_an_end(contexts):
    here, there = contexts
    near, far = socket.socketpair()
    stop, pings, found = threading.Event(), [], []

    def slack_s_end():
        with there.wrap_socket(far, server_side=True) as secured:
            assert not stop.wait(1.2), "longer than two looks"
            secured.sendall(b"\x81\x02{}")
            found.append(secured.recv(100))

    thread = threading.Thread(target=slack_s_end)
    thread.start()
    with here.wrap_socket(near, server_hostname="localhost") as secured:
        wire = _Wire(secured, stop, pings.append)
        assert wire.recv(65_536) == b"\x81\x02{}"
        wire.send(b"answer")
        with pytest.raises(ConnectionError, match="cut"):
            wire.recv(65_536)
    thread.join(10)
    assert found == [b"answer"]


def test_over_tls_too_a_read_ends_when_it_is_to_stop(contexts):
    here, there = contexts
    near, far = socket.socketpair()
    stop = threading.Event()

    def slack_s_end():
        with there.wrap_socket(far, server_side=True):
            stop.set()
            assert ended.wait(10)

    ended = threading.Event()
    thread = threading.Thread(target=slack_s_end)
    thread.start()
    with here.wrap_socket(near, server_hostname="localhost") as secured:
        with pytest.raises(ConnectionError, match="stopping"):
            _Wire(secured, stop, lambda _: None).recv(10)
        ended.set()
        thread.join(10)
