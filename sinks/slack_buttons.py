"""The buttons that people decide with: how they look under a message, and what Slack says when one is pressed. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bellbuoy.sinks.base import Page
from bellbuoy.sinks.text import clean, moment

Action: TypeAlias = Literal["ack", "silence", "expected"]
ACTIONS: tuple[Action, ...] = ("ack", "silence", "expected")
SILENCES = {"1h": "1 hour", "8h": "8 hours", "tomorrow": "Until tomorrow 09:00"}
"""What can be chosen under Silence…, each with its label."""

Take: TypeAlias = Callable[[Mapping[str, Any]], bool]
"""Takes an interaction, at once; false where it cannot, and then Slack tells the presser so."""

_BLOCK_ID = re.compile(r"act:(.+):([0-9]{1,9})", re.DOTALL)
_USER = re.compile(r"[UW][A-Z0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Press:
    """One press of a button that decides something.

    Attributes:
        id: the same for the same press, however often it is told.
        action: which button.
        choice: for `silence` a key of `SILENCES`; "" for the others.
        incident: its id.
        version: number of the change that the message showed.
        user: id of the member who pressed. name: how Slack calls them, "" where it does not say.
        channel: id of the channel with the message.
    """

    id: str
    action: Action
    choice: str
    incident: str
    version: int
    user: str
    name: str
    channel: str

    @property
    def who(self) -> str:
        """The actor as it is stored: `slack:U02ABC/dana`."""
        return f"slack:{self.user}/{self.name}" if self.name else f"slack:{self.user}"


def block_id(page: Page) -> str:
    """Return the id of the block with the buttons: it says which state of which incident they were drawn for."""
    return f"act:{page.key[:200]}:{page.version}"


def decisions(page: Page) -> list[dict[str, Any]]:
    """Return the buttons of an incident that is not resolved; one about Bellbuoy itself is never expected."""
    made: list[dict[str, Any]] = []
    if page.state == "open":
        made.append({**_button("Acknowledge", "ack", page), "style": "primary"})
    made.append(
        {
            "type": "static_select",
            "action_id": "silence",
            "placeholder": plain("Silence…", 75),
            "options": [{"text": plain(label, 75), "value": choice} for choice, label in SILENCES.items()],
        }
    )
    if page.about == "agents":
        made.append({**_button("Expected…", "expected", page), "confirm": _confirm(page)})
    return made


def _button(label: str, action: Action, page: Page) -> dict[str, Any]:
    return {"type": "button", "text": plain(label, 75), "action_id": action, "value": page.key[:200]}


def _confirm(page: Page) -> dict[str, Any]:
    since = moment(page.opened_at if page.onset is None else page.onset, page.timezone)
    said = f"A new baseline begins {since}: this level pages no more, and the incident ends. Objectives go on counting."
    return {
        "style": "danger",
        "title": plain("Accept this as normal?", 100),
        "text": plain(f"{clean(page.headline, 150)}. {said}", 300),
        "confirm": plain("New baseline", 30),
        "deny": plain("Keep the incident", 30),
    }


def plain(text: str, limit: int) -> dict[str, Any]:
    """Return a text object without markup, cleaned and cut to `limit` characters."""
    return {"type": "plain_text", "text": clean(text, limit), "emoji": True}


def press_of(payload: Mapping[str, Any]) -> Press | None:
    """Return the press that an interaction of Slack tells of; None where nothing is decided: a link, or none of ours."""
    actions = payload.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    shown = _BLOCK_ID.fullmatch(_text(first, "block_id"))
    action = next((one for one in ACTIONS if one == _text(first, "action_id")), None)
    user, choice = _text(payload, "user", "id"), _text(first, "selected_option", "value")
    if payload.get("type") != "block_actions" or shown is None or action is None or not _USER.fullmatch(user):
        return None
    if (action == "silence") != (choice in SILENCES):
        return None
    channel = _text(payload, "channel", "id") or _text(payload, "container", "channel_id")
    name = clean(_text(payload, "user", "username") or _text(payload, "user", "name"), 60).strip()
    at = _text(first, "action_ts")
    return Press(f"{user} {at} {action} {shown[0]}", action, choice, shown[1], int(shown[2]), user, name, channel)


def _text(value: object, *path: str) -> str:
    """Return the text at a path of keys, "" where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
