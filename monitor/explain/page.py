"""Builds the page of a change. What is computed here is read from the store as of the change's instant."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bellbuoy.config.model import Config, DetectorEntry, Workflow
from bellbuoy.monitor.explain.facts import Rates, also, facts_of, measure_of, row_of, slope_fact
from bellbuoy.monitor.explain.findings import just_before, ruled_out
from bellbuoy.monitor.explain.kinds import kinds_fact, newest_fact
from bellbuoy.monitor.explain.loss import WHOLE, Loss, loss, loss_fact, scatter_of
from bellbuoy.monitor.explain.mixture import mixed, mixed_fact
from bellbuoy.monitor.explain.picture import chart
from bellbuoy.monitor.explain.slices import slices, switched, where, where_fact
from bellbuoy.monitor.explain.telling import headline, impact, remarks, summary
from bellbuoy.monitor.explain.wording import span
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.judging.watchlist import ANCHOR
from bellbuoy.sinks.base import Fact, Link, Page


@dataclass(frozen=True, slots=True)
class Context:
    """What an explanation takes from the configuration.

    Attributes:
        workflows, detectors: by name.
        public_url: where the dashboard is reached; None: no links to it.
        timezone: IANA name.
        budget: the budget of false pages in words.
        tick: seconds of a tick.
    """

    workflows: Mapping[str, Workflow]
    detectors: Mapping[str, DetectorEntry]
    public_url: str | None
    timezone: str
    budget: str
    tick: float

    @classmethod
    def of(cls, config: Config) -> "Context":
        """Return the context of a configuration."""
        budget = config.budget
        return cls(
            {one.name: one for one in config.workflows},
            {one.name: one for one in config.detectors},
            str(config.server.public_url).rstrip("/") if config.server.public_url else None,
            config.server.timezone,
            f"{budget.false_pages:g} false pages in {span(budget.per)}, "
            + ("whole fleet" if budget.scope == "fleet" else "each series"),
            config.tick,
        )


class Nothing:
    """A reader of an empty store."""

    def rows(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:  # noqa: ARG002 - the protocol's
        """Return no row."""
        return []


def explain(reader: Reader, context: Context, change: Change, baseline: str) -> Page:
    """Return the page that tells `change`.

    Args:
        reader: where counts and events are.
        context: names, links and the zone.
        change: what happened.
        baseline: name of the baseline that the leading detector compares with.
    """
    at, zone = change.at, context.timezone
    workflow = context.workflows.get(change.incident.workflow)
    steps = [] if workflow is None else [step.name for step in workflow.steps]
    rates = reader.rows("explain/rates", workflow=change.incident.workflow, onset=min(change.incident.began, at), at=at)
    found = _loss(reader, context, change.incident, steps, rates, baseline, at)
    incident = _led(change.incident, found)
    lead = incident.lead
    series = lead.watched.series
    onset = min(incident.began, at)
    entry = context.detectors.get(lead.watched.detector)
    measure, over = measure_of(lead), incident.state == "resolved"
    share = measure == "share"
    names = entry.slices if entry is not None and share and not over else ()
    parts = _slices(reader, series, onset, at) if names else []
    scatter = scatter_of(reader, (baseline,), series, onset, at, context.tick) if parts else 1.0
    compared = slices(parts, names, lead.watched.direction, scatter)
    before, version = just_before(reader, series.workflow, onset, at, zone)
    bad = {member.watched.series for member in incident.members if member.resolved_at is None}
    findings = [
        also(incident),
        None if over else loss_fact(found),
        None if over else _mix(reader, context, incident, rates, parts, onset, at),
        None if over or not share else where_fact(compared, series.signal, switched(parts, names)),
        None
        if over or measure not in ("share", "never")
        else kinds_fact(_kinds(reader, series, onset, at), series.signal),
        None
        if over or measure != "never"
        else newest_fact(reader, series, onset, at, workflow.trace_url if workflow else None),
        None if over else before,
        None if over or not share else ruled_out(reader, series, rates, bad, onset, at),
    ]
    policy = entry is not None and entry.kind == "burn"
    text = headline(incident, found, policy=policy)
    facts = facts_of(incident, rates, context.budget, at, context.tick)
    moving = (
        slope_fact(reader, incident, onset, at)
        if entry and entry.kind == "slow_drift" and lead.resolved_at is None
        else None
    )
    return Page(
        key=incident.id,
        version=change.number,
        change=change.kind,
        state=incident.state,
        severity=incident.severity,
        headline=text[:150],
        summary=summary(incident, text, rates, change),
        impact=impact(incident, steps, rates, onset, at, zone, context.tick, where(compared), version, change.reason),
        at=at,
        opened_at=incident.opened_at,
        onset=incident.began,
        resolved_at=incident.resolved_at,
        workflow=incident.workflow,
        facts=tuple(one for one in (*facts[:1], moving, *facts[1:]) if one is not None),
        findings=tuple(one for one in findings if one is not None),
        chart=chart(reader, incident, baseline, at, zone, context.tick) if share else None,
        links=tuple(_links(context, incident)),
        foot=remarks(incident, zone, at),
        timezone=zone,
        data=data(incident, change),
    )


def data(incident: Incident, change: Change) -> dict[str, Any]:
    """Return the leading verdict and the change as plain JSON, for programs."""
    series, verdict = incident.lead.watched.series, asdict(incident.lead.verdict)
    numbers = {key: None if value != value else value for key, value in verdict.items()}  # noqa: PLR0124 - NaN is unequal to itself
    return {
        "incident": incident.id,
        "change": change.kind,
        "reason": change.reason,
        "workflow": series.workflow,
        "step": series.step,
        "segment": series.segment,
        "signal": series.signal,
        "detector": incident.lead.watched.detector,
        "severity": incident.severity,
        **numbers,
    }


def _ends(incident: Incident) -> Member | None:
    """Return the member that tells of whole interactions and is still bad."""
    return next(
        (
            one
            for one in incident.members
            if one.watched.series.signal == WHOLE and one.resolved_at is None and measure_of(one) == "share"
        ),
        None,
    )


def _loss(
    reader: Reader, context: Context, incident: Incident, steps: Sequence[str], rates: Rates, baseline: str, at: int
) -> Loss | None:
    """Return which step carries the end-to-end change, where the incident holds one."""
    ends = _ends(incident)
    if ends is None:
        return None
    onset = min(incident.began, at)
    names = (baseline, "default", ANCHOR)
    scatter = scatter_of(reader, names, ends.watched.series, onset, at, context.tick)
    return loss(reader, incident.workflow, steps, rates, onset, at, scatter, ends.watched.direction)


def _led(incident: Incident, found: Loss | None) -> Incident:
    """Return the incident led by the member that the attribution names: the step that carries it, or all of them together."""
    wanted = None
    if found is not None and found.spread:
        wanted = _ends(incident)
    elif found is not None and found.lead is not None:
        wanted = next(
            (
                one
                for one in incident.members
                if one.watched.series.step == found.lead
                and one.watched.series.signal == "step_failure"
                and one.resolved_at is None
            ),
            None,
        )
    if wanted is None or wanted is incident.lead:
        return incident
    return replace(incident, members=(wanted, *(one for one in incident.members if one is not wanted)))


def _mix(
    reader: Reader,
    context: Context,
    incident: Incident,
    rates: Rates,
    parts: Rates,
    onset: int,
    at: int,
) -> Fact | None:
    """Return how much of an end-to-end change is rate and how much is mix, where the incident holds one."""
    ends, whole = _ends(incident), row_of(rates, WHOLE, None)
    entry = None if ends is None else context.detectors.get(ends.watched.detector)
    if ends is None or entry is None or whole is None:
        return None
    rows = parts if ends is incident.lead and parts else _slices(reader, ends.watched.series, onset, at)
    names = (*entry.stratify, *entry.slices)
    return mixed_fact(mixed(rows, names, whole["n_before"], whole["n_since"]), WHOLE)


def _slices(reader: Reader, series: SeriesKey, onset: int, at: int) -> Rates:
    return reader.rows(
        "explain/slices", signal=series.signal, workflow=series.workflow, step=series.step, onset=onset, at=at
    )


def _kinds(reader: Reader, series: SeriesKey, onset: int, at: int) -> Rates:
    return reader.rows(
        "explain/kinds", signal=series.signal, workflow=series.workflow, step=series.step, onset=onset, at=at
    )


def _links(context: Context, incident: Incident) -> list[Link]:
    links = []
    if context.public_url:
        links.append(Link("Open incident", f"{context.public_url}/i/{incident.id}"))
        if measure_of(incident.lead) in ("share", "never"):
            links.append(Link("Failed interactions", f"{context.public_url}/i/{incident.id}/samples"))
    workflow = context.workflows.get(incident.workflow)
    if workflow is not None:
        step = next((one for one in workflow.steps if one.name == incident.lead.watched.series.step), None)
        runbook = (step.runbook if step else None) or workflow.runbook
        if runbook:
            links.append(Link("Runbook", str(runbook)))
    return links
