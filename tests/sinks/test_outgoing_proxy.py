"""Requests by way of a proxy that the environment names, as every other program on such a machine sends them."""

import contextlib
import socket
import socketserver
import ssl
import threading

import pytest
from certificates import Certificates
from fake_slack import FakeSlack

from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.outgoing import Failed, post, unreached
from bellbuoy.sinks.slack import Slack
from bellbuoy.sinks.testing_receiver import Receiver

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Tunnel:
    """A proxy that opens tunnels: notes what is asked of it, and refuses where it is told to."""

    def __init__(self, refuses=False):
        self.asked = []
        tunnel = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                lines = []
                while (line := self.rfile.readline().strip()) and len(lines) < 50:
                    lines.append(line.decode())
                tunnel.asked.append(lines)
                if refuses:
                    self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                    return
                host, _, port = lines[0].split()[1].rpartition(":")
                with socket.create_connection((host, int(port)), 5) as there:
                    self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    back = threading.Thread(target=_copied, args=(there, self.connection))
                    back.start()
                    _copied(self.connection, there)
                    back.join()

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = False
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def _copied(one, other):
    with contextlib.suppress(OSError):
        while piece := one.recv(65536):
            other.sendall(piece)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


def test_a_plain_request_goes_whole_to_the_proxy_with_its_login(monkeypatch):
    with Receiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//dana:s%40cret@"))
        answer = post("http://hooks.internal:8080/a?b=c", b"body", {"X-Of": "ours"})
        (request,) = proxy.accepted
    assert answer.status == 200
    assert (request.path, request.body) == ("http://hooks.internal:8080/a?b=c", b"body")
    assert request.headers["x-of"] == "ours"
    assert request.headers["proxy-authorization"] == "Basic ZGFuYTpzQGNyZXQ="
    assert request.headers["host"].startswith("hooks.internal")


def test_an_encrypted_one_goes_through_a_tunnel_that_sees_nothing_of_it(monkeypatch, tmp_path, lacking):
    try:
        certificates = Certificates(tmp_path)
    except FileNotFoundError:
        lacking("openssl", "it makes the certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.broker, certificates.key(certificates.broker))
    with Receiver() as receiver, Tunnel() as tunnel:
        receiver._server.socket = context.wrap_socket(receiver._server.socket, server_side=True)
        monkeypatch.setenv("HTTPS_PROXY", f"http://dana:secret@{tunnel.address}")
        port = receiver.url.rsplit(":", 1)[1].rstrip("/")
        answer = post(f"https://localhost:{port}/hook", b"body", {"X-Of": "ours"})
        (request,) = receiver.accepted
        ((first, *rest),) = tunnel.asked
    assert answer.status == 200
    assert (request.path, request.body, request.headers["x-of"]) == ("/hook", b"body", "ours")
    assert "proxy-authorization" not in request.headers
    assert first.startswith(f"CONNECT localhost:{port} ")
    assert "Proxy-Authorization: Basic ZGFuYTpzZWNyZXQ=" in rest
    assert not any("X-Of" in line for line in rest)


def test_what_no_proxy_names_is_asked_itself(monkeypatch):
    with Receiver() as receiver:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("NO_PROXY", "example.com,127.0.0.1")
        assert post(receiver.url, b"", {}).status == 200


@pytest.mark.parametrize(
    ("proxy", "reason", "why"),
    [
        (
            "http://127.0.0.1:1",
            "unreachable",
            "hooks.internal by way of 127.0.0.1:1 cannot be reached: connection refused",
        ),
        ("socks5://127.0.0.1:1", "not_found", "HTTPS_PROXY is no address as http://proxy.example.com:3128"),
        ("http://[half", "not_found", "HTTPS_PROXY is no address as http://proxy.example.com:3128"),
    ],
)
def test_a_proxy_that_cannot_be_is_named(monkeypatch, proxy, reason, why):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(Failed) as failed:
        post("https://hooks.internal/a", b"", {})
    assert (failed.value.reason, failed.value.why) == (reason, why)
    assert unreached("https://hooks.internal/a") == why


def test_a_proxy_that_refuses_is_named_and_nothing_of_its_login(monkeypatch):
    with Tunnel(refuses=True) as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", f"http://dana:planted@{tunnel.address}")
        with pytest.raises(Failed) as failed:
            post("https://hooks.internal/a", b"", {})
    assert failed.value.reason == "unreachable"
    assert "407" in failed.value.why
    assert "planted" not in repr(failed.value)


def test_an_address_of_a_clouds_metadata_is_refused_behind_a_proxy_too(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(Failed) as failed:
        post("http://169.254.169.254/latest", b"", {})
    assert failed.value.reason == "blocked"


def test_slack_is_asked_by_way_of_it_too_but_for_no_proxy(monkeypatch):
    with FakeSlack() as slack:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        sink = Slack(channel="C0AGENTS", bot_token=Secret(slack.token), api_url=slack.api_url, chart="none")
        assert sink.probe() is not None
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert sink.probe() is None
        with Receiver() as proxy:
            monkeypatch.delenv("NO_PROXY")
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            sink.probe()
            (request,) = proxy.accepted
    assert request.path.startswith(slack.api_url)
