"""Asks the running daemon over HTTP."""

import json
import socket
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bellbuoy.monitor.cli.failures import NOT_NOW, WRONG_USE, Failure

DEFAULT_URL = "http://127.0.0.1:8420"


class Client:
    """A daemon's HTTP door.

    Args:
        url: where it listens; None takes the default address.
        token: bearer token, or None.
        timeout: seconds to wait for an answer.
    """

    def __init__(self, url: str | None, token: str | None = None, timeout: float = 30.0) -> None:
        self.url = (url or DEFAULT_URL).rstrip("/")
        self.token = token
        self.timeout = timeout

    def get(self, path: str) -> Any:
        """Return the JSON at `path`.

        Raises:
            Failure: the daemon cannot be reached or refuses.
        """
        body, _ = self._ask(path)
        try:
            return json.loads(body)
        except ValueError:
            raise Failure(
                f"error: what answers at {self.url} is no Bellbuoy; name the daemon with --url", NOT_NOW
            ) from None

    def answers(self) -> bool:
        """Tell whether something listens at the address."""
        try:
            parts = urlsplit(self.url)
            with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=2.0):
                return True
        except (OSError, ValueError):
            return False

    def post(self, path: str, body: dict[str, Any], accept: str) -> tuple[bytes, dict[str, str]]:
        """Return the answer to a JSON body, as bytes of the type `accept`, and its headers by small names.

        Raises:
            Failure: the daemon cannot be reached or refuses; its own sentence is the text.
        """
        headers = {"Content-Type": "application/json", "Accept": accept}
        return self._ask(path, json.dumps(body).encode(), headers)

    def _ask(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[bytes, dict[str, str]]:
        try:
            known = urlsplit(self.url).scheme in {"http", "https"} and urlsplit(self.url).port != 0
        except ValueError:
            known = False
        if not known:
            raise Failure(f"error: {self.url} is no address; write --url http://HOST:PORT", WRONG_USE)
        request = urllib.request.Request(self.url + path, body, headers or {})  # noqa: S310 - scheme checked above
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310 - checked above
                return answer.read(), {name.lower(): value for name, value in answer.headers.items()}
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                said = json.loads(text)["error"]
            except (ValueError, KeyError, TypeError):
                said = f"the daemon answered {error.code}"
            hint = " Give the token with --token-file." if error.code == 401 else ""
            raise Failure(f"error: {said}{hint}", 1 if error.code == 400 else NOT_NOW) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Failure(
                f"error: no daemon answers at {self.url} ({reason}); start it with `bellbuoy run`, or name it with --url",
                NOT_NOW,
            ) from None


def token_of(path: Path | None) -> str | None:
    """Return the token in a file, or None.

    Raises:
        Failure: what the file holds cannot be a token.
    """
    if path is None:
        return None
    token = path.read_bytes().strip()
    if not token.isascii() or not token.decode("ascii").isprintable():
        raise Failure(f"error: {path} holds no token; a token is one line of plain characters", WRONG_USE)
    return token.decode("ascii")
