"""`bellbuoy incidents --follow`: the changes of incidents as they come, a line each."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from bellbuoy.monitor.cli.asking import Desk
from bellbuoy.monitor.cli.failures import NOT_NOW, Failure, ends
from bellbuoy.sinks.text import clean

EVERY_S = 2.0
"""How often it is asked."""
BEFORE = 10
"""Changes that are shown at the beginning, of those that there were."""
CHANGES = """
SELECT incident, number, changed_at, change, severity, headline, reason
FROM changes
WHERE changed_at >= make_timestamp({since_us})
ORDER BY changed_at, incident, number
"""


def pause() -> None:
    """Wait until it is asked again."""
    from bellbuoy.monitor.clock import SystemClock

    SystemClock().wait(threading.Event(), EVERY_S)


def follow_changes(
    desk: Desk, since: int, form: str, wait: Callable[[], None] = pause, rounds: int | None = None
) -> None:
    """Write each change on standard output, until it is interrupted.

    A daemon that restarts is waited for, and what it told meanwhile comes then: a change is known by its incident and number.

    Args:
        desk: who answers.
        since: the oldest change that is told, epoch seconds.
        form: `text`, or `json` for an object a line.
        wait: until it is asked again.
        rounds: how often it is asked; None: without an end.

    Raises:
        Failure: nobody answers at the beginning, or it is refused.
    """
    seen: set[tuple[str, int]] | None = None
    while rounds is None or rounds > 0:
        try:
            rows = _changes(desk, since)
        except Exception as error:
            failure = error if isinstance(error, Failure) else ends(error)
            if seen is None or failure is None or failure.code != NOT_NOW:
                raise
            rows = []
        fresh = [row for row in rows if seen is None or (row["incident"], row["number"]) not in seen]
        for row in fresh if seen is not None else fresh[-BEFORE:]:
            click.echo(json.dumps(row, ensure_ascii=False) if form == "json" else _line(row))
        seen = (seen or set()) | {(row["incident"], row["number"]) for row in fresh}
        rounds = None if rounds is None else rounds - 1
        if rounds is None or rounds > 0:
            wait()


def _changes(desk: Desk, since: int) -> list[dict[str, Any]]:
    with desk.visit() as answers:
        found = answers.query(CHANGES.format(since_us=since * 1_000_000)).arrow().to_pylist()
    return [{**row, "changed_at": _instant(row["changed_at"])} for row in found]


def _instant(at: datetime) -> str:
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _line(row: dict[str, Any]) -> str:
    headline, reason = clean(row["headline"], 150), clean(row["reason"], 400)
    return f"{row['changed_at']}  {row['incident']}  {row['severity']:<6}  {row['change']:<12}  {headline}: {reason}"
