"""Incidents and silences as a person reads them on a terminal; from plain JSON, pure but for the width of the terminal."""

import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import msgspec

from bellbuoy.monitor.explain.wording import TOLD_IN, moment, span
from bellbuoy.sinks.base import Page
from bellbuoy.sinks.terminal import terminal
from bellbuoy.sinks.text import clean

WIDEST = 104
MOST = 600
MARKS = {"worse": "✗", "better": "△", "stale": "?"}


def list_lines(rows: list[dict[str, Any]], since: str, state: str | None) -> list[str]:
    """Return incidents as lines: what is wrong first, then its state, then who is not told of it.

    Args:
        rows: of `stories.Line`.
        since: how far back was asked for, for the sentence that says that there is none.
        state: which were asked for, likewise.
    """
    if not rows:
        return (
            [f"no incident is {state or 'open, and none ended'} in the last {since}"]
            if state != "open"
            else ["no open incident"]
        )
    near = max(one["opened_at"] for one in rows)
    lines: list[str] = []
    for one in rows:
        place = "/".join(part for part in (one["workflow"], one["step"]) if part)
        begun = moment(one["opened_at"], one["timezone"], near=near)
        if one["state"] == "resolved":
            lasted = span(one["resolved_at"] - one["opened_at"])
            told = f"ended {moment(one['resolved_at'], one['timezone'], near=near)}, after {lasted}"
        else:
            told = f"open since {begun}"
        lines += _hung(f"{one['severity']:<7} ", clean(one["headline"], 150))
        lines += _hung(" " * 8, f"{told} · {clean(place, 120)} · {one['id']}")
        if one["state"] == "acknowledged":
            lines += _hung(" " * 8, _taken(one, near))
        if one["muted"]:
            lines += _hung(" " * 8, f"muted: {clean(one['muted'], MOST)}")
        lines.append("")
    return [*lines, "`bellbuoy incidents INC` tells one in full"]


def story_text(story: dict[str, Any]) -> str:
    """Return the whole story of an incident as text: the page, what is bad, what happened, who was told, what to do."""
    line, zone = story["incident"], story["incident"]["timezone"]
    near = max([line["opened_at"], *(one["at"] for one in story["changes"])])
    page = msgspec.convert({**story["page"], "state": line["state"]}, Page)
    lines = terminal(page, _width(), colour=sys.stdout.isatty()).splitlines()
    lines += ["", "What is bad"]
    for one in story["parts"]:
        over = one["resolved_at"] is not None
        ended = f", over {moment(one['resolved_at'], zone, near=near)}" if over else ""
        begun = f"found {moment(one['joined_at'], zone, near=near)} by {one['detector']}{ended}"
        mark = "✓" if over else MARKS.get(one["state"], "·")
        lines += _hung(f"  {mark} ", f"{clean(one['series'], 200)} ({begun}): {clean(one['why'], MOST)}")
    lines += ["", f"What happened (times in {zone})"]
    width = max(len(moment(one["at"], zone, near=near)) for one in story["changes"])
    for one in story["changes"]:
        rise = f"{one['severity']}, " if one["raised"] else ""
        reason = clean(one["reason"], MOST)
        said = reason if reason.startswith(one["change"]) else f"{one['change']}: {rise}{reason}"
        lines += _hung(f"  {moment(one['at'], zone, near=near):<{width}}  ", said)
    lines += ["", "Who was told", *_told(story, near)]
    if line["muted"]:
        lines += _hung("  ", f"nobody now: {clean(line['muted'], MOST)}")
    if story["samples"]:
        ids = ", ".join(clean(one["interaction_id"], 80) for one in story["samples"])
        more = f"  `bellbuoy incidents {line['id']} --samples` shows more, with links"
        lines += ["", "Newest interactions behind it", *_hung("  ", ids), more]
    return "\n".join([*lines, *_next(line)]) + "\n"


def sample_lines(behind: dict[str, Any]) -> list[str]:
    """Return the interactions behind an incident as lines: when, which, of what kind, and where to look at it."""
    line, zone, near = behind["incident"], behind["timezone"], behind["until"]
    head = f"{line['id']}: {clean(line['headline'], 150)}"
    since = moment(behind["since"], zone, near=near)
    rows = behind["samples"]
    if not rows:
        told = f"no bad trial of {clean(behind['series'], 200)} since {since} ({zone}) is in the store any more"
        return [*_hung("", head), *_hung("", f"{told}; `store.retention.events` says how long events are kept")]
    told = f"interactions with a bad trial of {clean(behind['series'], 200)} since {since} ({zone}), the newest first"
    lines = [*_hung("", head), *_hung("", told), ""]
    names = [clean(one["interaction_id"], 80) for one in rows]
    kinds = [clean(one["kind"] or "", 40) for one in rows]
    wide, wider = max(map(len, names)), max(map(len, kinds))
    for one, name, kind in zip(rows, names, kinds, strict=True):
        told = f"{moment(one['at'], zone, near=near)}  {name:<{wide}}" + (f"  {kind:<{wider}}" if wider else "")
        lines.append(f"{told}  {clean(one['link'] or '', MOST)}".rstrip())
    if not any(one["link"] for one in rows):
        lines += ["", "`trace_url` of a workflow, or `content_ref` of its events, puts a link beside each"]
    return lines


def silence_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return silences as lines: those in force first, then those that are over."""
    if not rows:
        return ["nothing is silenced"]
    near = max(one["began_at"] for one in rows)
    lines: list[str] = []
    for one in rows:
        zone = one["timezone"]
        until = moment(one["ended_at"] or one["until"], zone, near=near)
        if one["active"]:
            state = f"until {until} {zone}"
        else:
            state = f"over since {until} {zone}" + (
                f", ended by {clean(one['ended_by'], 200)}" if one["ended_by"] else ""
            )
        lines += _hung(f"{one['id']}  ", f"{clean(one['selector'], 200)}, {state}")
        lines += _hung(
            " " * 4, f"{clean(one['why'], MOST)} ({clean(one['who'], 200)}, {moment(one['began_at'], zone, near=near)})"
        )
        if one["incidents"]:
            lines += _hung(" " * 4, f"mutes now: {', '.join(one['incidents'])}")
    return lines


def _told(story: dict[str, Any], near: int) -> Iterator[str]:
    last = len(story["changes"])
    if not story["deliveries"]:
        yield "  nobody: no route leads to a sink"
    for one in story["deliveries"]:
        shown = "nothing yet" if not one["shown"] else f"up to change {one['shown']} of {last}"
        shown = "all of it" if one["shown"] >= last else shown
        reason = clean(one["reason"] or "", MOST)
        why = f": {reason}" if reason else ""
        stormed = reason.startswith(TOLD_IN)
        due = moment(one["due_at"], story["incident"]["timezone"], near=near)
        said = {
            "sent": "",
            "due": f"; trying again{why}" if one["tries"] else "; what is new is on its way",
            "held": f"; {reason}, one message for many" if stormed else f"; nobody is called before {due}{why}",
            "muted": f"; {reason}, and over" if stormed else f"; it was over before the mute ended{why}",
            "refused": f"; refused{why}",
        }[one["state"]]
        yield from _hung("  ", f"{clean(one['sink'], 80)} shows {shown}{said}")


def _next(line: dict[str, Any]) -> list[str]:
    if line["state"] == "resolved":
        return []
    key = line["id"]
    ways = [
        ("take it", f'bellbuoy ack {key} --why "…"', line["state"] == "open"),
        ("mute it", f'bellbuoy silence {key} --for 2h --why "…"', line["muted"] is None),
        ("it is expected", f"bellbuoy baseline accept {key}", line["about"] == "agents"),
    ]
    return ["", "What to do", *(f"  {means:<16}{way}" for means, way, fits in ways if fits)]


def _taken(line: dict[str, Any], near: int) -> str:
    at = moment(line["acknowledged_at"], line["timezone"], near=near)
    return f"acknowledged by {clean(line['acknowledged_by'], 200)}, {at}"


def _width() -> int:
    return max(40, min(shutil.get_terminal_size().columns, WIDEST))


def _hung(head: str, text: str) -> list[str]:
    """Return a text broken at spaces, its further lines as far in as the end of `head`."""
    return textwrap.wrap(
        text,
        _width(),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
