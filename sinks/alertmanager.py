"""The sink for Prometheus' Alertmanager: an incident is an alert that fires until it is resolved."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from bellbuoy.sinks.base import Handle, Page, Receipt, Retry, Secret, Sent
from bellbuoy.sinks.outgoing import Failed, get, host_of, post, refuse
from bellbuoy.sinks.text import clean, safe_url
from bellbuoy.sinks.wording import open_link, plain, told

HOLDS_S = 900
"""An alert that is not repeated for so long resolves by itself."""
VALUE = 200
FACTS = 20
FACT = 500
"""Limits in characters, so that an alert stays small enough for a message made of many."""
OWN = ("alertname", "workflow", "step", "signal", "severity", "incident")


@dataclass(frozen=True)
class Alertmanager:
    """Keeps an alert firing in Prometheus' Alertmanager (API v2), which groups it, silences it and calls people.

    The alert's labels are `alertname` (BellbuoyIncident), `workflow`, `step`, `signal`, `severity` and `incident`. They stay
    what they were when the incident was first told; only a risen severity ends the alert and begins another. Every five
    minutes the alert is sent anew, and it resolves by itself when it was not for fifteen.

    Attributes:
        url: where Alertmanager is, without `/api/v2/alerts`; a list for the members of a cluster, which are all told.
        token: sent as a bearer token, for a proxy that wants one.
        labels: more labels for each alert, to route by: `{team: agents}`.
    """

    url: str | tuple[str, ...] = ""
    token: Secret | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    edits: ClassVar[bool] = False
    threads: ClassVar[bool] = False
    images: ClassVar[bool] = False
    resolves: ClassVar[bool] = True
    keeps: ClassVar[bool] = True
    repeat: ClassVar[float] = 300.0
    """Seconds after which what still holds is sent anew."""

    def __post_init__(self) -> None:
        """Refuse settings that can never send.

        Raises:
            ValueError: what is missing or wrong, and the way out.
        """
        for url in self._members() or ("",):
            if not host_of(url) or urlsplit(url).query or urlsplit(url).username is not None:
                raise ValueError(
                    "`url` of alertmanager must be an http(s) address without a query or a user, or a list of them"
                )
        for name in self.labels:
            if name in OWN or not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name):
                raise ValueError(
                    f"`labels` of alertmanager cannot hold '{name[:64]}'; name it in letters, digits and _, and not {', '.join(OWN)}"
                )

    def send(self, page: Page) -> Receipt:
        """Tell all members of the incident as it stands; one that takes it suffices.

        The same page at another instant is a repeat. A member that missed it hears of it with the next repeat; one that missed the end lets the alert resolve by itself.
        """
        handle = page.handle or {}
        at = page.at if page.tried_at is None else page.tried_at
        version = int(handle.get("version", "0"))
        if page.version < version or (page.version == version and str(at) == handle.get("at")):
            return Sent(dict(handle))
        if page.muted and page.state != "resolved" and handle.get("state", "resolved") == "resolved":
            return Sent(dict(handle))  # an alert that begins calls people: it begins when the mute ends
        before = json.loads(handle["labels"]) if "labels" in handle else None
        labels = before if before and page.muted else self._labels(page, before)
        alerts = [alert(page, labels, at)]
        if before is not None and before != labels:
            alerts.insert(0, {"labels": before, **_span(page, at, ended=True)})
        failed = self._post(json.dumps(alerts, ensure_ascii=True, separators=(",", ":")).encode())
        return failed or Sent(self._handle(page, labels, at))

    def probe(self) -> str | None:
        """Return which members do not say how they are, and why, or None."""
        wrong = []
        for url in self._members():
            try:
                refuse(get(f"{url.rstrip('/')}/api/v2/status", self._token()))
            except Failed as failed:
                wrong.append(f"{host_of(url)}: {failed.why}")
        return "; ".join(wrong) or None

    def _token(self) -> dict[str, str]:
        return {} if self.token is None else {"Authorization": f"Bearer {self.token.reveal()}"}

    def _members(self) -> tuple[str, ...]:
        return (self.url,) if isinstance(self.url, str) else self.url

    def _labels(self, page: Page, before: dict[str, str] | None) -> dict[str, str]:
        """Return the labels of the incident's alert: those that it has, with the severity of now."""
        known = {name: page.data.get(name) for name in ("step", "signal")}
        first = {
            "alertname": "BellbuoyIncident",
            "workflow": page.workflow,
            **known,
            "incident": page.key,
            **self.labels,
        }
        kept = before or {
            name: clean(value, VALUE) for name, value in first.items() if isinstance(value, str) and value
        }
        return {**kept, "severity": page.severity}

    def _post(self, body: bytes) -> Receipt | None:
        """Return None when a member took the alerts, else the receipt that leaves most hope."""
        headers = {"Content-Type": "application/json", "User-Agent": "bellbuoy", **self._token()}
        receipts: list[Receipt] = []
        for url in self._members():
            try:
                refuse(post(f"{url.rstrip('/')}/api/v2/alerts", body, headers))
            except Failed as failed:
                receipts.append(failed.receipt())
        if len(receipts) < len(self._members()):
            return None
        unsure = [one for one in receipts if isinstance(one, Retry)]
        return next((one for one in unsure if one.reason == "no_answer"), (unsure or receipts)[0])

    def _handle(self, page: Page, labels: dict[str, str], at: int) -> Handle:
        told = json.dumps(labels, sort_keys=True)
        return {"version": str(page.version), "at": str(at), "state": page.state, "labels": told}


def alert(page: Page, labels: Mapping[str, str], at: int) -> dict[str, Any]:
    """Return the page as an alert with these labels; `at` is the instant of this try, epoch seconds."""
    annotations = {
        "summary": clean(page.summary, 1000),
        "headline": clean(page.headline, 300),
        "description": plain(page.impact, 2000),
        "state": page.state,
        "facts": "\n".join(f"{label}: {value}" for label, value in told(page, FACTS, FACT).items()),
        "runbook_url": next((safe_url(one.url) for one in page.links if one.label == "Runbook"), None),
    }
    made = {
        "labels": dict(labels),
        "annotations": {name: value for name, value in annotations.items() if value},
        **_span(page, at, ended=page.state == "resolved"),
    }
    url = open_link(page)
    return {**made, "generatorURL": url} if url else made


def _span(page: Page, at: int, *, ended: bool) -> dict[str, str]:
    """Return when the alert began and when it ends: now, or long after the next repeat."""
    begins = min(page.opened_at if page.onset is None else page.onset, at)
    return {"startsAt": _moment(begins), "endsAt": _moment(max(begins, at if ended else at + HOLDS_S))}


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
