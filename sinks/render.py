"""How a page reads in Slack: blocks, message, thread reply. Pure: the same page gives the same bytes."""

import json
import re
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from bellbuoy.sinks.base import Fact, News, Page, Sentence, Span
from bellbuoy.sinks.slack_buttons import block_id, decisions, plain
from bellbuoy.sinks.text import clean, escape, link, safe_url, weekday
from bellbuoy.sinks.wording import alt_text, lasted, open_link, remarks

Block: TypeAlias = dict[str, Any]
Part: TypeAlias = Literal["container", "image", "blocks"]
"""What a workspace may refuse and a message can do without."""

MESSAGE_BYTES = 12_000
TEXT_LIMIT = 300
UNIT = re.compile(r"(?<=\d) (?=%|pt\b)")
"""The space between a number and its unit."""
SHOWN = frozenset({"text", "fields", "child_blocks", "elements", "confirm"})
"""Keys under which stands what people read."""
EMOJI = {"open": ":red_circle:", "acknowledged": ":large_yellow_circle:", "resolved": ":large_green_circle:"}
EVENT_TYPE = "bellbuoy_incident"


def mrkdwn(sentence: Sentence, limit: int) -> str:
    """Return a sentence in Slack's markup, every foreign character escaped, at most `limit` characters."""
    pieces: list[str] = []
    room = limit
    for span in sentence:
        if room < 12:  # too little for a styled letter and the ellipsis
            pieces.append("…")
            break
        piece = _span(span, room - 1)
        pieces.append(piece)
        room -= len(piece)
    return "".join(pieces)


def _span(span: Span, room: int) -> str:
    url = safe_url(span.url) if span.url else None
    if url and len(link(url, "")) + 16 < room:
        label = escape(span.text, room - len(link(url, "")) - 2, "*`|").strip() or "link"
        return f"*{link(url, label)}*" if span.style == "bold" else link(url, label)
    mark = {"bold": "*", "code": "`", "plain": ""}[span.style]
    text = escape(span.text, room - 2, mark)
    inner = text.strip()
    if not mark or not inner:
        return text
    lead = text[: len(text) - len(text.lstrip())]
    trail = text[len(text.rstrip()) :]
    return f"{lead}{mark}{inner}{mark}{trail}"


def blocks(
    page: Page,
    *,
    image: str | None = None,
    mention: str = "",
    called_at: int | None = None,
    without: Iterable[Part] = (),
    pressable: bool = False,
) -> list[Block]:
    """Return the message's blocks, at most `MESSAGE_BYTES` of JSON: what does not fit is cut with "…".

    Args:
        page: what to show.
        image: id of the uploaded chart, or None for a message without it.
        mention: who is called by this very message, in Slack's own markup; empty on edits.
        called_at: when people were called before, epoch seconds, or None.
        without: parts that this workspace refused.
        pressable: whether somebody hears what is pressed; without it the buttons are links.
    """
    left_out = frozenset(without)
    if "blocks" in left_out:
        return []
    made: list[Block] = []
    for scale in (1.0, 0.5, 0.25, 0.12):
        made = _unbroken(_layout(page, image, mention, called_at, left_out, scale, pressable=pressable))
        if size(made) <= MESSAGE_BYTES:
            break
    return made


def _unbroken(shown: Any) -> Any:
    """Return blocks in which no line breaks between a number and its unit: `71.1 %`, `−8.9 pt`."""
    if isinstance(shown, str):
        return UNIT.sub("\u00a0", shown)
    if isinstance(shown, dict):
        return {key: _unbroken(value) if key in SHOWN else value for key, value in shown.items()}
    return [_unbroken(one) for one in shown] if isinstance(shown, list) else shown


def size(made: list[Block]) -> int:
    """Return the bytes of the blocks as JSON."""
    return len(json.dumps(made, ensure_ascii=False).encode("utf-8", "replace"))


def _layout(
    page: Page,
    image: str | None,
    mention: str,
    called_at: int | None,
    left_out: frozenset[Part],
    scale: float,
    *,
    pressable: bool,
) -> list[Block]:
    made: list[Block] = [{"type": "header", "text": plain(_headline(page), 150)}]
    impact = mrkdwn(page.impact, int(2900 * scale))
    if impact.strip():
        made.append({"type": "section", "text": _mrkdwn(impact)})
    if page.rows:
        made.append({"type": "section", "text": _mrkdwn(_rows(page, int(2900 * scale)))})
    if image and page.chart and "image" not in left_out:
        made.append({"type": "image", "slack_file": {"id": image}, "alt_text": alt_text(page)})
    inside = _evidence(page, scale)
    if page.about == "audit":
        made += inside  # a report is its lines
    elif inside and "container" not in left_out:
        made.append(
            {
                "type": "container",
                "title": plain("Evidence", 150),
                "subtitle": plain(_subtitle(page), 150),
                "is_collapsible": True,
                "default_collapsed": True,
                "width": "full",
                "child_blocks": inside,
            }
        )
    buttons = (
        []
        if page.state == "resolved" and page.about != "audit"
        else [*(decisions(page) if pressable and not page.rows and page.about != "audit" else []), *_links(page)]
    )
    if buttons:
        made.append({"type": "actions", "block_id": block_id(page), "elements": buttons})
    made.append({"type": "context", "elements": [_mrkdwn(_foot(page, mention, called_at, scale))]})
    return made


def _rows(page: Page, limit: int) -> str:
    """Return the incidents of a digest, one line each: at most `limit` characters, and how many there is no room for."""
    lines, room, more = [], limit - 20, page.more
    for row in page.rows:
        line = f"• {mrkdwn(row, 300)}"
        if len(line) >= room:
            more += 1
        else:
            lines.append(line)
            room -= len(line) + 1
    return "\n".join([*lines, *([f"… and {more:,} more"] if more else [])])


def evidence(page: Page) -> list[Block]:
    """Return the evidence unfolded, for a thread reply where the message cannot hold it."""
    return next((made for made in (_evidence(page, s) for s in (1.0, 0.5, 0.25)) if size(made) <= MESSAGE_BYTES), [])


def message(page: Page, **options: Any) -> dict[str, Any]:
    """Return the arguments of `chat.postMessage` or `chat.update` but the channel; `options` are those of `blocks`."""
    said: dict[str, Any] = {
        "text": escape(page.summary, TEXT_LIMIT),
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {
            "event_type": EVENT_TYPE,
            "event_payload": {
                "incident": page.key[:200],
                "change": page.version,
                "state": page.state,
                "attempt": page.attempt,
            },
        },
    }
    made = blocks(page, **options)
    if made:
        said["blocks"] = made
    return said


def reply(page: Page, news: Iterable[News], mention: str = "", *, loud: bool | None = None) -> dict[str, Any]:
    """Return the arguments of the thread reply that tells `news`, one line each, but channel and thread.

    Args:
        page: of the incident.
        news: what to tell.
        mention: who is called by it, in Slack's own markup.
        loud: whether it is broadcast to the channel; None: when one of the news raised the severity.
    """
    told = sorted(news, key=lambda item: item.number)
    raised = any(item.raised for item in told) if loud is None else loud
    lines = [
        f"*<!date^{item.at}^{{time}}|{weekday(item.at, page.timezone)}>*  {escape(item.text, 600)}"
        for item in told[-8:]
    ]
    if raised and mention:
        lines[max((at for at, item in enumerate(told[-8:]) if item.raised), default=-1)] += f" · {mention}"
    text = "\n".join(lines)
    return {
        "text": text,
        "unfurl_links": False,
        "unfurl_media": False,
        "reply_broadcast": raised,
        "metadata": {
            "event_type": f"{EVENT_TYPE}_news",
            "event_payload": {"incident": page.key[:200], "told": max((item.number for item in told), default=0)},
        },
    }


def _headline(page: Page) -> str:
    if page.about == "audit":
        return f":clipboard: {page.headline}"
    tool = " :wrench:" if page.about == "bellbuoy" else ""
    return f"{EMOJI[page.state]}{tool} {page.headline}"


def _subtitle(page: Page) -> str:
    words = [fact.label.lower() for fact in page.findings[:4]]
    return ", ".join((["numbers"] if page.facts else []) + words) or "details"


def _evidence(page: Page, scale: float) -> list[Block]:
    made: list[Block] = []
    if page.facts:
        fields = [f"{_label(fact)}\n{mrkdwn(fact.value, int(400 * scale))}" for fact in page.facts[:10]]
        made.append({"type": "section", "fields": [_mrkdwn(field) for field in fields]})
    if page.findings:
        lines = [f"{_label(fact)}  {mrkdwn(fact.value, int(500 * scale))}" for fact in page.findings[:5]]
        made.append({"type": "section", "text": _mrkdwn("\n".join(lines))})
    return made


def _label(fact: Fact) -> str:
    name = escape(fact.label, 60, "*").strip()
    return f"*{name}*" if name else ""


def _links(page: Page) -> list[Block]:
    made: list[Block] = []
    for place, target in enumerate(page.links[:5]):
        url = safe_url(target.url)
        label = clean(target.label, 75).strip()
        if url and label:
            made.append(
                {
                    "type": "button",
                    "text": plain(label, 75),
                    "action_id": f"link:{place}",
                    "value": page.key[:200],
                    "url": url,
                }
            )
    return made


def _foot(page: Page, mention: str, called_at: int | None, scale: float) -> str:
    parts = [escape(remark, int(300 * scale)) for remark in remarks(page)[:8]]
    if page.about == "audit":
        return " · ".join(part for part in [*parts, _date(page.at, "up to", page.timezone)] if part)
    parts.append(_date(page.opened_at, "opened", page.timezone))
    if page.state == "resolved" and page.resolved_at is not None:
        parts.append(_date(page.resolved_at, "resolved", page.timezone))
    parts.extend(filter(None, [lasted(page)]))
    if mention:
        parts.append(f"{mention} paged")
    elif called_at is not None:
        parts.append(_date(called_at, "paged", page.timezone))
    name = escape(page.key, 100, "|")
    address = open_link(page)
    parts.append(link(address, name) if address and len(address) < 1000 * scale else name)
    return " · ".join(part for part in parts if part)


def _date(at: int, verb: str, timezone: str) -> str:
    return f"<!date^{at}^{verb} {{date_short_pretty}} {{time}}|{verb} {weekday(at, timezone)}>"


def _mrkdwn(text: str) -> Block:
    """Return a text object that Slack shows as it stands: no name or address in it becomes a link by itself."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}
