"""Ends of incidents that no verdict will tell: what is not watched any more, and what is not there any more."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from bellbuoy.monitor.explain.wording import span
from bellbuoy.monitor.judging.incidents import Change, Incident, SeverityRules, changed, subject_of
from bellbuoy.monitor.judging.watched import Watched
from bellbuoy.monitor.judging.watchlist import Line

DAY = 86_400


def let_go(
    incidents: Iterable[Incident], watched: Collection[Watched], at: int, rules: SeverityRules
) -> tuple[list[Incident], list[Change]]:
    """End the members that are not watched on: the configuration changed, and no verdict will tell their end.

    Args:
        incidents: those not resolved, oldest first.
        watched: all that is watched as it was.
        at: end of the tick.
        rules: sizes that make a severity.

    Returns:
        The incidents not resolved after it, and the changes: at most one for each incident.
    """
    gone = {
        one.watched: f"{subject_of(one.watched)} is not watched on by {one.watched.detector}: settings changed"
        for incident in incidents
        for one in incident.members
        if one.watched not in watched
    }
    return end(incidents, gone, at, rules)


def end(
    incidents: Iterable[Incident], gone: Mapping[Watched, str], at: int, rules: SeverityRules
) -> tuple[list[Incident], list[Change]]:
    """End members without evidence of recovery; an incident whose last bad member ends is resolved.

    Args:
        incidents: those not resolved, oldest first.
        gone: what ends, and why, in words for the incident's thread.
        at: end of the tick.
        rules: sizes that make a severity.

    Returns:
        The incidents not resolved after it, and the changes: at most one for each incident.
    """
    kept: list[Incident] = []
    changes: list[Change] = []
    for incident in incidents:
        over = [one for one in incident.members if one.resolved_at is None and one.watched in gone]
        members = tuple(replace(one, resolved_at=at) if one in over else one for one in incident.members)
        reasons = [gone[one.watched] for one in over]
        change = changed(incident, replace(incident, members=members), reasons, at, rules) if over else None
        after = incident if change is None else change.incident
        changes += [] if change is None else [change]
        kept += [] if after.state == "resolved" else [after]
    return kept, changes


def retired(incidents: Iterable[Incident], lines: Iterable[Line], midnight: int, after: float) -> dict[Watched, str]:
    """Return the members whose step seems to be no more, each with the sentence that says so.

    No data is never recovery, and a workflow that stops ends nothing. But a step without a trial for so long while its
    workflow goes on was taken out: nothing will ever tell that it recovered.

    Args:
        incidents: those not resolved.
        lines: all that is watched, with the last trial known at the midnight.
        midnight: the instant, epoch seconds.
        after: seconds without a trial.
    """
    stale = {
        one.watched
        for incident in incidents
        for one in incident.members
        if one.resolved_at is None and one.verdict.state == "stale" and one.watched.series.step is not None
    }
    if not stale:
        return {}
    last: dict[str, int] = {}
    own: dict[Watched, int] = {}
    for line in lines:
        workflow = line.watched.series.workflow
        last[workflow] = max(last.get(workflow, 0), line.last_minute)
        if line.watched in stale:
            own[line.watched] = line.last_minute
    return {
        watched: f"{subject_of(watched)} has ended: no trial for {span(midnight - seen)}, while "
        f"{watched.series.workflow} goes on"
        for watched, seen in own.items()
        if midnight - seen >= after and midnight - last[watched.series.workflow] <= DAY
    }
