"""Incidents, changes and pages between memory and the store; all writes belong to the caller's transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.sinks.base import Page


class Reader(Protocol):
    """Runs a named query: a store, or an open transaction of it."""

    def rows(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Return the rows of the statement `name`."""


class Writer(Reader, Protocol):
    """An open write transaction."""

    def run(self, name: str, /, **parameters: Any) -> int:
        """Run the statement `name` and return how many rows it changed."""

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]], /) -> None:
        """Append rows to a table, by the names of the columns."""


def page_json(page: Page) -> str:
    """Return the page as JSON text."""
    return msgspec.json.encode(page).decode()


def page_of(text: str) -> Page:
    """Return the page that `page_json` wrote."""
    return msgspec.json.decode(text, type=Page)


def verdict_of(text: str) -> Verdict:
    """Return the verdict that was written as JSON; numbers that were unknown come back as NaN, no evidence as -inf."""
    fields = msgspec.json.decode(text)
    for name in ("baseline_rate", "current_rate", "change_low", "change_high", "evidence"):
        if fields[name] is None:
            fields[name] = float("-inf" if name == "evidence" else "nan")
    return Verdict(**fields)


def series_key(row: Mapping[str, Any]) -> SeriesKey:
    """Return the series that a row names."""
    return SeriesKey(row["signal"], row["workflow"], row["step"], row["segment"])


def watched_of(row: Mapping[str, Any]) -> Watched:
    """Return the watched series that a row names."""
    return Watched(row["detector"], series_key(row), row["direction"])


About: TypeAlias = Literal["agents", "bellbuoy"]
"""What an incident is about: what is watched, or Bellbuoy itself."""


def open_incidents(reader: Reader, about: About = "agents") -> list[Incident]:
    """Return the incidents about the agents, or about ourselves, that are not resolved, oldest first."""
    return [_incident(reader, row) for row in reader.rows("incidents/open", about=about)]


def resolved_since(reader: Reader, since: int) -> list[Incident]:
    """Return the incidents about the agents that ended after an instant, in the order of their ends."""
    return [_incident(reader, row) for row in reader.rows("incidents/resolved", since=since)]


def incident(reader: Reader, key: str) -> Incident | None:
    """Return the incident with the id `key`, or None."""
    rows = reader.rows("incidents/one", incident=key)
    return _incident(reader, rows[0]) if rows else None


def save_incidents(tx: Writer, incidents: Iterable[Incident], about: About = "agents") -> None:
    """Write the states of incidents and their members in place of what was there, all of them in six statements."""
    saved = {one.id: one for one in incidents}
    ids = list(saved)
    tx.run("incidents/forget", incidents=ids)
    tx.run("incidents/forget_members", incidents=ids)
    tx.run("incidents/forget_told", incidents=ids)
    tx.insert("incidents_raw", [_incident_row(one, about) for one in saved.values()])
    tx.insert("incident_told", [{"incident": one.id, "size": one.told} for one in saved.values()])
    tx.insert("incident_members", [row for one in saved.values() for row in _member_rows(one)])


def _incident_row(incident: Incident, about: About) -> dict[str, Any]:
    return {
        "id": incident.id,
        "about": about,
        "workflow": incident.workflow,
        "state": incident.state,
        "severity": incident.severity,
        "opened_at": _us(incident.opened_at),
        "onset": _us(incident.onset),
        "acknowledged_at": _us(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by,
        "resolved_at": _us(incident.resolved_at),
        "number": incident.number,
    }


def _member_rows(incident: Incident) -> Iterator[dict[str, Any]]:
    """Yield the members with their places: from 0 those of now, below 0 those of before."""
    now = list(enumerate(incident.members))
    for place, member in [*now, *((-place, member) for place, member in enumerate(incident.past, 1))]:
        series = member.watched.series
        yield {
            "incident": incident.id,
            "place": place,
            "detector": member.watched.detector,
            "signal": series.signal,
            "workflow": series.workflow,
            "step": series.step,
            "segment": series.segment,
            "direction": member.watched.direction,
            "joined_at": _us(member.joined_at),
            "resolved_at": _us(member.resolved_at),
            "verdict": msgspec.json.encode(member.verdict).decode(),
        }


def _us(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1_000_000


def save_change(tx: Writer, change: Change, page: Page, sinks: Iterable[str]) -> None:
    """Write a change, its page and what it asks of each sink.

    Sinks that already show the incident are asked too, so that no message is left behind in an old state.
    """
    incident, before = change.incident, change.before
    tx.run(
        "incidents/save_change",
        incident=incident.id,
        number=change.number,
        at=change.at,
        change=change.kind,
        state_before=before.state if before else None,
        state=incident.state,
        severity_before=before.severity if before else None,
        severity=incident.severity,
        raised=change.raised,
        reason=change.reason,
        page=page_json(page),
    )
    shown = {row["sink"] for row in tx.rows("outbox/sinks", incident=incident.id)}
    for sink in sorted(shown):
        tx.run("outbox/want", incident=incident.id, sink=sink, number=change.number, at=change.at)
    for sink in sorted(set(sinks) - shown):
        tx.run("outbox/add", incident=incident.id, sink=sink, number=change.number, at=change.at)


def _incident(reader: Reader, row: Mapping[str, Any]) -> Incident:
    found = reader.rows("incidents/members", incident=row["id"])
    return Incident(
        id=row["id"],
        workflow=row["workflow"],
        state=row["state"],
        severity=row["severity"],
        members=tuple(_member(one) for one in found if one["place"] >= 0),
        opened_at=row["opened_at"],
        onset=row["onset"],
        number=row["number"],
        resolved_at=row["resolved_at"],
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=row["acknowledged_by"],
        told=row["told"],
        past=tuple(_member(one) for one in reversed(found) if one["place"] < 0),
    )


def _member(row: Mapping[str, Any]) -> Member:
    return Member(watched_of(row), verdict_of(row["verdict"]), row["joined_at"], row["resolved_at"])
