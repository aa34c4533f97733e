"""One HTTP request out and what its failure means: nothing is followed, nothing tried twice, guarded addresses refused."""

import http.client
import ipaddress
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from bellbuoy.sinks.base import Handle, Reason, Receipt, Refused, Retry

TIMEOUT_S = 10.0
ANSWER_BYTES = 65_536
_LOCAL_NETWORKS = tuple(ipaddress.ip_network(net) for net in ("169.254.0.0/16", "fe80::/10"))
_METADATA = frozenset(
    ipaddress.ip_address(address) for address in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
_PASSING = frozenset({"rate_limited", "server_error", "no_answer", "unreachable"})


@dataclass
class Failed(Exception):  # noqa: N818 - it is an outcome with a reason, mapped to a receipt, not a fault of ours
    """A request that was not taken.

    Attributes:
        reason: from the closed list of receipts.
        why: one sentence with the way out, without any secret.
        after: seconds the receiver asked for, or None.
        code: the receiver's own word for it, such as `invalid_blocks`, or the status.
    """

    reason: Reason
    why: str = ""
    after: float | None = None
    code: str = ""

    def receipt(self, handle: Handle | None = None) -> Receipt:
        """Return the receipt of it: worth another try or not; `handle` is what was already done."""
        if self.reason in _PASSING:
            return Retry(self.after, self.reason, handle)
        return Refused(self.reason, self.why)


@dataclass(frozen=True, slots=True)
class Proxy:
    """By way of whom requests go: host, port, and the header with its login, if it wants one."""

    host: str
    port: int
    login: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers in lower case, at most `ANSWER_BYTES` of body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def host_of(url: str) -> str:
    """Return the host of an http(s) address; empty where the text is none, and `post` could not try it."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:  # a port that is none, half of a bracket
        return ""
    return (parts.hostname or "") if known else ""


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send one POST and return the answer, whatever its status.

    A failure before the request left is `unreachable`; one after it is `no_answer`, for it may have arrived.

    Raises:
        Failed: no answer, or an address that no page may be sent to.
    """
    return _asked("POST", url, body, headers)


def get(url: str, headers: Mapping[str, str]) -> Answer:
    """Ask what is at an address, and return the answer, whatever its status. Raises as `post`."""
    return _asked("GET", url, None, headers)


def unreached(url: str) -> str | None:
    """Return why no connection to the host of an address comes about (name, port, certificate), or None; nothing is sent."""
    try:
        _connection(url).close()
    except Failed as failed:
        return failed.why
    return None


def _asked(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    connection = _connection(url)
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    proxy = proxy_for(url)
    if proxy is not None and parts.scheme == "http":  # an https one is a tunnel, and the proxy sees nothing of it
        target, headers = f"http://{parts.netloc.rpartition('@')[2]}{target}", {**headers, **proxy.login}
    try:
        connection.request(method, target, body, dict(headers))
        response = connection.getresponse()
        answer = response.read(ANSWER_BYTES)
    except (OSError, http.client.HTTPException):
        raise Failed("no_answer", "the connection was lost before an answer") from None
    finally:
        connection.close()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, answer)


def _connection(url: str) -> http.client.HTTPConnection:
    host = host_of(url)
    if not host:
        raise Failed("not_found", "the url of the sink is no http(s) address", code="url")
    parts, proxy = urlsplit(url), proxy_for(url)
    if proxy is not None:
        with suppress(ValueError):  # a name: where it leads is the proxy's to say
            _guard(str(ipaddress.ip_address(host)))
        return _through(proxy, parts.scheme, host, parts.port)
    return _connected(parts.scheme, host, parts.port)


def proxy_named(url: str) -> str | None:
    """Return the proxy that the environment names for an address: `HTTPS_PROXY`, `HTTP_PROXY`, but for `NO_PROXY`."""
    proxies, parts = getproxies_environment(), urlsplit(url)
    away = proxy_bypass(parts.netloc.rpartition("@")[2], proxies)
    return None if away else proxies.get(parts.scheme) or None


def proxy_for(url: str) -> Proxy | None:
    """Return by way of whom an address is asked, or None.

    Raises:
        Failed: what the environment names is no proxy.
    """
    named, parts = proxy_named(url), urlsplit(url)
    if named is None:
        return None
    try:
        there = urlsplit(named if "//" in named else f"http://{named}")
        host, port = there.hostname, there.port
    except ValueError:
        host = None
    if not host or there.scheme != "http":
        name = f"{parts.scheme.upper()}_PROXY"
        raise Failed("not_found", f"{name} is no address as http://proxy.example.com:3128", code="proxy")
    login = {}
    if there.username is not None:
        pair = f"{unquote(there.username)}:{unquote(there.password or '')}".encode()
        login["Proxy-Authorization"] = f"Basic {b64encode(pair).decode()}"
    return Proxy(host, port or 80, login)


def _through(proxy: Proxy, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    """Return an open connection by way of a proxy; which names and addresses it reaches is the proxy's to say."""
    if scheme == "http":
        return _opened(http.client.HTTPConnection(proxy.host, proxy.port, timeout=TIMEOUT_S), "the proxy ")
    connection = http.client.HTTPSConnection(
        proxy.host, proxy.port, timeout=TIMEOUT_S, context=ssl.create_default_context()
    )
    connection.set_tunnel(host, port or 443, headers=proxy.login)
    return _opened(connection, f"{host} by way of ")


def _opened(connection: http.client.HTTPConnection, way: str = "") -> http.client.HTTPConnection:
    try:
        connection.connect()
    except OSError as error:
        connection.close()
        place = f"{connection.host}:{connection.port}"
        raise Failed("unreachable", f"{way}{place} cannot be reached: {_why(error)}") from None
    return connection


def _connected(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    """Return an open connection; the peer's address is checked once more after the name was looked up."""
    try:
        found = {row[4][0] for row in socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Failed("unreachable", f"the name {host} is not known") from None
    for address in found:
        _guard(str(address))
    connection = (
        http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=ssl.create_default_context())
        if scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    )
    _opened(connection)
    try:
        _guard(connection.sock.getpeername()[0])
    except Failed:
        connection.close()
        raise
    return connection


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted, {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS as we do"
    return (
        "no answer"
        if isinstance(error, TimeoutError)
        else (error.strerror or str(error) or type(error).__name__).lower()
    )


def _guard(address: str) -> None:
    ip = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip in _METADATA or any(ip in net for net in _LOCAL_NETWORKS if net.version == ip.version):
        raise Failed(
            "blocked", f"{ip} is an address of a cloud's metadata service: no page is sent there", code="guarded"
        )


def refuse(answer: Answer) -> None:
    """Raise what a status outside 2xx means; return where it is 2xx.

    Raises:
        Failed: 408, 425, 429 and 5xx are worth another try; a redirect is not followed; the rest is refused.
    """
    status = answer.status
    code = str(status)
    if 200 <= status < 300:
        return
    if status == 429:
        raise Failed("rate_limited", "too many requests", retry_after(answer.headers), code)
    if status in {408, 425} or status >= 500:
        raise Failed("server_error", f"the receiver answered {status}", retry_after(answer.headers), code)
    if 300 <= status < 400:
        raise Failed(
            "blocked", f"the receiver answered {status}; redirects are not followed: give the final address", code=code
        )
    if status in {401, 403}:
        raise Failed("auth", f"the receiver answered {status}: check the key or the rights of it", code=code)
    if status in {404, 410}:
        raise Failed("not_found", f"the receiver answered {status}: check the address", code=code)
    if status == 413:
        raise Failed("too_large", "the receiver answered 413: the page is too large for it", code=code)
    raise Failed("invalid_page", f"the receiver answered {status}: it does not take our page", code=code)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, at most a day; None without one.

    A date counts from the answer's own `Date`, for no clock is read here.
    """
    named = {name.lower(): value for name, value in headers.items()}
    asked = named.get("retry-after", "").strip()
    if asked.isdecimal() and len(asked) < 9:
        return float(min(int(asked), 86_400))
    try:
        wait = (parsedate_to_datetime(asked) - parsedate_to_datetime(named["date"])).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None
    return min(max(wait, 0.0), 86_400.0)
