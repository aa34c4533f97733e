"""One page on its way to Slack, step by step; the handle always says what is already done."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol

from slack_sdk import WebClient

from bellbuoy.sinks import slack_search
from bellbuoy.sinks.base import Handle, News, Page
from bellbuoy.sinks.chart import svg
from bellbuoy.sinks.lint import lint
from bellbuoy.sinks.outgoing import Failed
from bellbuoy.sinks.render import Part, evidence, message, reply
from bellbuoy.sinks.slack_api import call
from bellbuoy.sinks.slack_upload import upload
from bellbuoy.sinks.text import duration, escape, link, safe_url
from bellbuoy.sinks.wording import alt_text

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
INVALID = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
LADDER: tuple[Part, ...] = ("container", "image", "blocks")
"""What is left out, one after the other, where Slack does not take the blocks."""

_CALL = re.compile(r"<(!subteam\^[A-Z0-9]+(\|[^<>]*)?|@[A-Z0-9]+|!here|!channel|!everyone)>")


class Settings(Protocol):
    """What of the sink's settings a delivery reads."""

    @property
    def channel(self) -> str: ...  # noqa: D102 - documented at the sink
    @property
    def chart(self) -> Literal["image", "native", "none"]: ...  # noqa: D102 - documented at the sink
    @property
    def mention(self) -> Mapping[str, str]: ...  # noqa: D102 - documented at the sink
    @property
    def pressable(self) -> bool: ...  # noqa: D102 - documented at the sink
    @property
    def wait(self) -> Any: ...  # noqa: D102 - documented at the sink


class Delivery:
    """Brings one page to the channel.

    The handle holds `channel`, `ts` (the message), `version` (shown in it), `first` (the version that was posted), `told`
    (number of the last change told in the thread), `file` and `drawn` (chart, and the state it shows), `chart` (digest of
    the drawing), `called` and `called_at` (severities already reached, and when people were called), `without` (parts that
    were refused), `evidence` (`due` while it must go to the thread).
    """

    def __init__(self, sink: Settings, api: WebClient, page: Page) -> None:
        self.sink = sink
        self.api = api
        self.page = page
        self.handle: Handle = dict(page.handle or {})
        self.posted = False

    def run(self) -> None:
        """Show the page and tell its news; at most one new message in the channel in one go, none while it is muted.

        Raises:
            Failed: it stopped; `handle` holds what was done.
        """
        if self.page.muted:
            self._edit()
            return
        if self._is_repeat():
            self._remind()
            return
        if "ts" not in self.handle and self.page.attempt > 1:
            self._adopt()
        try:
            self._show()
            self._tell()
        except Failed as failed:
            if failed.code not in GONE or "ts" not in self.handle:
                raise
            self._start_again()
            self._show()
            self._tell()

    def _is_repeat(self) -> bool:
        """Tell whether all of the page is there already."""
        shown, told = (int(self.handle.get(name, "0")) for name in ("version", "told"))
        return "ts" in self.handle and not self.page.news and min(shown, told) >= self.page.version

    def _remind(self) -> None:
        """Remind of what nobody has taken, in the thread and with no call; never twice, so a try that may have arrived is the last."""
        page = self.page
        if page.state != "open" or page.tried_at is None or page.attempt > 1:
            return
        text = f"Still open after {duration(page.tried_at - page.opened_at)}, and nobody has taken it."
        said = reply(page, [News(page.version, page.tried_at, text)], loud=False)
        try:
            call(self.api.chat_postMessage, channel=self.handle["channel"], thread_ts=self.handle["ts"], **said)
        except Failed as failed:
            if failed.code not in GONE:  # a message that is gone comes back with the next change
                raise

    def _edit(self) -> None:
        """Edit the message; one that is gone is made anew when people may be called."""
        if "ts" not in self.handle:
            return
        try:
            self._show()
        except Failed as failed:
            if failed.code not in GONE:
                raise

    def _adopt(self) -> None:
        """Take over the message that an earlier try may have left; where it cannot be looked for, it is posted again."""
        channel = self.handle.get("channel", self.sink.channel)
        found = slack_search.message(self.api, channel, self.page.key)
        if found is not None:
            ts, change = found
            self.handle.update(channel=channel, ts=ts, version=str(change))
            if change == self.page.version:
                self._reached(mentioned=bool(self._mention()))

    def _show(self) -> None:
        """Post the message, or edit it where it shows an older version."""
        if "ts" in self.handle and int(self.handle.get("version", "0")) >= self.page.version:
            return
        self._draw()
        first = "ts" not in self.handle
        mention = self._mention() if first and not self._is_reached() else ""
        while True:
            said = self._message(mention)
            try:
                answer = self._say(said, first=first)
                break
            except Failed as failed:
                if failed.code not in INVALID or not self._leave_out():
                    raise
        self.handle["version"] = str(self.page.version)
        if first:
            self.posted = True
            self.handle.setdefault("first", str(self.page.version))
            self.handle.update(channel=str(answer.get("channel", self.sink.channel)), ts=str(answer.get("ts", "")))
            self._reached(mentioned=bool(mention))

    def _message(self, mention: str) -> dict[str, Any]:
        """Return the message; what our own linter finds is left out as if Slack had refused it."""
        called = self.handle.get("called_at")
        while True:
            said = message(
                self.page,
                image=self.handle.get("file") or None,
                mention=mention,
                called_at=int(called) if called else None,
                without=self._without(),
                pressable=self.sink.pressable,
            )
            if mention and "blocks" not in said:
                said["text"] += f" {mention}"
            if not lint(said.get("blocks", []), mention) or not self._leave_out():
                break
        if "earlier" in self.handle and "blocks" in said:
            said["blocks"].append(_note(link(self.handle["earlier"], "the earlier message of this incident")))
        return said

    def _say(self, said: dict[str, Any], *, first: bool) -> dict[str, Any]:
        if first:
            return call(self.api.chat_postMessage, channel=self.sink.channel, **said)
        edit = {name: value for name, value in said.items() if not name.startswith("unfurl")}
        return call(
            self.api.chat_update, channel=self.handle["channel"], ts=self.handle["ts"], **{"blocks": [], **edit}
        )

    def _without(self) -> tuple[Part, ...]:
        refused = self.handle.get("without", "").split(",")
        return tuple(part for part in LADDER if part in refused)

    def _leave_out(self) -> bool:
        """Leave out the next part that is there at all; false when nothing is left to leave out."""
        gone = self._without()
        there = {"container": bool(evidence(self.page)), "image": bool(self.handle.get("file")), "blocks": True}
        part = next((part for part in LADDER if part not in gone and there[part]), None)
        if part is None:
            return False
        self.handle["without"] = ",".join((*gone, part))
        if part == "container":
            self.handle["evidence"] = "due"
        return True

    def _draw(self) -> None:
        """Upload the chart where state or severity changed since the last one; without it the message goes all the same."""
        chart = self.page.chart
        shows = f"{self.page.state}/{self.page.severity}"
        if self.sink.chart != "image" or chart is None or "image" in self._without():
            self.handle.pop("file", None)
            return
        if self.handle.get("drawn") == shows:
            return
        drawing = svg(chart, "light")
        digest = hashlib.sha256(drawing.encode()).hexdigest()[:16]
        if self.handle.get("chart") != digest or not self.handle.get("file"):
            try:
                name = re.sub(r"[^A-Za-z0-9_.-]+", "-", self.page.key)[:80]
                file = upload(self.api, drawing, f"{name}.png", alt_text(self.page), self.sink.wait)
            except Failed:
                file = ""
            self.handle.update(file=file, chart=digest)
        self.handle["drawn"] = shows

    def _tell(self) -> None:
        """Tell in one reply what is new since the last one."""
        told = int(self.handle.get("told", "0"))
        news = [item for item in self.page.news if item.number > told]
        if news and self.page.attempt > 1 and not self.posted:
            told = max(told, slack_search.last_told(self.api, self.handle, self.page.key))
            self.handle["told"] = str(told)
            news = [item for item in news if item.number > told]
        if self.posted and (news or self.handle.get("evidence") == "due"):
            raise Failed("rate_limited", after=1.0, code="pace")
        if self.handle.get("evidence") == "due":
            self._unfold()
            if news:
                raise Failed("rate_limited", after=1.0, code="pace")
        if news:
            self._reply(news)
        self.handle["told"] = str(max([told, self.page.version, *(item.number for item in news)]))

    def _reply(self, news: list[News]) -> None:
        first = int(self.handle.get("first", "0"))
        again = any(item.reopened and item.number > first for item in news)
        loud = again or (any(item.raised for item in news) and not self._is_reached())
        mention = self._mention() if loud else ""
        said = reply(self.page, news, mention, loud=loud)
        call(self.api.chat_postMessage, channel=self.handle["channel"], thread_ts=self.handle["ts"], **said)
        self._reached(mentioned=bool(mention))

    def _unfold(self) -> None:
        """Give the evidence that the message could not hold to the thread; where Slack takes no blocks at all, drop it."""
        made = evidence(self.page)
        if made and "blocks" not in self._without():
            try:
                call(
                    self.api.chat_postMessage,
                    channel=self.handle["channel"],
                    thread_ts=self.handle["ts"],
                    text="Evidence",
                    blocks=made,
                )
            except Failed as failed:
                if failed.code not in INVALID:
                    raise
        self.handle["evidence"] = "told"

    def _mention(self) -> str:
        """Return the call for this severity in Slack's markup; what is none is shown as text."""
        wanted = "" if self.page.about == "audit" else self.sink.mention.get(self.page.severity, "")
        return wanted if _CALL.sub("", wanted).strip() == "" else escape(wanted, 200)

    def _is_reached(self) -> bool:
        """Return whether people were already called for this severity: an edit, a reminder or a new try calls nobody."""
        return self.page.severity in self.handle.get("called", "").split(",")

    def _reached(self, *, mentioned: bool) -> None:
        called = [name for name in self.handle.get("called", "").split(",") if name]
        if self.page.severity not in called:
            self.handle["called"] = ",".join([*called, self.page.severity])
            if mentioned:
                self.handle["called_at"] = str(self.page.at)

    def _start_again(self) -> None:
        """Forget a message that can no longer be edited and remember where it is."""
        try:
            found = call(self.api.chat_getPermalink, channel=self.handle["channel"], message_ts=self.handle["ts"])
            if address := safe_url(str(found.get("permalink", ""))):
                self.handle["earlier"] = address
        except Failed:
            pass
        for name in ("ts", "version"):
            self.handle.pop(name, None)


def _note(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
