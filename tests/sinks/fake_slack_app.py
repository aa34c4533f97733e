"""Our own Slack with an app in it: it presses buttons, over Socket Mode or by signed requests, and whispers to people."""

import base64
import contextlib
import copy
import hashlib
import json
import socketserver
import struct
import threading
from typing import Any, Self
from urllib.parse import urlencode

from fake_slack import FakeSlack, Message, RefusalError

from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.slack_signed import signature
from bellbuoy.sinks.testing_receiver import Request

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
DANA, KIM = "U02DANA", "U03KIM"
NAMES = {DANA: "dana", KIM: "kim"}


class Wire:
    """One connection of Socket Mode, seen from Slack.

    Attributes:
        acked: envelopes that were answered on it, in order.
        over: set when it has ended, by whomever.
        pings: how often the other side asked whether we are there.
    """

    def __init__(self, handler: socketserver.StreamRequestHandler) -> None:
        self._handler = handler
        self._lock = threading.Lock()
        self.acked: list[str] = []
        self.over = threading.Event()
        self.pings = 0

    def send(self, message: dict[str, Any] | str, opcode: int = TEXT) -> None:
        body = message.encode() if isinstance(message, str) else json.dumps(message).encode()
        size = bytes([len(body)]) if len(body) < 126 else b"\x7e" + struct.pack("!H", len(body))
        with self._lock:
            self._handler.wfile.write(bytes([0x80 | opcode]) + size + body)

    def pieces(self, message: dict[str, Any]) -> tuple[bytes, bytes]:
        """Return a message as bytes, cut in the middle of its frame."""
        body = json.dumps(message).encode()
        frame = b"\x81\x7e" + struct.pack("!H", len(body)) + body
        return frame[: len(frame) // 2], frame[len(frame) // 2 :]

    def raw(self, data: bytes) -> None:
        with self._lock:
            self._handler.wfile.write(data)

    def cut(self) -> None:
        """End it without a word, as a lost network does."""
        with contextlib.suppress(OSError):
            self._handler.connection.shutdown(2)

    def read(self) -> tuple[int, bytes] | None:
        head = self._handler.rfile.read(2)
        if len(head) < 2:
            return None
        size = head[1] & 0x7F
        if size == 126:
            size = struct.unpack("!H", self._handler.rfile.read(2))[0]
        mask = self._handler.rfile.read(4)
        return head[0] & 0x0F, bytes(byte ^ mask[n % 4] for n, byte in enumerate(self._handler.rfile.read(size)))


class FakeSlackApp(FakeSlack):
    """A fake Slack whose app can be heard.

    Attributes:
        app_token, secret: of the app.
        wires: every connection of Socket Mode, the newest last.
        whispers: what was said to one person alone: user, channel and text.
        groups: user groups, by id.
        deaf: whether it says nothing to whoever asks if it is there.
        connections: how many the greeting says that the app has.
    """

    def __init__(self, token: str | None = "xoxb-fake", *, mention: str = "") -> None:
        super().__init__(token, mention=mention)
        self.app_token = "xapp-1-fake-b3llbuoy"
        self.secret = "8f742231b10e8888abcd99yyyzzz85a5"
        self.wires: list[Wire] = []
        self.whispers: list[tuple[str, str, str]] = []
        self.groups: dict[str, list[str]] = {}
        self.deaf = False
        self.connections = 1
        self.asked = 0
        self._news = threading.Condition()
        self._presses = 0
        self._wire_server = _WireServer(("127.0.0.1", 0), _handler(self))
        self._wire_thread = threading.Thread(target=self._wire_server.serve_forever, args=(0.05,), name="wires")

    def __enter__(self) -> Self:
        self._wire_thread.start()
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        for wire in self.wires:
            wire.cut()
        self._wire_server.shutdown()
        self._wire_thread.join()
        self._wire_server.server_close()
        super().__exit__(*error)

    def _answer(self, method: str, request: Request) -> dict[str, Any]:
        if method != "apps.connections.open":
            return super()._answer(method, request)
        self.asked += 1
        if request.headers.get("authorization") != f"Bearer {self.app_token}":
            raise RefusalError("invalid_auth")
        if self.lost.get(method):
            raise RefusalError(self.lost[method].pop(0))
        return {"url": f"ws://127.0.0.1:{self._wire_server.server_address[1]}/link/?ticket={self.asked}"}

    def do_postephemeral(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._needs("chat:write")
        with self._news:
            self.whispers.append((arguments["user"], arguments["channel"], arguments["text"]))
            self._news.notify_all()
        return {"message_ts": "1.0"}

    def do_users(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._needs("usergroups:read")
        return {"users": self.groups[arguments["usergroup"]]}

    # -- what people do

    def pressed(self, message: Message, action: str, user: str = DANA, choice: str | None = None) -> dict[str, Any]:
        """Return what Slack tells when somebody presses a button that stands under a message."""
        block = next(block for block in message.blocks if block["type"] == "actions")
        element = next(one for one in block["elements"] if one["action_id"] == action)
        self._presses += 1
        told = {"action_id": action, "block_id": block["block_id"], "type": element["type"]}
        told["action_ts"] = f"1795000000.{self._presses:06d}"
        if choice is not None:
            told["selected_option"] = next(one for one in element["options"] if one["value"] == choice)
        else:
            told["value"] = element["value"]
        return {
            "type": "block_actions",
            "user": {"id": user, "username": NAMES[user], "name": NAMES[user], "team_id": "T0"},
            "channel": {"id": message.channel, "name": "agents"},
            "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel},
            "message": copy.deepcopy({"ts": message.ts, "blocks": message.blocks}),
            "actions": [told],
        }

    def tell(self, payload: dict[str, Any], envelope: str = "e1", wire: Wire | None = None) -> None:
        """Tell an interaction over Socket Mode."""
        (wire or self.wires[-1]).send(
            {"type": "interactive", "envelope_id": envelope, "payload": payload, "accepts_response_payload": True}
        )

    def request(self, payload: dict[str, Any], at: float, secret: str | None = None) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of the request that tells an interaction, signed at an instant."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        made = signature(Secret(secret or self.secret), str(int(at)), body)
        kind = "application/x-www-form-urlencoded"
        return body, {"X-Slack-Request-Timestamp": str(int(at)), "X-Slack-Signature": made, "Content-Type": kind}

    # -- waiting

    def until(self, condition: Any, seconds: float = 20.0) -> None:
        """Wait for what happens here; fail where it does not."""
        with self._news:
            assert self._news.wait_for(condition, seconds), "Slack waited in vain"

    def connected(self, wires: int = 1) -> Wire:
        """Wait until so many connections were greeted, and return the newest."""
        self.until(lambda: len(self.wires) >= wires)
        return self.wires[wires - 1]

    def acked(self, envelope: str = "e1") -> None:
        self.until(lambda: any(envelope in wire.acked for wire in self.wires))

    def whispered(self, times: int = 1) -> tuple[str, str, str]:
        self.until(lambda: len(self.whispers) >= times)
        return self.whispers[times - 1]

    def serve(self, wire: Wire) -> None:
        """Be the other side of a connection until it ends."""
        wire.send({"type": "hello", "num_connections": self.connections, "connection_info": {"app_id": "A0"}})
        with self._news:
            self.wires.append(wire)
            self._news.notify_all()
        with contextlib.suppress(OSError):
            while (frame := wire.read()) is not None:
                opcode, body = frame
                if opcode == PING:
                    if not self.deaf:
                        wire.send(body.decode(), PONG)
                    with self._news:
                        wire.pings += 1
                        self._news.notify_all()
                if opcode == TEXT:
                    with self._news:
                        wire.acked.append(json.loads(body)["envelope_id"])
                        self._news.notify_all()
        wire.over.set()


class _WireServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: lost connections are what this is for."""


def _handler(slack: FakeSlackApp) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            key = b""
            while (line := self.rfile.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                key = value.strip() if name.lower() == b"sec-websocket-key" else key
            accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            self.wfile.write(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            slack.serve(Wire(self))

    return Handler


__all__ = ["DANA", "KIM", "FakeSlackApp", "Wire"]
