"""How the daemon is asked over HTTP: the one definition, for programs, notebooks and the command line."""

import json
import socket
import ssl
from collections.abc import Collection
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from bellbuoy.client.errors import NoDaemon, QueryError

DEFAULT_URL = "http://127.0.0.1:8420"
CONNECT_S = 5.0
"""Seconds in which the daemon has to take a connection."""
WAIT_S = 300.0
"""Seconds without a sign of life after which an answer is given up; a query's own time limit raises it."""


class Wire:
    """A daemon's address and the token that it wants. No proxy is used and no redirect followed: the token goes nowhere else.

    Args:
        url: `http://HOST:PORT`, or `https://`; a path before the daemon's own is kept.
        token: what the daemon wants to be shown, or None.

    Raises:
        ValueError: the address is none, or the token cannot be one.
    """

    def __init__(self, url: str = DEFAULT_URL, token: str | None = None) -> None:
        try:
            parts = urlsplit(url)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise ValueError(f"{url} is no address; write http://HOST:PORT")
        self.url = url.rstrip("/")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._before = parts.path.rstrip("/")
        if token is not None and not (token.isascii() and token.isprintable()):
            raise ValueError("that is no token; a token is one line of plain characters")
        self._token = token

    def __repr__(self) -> str:
        return f"Wire({self.url!r})"

    def listens(self) -> bool:
        """Tell whether something takes connections at the address."""
        try:
            with socket.create_connection((self._host, self._port), timeout=2.0):
                return True
        except OSError:
            return False

    def get(self, path: str, *, wait_s: float = WAIT_S) -> Any:
        """Return the JSON at `path`.

        Raises:
            NoDaemon: nobody answers, or not in JSON.
            QueryError: the daemon refuses.
        """
        return self._json("GET", path, wait_s)

    def post(
        self, path: str, body: dict[str, Any], accept: str, *, wait_s: float = WAIT_S
    ) -> tuple[bytes, dict[str, str]]:
        """Return the answer to a JSON body, and its headers by small names.

        Args:
            path: where to.
            body: what is asked.
            accept: media type of the answer.
            wait_s: seconds without a sign of life after which it is given up.

        Raises:
            NoDaemon: nobody answers, or with another type.
            QueryError: the daemon refuses; its own sentence is the text.
        """
        headers = {"Content-Type": "application/json", "Accept": accept}
        told, said = self._ask("POST", path, json.dumps(body).encode(), headers, wait_s)
        if said.get("content-type", "").partition(";")[0] != accept:
            raise NoDaemon(f"what answers at {self.url} is no Bellbuoy")
        return told, said

    def delete(self, path: str, *, wait_s: float = WAIT_S) -> Any:
        """Take away what is at `path`, and return the JSON that the daemon answers.

        Raises:
            NoDaemon: nobody answers.
            QueryError: the daemon refuses; its own sentence is the text.
        """
        return self._json("DELETE", path, wait_s)

    def text(self, path: str, *, wait_s: float = WAIT_S) -> str:
        """Return the text at `path`, also where it comes with 503, as that of a health check that fails.

        Raises:
            NoDaemon: nobody answers.
            QueryError: the daemon refuses.
        """
        told, _ = self._ask("GET", path, None, {"Accept": "text/plain"}, wait_s, also=(503,))
        return told.decode("utf-8", "replace")

    def _json(self, method: str, path: str, wait_s: float) -> Any:
        body, _ = self._ask(method, path, None, {"Accept": "application/json"}, wait_s)
        try:
            return json.loads(body)
        except ValueError:
            raise NoDaemon(f"what answers at {self.url} is no Bellbuoy") from None

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        wait_s: float,
        also: Collection[int] = (),
    ) -> tuple[bytes, dict[str, str]]:
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection = self._connection()
        try:
            connection.connect()
            connection.sock.settimeout(wait_s)
            connection.request(method, self._before + path, body, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            told = answer.read()
        except TimeoutError:
            if connection.sock is None:
                raise NoDaemon(f"nobody at {self.url} took the connection in {CONNECT_S:g} s") from None
            raise QueryError(f"the daemon at {self.url} said nothing for {wait_s:g} s") from None
        except (OSError, HTTPException) as error:
            reason = str(getattr(error, "strerror", None) or error or type(error).__name__)
            raise NoDaemon(f"no daemon answers at {self.url} ({reason[:200]})") from None
        finally:
            connection.close()
        if not 200 <= answer.status < 300 and answer.status not in also:
            raise _refusal(answer, told, self.url)
        return told, {name.lower(): value for name, value in answer.getheaders()}

    def _connection(self) -> HTTPConnection:
        if self._secure:
            return HTTPSConnection(self._host, self._port, timeout=CONNECT_S, context=ssl.create_default_context())
        return HTTPConnection(self._host, self._port, timeout=CONNECT_S)


def _refusal(answer: HTTPResponse, told: bytes, url: str) -> QueryError:
    """Return the daemon's sentence as an error."""
    if answer.status == 401 and 'realm="bellbuoy"' in (answer.getheader("www-authenticate") or ""):
        return QueryError(f"the daemon at {url} wants its token.", 401)
    try:
        said = json.loads(told)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        place = answer.getheader("location")
        moved = f" and points to {place[:200]}" if place else ""
        return NoDaemon(f"what answers at {url} is no Bellbuoy: it says {answer.status}{moved}")
    after = answer.getheader("retry-after") or ""
    return QueryError(str(said), answer.status, float(after) if after.isdecimal() else None)
