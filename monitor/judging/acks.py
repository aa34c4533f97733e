"""Acknowledgements: a person asks, the one who writes the incident takes it on.

Whoever judges holds the open incidents in memory and is the only one who writes them. So a person's word is a row of its own,
which the judging takes on between two transactions of its own: no update is lost, and none waits for a tick.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bellbuoy.monitor.judging.incidents import Change, Incident, acknowledge
from bellbuoy.monitor.judging.records import About, Reader, Writer, page_of, save_change, save_incidents
from bellbuoy.monitor.store import Store
from bellbuoy.sinks.base import Page


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledgement that waits.

    Attributes:
        id: its identity.
        incident: id of the incident.
        who, why: as told.
        at: when it was asked for, epoch seconds.
    """

    id: str
    incident: str
    who: str
    why: str | None
    at: int


def waiting(reader: Reader, about: About) -> list[Ack]:
    """Return the acknowledgements that wait, oldest first."""
    return [Ack(**row) for row in reader.rows("people/waiting", about=about)]


def take(store: Store, incidents: Iterable[Incident], about: About) -> list[tuple[Change, Page]]:
    """Take on the acknowledgements that wait, in one transaction; sinks that show the incident are asked to show it.

    One of an incident that is over, or somebody's already, changes nothing.

    Args:
        store: where they wait.
        incidents: those that are not resolved, as the caller holds them.
        about: of which incidents.

    Returns:
        The changes, each with its page; they are stored. The caller's incidents are theirs from now on.

    Raises:
        StoreExhausted: nothing was taken on; they wait.
    """
    acks = waiting(store, about)
    if not acks:
        return []
    current = {one.id: one for one in incidents}
    told: list[tuple[Change, Page]] = []
    with store.transaction() as tx:
        for ack in acks:
            incident = current.get(ack.incident)
            change = None if incident is None else acknowledge(incident, ack.who, ack.at, ack.why or "")
            if change is not None:
                current[ack.incident] = change.incident
                page = _page(tx, change)
                save_incidents(tx, [change.incident], about)
                save_change(tx, change, page, ())
                told.append((change, page))
            tx.run("people/take", id=ack.id, number=0 if change is None else change.number)
    return told


def after(incidents: Iterable[Incident], told: Iterable[tuple[Change, Page]]) -> list[Incident]:
    """Return the incidents as they are after `take`."""
    changed = {change.incident.id: change.incident for change, _ in told}
    return [changed.get(one.id, one) for one in incidents]


def _page(tx: Writer, change: Change) -> Page:
    """Return the page that was told last, with who has taken the incident."""
    incident = change.incident
    newest = tx.rows("incidents/changes", incident=incident.id, after=change.number - 2)[-1]
    page = page_of(newest["page"])
    return replace(
        page,
        version=change.number,
        change=change.kind,
        state=incident.state,
        summary=f"ACKNOWLEDGED {page.summary.partition(' ')[2]}"[:300],
        at=change.at,
        foot=(*page.foot, taken_by(incident)),
        data={**page.data, "change": change.kind, "reason": change.reason},
    )


def taken_by(incident: Incident) -> str:
    """Return the remark that says who has taken an incident."""
    return f"acknowledged by {incident.acknowledged_by}"
