"""Whether a request comes from Slack: its signature, its age, and whether it was here before."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Literal, TypeAlias

from bellbuoy.sinks.base import Secret

Fault: TypeAlias = Literal["forged", "stale", "replayed", "flood"]
FAULTS: tuple[Fault, ...] = ("forged", "stale", "replayed", "flood")
WINDOW_S = 300
"""How far the time of a request may lie from ours."""
REMEMBERED = 10_000
"""Requests that are remembered within the window; more than these are refused."""


def signature(secret: Secret, timestamp: str, body: bytes) -> str:
    """Return the signature of a body: HMAC-SHA256 over `v0:timestamp:body`, as Slack documents it."""
    said = b"v0:" + timestamp.encode("utf-8", "replace") + b":" + body
    return "v0=" + hmac.new(secret.reveal().encode(), said, hashlib.sha256).hexdigest()


class Signatures:
    """Takes each request of the apps once; called from one thread.

    Args:
        secrets: signing secrets of the apps.
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._secrets = tuple(dict.fromkeys(secrets))
        self._seen: dict[str, int] = {}

    def fault(self, timestamp: str, given: str, body: bytes, now: float) -> Fault | None:
        """Return why a request is not taken; None where it is, and then it is remembered.

        Args:
            timestamp: of the header `X-Slack-Request-Timestamp`.
            given: of the header `X-Slack-Signature`.
            body: as it came, before anything read it.
            now: epoch seconds.
        """
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return "forged"
        if abs(now - int(timestamp)) > WINDOW_S:
            return "stale"
        shown = given.encode("utf-8", "replace")
        made = [signature(secret, timestamp, body) for secret in self._secrets]
        if not any([hmac.compare_digest(one.encode(), shown) for one in made]):  # noqa: C419 - each takes the same time
            return "forged"
        self._seen = {one: at for one, at in self._seen.items() if at + WINDOW_S >= now}
        if given in self._seen:
            return "replayed"
        if len(self._seen) >= REMEMBERED:
            return "flood"
        self._seen[given] = int(timestamp)
        return None
