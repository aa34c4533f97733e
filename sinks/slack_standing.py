"""How an app stands with Slack: its token, its scopes, its channel, its line. Asked without anybody seeing it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk import WebClient

from bellbuoy.sinks.base import Handle, Secret
from bellbuoy.sinks.outgoing import Failed
from bellbuoy.sinks.slack_api import call, client

ASK_S = 4.0
"""Longest wait for an answer."""
_ID = re.compile(r"[CG][A-Z0-9]{5,}")
_INFO = {"channels:read", "groups:read"}
_HISTORY = {"channels:history", "groups:history"}


@dataclass(frozen=True, slots=True)
class Standing:
    """What Slack says of a token.

    Attributes:
        name: of whom it is. team: the workspace.
        bot: whether it is a bot's.
        scopes: that were granted; None where Slack does not say.
        at: Slack's clock, epoch seconds; None where it does not say.
    """

    name: str
    team: str
    bot: bool
    scopes: frozenset[str] | None
    at: float | None


class Slacks:
    """Asks Slack about one app.

    Args:
        token: of its bot.
        api_url: where Slack's API is.
    """

    def __init__(self, token: Secret, api_url: str) -> None:
        self._api: WebClient = client(token, api_url, ASK_S)

    def standing(self) -> Standing:
        """Return how the token stands.

        Raises:
            Failed: it is refused, or nobody answers.
        """
        headers: dict[str, str] = {}

        def asked() -> Any:
            answer = self._api.auth_test()
            headers.update({name.lower(): str(value) for name, value in answer.headers.items()})
            return answer

        said = call(asked)
        granted = headers.get("x-oauth-scopes")
        return Standing(
            name=str(said.get("user", "?")),
            team=str(said.get("team", "?")),
            bot="bot_id" in said,
            scopes=None if granted is None else frozenset(filter(None, re.split(r"[,\s]+", granted))),
            at=_instant(headers),
        )

    def channel(self, channel: str, scopes: frozenset[str] | None) -> bool | None:
        """Return whether the bot may write to a channel; None where its scopes do not let it see that.

        Args:
            channel: its id; of a name nothing can be seen.
            scopes: that were granted; None where that is not known: then it is tried.

        Raises:
            Failed: it may not, and the reason: no such channel, archived, not in it.
        """
        if _ID.fullmatch(channel) is None:
            return None
        scopes = frozenset(_INFO) if scopes is None else scopes
        if scopes & _INFO:
            try:
                found = call(self._api.conversations_info, channel=channel).get("channel", {})
            except Failed as failed:
                if failed.code == "missing_scope":  # that of the other kind of channel
                    return None
                raise
            if found.get("is_archived"):
                raise Failed("not_found", "the channel is archived: give another one", code="is_archived")
            anywhere = "chat:write.public" in scopes and not found.get("is_private")
            if not found.get("is_member") and not anywhere:
                raise Failed("not_found", "the bot is not in the channel: invite it", code="not_in_channel")
            return True
        if scopes & _HISTORY:
            try:
                call(self._api.conversations_history, channel=channel, limit=1)
            except Failed as failed:
                if failed.code == "missing_scope" or (
                    failed.code == "not_in_channel" and "chat:write.public" in scopes
                ):
                    return None
                raise
            return True
        return None

    def delete(self, handle: Handle) -> None:
        """Take a message away, and the picture in it.

        Raises:
            Failed: one of them stays.
        """
        call(self._api.chat_delete, channel=handle["channel"], ts=handle["ts"])
        if handle.get("file"):
            call(self._api.files_delete, file=handle["file"])


def opens(token: Secret, api_url: str) -> None:
    """Ask for the address of a connection of Socket Mode, and open none.

    Raises:
        Failed: the app's token is refused, or nobody answers.
    """
    call(client(token, api_url, ASK_S).apps_connections_open, app_token=token.reveal())


def _instant(headers: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None
