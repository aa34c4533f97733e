"""Our own PagerDuty for tests: takes events of the Events API v2 by its published schema and keeps its incidents."""

import json
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from bellbuoy.sinks.testing_receiver import Receiver, Reply, Request

BYTES = 512 * 1024
TEXT = {"type": "string", "minLength": 1}
KNOWN = {
    "type": "object",
    "required": ["routing_key", "event_action", "dedup_key"],
    "additionalProperties": False,
    "properties": {
        "routing_key": TEXT,
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "client": TEXT,
        "client_url": {"type": "string", "pattern": "^https?://[!-~]+$"},
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "additionalProperties": False,
            "properties": {
                "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
                "source": TEXT,
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"},
                "component": TEXT,
                "group": TEXT,
                "class": TEXT,
                "custom_details": {"type": "object"},
            },
        },
        "links": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["href"],
                "additionalProperties": False,
                "properties": {"href": {"type": "string", "pattern": "^https?://[!-~]+$"}, "text": TEXT},
            },
        },
        "images": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["src"],
                "additionalProperties": False,
                "properties": {"src": {"type": "string", "pattern": "^https://"}, "href": TEXT, "alt": TEXT},
            },
        },
    },
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
}
"""An event. PagerDuty makes a dedup_key where a trigger has none; ours must always name its own."""


@dataclass
class Incident:
    """What PagerDuty would show: `log` holds what was asked of it, `calls` how often people were called."""

    status: str = "triggered"
    severity: str = ""
    summary: str = ""
    calls: int = 1
    log: list[str] = field(default_factory=list)


class FakePagerDuty(Receiver):
    """Attributes:
    key: the only routing key that is known.
    incidents: by dedup_key; an acknowledgement or an end of one that is not open changes nothing.
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.incidents: dict[str, Incident] = {}

    def respond(self, request: Request) -> Reply:
        if len(request.body) > BYTES:
            return _answer(413, "Payload Too Large")
        if request.path != "/v2/enqueue":
            return _answer(404, "Not Found")
        event = json.loads(request.body)
        checker = jsonschema.Draft202012Validator(KNOWN, format_checker=jsonschema.FormatChecker())
        faults = [fault.message for fault in checker.iter_errors(event)]
        if not faults and event["routing_key"] != self.key:
            faults = [f"'routing_key' is invalid: {event['routing_key']}"]
        if faults:
            return _answer(400, "Event object is invalid", status="invalid event", errors=faults)
        self.accepted.append(request)
        self._take(event)
        return _answer(202, "Event processed", status="success", dedup_key=event["dedup_key"])

    def _take(self, event: dict[str, Any]) -> None:
        key, action = event["dedup_key"], event["event_action"]
        shown = self.incidents.get(key)
        there = shown is not None and shown.status != "resolved"
        if action == "trigger":
            if shown is None:
                shown = self.incidents[key] = Incident()
            elif not there:
                shown.status, shown.calls = "triggered", shown.calls + 1
            shown.severity, shown.summary = event["payload"]["severity"], event["payload"]["summary"]
        if shown is not None and (there or action == "trigger"):
            shown.log.append(action)
            if action != "trigger":
                shown.status = {"acknowledge": "acknowledged", "resolve": "resolved"}[action]


def _answer(code: int, message: str, **more: Any) -> Reply:
    return Reply(code, json.dumps({"message": message, **more}).encode(), {"Content-Type": "application/json"})
