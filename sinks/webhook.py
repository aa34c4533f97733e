"""The sink for programs: each change of an incident as a signed CloudEvent."""

import base64
import binascii
import dataclasses
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from bellbuoy.sinks.base import Page, Receipt, Secret, Sent
from bellbuoy.sinks.outgoing import Failed, host_of, post, refuse, unreached
from bellbuoy.sinks.text import clean

BODY_BYTES = 262_144
_KINDS = {"reopened": "opened"}


@dataclass(frozen=True)
class Webhook:
    """Posts a CloudEvent (1.0, structured mode) to an address, signed the way of Standard Webhooks.

    The receiver tells a repeated event by its `id`: the incident and the number of the change.

    Attributes:
        url: where to post; redirects are not followed, addresses of cloud metadata services are refused.
        secret: key of the signature: `whsec_` and base64, or any text; without it nothing is signed.
    """

    url: str = ""
    secret: Secret | None = None

    edits: ClassVar[bool] = False
    threads: ClassVar[bool] = False
    images: ClassVar[bool] = False
    resolves: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse an address that cannot be posted to.

        Raises:
            ValueError: what is wrong, and the way out.
        """
        if not host_of(self.url):
            raise ValueError("`url` of webhook must be an http(s) address")

    def __repr__(self) -> str:
        """Return the sink without what may be secret in its address."""
        return f"Webhook(url='{urlsplit(self.url).hostname}/…')"

    def send(self, page: Page) -> Receipt:
        """Post the change."""
        if page.version <= int((page.handle or {}).get("version", "0")):
            return Sent(dict(page.handle or {}))
        body = json.dumps(event(page), ensure_ascii=True, separators=(",", ":"), default=_plain).encode()
        headers = {"Content-Type": "application/cloudevents+json; charset=utf-8", "User-Agent": "bellbuoy"}
        at = page.at if page.tried_at is None else page.tried_at
        if self.secret is not None:
            headers |= signature(self.secret, message_id(page), at, body)
        try:
            refuse(post(self.url, body, headers))
        except Failed as failed:
            return failed.receipt()
        return Sent({"version": str(page.version)})

    def probe(self) -> str | None:
        """Return why the receiver cannot be reached, or None; nothing is posted."""
        return unreached(self.url)


def message_id(page: Page) -> str:
    """Return the id of the change: the same for every try of it."""
    return f"{page.key}.{page.version}"


def event(page: Page) -> dict[str, Any]:
    """Return the page as a CloudEvent; a page that is too large loses facts and findings, then its data, never itself."""
    told = _data(page)
    for name in ("", "chart", "findings", "facts", "data", "impact", "links", "foot", "news"):
        told.pop(name, None)
        if len(json.dumps(told, default=_plain)) <= BODY_BYTES:
            break
    else:
        told = {name: clean(value, 1000) if isinstance(value, str) else value for name, value in told.items()}
    return {
        "specversion": "1.0",
        "id": message_id(page),
        "source": "bellbuoy",
        "type": "io.bellbuoy.audit"
        if page.about == "audit"
        else f"io.bellbuoy.incident.{_KINDS.get(page.change, page.change)}",
        "subject": page.key,
        "time": datetime.fromtimestamp(page.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "datacontenttype": "application/json",
        "data": told,
    }


def _data(page: Page) -> dict[str, Any]:
    told = {field.name: getattr(page, field.name) for field in dataclasses.fields(page)}
    for name in ("handle", "tried_at", "muted", "rows", "more"):
        del told[name]
    return told


def _plain(value: Any) -> Any:
    """Return fields of a dataclass for JSON; what JSON has no word for, as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def signature(secret: Secret, name: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers of Standard Webhooks: id, time, and HMAC-SHA256 over `id.time.body`.

    Args:
        secret: `whsec_` and base64; any other text is the key as it stands.
        name: id of the message.
        at: time of this try, epoch seconds; receivers allow it to be a few minutes old.
        body: what is signed.
    """
    text = secret.reveal()
    key = text.encode()
    if text.startswith("whsec_"):
        try:
            key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            key = text.encode()
    safe = "".join(char for char in name if char.isascii() and (char.isalnum() or char in "._-"))
    digest = hmac.new(key, b".".join((safe.encode(), str(at).encode(), body)), hashlib.sha256).digest()
    return {
        "webhook-id": safe,
        "webhook-timestamp": str(at),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
