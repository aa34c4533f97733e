"""`--send-test`: a sample page through a sink as it is configured, its end, and with Slack its removal; each step is told."""

import threading
from dataclasses import replace
from typing import Any

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.doctor.finding import Finding, Findings, fail, ok, warn
from bellbuoy.sinks.base import Handle, Page, Receipt, Refused, Retry, Sent, Sink, Span
from bellbuoy.sinks.outgoing import Failed
from bellbuoy.sinks.slack import Slack
from bellbuoy.sinks.slack_standing import Slacks
from bellbuoy.sinks.testing_pages import AT, story

LIMIT_S = 60.0
"""Seconds that all steps may take together: each request has ten, and an image is waited for."""
TRIES = 3
"""How often a step is tried that the receiver asks to try later."""
WAIT_S = 10.0
"""Longest wait between two of them, seconds."""
REMEDIES = {
    "rate_limited": "too much was sent there lately: try again in a minute",
    "unreachable": "see to its address and the network",
    "no_answer": "it may have arrived all the same: look there before trying again",
    "server_error": "the receiver has a trouble of its own: try again later",
}
"""What to do about what may pass."""


def sample(at: int, timezone: str) -> Page:
    """Return a page that says of itself that nothing is wrong; of the least severity, which calls nobody by default.

    Args:
        at: the instant, epoch seconds.
        timezone: IANA name.
    """
    made = story()[0]
    assert made.chart is not None
    later = at - AT
    chart = replace(
        made.chart,
        title="a drawing by `bellbuoy doctor`",
        subtitle="the numbers are made up",
        at=tuple(one + later for one in made.chart.at),
        onset=at - 10_800,
        opened=at,
        timezone=timezone,
    )
    return replace(
        made,
        key=f"test_{at}",
        severity="watch",
        headline="A test by bellbuoy doctor: nothing is wrong",
        summary="A test by bellbuoy doctor: nothing is wrong.",
        impact=(
            Span("Nothing is wrong. ", "bold"),
            Span("This shows how an incident looks here; its numbers are made up."),
        ),
        at=at,
        opened_at=at,
        onset=at - 10_800,
        workflow="test",
        chart=chart,
        links=(),
        foot=("bellbuoy doctor --send-test",),
        timezone=timezone,
    )


def over(page: Page, handle: Handle) -> Page:
    """Return the page of its end, for a sink that answered the first one with `handle`."""
    said = "A test by bellbuoy doctor is over: nothing was wrong"
    change: dict[str, Any] = {"version": 2, "change": "resolved", "state": "resolved", "resolved_at": page.at}
    return replace(page, **change, headline=said, summary=f"{said}.", handle=handle)


def send(sink: Sink, clock: Clock, timezone: str) -> Findings:
    """Send a sample page and its end, and yield what became of each step.

    Args:
        sink: as configured.
        clock: tells the time and waits.
        timezone: IANA name.
    """
    page = sample(int(clock.now()), timezone)
    first = _given(sink, page, clock)
    yield _told("opened", first)
    if not isinstance(first, Sent):
        return
    yield from _shown(sink, first.handle)
    clock.wait(threading.Event(), float(getattr(sink, "pace", 0.0)))
    second = _given(sink, over(page, first.handle), clock)
    handle = second.handle if isinstance(second, Sent) else first.handle
    yield _edited(sink, first.handle, second)
    if isinstance(sink, Slack):
        yield _deleted(sink, handle)


def _given(sink: Sink, page: Page, clock: Clock) -> Receipt:
    """Give a page to a sink, again where the receiver says when."""
    never = threading.Event()
    for attempt in range(1, TRIES):
        receipt = sink.send(replace(page, attempt=attempt, tried_at=int(clock.now())))
        if not isinstance(receipt, Retry) or receipt.reason != "rate_limited":
            return receipt
        page = replace(page, handle=receipt.handle or page.handle)
        clock.wait(never, min(receipt.after or 1.0, WAIT_S))
    return sink.send(replace(page, attempt=TRIES, tried_at=int(clock.now())))


def _told(step: str, receipt: Receipt) -> Finding:
    if isinstance(receipt, Sent):
        where = receipt.handle.get("channel")
        return ok(f"{step}: taken{f', in {where}' if where else ''}")
    if isinstance(receipt, Refused):
        return fail(f"{step}: refused ({receipt.reason}): {receipt.why}", "")
    return fail(f"{step}: not taken ({receipt.reason})", REMEDIES.get(receipt.reason, ""))


def _shown(sink: Sink, handle: Handle) -> Findings:
    """Yield which parts of a message in Slack could not be shown."""
    if not isinstance(sink, Slack) or sink.bot_token is None:
        return
    without = handle.get("without", "")
    if without:
        yield warn(
            f"Slack does not take these parts of our messages: {without}", "they are left out, or told in the thread"
        )
    if sink.chart != "image" or "image" in without.split(","):
        return
    if handle.get("file"):
        yield ok("the chart was uploaded and is shown")
    else:
        yield warn(
            "the chart could not be uploaded: messages go without it", "see to the scopes files:write, files:read"
        )


def _edited(sink: Sink, before: Handle, receipt: Receipt) -> Finding:
    if not isinstance(receipt, Sent) or not sink.edits:
        return _told("resolved", receipt)
    if receipt.handle.get("ts") == before.get("ts"):
        return ok("resolved: the message was edited")
    return warn(
        "resolved: the message could not be edited, and another one was posted", "see who may edit in that channel"
    )


def _deleted(sink: Slack, handle: Handle) -> Finding:
    if sink.bot_token is None:
        return warn("the messages stay: a webhook cannot take them away", "delete them by hand")
    try:
        Slacks(sink.bot_token, sink.api_url).delete(handle)
    except Failed as failed:
        return warn(f"the message stays: {failed.why or failed.reason}", f"delete it by hand in {handle['channel']}")
    return ok("the message was deleted")
