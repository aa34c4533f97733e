"""The sink for Slack: one message per incident, edited in place, its changes told in the thread."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from bellbuoy.sinks.base import Page, Receipt, Refused, Secret, Sent
from bellbuoy.sinks.outgoing import Failed, host_of
from bellbuoy.sinks.slack_api import call, client
from bellbuoy.sinks.slack_buttons import Press
from bellbuoy.sinks.slack_delivery import Delivery
from bellbuoy.sinks.slack_socket import Socket
from bellbuoy.sinks.slack_webhook import by_webhook
from bellbuoy.sinks.text import escape

PRESSER_S = 3.0
"""Longest wait for an answer of Slack about a press: others have pressed meanwhile."""
_ACTOR = re.compile(r"[UWS][A-Z0-9]{1,30}")


@dataclass(frozen=True)
class Storm:
    """When many incidents become one digest.

    Attributes:
        incidents: more than so many new ones.
        within: in so many seconds.
    """

    incidents: int = 5
    within: float = 120.0


@dataclass(frozen=True)
class Slack:
    """Shows each incident as one message in a channel.

    Attributes:
        channel: name ("#agents") or id ("C0123"). With the id, a message whose fate is unknown can be looked for.
        bot_token: token of the app's bot; scopes `chat:write`, and `files:write`, `files:read` for the chart.
        app_token: the app's own token, scope `connections:write`: buttons over Socket Mode, with no public address.
        signing_secret: of the app: buttons over HTTP, at `/slack/interactions` of `server.public_url`.
        webhook_url: an incoming webhook in place of `bot_token`: a new message per change, no edit, thread or chart.
        api_url: where Slack's API is; a test or a proxy stands here.
        mention: whom to call, by severity: `{page: "<!subteam^S012ABC>"}`; once when the severity is first reached.
        actors: who may press buttons: ids of members (`U…`) and of user groups (`S…`, scope `usergroups:read`); empty for
            anyone in the channel.
        chart: `image` uploads the chart as a picture, `none` leaves it out; `native` is not used yet and leaves it out.
        remind: seconds between reminders in the thread while nobody has taken the incident; they call nobody. 0 for none.
        storm: how many new incidents in how short a time are told in one digest instead of a message each.
    """

    channel: str = ""
    bot_token: Secret | None = None
    app_token: Secret | None = None
    signing_secret: Secret | None = None
    webhook_url: Secret | None = None
    api_url: str = "https://slack.com/api/"
    mention: Mapping[str, str] = field(default_factory=dict)
    actors: tuple[str, ...] = ()
    chart: Literal["image", "native", "none"] = "image"
    remind: float = 14_400.0
    storm: Storm = Storm()

    edits: ClassVar[bool] = True
    threads: ClassVar[bool] = True
    images: ClassVar[bool] = True
    resolves: ClassVar[bool] = True
    pace: ClassVar[float] = 1.0
    """Seconds between two messages to a channel."""
    wait: ClassVar[Any] = staticmethod(lambda seconds: threading.Event().wait(seconds))
    """Waits between two looks at an uploaded image, ten seconds at most; a test puts its own here."""

    def __post_init__(self) -> None:
        """Refuse settings that can never send.

        Raises:
            ValueError: what is missing or wrong, and the way out.
        """
        if self.webhook_url is None and (self.bot_token is None or not self.channel):
            raise ValueError("slack needs `bot_token` and `channel`, or a `webhook_url`")
        if not host_of(self.api_url):
            raise ValueError("`api_url` of slack must be an http(s) address")
        if self.storm.incidents < 1 or self.storm.within <= 0:
            raise ValueError("`storm` of slack is more than so many `incidents`, 1 at least, `within` a time above 0")
        unknown = set(self.mention) - {"page", "ticket", "watch"}
        if unknown:
            raise ValueError(f"`mention` of slack knows page, ticket and watch, not {', '.join(sorted(unknown))}")
        if self.bot_token is None and (self.app_token or self.signing_secret):
            raise ValueError("buttons of slack need `bot_token`: the message of a `webhook_url` cannot be edited")
        unknown = {actor for actor in self.actors if not _ACTOR.fullmatch(actor)}
        if unknown:
            raise ValueError(
                f"`actors` of slack are ids as U02ABCDEF and S02ABCDEF, no names: {', '.join(sorted(unknown))}"
            )
        if self.bot_token is None:  # a webhook can do none of these
            for name in ("edits", "threads", "images"):
                object.__setattr__(self, name, False)

    def send(self, page: Page) -> Receipt:
        """Show the page: post or edit its message, then tell what is new in the thread."""
        if self.bot_token is None:
            assert self.webhook_url is not None
            if page.rows and page.change == "updated" and not page.news:
                return Sent(dict(page.handle or {}))  # a digest that cannot be edited is not posted at every change
            return by_webhook(self.webhook_url, page, self.mention.get(page.severity, ""))
        if int((page.handle or {}).get("version", "0")) > page.version:
            return Sent(dict(page.handle or {}))
        delivery = Delivery(self, client(self.bot_token, self.api_url), page)
        try:
            delivery.run()
        except Failed as failed:
            receipt = failed.receipt(delivery.handle or None)
            return (
                Refused(receipt.reason, f"{self.channel}: {receipt.why}") if isinstance(receipt, Refused) else receipt
            )
        return Sent(delivery.handle)

    @property
    def repeat(self) -> float:
        """Seconds after which an incident that lasts is sent anew: a reminder. A webhook has no thread for it."""
        return self.remind if self.threads else 0.0

    @property
    def pressable(self) -> bool:
        """Whether what is pressed under its messages is heard."""
        return self.app_token is not None or self.signing_secret is not None

    def socket(self) -> Socket | None:
        """Return the line on which Socket Mode tells what is pressed; None without `app_token`."""
        return None if self.app_token is None else Socket(self.app_token, self.api_url)

    def forbids(self, user: str) -> str | None:
        """Return why a member may not press buttons; None where they may.

        Raises:
            Failed: Slack does not say who is in a user group.
        """
        if not self.actors or user in self.actors:
            return None
        assert self.bot_token is not None
        api = client(self.bot_token, self.api_url, PRESSER_S)
        for group in (actor for actor in self.actors if actor.startswith("S")):
            if user in call(api.usergroups_users_list, usergroup=group).get("users", []):
                return None
        return "you may not do this here: the setting `actors` names who may"

    def answer(self, press: Press, text: str) -> None:
        """Say something to the one who pressed, and to nobody else.

        Raises:
            Failed: it was not taken, or nobody knows whether it was.
        """
        assert self.bot_token is not None
        api = client(self.bot_token, self.api_url, PRESSER_S)
        call(api.chat_postEphemeral, channel=press.channel, user=press.user, text=escape(text, 600))

    def probe(self) -> str | None:
        """Return what is wrong with token or address, or None; nobody sees anything of it."""
        if self.bot_token is None:
            return None
        try:
            call(client(self.bot_token, self.api_url).auth_test)
        except Failed as failed:
            return failed.why or failed.reason
        return None
