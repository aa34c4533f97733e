"""What an incident is, how grave it is, and which of its changes are told."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.explain.wording import thing
from bellbuoy.monitor.judging.watched import Watched
from bellbuoy.sinks.base import IncidentState, Severity

ChangeKind = Literal["opened", "updated", "acknowledged", "resolved", "reopened"]
RANK: dict[Severity, int] = {"watch": 0, "ticket": 1, "page": 2}
BAD_STATES = ("worse", "better", "stale")

TWICE = 2.0
"""A change that is surely so many times what was last told is told again."""


@dataclass(frozen=True, slots=True)
class SeverityRules:
    """How large the proven change must be: the lower end of its interval, as a share (0 to 1).

    Attributes:
        page, ticket: of the share of bad trials.
        volume_page, volume_ticket: share of the volume that was lost or gained.
    """

    page: float
    ticket: float
    volume_page: float = 0.5
    volume_ticket: float = 0.2


@dataclass(frozen=True, slots=True)
class Member:
    """One watched series in an incident, with its verdict as last seen."""

    watched: Watched
    verdict: Verdict
    joined_at: int
    resolved_at: int | None = None

    @property
    def recovered(self) -> bool:
        """Whether evidence ended it; one that is watched no more ends with the bad verdict it had."""
        return self.resolved_at is not None and self.verdict.state not in BAD_STATES


@dataclass(frozen=True, slots=True)
class Incident:
    """What is wrong, from the first bad verdict to the recovery.

    Attributes:
        id: deterministic: a hash of what opened it and when, so that a replay gives the same.
        members: verdicts that share the cause; the leading one first.
        number: how many changes it has had.
        past: what was bad and recovered before it was bad again, as it was then.
        told: the largest proven change of a member when a change of the incident was last told, a share.
    """

    id: str
    workflow: str
    state: IncidentState
    severity: Severity
    members: tuple[Member, ...]
    opened_at: int
    onset: int | None
    number: int = 0
    resolved_at: int | None = None
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    told: float = 0.0
    past: tuple[Member, ...] = ()

    @property
    def lead(self) -> Member:
        """The member that names the incident."""
        return self.members[0]

    @property
    def opened_last(self) -> int:
        """When it was opened, or reopened last: the first of its members joined then."""
        return min(member.joined_at for member in self.members)

    @property
    def began(self) -> int:
        """Estimated beginning of what the incident is named after; of all its members where that one cannot tell."""
        return self.lead.verdict.onset or self.onset or self.opened_at


@dataclass(frozen=True, slots=True)
class Change:
    """An incident's old state → new state with a reason: the only thing that can notify."""

    kind: ChangeKind
    at: int
    incident: Incident
    before: Incident | None
    reason: str
    raised: bool = False

    @property
    def number(self) -> int:
        """Number of the change within the incident, from 1."""
        return self.incident.number


def proven(member: Member) -> float:
    """Return the proven size of the change as a share: the end of its interval nearest to no change, at least 0."""
    low, high = member.verdict.change_low, member.verdict.change_high
    return max(0.0, low if member.watched.direction > 0 else -high)


def severity_of(member: Member, rules: SeverityRules) -> Severity:
    """Return the severity that the proven size of the change gives, between those that the verdict sets as ends."""
    size, verdict = proven(member), member.verdict
    volume = verdict.measure == "volume"
    page, ticket = (rules.volume_page, rules.volume_ticket) if volume else (rules.page, rules.ticket)
    by_size: Severity = "page" if size >= page else "ticket" if size >= ticket else "watch"
    return max(min(by_size, verdict.most, key=RANK.__getitem__), verdict.least, key=RANK.__getitem__)


def incident_id(watched: Watched, at: int) -> str:
    """Return the deterministic id of an incident that `watched` opened at tick end `at`."""
    text = "\x1f".join(map(str, (*order(watched), at)))
    return "inc_" + hashlib.blake2s(text.encode(), digest_size=5).hexdigest()


def acknowledge(incident: Incident, actor: str, at: int, why: str) -> Change | None:
    """Return the change that makes an open incident acknowledged; None when it already is, or is resolved."""
    if incident.state != "open":
        return None
    after = replace(
        incident, state="acknowledged", acknowledged_at=at, acknowledged_by=actor, number=incident.number + 1
    )
    return Change("acknowledged", at, after, incident, f"acknowledged by {actor}" + (f": {why}" if why else ""))


def watched_in(incidents: Iterable[Incident]) -> set[Watched]:
    """Return all that is in an incident."""
    return {member.watched for one in incidents for member in one.members}


def order(watched: Watched) -> tuple[str, ...]:
    """Return by what watched series are sorted where nothing else tells them apart."""
    series = watched.series
    return (
        series.workflow,
        series.step or "",
        series.segment or "",
        series.signal,
        watched.detector,
        str(watched.direction),
    )


def subject_of(watched: Watched) -> str:
    """Return how a reason names a watched series: `qualify`, `lead-qualifier end to end`."""
    return thing(watched.series)


def _severity(incident: Incident, rules: SeverityRules) -> Severity:
    """Return the highest severity of its bad members, never lower than before: a fall is not a change."""
    sizes = [severity_of(member, rules) for member in incident.members if member.resolved_at is None]
    return max([incident.severity, *sizes], key=RANK.__getitem__)


def changed(
    before: Incident | None, after: Incident, reasons: list[str], at: int, rules: SeverityRules
) -> Change | None:
    """Return the change between two states of an incident, None where nothing is to be told.

    Told are: the opening, the end, what is bad again after it, a rise in severity, reasons of its members, and a change that is proven to be twice
    what was last told. A fall of severity is none of them.

    Args:
        before: as it was; None where it is new.
        after: its members as they are now; state, severity and number are set here.
        reasons: what happened to its members, in words.
        at: end of the tick.
        rules: sizes that make a severity.
    """
    severity = _severity(after, rules)
    shares = [one for one in after.members if one.resolved_at is None and one.verdict.measure == "share"]
    size = max(map(proven, shares), default=0.0)
    after = replace(after, number=after.number + 1)
    reasons = list(dict.fromkeys(reasons))  # two detectors of one series may say the same
    if before is None:
        return Change("opened", at, replace(after, severity=severity, told=size), None, reasons[0], raised=True)
    if before.state == "resolved":
        after = replace(after, severity=severity, told=size)
        return Change("reopened", at, after, before, "; ".join(reasons), raised=True)
    if all(member.resolved_at is not None for member in after.members):
        done = replace(after, state="resolved", resolved_at=at)
        return Change("resolved", at, done, before, "; ".join(reasons))
    raised = RANK[severity] > RANK[before.severity]
    if raised:
        reasons = [f"{before.severity} → {severity}: {_proof(after, rules)}", *reasons]
    elif size >= TWICE * before.told and size - before.told >= rules.ticket:
        largest = _proven(max(shares, key=proven), after)
        reasons = [f"{largest} now, {100 * before.told:.1f} when last told", *reasons]
    if not reasons:
        return None
    after = replace(after, severity=severity, told=max(size, before.told))
    return Change("updated", at, after, before, "; ".join(reasons), raised)


def _proof(incident: Incident, rules: SeverityRules) -> str:
    """Return what proves the severity: the member that has it, and of several the one whose change is surely the largest."""
    bad = [member for member in incident.members if member.resolved_at is None]
    member = max(bad, key=lambda one: (RANK[severity_of(one, rules)], proven(one)))
    return member.verdict.why if member.verdict.least != "watch" else _proven(member, incident)


def _proven(member: Member, incident: Incident) -> str:
    subject = subject_of(member.watched)
    if member.verdict.measure == "volume":
        what = "the volume" if member is incident.lead else subject
        return f"{what} has changed by at least {100 * proven(member):.0f} % (95 % interval)"
    where = "" if member is incident.lead else f" in {subject}"
    return f"the change{where} is at least {100 * proven(member):.1f} points (95 % interval)"
