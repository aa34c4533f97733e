"""The life of an incident, as a pure function: verdicts and open incidents in, changed incidents and reasons out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.explain.wording import span
from bellbuoy.monitor.judging.incidents import (
    BAD_STATES,
    Change,
    Incident,
    Member,
    SeverityRules,
    changed,
    incident_id,
    order,
    subject_of,
)
from bellbuoy.monitor.judging.watched import Watched

SUDDEN_S = 86_400
"""What began within so many seconds, and so long after an incident was opened, has a cause of its own."""
# Which signal leads where several tell of one cause: the nearest to the cause first, the sum of all last.
LEADING = (
    "ungated_action", "token_expired", "interactions", "steps", "integration_failure", "step_failure", "slow", "misroute", "guess",
    "context_lost", "reask", "handoff_incomplete", "handoff", "interaction_failure",
)  # fmt: skip


ONE_CAUSE = ("unknown_step",)
"""Signals whose series have one cause in a workflow: a map that is not right any more."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A verdict that an incident may care about: bad, or the end of bad."""

    watched: Watched
    verdict: Verdict


def observe(
    incidents: Iterable[Incident],
    seen: Sequence[Observation],
    at: int,
    rules: SeverityRules,
    lately: Sequence[Incident] = (),
) -> tuple[list[Incident], list[Change]]:
    """Fold the verdicts of one tick into the incidents that are not resolved.

    Args:
        incidents: those not resolved, oldest first.
        seen: this tick's verdicts of members and of newly bad series; any order.
        at: end of the tick.
        rules: sizes that make a severity.
        lately: those resolved so lately that what is bad again reopens them, in the order of their ends.

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
                continue
            resolved = _relapsed(lately, observation.watched)
            if resolved is None:
                begun, known = _opened(member), None
                reasons[begun.id] = [member.verdict.why]
            else:
                begun, known = _reopened(current.get(resolved.id, resolved), member), resolved
                reasons.setdefault(resolved.id, []).append(_again(resolved, member))
            current[begun.id] = begun
            before.setdefault(begun.id, known)
    changes = [
        change
        for key, incident in current.items()
        if (change := changed(before[key], incident, reasons.get(key, []), at, rules)) is not None
    ]
    for change in changes:
        current[change.incident.id] = change.incident
    return [incident for incident in current.values() if incident.state != "resolved"], changes


def _home(incidents: Iterable[Incident], watched: Watched) -> Incident | None:
    return next((one for one in incidents if any(member.watched == watched for member in one.members)), None)


def _same_cause(incidents: Iterable[Incident], observation: Observation) -> Incident | None:
    """Return the incident that a newly bad series belongs to.

    It shares the workflow, and either the step, or one of the two is the whole interaction (a failing step explains
    the end-to-end fall), or it began before the incident was opened: what began before the page was sent is one story.
    A sudden change long after the opening is another one, or a collapse in the months of a slow drift would wake nobody.
    What must not happen is a story of its own, unless both are of the same step or system.
    """
    series, onset = observation.watched.series, observation.verdict.onset
    sudden = onset is not None and observation.verdict.at - onset <= SUDDEN_S
    for incident in incidents:
        if incident.workflow != series.workflow or incident.state == "resolved":
            continue
        if sudden and onset is not None and onset > incident.opened_last + SUDDEN_S:
            continue
        steps = {member.watched.series.step for member in incident.members}
        if series.step in steps or (
            series.signal in ONE_CAUSE and series.signal == incident.lead.watched.series.signal
        ):
            return incident
        if observation.verdict.measure == "never" or all(one.verdict.measure == "never" for one in incident.members):
            continue
        if series.step is None or steps == {None}:
            return incident
        if onset is not None and onset <= incident.opened_last:
            return incident
    return None


def _opened(member: Member) -> Incident:
    watched, at, onset = member.watched, member.joined_at, member.verdict.onset
    return Incident(incident_id(watched, at), watched.series.workflow, "open", "watch", (member,), at, onset)


def _relapsed(lately: Sequence[Incident], watched: Watched) -> Incident | None:
    """Return the incident in which the same series was bad in the same way, and recovered: the one that ended last."""
    key = (watched.series, watched.direction)
    return next(
        (
            incident
            for incident in reversed(lately)
            for one in incident.members
            if one.recovered and (one.watched.series, one.watched.direction) == key
        ),
        None,
    )


def _reopened(incident: Incident, member: Member) -> Incident:
    """Return a resolved incident with what is bad again alone, in nobody's hands; one that is reopened already gets it too."""
    if incident.state != "resolved":
        return _join(incident, member)
    return replace(
        incident,
        state="open",
        members=(member,),
        past=(*incident.past, *incident.members),
        onset=member.verdict.onset,
        resolved_at=None,
        acknowledged_at=None,
        acknowledged_by=None,
        told=0.0,
    )


def _again(resolved: Incident, member: Member) -> str:
    quiet = span(member.joined_at - (resolved.resolved_at or member.joined_at))
    return f"{subject_of(member.watched)} is bad again, {quiet} after the end: {member.verdict.why}"


def _update(incident: Incident, observation: Observation, at: int, reasons: list[str]) -> Incident:
    members, past = [], incident.past
    for member in incident.members:
        if member.watched != observation.watched:
            members.append(member)
            continue
        state = observation.verdict.state
        was_bad = member.resolved_at is None
        if state in BAD_STATES:
            if state == "stale" and not any(one.verdict.state == "stale" for one in _twins(incident, member)):
                reasons.append(f"{subject_of(member.watched)}: {observation.verdict.why}")
            if not was_bad:
                reasons.append(f"{subject_of(member.watched)} is bad again: {observation.verdict.why}")
                past = (*past, member)
            members.append(replace(member, verdict=observation.verdict, resolved_at=None))
        elif was_bad:
            if not any(one.resolved_at is None for one in _twins(incident, member) if one is not member):
                reasons.append(f"{subject_of(member.watched)} has recovered: {observation.verdict.why}")
            members.append(replace(member, verdict=observation.verdict, resolved_at=at))
        else:
            members.append(member)
    return _ordered(replace(incident, members=tuple(members), past=past))


def _twins(incident: Incident, member: Member) -> list[Member]:
    """Return the members of the same series, `member` too: what is true of one is told once."""
    return [one for one in incident.members if one.watched.series == member.watched.series]


def _join(incident: Incident, member: Member) -> Incident:
    onsets = [onset for onset in (incident.onset, member.verdict.onset) if onset is not None]
    return _ordered(replace(incident, members=(*incident.members, member), onset=min(onsets, default=None)))


def _ordered(incident: Incident) -> Incident:
    return replace(incident, members=tuple(sorted(incident.members, key=_leads)))


def _leads(member: Member) -> tuple[object, ...]:
    """Order members: nearest to the cause first, then the first to join; a recovery does not change who leads."""
    return (*_rank(member.watched)[:1], member.joined_at, *order(member.watched))


def _rank(watched: Watched) -> tuple[object, ...]:
    series = watched.series
    place = LEADING.index(series.signal) if series.signal in LEADING else len(LEADING)
    whole = series.step is None or series.signal == "steps"  # where a workflow is silent, each of its steps is too
    return (place + len(LEADING) if whole else place, *order(watched))
