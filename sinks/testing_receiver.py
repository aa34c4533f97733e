"""A receiver on the loopback that fails as it is told: the other side of every sink's battery."""

import contextlib
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: a close sends a reset."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    Attributes:
        kind: `status` answers with `status`, `headers` and `body`; `reset_before` cuts the connection before the
            request was taken, `reset_after` after it; `hang_before` and `hang_after` give no answer at all.
        status: of the answer.
        headers: of the answer.
        body: of the answer.
        path: only a request whose path holds this text; "" for the receiver's usual one.
    """

    kind: Literal["status", "reset_before", "reset_after", "hang_before", "hang_after"] = "status"
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    path: str = ""


@dataclass(frozen=True)
class Request:
    """What arrived: path, headers with names in lower case, body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)


class Receiver:
    """An HTTP server on a free port of the loopback; use it in a `with` statement.

    Attributes:
        requests: everything that arrived, taken or not.
        accepted: what was taken.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.accepted: list[Request] = []
        self.lock = threading.Lock()
        self.released = threading.Event()
        self._faults: list[Fault] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="receiver")

    @property
    def url(self) -> str:
        """The address to send to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    @property
    def messages(self) -> int:
        """How many messages a person would see."""
        return len(self.accepted)

    def fail(self, *faults: Fault) -> None:
        """Let the next requests fail so, one fault each, in order."""
        with self.lock:
            self._faults.extend(faults)

    def respond(self, request: Request) -> Reply:
        """Take a request and answer it."""
        self.accepted.append(request)
        return Reply()

    def take(self, request: Request, fault: Fault | None) -> Reply | None:
        """Note a request, take it unless the fault forbids, and return the answer; None for none."""
        with self.lock:
            self.requests.append(request)
            if fault is not None and fault.kind == "status":
                return Reply(fault.status, fault.body, fault.headers)
            reply = None if fault is not None and fault.kind == "reset_before" else self.respond(request)
        return reply if fault is None else None

    def fault_for(self, path: str) -> Fault | None:
        """Take the next fault that is meant for the path."""
        with self.lock:
            found = next((fault for fault in self._faults if self.meant(fault, path)), None)
            if found is not None:
                self._faults.remove(found)
            return found

    def meant(self, fault: Fault, path: str) -> bool:
        """Tell whether a fault is for a request of the path."""
        return fault.path in path

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: lost connections are what this is for."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """Say nothing."""

        def do_POST(self) -> None:
            fault = receiver.fault_for(self.path)
            if fault is not None and fault.kind == "hang_before":
                receiver.released.wait(30)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            reply = receiver.take(request, fault)
            if fault is not None and fault.kind == "hang_after":
                receiver.released.wait(30)
            elif reply is not None:
                self._answer(reply)
            else:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                self.connection.close()

        do_PUT = do_GET = do_POST  # noqa: N815 - named by the base class

        def _answer(self, reply: Reply) -> None:
            with contextlib.suppress(OSError):
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

    return Handler
