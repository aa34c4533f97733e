"""Socket Mode: a connection that we open, on which Slack tells what is pressed. No public address is needed."""

import json
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState

from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.outgoing import Failed
from bellbuoy.sinks.slack_api import call, client, silent
from bellbuoy.sinks.slack_buttons import Take

OPEN_S = 5.0
"""Longest wait for the address of a connection."""
LOOK_S = 0.5
"""Seconds between two looks whether it is to stop."""
PING_LOOKS, SILENT_LOOKS = 20, 60
"""Looks in vain after which the other side is asked whether it is there, and after which it counts as gone."""
RENEWED = frozenset({"warning", "refresh_requested"})
"""Why Slack ends a connection that is to be followed by another one at once."""


class Socket:
    """Hears one app.

    The SDK's own client is not used: it reads a connection that has ended in a circle, asks for a new one every five
    seconds without end, and its threads may never end. Its `Connection`, which speaks the protocol, is.

    Args:
        token: of the app, with the scope `connections:write`.
        api_url: where Slack's API is.
    """

    def __init__(self, token: Secret, api_url: str) -> None:
        self.token = token
        self.api_url = api_url

    def listen(self, take: Take, stop: threading.Event, greeted: Callable[[int], None]) -> str:
        """Open a connection, hear until it ends and return why; Slack may let another one follow, without a gap.

        Args:
            take: given each interaction; it is answered right after.
            stop: ends it within a second.
            greeted: called when a connection is in use, with the number of connections that the app has.

        Raises:
            Failed: no connection came about.
        """
        line: _Line | None = _Line(lambda: self._open(stop), take, greeted)
        why = ""
        while line is not None:
            why, line = line.hear(), line.next
        return why

    def _open(self, stop: threading.Event) -> "_Connection":
        api = client(self.token, self.api_url, OPEN_S)
        url = str(call(api.apps_connections_open, app_token=self.token.reveal()).get("url", ""))
        self._check(url)
        opened = _Connection(url, logger=silent(), proxy=api.proxy, ssl_context=api.ssl, receive_buffer_size=65_536)
        opened.wait_on(stop)
        opened.connect()
        if not opened.is_active():
            raise Failed("unreachable", "the address that Slack gave for Socket Mode cannot be reached")
        return opened

    def _check(self, url: str) -> None:
        """Refuse an address that would be spoken to in the clear, but where the API itself is a stand-in without TLS."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        safe = parts.scheme == "wss" and port in (None, 443)
        stand_in = parts.scheme == "ws" and urlsplit(self.api_url).scheme == "http"
        if not parts.hostname or not (safe or stand_in):
            raise Failed("invalid_page", "Slack gave an address for Socket Mode that is none")


class _Line:
    """One connection from its greeting to its end, and the one that follows it."""

    def __init__(self, opened: "Callable[[], _Connection]", take: Take, greeted: Callable[[int], None]) -> None:
        self.next: _Line | None = None
        self._opened = opened
        self._take = take
        self._greeted = greeted
        self._connection = opened()
        self._state = ConnectionState()  # type: ignore[no-untyped-call] # the SDK has no types there
        self._why = "Slack closed the connection"

    def hear(self) -> str:
        """Hear until it ends; return why it did."""
        self._connection.on_message_listener = self._told
        self._connection.on_error_listener = self._failed
        try:
            self._connection.run_until_completion(self._state)
        finally:
            self._connection.close()
        return self._why

    def _failed(self, error: Exception) -> None:
        """End it: after an error nobody knows where in the stream a message begins."""
        self._why = str(error) if isinstance(error, _LostError) else f"{type(error).__name__} while reading"
        self._state.terminated = True

    def _told(self, text: str) -> None:
        message = json.loads(text)
        match message.get("type"):
            case "hello":
                self._greeted(int(message.get("num_connections", 1)))
            case "disconnect":
                self._leave(str(message.get("reason", "")))
            case kind if "envelope_id" in message:
                if kind != "interactive" or self._take(message.get("payload") or {}):
                    self._connection.send(json.dumps({"envelope_id": message["envelope_id"]}))

    def _leave(self, reason: str) -> None:
        self._why = f"Slack ended the connection: {reason[:40]}"
        if reason in RENEWED:
            try:
                self.next = _Line(self._opened, self._take, self._greeted)
            except Failed:
                return  # this one is heard to its end
        self._state.terminated = True


class _LostError(ConnectionError):
    """The other side is gone, or we are to stop."""


class _Connection(Connection):
    """The SDK's connection, reading from `_Wire`."""

    _stop: threading.Event

    def wait_on(self, stop: threading.Event) -> None:
        """End reading when `stop` is set."""
        self._stop = stop

    def connect(self) -> None:
        super().connect()
        if self.sock is not None:
            self.sock = _Wire(self.sock, self._stop, self.ping)  # type: ignore[assignment] # what is used of a socket


class _Wire:
    """A socket as the SDK reads it.

    The SDK takes the end of the stream for silence, and loses what came of a message when a read times out. Here an end is
    an error, and a read waits for a byte, looking for `stop` meanwhile.
    """

    def __init__(self, wrapped: socket.socket, stop: threading.Event, ping: Callable[[str], None]) -> None:
        self._socket = wrapped
        self._socket.settimeout(LOOK_S)
        self._stop = stop
        self._ping = ping

    def recv(self, size: int) -> bytes:
        for look in range(1, SILENT_LOOKS + 1):
            if self._stop.is_set():
                raise _LostError("stopping")
            try:
                received = self._socket.recv(size)
            except TimeoutError:
                if look % PING_LOOKS == 0:
                    self._ping("")
                continue
            if not received:
                raise _LostError("the connection was cut")
            return received
        raise _LostError("nothing was heard any more")

    def send(self, data: bytes) -> int:
        self._socket.sendall(data)
        return len(data)

    def close(self) -> None:
        self._socket.close()
