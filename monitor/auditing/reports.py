"""The audit on a timetable: when it is due, and how it is told in a chat. It goes through the outbox, after all pages."""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bellbuoy.config.model import Config
from bellbuoy.config.timetable import Week
from bellbuoy.monitor.auditing import telling
from bellbuoy.monitor.auditing.auditing import audits
from bellbuoy.monitor.auditing.known import WEEK
from bellbuoy.monitor.auditing.report import Audit
from bellbuoy.monitor.auditing.wording import day, name
from bellbuoy.monitor.explain.wording import span as lasting
from bellbuoy.monitor.mapping.mapping import WORKFLOWS, NotMapped
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.web.wording import path
from bellbuoy.sinks.base import Fact, Link, Page, Span

log = logging.getLogger(__name__)

SPAN_S = 4 * WEEK
KEY = "audit_"
"""How the key of a report begins in the outbox; the instant up to which it judges follows."""
LINES = 5
"""Lines that a chat is given; all of them are on the dashboard."""
AUDITED = "audited"
"""The progress of the timetable: up to when reports were asked for."""


class Reports:
    """Asks for reports when they are due, and makes them.

    Nothing of a report is stored: its key says up to when it judges, and it is made anew where the process that asked for it is gone.
    """

    def __init__(self, store: Store, config: Config) -> None:
        self._store, self._config = store, config
        self._lock = threading.Lock()
        self._made: Page | None = None

    def ask(self, now: float) -> bool:
        """Ask for the report whose time has come, once; return whether one was.

        A report that was missed while nothing ran is made up for; of several only the last. Nothing is due before the first look.
        """
        audit = self._config.audit
        if audit is None:
            return False
        done = self._store.rows("judgement/progress", name=AUDITED)
        due = last(audit.every, now, self._config.server.timezone)
        if done and due <= done[0]["at"]:
            return False
        if done:
            self.page(f"{KEY}{due}")  # made before it is asked for: no sender waits for it
        with self._store.transaction() as tx:
            tx.run("judgement/set_progress", name=AUDITED, at=due)
            if done:
                tx.run("outbox/forget_reports")
                for sink in audit.to:
                    tx.run("outbox/add", incident=f"{KEY}{due}", sink=sink, number=1, at=int(now))
        if done:
            log.info("the audit of %s is told sinks=%s", day(due), ",".join(audit.to))
        return bool(done)

    def page(self, key: str) -> Page:
        """Return the report of a key."""
        with self._lock:
            if self._made is None or self._made.key != key:
                self._made = self._make(int(key.removeprefix(KEY)))
            return self._made

    def _make(self, until: int) -> Page:
        span = (until - SPAN_S, until, WEEK)
        try:
            found = audits(self._store, self._config, None, *span)
        except NotMapped:  # too many to judge them all: those that are declared
            declared = [one.name for one in self._config.workflows[:WORKFLOWS]]
            found = tuple(one for name in declared for one in audits(self._store, self._config, name, *span))
        server = self._config.server
        url = str(server.public_url).rstrip("/") if server.public_url else None
        return page_of(found, until, url, server.timezone)


def page_of(found: Sequence[Audit], until: int, url: str | None, zone: str) -> Page:
    """Return audits as a page: how many lines of each verdict, what changed, the first lines.

    Args:
        found: an audit of each workflow.
        until: end of their span, epoch seconds.
        url: address of the dashboard; None: it has none outside.
        zone: IANA name for times.
    """
    lines = [line for one in found for line in one.lines]
    changes = [
        f"{telling.label(change.kind, change.name)}: {telling.change(change.before, change.now)}"
        for one in found
        for change in one.changes
    ]
    told = telling.numbers(lines)
    changed = (
        f" Since a week before: {'; '.join(changes[:LINES])}" if changes else " Nothing changed since a week before"
    )
    changed += f" and {len(changes) - LINES} more." if len(changes) > LINES else "."
    wanted = [(one, line) for one in found for line in one.lines if line.verdict in ("harden", "kill")]
    order = {"harden": 0, "kill": 1}
    wanted.sort(key=lambda pair: (order[pair[1].verdict], -pair[1].gain))
    several = len(found) > 1
    findings = []
    for one, line in wanted[:LINES]:
        where = f"{name(one.map.workflow)} / " if several else ""
        first = f"; {line.findings[0].says}: {line.findings[0].do}" if line.findings else ""
        label = f"{telling.VERDICTS[line.verdict]} {where}{telling.label(line.kind, line.name)}"
        findings.append(Fact(label, (Span(f"{line.says}{first}".replace("`", "")),)))
    target = "/audit" if several or not found else path("audit", found[0].map.workflow)
    names = ", ".join(name(one.map.workflow) for one in found[:LINES])
    return Page(
        key=f"{KEY}{until}",
        version=1,
        change="opened",
        about="audit",
        state="resolved",
        severity="watch",
        headline=f"Audit: {told}",
        summary=f"Audit of {names or 'no workflow'} up to {day(until)}: {told}.{changed}",
        impact=(Span(f"{names}, " if names else ""), Span(f"{lasting(SPAN_S)} to {day(until)}.{changed}")),
        at=until,
        opened_at=until,
        workflow=found[0].map.workflow if len(found) == 1 else "",
        findings=tuple(findings),
        links=() if url is None else (Link("All of it", f"{url}{target}"),),
        foot=(f"{len(lines) - LINES} more lines: bellbuoy audit",) if len(lines) > LINES else (),
        timezone=zone,
        data={one.map.workflow: {line.name: line.verdict for line in one.lines} for one in found},
    )


def last(week: Week, now: float, zone: str) -> int:
    """Return the newest instant, not after `now`, at which a time of the week began, epoch seconds."""
    there = ZoneInfo(zone)
    today = datetime.fromtimestamp(now, there).date()
    for ago in range(8):
        day_of = today - timedelta(days=ago)
        if day_of.weekday() in week.days:
            wall = datetime.combine(day_of, datetime.min.time(), there) + timedelta(minutes=week.start)
            if wall.timestamp() <= now:
                return int(wall.timestamp())
    raise AssertionError("a week has each of its days")
