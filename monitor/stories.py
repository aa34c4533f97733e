"""Incidents as people ask for them: a list, the whole story of one, and its acknowledgement.

The daemon's HTTP door and the command line stand before it.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from bellbuoy.config.model import Config
from bellbuoy.monitor.clock import Clock, SystemClock
from bellbuoy.monitor.event.names import clean
from bellbuoy.monitor.explain.kinds import link_of
from bellbuoy.monitor.judging.incidents import Incident, acknowledge
from bellbuoy.monitor.judging.records import About, incident, page_of
from bellbuoy.monitor.muting import Mutes
from bellbuoy.monitor.store import Store
from bellbuoy.sinks.base import IncidentState, Page, Severity

LISTED = 200
SAMPLES = 5
"""Interactions that the story of an incident names."""
SHOWN = 100
"""Those that are shown where they alone are asked for."""
MOST_TEXT = 500


class NotTold(ValueError):  # noqa: N818 - the state is the name: there is nothing to tell, or nothing was done
    """There is no such incident, or it cannot be acknowledged; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """An incident in a list; instants are epoch seconds.

    Attributes:
        id: its key.
        about: `agents`, or `bellbuoy` for troubles of its own.
        state: an acknowledgement counts from the moment it was asked for.
        timezone: of the texts.
        muted: why nobody is told of it at present; None where people are.
    """

    id: str
    about: About
    state: IncidentState
    severity: Severity
    workflow: str
    step: str | None
    headline: str
    opened_at: int
    acknowledged_at: int | None
    acknowledged_by: str | None
    resolved_at: int | None
    timezone: str
    muted: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A series that is part of an incident.

    Attributes:
        series: `workflow/step[/segment] signal`.
        detector: that found it.
        state: its verdict as last seen: worse, better, stale, or steady once it is over.
        joined_at, resolved_at: epoch seconds.
        why: the verdict in a sentence.
    """

    series: str
    detector: str
    state: str
    joined_at: int
    resolved_at: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """One change of an incident: when, what, and why; `raised` where the severity rose with it."""

    number: int
    at: int
    change: str
    state: IncidentState
    severity: Severity
    raised: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a sink shows of an incident.

    Attributes:
        sink: its name.
        state: sent, due, held (kept back until the mute ends), muted (it was over before that) or refused.
        wanted, sent, shown: numbers of changes: the newest one, the newest that was told there, and the newest that is seen there.
        due_at: when it is tried or looked at again, epoch seconds; means nothing once it is sent.
        tries: tries in vain since the last success.
        reason: why it was not sent, or is kept back.
    """

    sink: str
    state: str
    wanted: int
    sent: int
    shown: int
    due_at: int
    tries: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """An interaction behind an incident: one in which the leading series had a bad trial.

    Attributes:
        interaction_id: its id.
        at: when the newest bad trial was, epoch seconds.
        kind: of what kind that was, as the signal knows it; None where it knows none.
        content_ref: where its content is, as its events say.
        link: where a person looks at it: `content_ref`, else the `trace_url` of its workflow; None without either.
    """

    interaction_id: str
    at: int
    kind: str | None
    content_ref: str | None
    link: str | None


@dataclass(frozen=True, slots=True)
class Behind:
    """The interactions behind an incident.

    Attributes:
        incident: its line in the list.
        series: what they were bad in: `workflow/step[/segment] signal`.
        since, until: the span that was looked at, epoch seconds: from its onset to its end, or to now.
        samples: the newest first, at most `SHOWN`; none where their events have left the store.
        timezone: of the texts.
    """

    incident: Line
    series: str
    since: int
    until: int
    samples: tuple[Sample, ...]
    timezone: str


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one incident.

    Attributes:
        incident: its line in the list.
        page: as it was told last, chart and findings with it.
        parts: what is bad, the leading series first.
        changes: its history, oldest first; with an acknowledgement that is about to be taken on.
        deliveries: what each sink shows.
        samples: the newest interactions behind it, where their events are still there.
    """

    incident: Line
    page: Page
    parts: tuple[Part, ...]
    changes: tuple[Step, ...]
    deliveries: tuple[Delivery, ...]
    samples: tuple[Sample, ...]


class Stories:
    """Answers from a store, and writes what people acknowledge into it; called from several threads."""

    def __init__(self, store: Store, config: Config, clock: Clock | None = None) -> None:
        self.store = store
        self.clock = clock or SystemClock()
        self.zone = config.server.timezone
        self.traces = {one.name: one.trace_url for one in config.workflows}
        self.mutes = Mutes(store, config.quiet, self.zone)

    def listed(self, since: float | None = None, limit: int = LISTED) -> list[Line]:
        """Return the incidents, open ones first, then the newest.

        Args:
            since: those that were over before it are left out, epoch seconds; None: none are.
            limit: how many at most.
        """
        return [self._line(row) for row in self._rows(since=since, limit=limit)]

    def story(self, key: str) -> Story:
        """Return all that is known of the incident `key`.

        Raises:
            NotTold: there is none.
        """
        line, found = self._one(key)
        changes = self.store.rows("incidents/changes", incident=key, after=0)
        return Story(
            line,
            page_of(changes[-1]["page"]),
            tuple(
                Part(
                    one.watched.series.text(),
                    one.watched.detector,
                    one.verdict.state,
                    one.joined_at,
                    one.resolved_at,
                    one.verdict.why,
                )
                for one in found.members
            ),
            (*map(_step, changes), *self._asked(found, changes[-1]["number"])),
            tuple(Delivery(**row) for row in self.store.rows("people/deliveries", incident=key)),
            self._samples(found, SAMPLES),
        )

    def behind(self, key: str) -> Behind:
        """Return the interactions behind the incident `key`.

        Raises:
            NotTold: there is none.
        """
        line, found = self._one(key)
        until = self._until(found)
        series = found.lead.watched.series.text()
        return Behind(line, series, found.began, until, self._samples(found, SHOWN), self.zone)

    def acknowledge(self, key: str, who: str, why: str | None = None) -> str:
        """Write that somebody takes an incident; return in a sentence what follows. One that is somebody's already stays theirs.

        The judging takes it on within a second, and then the sinks that show the incident show it; here it is seen at once.

        Raises:
            NotTold: there is no such incident, it is over, or it does not say who.
            StoreExhausted: nothing can be written at present.
        """
        who, why = who.strip(), (why or "").strip()
        if not who:
            raise NotTold("say who you are, for those who ask later")
        if max(len(who), len(why)) > MOST_TEXT or not (clean(who) and clean(why)):
            raise NotTold(f"say who and why in one line of at most {MOST_TEXT} characters each")
        now = int(self.clock.now())
        with self.store.transaction() as tx:
            found = tx.rows("people/incidents", incident=key, since=None, limit=1)
            if not found:
                raise NotTold(f"there is no incident {key}; `bellbuoy incidents` lists them")
            if found[0]["state"] == "resolved":
                raise NotTold(f"{key} is resolved: there is nothing to acknowledge")
            if found[0]["state"] == "acknowledged":
                return f"{key} is acknowledged by {found[0]['acknowledged_by']} already"
            row: dict[str, Any] = {"id": uuid.uuid4().hex, "incident": key, "asked_at": now * 1_000_000, "who": who}
            tx.insert("acknowledgements", [{**row, "why": why or None}])
        return f"{key} is acknowledged by {who}{f': {why}' if why else ''}"

    def _one(self, key: str) -> tuple[Line, Incident]:
        """Return an incident with its line in the list.

        Raises:
            NotTold: there is none.
        """
        rows, found = self._rows(incident=key), incident(self.store, key)
        if not rows or found is None:
            raise NotTold(f"there is no incident {key}; `bellbuoy incidents` lists them")
        return self._line(rows[0]), found

    def _until(self, found: Incident) -> int:
        return found.resolved_at or int(self.clock.now())

    def _samples(self, found: Incident, limit: int) -> tuple[Sample, ...]:
        lead = found.lead.watched.series
        rows = self.store.rows(
            "explain/samples",
            signal=lead.signal,
            workflow=lead.workflow,
            step=lead.step,
            since=found.began,
            at=self._until(found),
            limit=limit,
        )
        trace = self.traces.get(lead.workflow)
        return tuple(Sample(**row, link=link_of(row["interaction_id"], row["content_ref"], trace)) for row in rows)

    def _asked(self, found: Incident, number: int) -> list[Step]:
        """Return the acknowledgement that waits to be taken on as the change that it will be."""
        if found.state != "open":
            return []
        told = [
            acknowledge(found, row["who"], row["at"], row["why"] or "")
            for row in self.store.rows("people/asked", incident=found.id)
        ]
        return [
            Step(
                number + 1, one.at, one.kind, one.incident.state, one.incident.severity, raised=False, reason=one.reason
            )
            for one in told
            if one is not None
        ]

    def _rows(self, **asked: Any) -> list[dict[str, Any]]:
        return self.store.rows("people/incidents", **{"incident": None, "since": None, "limit": LISTED, **asked})

    def _line(self, row: dict[str, Any]) -> Line:
        mute = None
        if row["state"] != "resolved":
            _, mute = self.mutes.named(row["id"], row["about"], self.clock.now())
        return Line(**row, timezone=self.zone, muted=None if mute is None else mute.reason)


def _step(row: dict[str, Any]) -> Step:
    return Step(
        row["number"],
        row["at"],
        row["change"],
        row["state"],
        row["severity"],
        raised=row["raised"],
        reason=row["reason"],
    )
