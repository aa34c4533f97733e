"""Looks in a channel for what an earlier try may have left there: its metadata names the incident and the change."""

from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient

from bellbuoy.sinks.base import Handle
from bellbuoy.sinks.outgoing import Failed
from bellbuoy.sinks.render import EVENT_TYPE
from bellbuoy.sinks.slack_api import call

_NOT_ALLOWED = frozenset({"auth", "not_found", "invalid_page", "blocked"})
_GONE = frozenset({"message_not_found", "thread_not_found"})


def message(api: WebClient, channel: str, key: str) -> tuple[str, int] | None:
    """Return the newest message of an incident and the change it shows; None where there is none or nobody may look.

    Raises:
        Failed: the search itself is worth another try.
    """
    for said in _asked(api.conversations_history, channel=channel, limit=100):
        payload = _payload(said, EVENT_TYPE)
        if payload.get("incident") == key[:200] and said.get("ts"):
            return str(said["ts"]), int(payload.get("change", 0))
    return None


def last_told(api: WebClient, handle: Handle, key: str) -> int:
    """Return the number of the last change told in the message's thread; 0 where there is none or nobody may look.

    Raises:
        Failed: the search itself is worth another try, or the message is gone.
    """
    thread = _asked(api.conversations_replies, channel=handle["channel"], ts=handle["ts"], limit=200)
    payloads = (_payload(said, f"{EVENT_TYPE}_news") for said in thread)
    return max((int(told["told"]) for told in payloads if told.get("incident") == key[:200]), default=0)


def _asked(method: Callable[..., Any], **arguments: Any) -> list[Mapping[str, Any]]:
    try:
        return list(call(method, include_all_metadata=True, **arguments).get("messages", []))
    except Failed as failed:
        if failed.reason in _NOT_ALLOWED and failed.code not in _GONE:
            return []
        raise


def _payload(said: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    metadata = said.get("metadata") or {}
    payload = metadata.get("event_payload") if metadata.get("event_type") == kind else None
    return payload if isinstance(payload, dict) else {}
