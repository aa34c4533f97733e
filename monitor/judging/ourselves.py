"""What is wrong with Bellbuoy itself, told in the same way as what is wrong with what it watches."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bellbuoy.config.model import Config
from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.explain.wording import moment, span
from bellbuoy.monitor.judging import acks
from bellbuoy.monitor.judging.incidents import RANK, Change, Incident, Member, incident_id
from bellbuoy.monitor.judging.records import open_incidents, save_change, save_incidents
from bellbuoy.monitor.judging.routes import sinks_for
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.store import Store
from bellbuoy.sinks.base import Fact, Link, Page, Severity, Span

log = logging.getLogger(__name__)

ABOUT: Literal["bellbuoy"] = "bellbuoy"
OVER_S = 60
"""A trouble that is not told for so many seconds is over: one that comes and goes is one incident."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now; it is over when it is told no more.

    Attributes:
        key: stable name of the cause: `source:kafka:agent.interactions:3`.
        severity: how loudly it is told.
        headline: what is wrong, in one sentence.
        reason: what happened, with its numbers.
        remedy: what a person can do, with the command where there is one.
    """

    key: str
    severity: Literal["page", "ticket", "watch"]
    headline: str
    reason: str
    remedy: str


class Ourselves:
    """Opens an incident for each trouble, raises it when it grows, resolves it when the trouble is over.

    Args:
        store: where the incidents lie, beside those of the agents.
        config: routes, the dashboard's address, the zone.
    """

    def __init__(self, store: Store, config: Config) -> None:
        self.store = store
        self.config = config
        self._open = {one.lead.watched.series.signal: one for one in open_incidents(store, ABOUT)}
        self._told: dict[str, Trouble] = {}
        self._seen: dict[str, float] = {}

    def look(self, troubles: Iterable[Trouble], now: float) -> list[Change]:
        """Take in what is wrong at `now` and return the changes that it made; they are stored and in the outbox.

        Args:
            troubles: all that is wrong now; one of each key.
            now: the instant, epoch seconds.

        Raises:
            StoreExhausted: disk or memory is used up; the next look tries again.
        """
        at = int(now)
        taken = acks.take(self.store, self._open.values(), ABOUT)
        self._open.update({one.lead.watched.series.signal: one for one in acks.after(self._open.values(), taken)})
        present = {one.key: one for one in troubles}
        self._seen.update(dict.fromkeys(present, now))
        changes = [
            change for one in present.values() if (change := follow(self._open.get(one.key), one, at)) is not None
        ]
        for key, incident in self._open.items():
            if key not in present and now - self._seen.setdefault(key, now) >= OVER_S:
                changes.append(over(incident, at))
        if changes:
            with self.store.transaction() as tx:
                for change in changes:
                    trouble = present.get(change.incident.lead.watched.series.signal)
                    save_incidents(tx, [change.incident], ABOUT)
                    sinks = sinks_for(self.config.routes, change.incident, ABOUT)
                    save_change(tx, change, self._page(change, trouble), sinks)
        for change in changes:
            key = change.incident.lead.watched.series.signal
            log.info("incident %s %s: %s", change.incident.id, change.kind, change.reason)
            if change.incident.state == "resolved":
                self._open.pop(key, None)
                self._told.pop(key, None)
            else:
                self._open[key] = change.incident
                self._told[key] = present[key]
        return [*(change for change, _ in taken), *changes]

    def _page(self, change: Change, trouble: Trouble | None) -> Page:
        """Return the page of a change; of one that is over it says what it was."""
        incident, zone = change.incident, self.config.server.timezone
        key = incident.lead.watched.series.signal
        trouble = trouble or self._told.get(key) or _recalled(incident)
        ended = incident.resolved_at is not None
        headline = f"over: {trouble.headline}" if ended else trouble.headline
        lasted = span((incident.resolved_at or change.at) - incident.opened_at)
        impact = (
            f"It lasted {lasted}, from {moment(incident.opened_at, zone, near=change.at)}." if ended else trouble.reason
        )
        address = str(self.config.server.public_url).rstrip("/") if self.config.server.public_url else None
        return Page(
            key=incident.id,
            version=change.number,
            change=change.kind,
            state=incident.state,
            severity=incident.severity,
            headline=headline[:150],
            summary=f"{'RESOLVED' if ended else incident.state.upper()} {incident.severity}, Bellbuoy itself: {headline}."[
                :300
            ],
            impact=(Span(impact),),
            at=change.at,
            opened_at=incident.opened_at,
            onset=incident.onset,
            resolved_at=incident.resolved_at,
            about=ABOUT,
            workflow=ABOUT,
            findings=() if ended or not trouble.remedy else (Fact("What to do", (Span(trouble.remedy),)),),
            links=(Link("Open incident", f"{address}/i/{incident.id}"),) if address else (),
            foot=("Bellbuoy itself", *([] if incident.acknowledged_by is None else [acks.taken_by(incident)])),
            timezone=zone,
            data={
                "incident": incident.id,
                "about": ABOUT,
                "change": change.kind,
                "trouble": key,
                "reason": change.reason,
            },
        )


def follow(incident: Incident | None, trouble: Trouble, at: int) -> Change | None:
    """Return the change that a present trouble makes of its incident; None when nothing new is to be told.

    Args:
        incident: the open one of this trouble, or None.
        trouble: as it is now.
        at: the instant, epoch seconds.
    """
    verdict = _verdict(trouble, at)
    if incident is None:
        watched = Watched(ABOUT, SeriesKey(trouble.key, ABOUT))
        member = Member(watched, verdict, at)
        opened = Incident(incident_id(watched, at), ABOUT, "open", trouble.severity, (member,), at, at, number=1)
        return Change("opened", at, opened, None, verdict.why, raised=True)
    raised = RANK[trouble.severity] > RANK[incident.severity]
    if not raised and _headline(incident.lead.verdict.why) == _headline(verdict.why):
        return None
    severity: Severity = trouble.severity if raised else incident.severity
    members = (replace(incident.lead, verdict=verdict), *incident.members[1:])
    after = replace(incident, members=members, severity=severity, number=incident.number + 1)
    return Change("updated", at, after, incident, verdict.why, raised=raised)


def over(incident: Incident, at: int) -> Change:
    """Return the change that ends an incident whose trouble is told no more."""
    members: Sequence[Member] = [replace(one, resolved_at=at) for one in incident.members]
    after = replace(incident, members=tuple(members), state="resolved", resolved_at=at, number=incident.number + 1)
    return Change("resolved", at, after, incident, f"over: {_headline(incident.lead.verdict.why)}")


def _verdict(trouble: Trouble, at: int) -> Verdict:
    unknown = float("nan")
    headline = trouble.headline.replace(": ", " - ")  # the first colon ends it
    return Verdict(
        "worse", at, at, unknown, unknown, unknown, unknown, 0, 0, float("-inf"), 0.0, f"{headline}: {trouble.reason}"
    )


def _headline(why: str) -> str:
    return why.partition(": ")[0]


def _recalled(incident: Incident) -> Trouble:
    """Return what an incident of before the start said of its trouble."""
    headline, _, reason = incident.lead.verdict.why.partition(": ")
    return Trouble(incident.lead.watched.series.signal, incident.severity, headline, reason, "")
