"""Who may see what: the Host header, the token, the login cookie, and the headers of every answer."""

import hashlib
import hmac
import ipaddress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bellbuoy.monitor.web.door import Door, ServerSettings
from bellbuoy.monitor.web.slack import INTERACTIONS_PATH

COOKIE = "bellbuoy"
SESSION_S = 7 * 86400
OPEN_PATHS = frozenset({"/livez", "/readyz", "/startupz", INTERACTIONS_PATH})
"""Paths that want no token: the probes, and what is signed instead."""
LOGIN_PATH = "/login"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not bound
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class Guard:
    """Stands before the pages: refuses foreign host names and readers without the token, adds the headers."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for key, value in HEADERS.items():
                    headers[key] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, dressed)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        if path in OPEN_PATHS:
            return None
        server, bearer = self.door.server, bears_token(self.door, headers)
        if not bearer and not known_host(server, headers.get("host", "")):
            told = "This name does not lead here. Reach Bellbuoy at its listen address, or set server.public_url.\n"
            return PlainTextResponse(told, 421)
        if server.token is None or bearer or path == LOGIN_PATH or path.startswith("/static/"):
            return None
        if has_session(self.door, headers):
            return None
        if scope["method"] in {"GET", "HEAD"} and "text/html" in headers.get("accept", ""):
            asked = scope.get("query_string", b"").decode("latin-1")
            target = quote(path + ("?" + asked if asked else ""), safe="")
            return RedirectResponse(f"{LOGIN_PATH}?next={target}", 303)
        told = "A token is needed: send `Authorization: Bearer TOKEN`, or log in at /login with a browser.\n"
        return PlainTextResponse(told, 401, {"www-authenticate": 'Bearer realm="bellbuoy"'})


def known_host(server: ServerSettings, host: str) -> bool:
    """Return whether the Host header names us: the listen address, the public one or the loopback.

    A server that listens on every address is reached at any of them: then each literal IP address is its own. A name
    that somebody else points at us is none of these, which stops DNS rebinding.
    """
    if any(char in host for char in "@/\\?#"):
        return False
    try:
        named = urlsplit(f"//{host}").hostname
        public = urlsplit(str(server.public_url)).hostname if server.public_url else None
        listen = urlsplit(f"//{server.listen}").hostname
    except ValueError:
        return False
    if not named:
        return False
    return named in LOOPBACK or named in {listen, public} or (listen in WILDCARDS and _is_address(named))


def bears_token(door: Door, headers: Headers) -> bool:
    """Return whether the request carries the token as a Bearer."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and is_token(door, given.strip())


def is_token(door: Door, given: str) -> bool:
    """Compare with the token in constant time."""
    token = door.server.token
    return token is not None and hmac.compare_digest(_digest(given), _digest(token.reveal()))


def session_cookie(door: Door, *, secure: bool) -> str:
    """Return the Set-Cookie value of a session that begins now."""
    until = int(door.status().now) + SESSION_S
    kind = "; Secure" if secure else ""
    return f"{COOKIE}={until}.{_sign(door, until)}; Path=/; Max-Age={SESSION_S}; HttpOnly; SameSite=Strict{kind}"


def has_session(door: Door, headers: Headers) -> bool:
    """Return whether the request carries the cookie of a session that is still valid."""
    until, _, signature = session_of(headers).partition(".")
    if not (until.isascii() and until.isdigit() and len(until) <= 12):
        return False
    return hmac.compare_digest(signature.encode(), _sign(door, int(until)).encode()) and int(until) > door.status().now


def session_of(headers: Headers) -> str:
    """Return the value of the session's cookie, valid or not; an empty string where there is none."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def is_loopback(host: str) -> bool:
    """Return whether a Host header names this machine."""
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:
        return False


def _sign(door: Door, until: int) -> str:
    token = door.server.token
    assert token is not None, "sessions exist only where there is a token"
    return hmac.new(token.reveal().encode(), f"bellbuoy session until {until}".encode(), hashlib.sha256).hexdigest()


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
