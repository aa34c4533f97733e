"""The sink for PagerDuty: an incident calls people, is acknowledged and resolved there under one key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, TypeAlias

from bellbuoy.sinks.base import Page, Receipt, Secret, Sent, Severity
from bellbuoy.sinks.outgoing import Answer, Failed, host_of, post, refuse, unreached
from bellbuoy.sinks.text import clean, safe_url
from bellbuoy.sinks.wording import open_link, plain, told

Action: TypeAlias = Literal["trigger", "acknowledge", "resolve"]

SEVERITIES: Mapping[Severity, str] = {"page": "critical", "ticket": "warning", "watch": "info"}
SUMMARY = 1024
KEY = 255
DETAILS = 40
DETAIL = 1000
"""Limits in characters; so many details of that length stay far under the 512 KB that one event may have."""
LINKS = 10


@dataclass(frozen=True)
class PagerDuty:
    """Calls people through PagerDuty (Events API v2): triggers, acknowledges and resolves under the incident's id.

    Attributes:
        routing_key: integration key of a service, or of an event orchestration, for the Events API v2.
        api_url: where events go; for accounts in the EU `https://events.eu.pagerduty.com/v2/enqueue`.
    """

    routing_key: Secret
    api_url: str = "https://events.pagerduty.com/v2/enqueue"

    edits: ClassVar[bool] = False
    threads: ClassVar[bool] = False
    images: ClassVar[bool] = False
    resolves: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse settings that can never send.

        Raises:
            ValueError: what is missing or wrong, and the way out.
        """
        if not self.routing_key.reveal():
            raise ValueError("`routing_key` of pagerduty is empty; give the integration key of a service")
        if not host_of(self.api_url):
            raise ValueError("`api_url` of pagerduty must be an http(s) address")

    def send(self, page: Page) -> Receipt:
        """Send the event of the change."""
        if page.version <= int((page.handle or {}).get("version", "0")):
            return Sent(dict(page.handle or {}))
        if page.muted and action(page) == "trigger":
            return Sent(dict(page.handle or {}))  # a trigger calls people: it is sent when the mute ends
        body = {"routing_key": self.routing_key.reveal(), **event(page)}
        said = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "bellbuoy"}
        try:
            self._taken(post(self.api_url, said, headers))
        except Failed as failed:
            return failed.receipt()
        return Sent({"version": str(page.version)})

    def probe(self) -> str | None:
        """Return why PagerDuty cannot be reached, or None. It tells nothing of a key that no event is sent with."""
        return unreached(self.api_url)

    def _taken(self, answer: Answer) -> None:
        """Raise what an answer means that is no 202; PagerDuty's own words go with a 400, without the key.

        Raises:
            Failed: the event was not taken.
        """
        if answer.status == 400:
            words = clean(answer.body.decode(errors="replace").replace(self.routing_key.reveal(), "***"), 300)
            if "routing_key" in words:
                raise Failed("auth", f"PagerDuty does not know the routing key, check it: {words}", code="400")
            raise Failed("invalid_page", f"PagerDuty does not take our event: {words}", code="400")
        refuse(answer)
        if answer.status != 202:
            why = f"the receiver answered {answer.status} where PagerDuty says 202: check `api_url`"
            raise Failed("not_found", why, code=str(answer.status))


def action(page: Page) -> Action:
    """Return what is asked of PagerDuty: people are called for what is open or was raised, not for what somebody has.

    PagerDuty passes over an acknowledgement and an end of what it was never told of: nobody is called for what was
    taken or over before it could be reached.
    """
    if page.state == "resolved":
        return "resolve"
    anew = any(item.raised for item in page.news) or (not page.handle and page.change != "acknowledged")
    return "acknowledge" if page.state == "acknowledged" and not anew else "trigger"


def event(page: Page) -> dict[str, Any]:
    """Return the page as an event, without the routing key."""
    asked = action(page)
    known: dict[str, Any] = {"event_action": asked, "dedup_key": page.key[:KEY]}
    if asked != "trigger":
        return known
    payload: dict[str, Any] = {
        "summary": clean(page.summary, SUMMARY),
        "source": clean(page.workflow, DETAIL) or "bellbuoy",
        "severity": SEVERITIES[page.severity],
        "timestamp": datetime.fromtimestamp(page.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "custom_details": _details(page),
    }
    for name, value in (("component", page.data.get("step")), ("class", page.data.get("signal"))):
        if isinstance(value, str) and value:
            payload[name] = clean(value, DETAIL)
    links = [
        {"href": url, "text": clean(one.label, 100)}
        for one in page.links[:LINKS]
        if (url := safe_url(one.url)) is not None
    ]
    client = {"client": "Bellbuoy"}
    if url := open_link(page):
        client["client_url"] = url
    return {**known, "payload": payload, "links": links, **client}


def _details(page: Page) -> dict[str, str]:
    details = {"Headline": clean(page.headline, DETAIL), "Impact": plain(page.impact, 3 * DETAIL)}
    if page.news:
        details["News"] = clean(" · ".join(item.text for item in page.news[-5:]), 3 * DETAIL)
    return details | told(page, DETAILS, DETAIL)
