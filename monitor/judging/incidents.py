"""The life of an incident, as a pure function: verdicts and open incidents in, changed incidents and reasons out."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.judging.watched import Watched
from bellbuoy.sinks.base import IncidentState, Severity

ChangeKind = Literal["opened", "updated", "acknowledged", "resolved", "reopened"]
RANK: dict[Severity, int] = {"watch": 0, "ticket": 1, "page": 2}
BAD_STATES = ("worse", "better", "stale")

SUDDEN_S = 86_400
"""What began within so many seconds, and so long after an incident was opened, has a cause of its own."""
TWICE = 2.0
"""A change that is surely so many times what was last told is told again."""

# Which signal leads where several tell of one cause: the nearest to the cause first, the sum of all last.
LEADING = ("interactions", "step_failure", "slow", "reask", "handoff", "interaction_failure")


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
class Observation:
    """A verdict that an incident may care about: bad, or the end of bad."""

    watched: Watched
    verdict: Verdict


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

    @property
    def lead(self) -> Member:
        """The member that names the incident."""
        return self.members[0]

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
    text = "\x1f".join(map(str, (*_order(watched), at)))
    return "inc_" + hashlib.blake2s(text.encode(), digest_size=5).hexdigest()


def observe(
    incidents: Iterable[Incident], seen: Sequence[Observation], at: int, rules: SeverityRules
) -> tuple[list[Incident], list[Change]]:
    """Fold the verdicts of one tick into the incidents that are not resolved.

    Args:
        incidents: those not resolved, oldest first.
        seen: this tick's verdicts of members and of newly bad series; any order.
        at: end of the tick.
        rules: sizes that make a severity.

    Returns:
        The incidents not resolved after this tick, and the changes: at most one for each incident.
    """
    current = {incident.id: incident for incident in incidents}
    before: dict[str, Incident | None] = {}
    before.update(current)
    reasons: dict[str, list[str]] = {}
    for observation in sorted(seen, key=lambda one: _rank(one.watched)):
        home = _home(current.values(), observation.watched)
        if home is not None:
            current[home.id] = _update(home, observation, at, reasons.setdefault(home.id, []))
        elif observation.verdict.state in ("worse", "better"):
            member = Member(observation.watched, observation.verdict, at)
            cause = _same_cause(current.values(), observation)
            if cause is not None:
                current[cause.id] = _join(cause, member)
                if all(one.watched.series != member.watched.series for one in cause.members):
                    text = f"{subject_of(member.watched)} is part of it: {member.verdict.why}"
                    reasons.setdefault(cause.id, []).append(text)
            else:
                opened = Incident(
                    incident_id(member.watched, at),
                    member.watched.series.workflow,
                    "open",
                    "watch",
                    (member,),
                    at,
                    member.verdict.onset,
                )
                current[opened.id], before[opened.id] = opened, None
                reasons[opened.id] = [member.verdict.why]
    changes = [
        change
        for key, incident in current.items()
        if (change := changed(before[key], incident, reasons.get(key, []), at, rules)) is not None
    ]
    for change in changes:
        current[change.incident.id] = change.incident
    return [incident for incident in current.values() if incident.state != "resolved"], changes


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


def _home(incidents: Iterable[Incident], watched: Watched) -> Incident | None:
    return next((one for one in incidents if any(member.watched == watched for member in one.members)), None)


def _same_cause(incidents: Iterable[Incident], observation: Observation) -> Incident | None:
    """Return the incident that a newly bad series belongs to.

    It shares the workflow, and either the step, or one of the two is the whole interaction (a failing step explains
    the end-to-end fall), or it began before the incident was opened: what began before the page was sent is one story.
    A sudden change long after the opening is another one, or a collapse in the months of a slow drift would wake nobody.
    """
    series, onset = observation.watched.series, observation.verdict.onset
    sudden = onset is not None and observation.verdict.at - onset <= SUDDEN_S
    for incident in incidents:
        if incident.workflow != series.workflow or incident.state == "resolved":
            continue
        if sudden and onset is not None and onset > incident.opened_at + SUDDEN_S:
            continue
        steps = {member.watched.series.step for member in incident.members}
        if series.step in steps or series.step is None or steps == {None}:
            return incident
        if onset is not None and onset <= incident.opened_at:
            return incident
    return None


def _update(incident: Incident, observation: Observation, at: int, reasons: list[str]) -> Incident:
    members = []
    for member in incident.members:
        if member.watched != observation.watched:
            members.append(member)
            continue
        state = observation.verdict.state
        was_bad = member.resolved_at is None
        if state in BAD_STATES:
            if state == "stale" and member.verdict.state != "stale":
                reasons.append(f"{subject_of(member.watched)}: {observation.verdict.why}")
            if not was_bad:
                reasons.append(f"{subject_of(member.watched)} is bad again: {observation.verdict.why}")
            members.append(replace(member, verdict=observation.verdict, resolved_at=None))
        elif was_bad:
            twins = (one for one in incident.members if one.watched != member.watched and one.resolved_at is None)
            if all(one.watched.series != member.watched.series for one in twins):
                reasons.append(f"{subject_of(member.watched)} has recovered: {observation.verdict.why}")
            members.append(replace(member, verdict=observation.verdict, resolved_at=at))
        else:
            members.append(member)
    return _ordered(replace(incident, members=tuple(members)))


def _join(incident: Incident, member: Member) -> Incident:
    onsets = [onset for onset in (incident.onset, member.verdict.onset) if onset is not None]
    return _ordered(replace(incident, members=(*incident.members, member), onset=min(onsets, default=None)))


def _ordered(incident: Incident) -> Incident:
    return replace(incident, members=tuple(sorted(incident.members, key=_leads)))


def _leads(member: Member) -> tuple[object, ...]:
    """Order members: nearest to the cause first, then the first to join; a recovery does not change who leads."""
    return (*_rank(member.watched)[:1], member.joined_at, *_order(member.watched))


def _rank(watched: Watched) -> tuple[object, ...]:
    series = watched.series
    place = LEADING.index(series.signal) if series.signal in LEADING else len(LEADING)
    return (place if series.step is not None else place + len(LEADING), *_order(watched))


def _order(watched: Watched) -> tuple[str, ...]:
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
    """Return how a reason names a watched series: `qualify (step_failure)`."""
    series = watched.series
    return f"{series.step or series.workflow} ({series.signal})"


def _severity(incident: Incident, rules: SeverityRules) -> Severity:
    """Return the highest severity of its bad members, never lower than before: a fall is not a change."""
    sizes = [severity_of(member, rules) for member in incident.members if member.resolved_at is None]
    return max([incident.severity, *sizes], key=RANK.__getitem__)


def changed(
    before: Incident | None, after: Incident, reasons: list[str], at: int, rules: SeverityRules
) -> Change | None:
    """Return the change between two states of an incident, None where nothing is to be told.

    Told are: the opening, the end, a rise in severity, reasons of its members, and a change that is proven to be twice
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
    where = "" if member is incident.lead else f" in {subject_of(member.watched)}"
    if member.verdict.measure == "volume":
        return f"the volume{where} has changed by at least {100 * proven(member):.0f} % (95 % interval)"
    return f"the change{where} is at least {100 * proven(member):.1f} points (95 % interval)"
