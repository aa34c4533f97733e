"""Builds the page of a change. What is computed here is read from the store as of the change's instant."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bellbuoy.config.model import Config, DetectorEntry, Workflow
from bellbuoy.monitor.explain.facts import Rates, also, facts_of, rate_of, row_of
from bellbuoy.monitor.explain.findings import Slice, just_before, ruled_out, slices, switched, where, where_fact
from bellbuoy.monitor.explain.picture import chart
from bellbuoy.monitor.explain.wording import (
    moment,
    moved,
    per_time,
    percent,
    shown,
    span,
    subject,
)
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.sinks.base import Link, Page, Sentence, Span


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
    incident, at, zone = change.incident, change.at, context.timezone
    lead = incident.lead
    series = lead.watched.series
    onset = min(incident.began, at)
    rates = reader.rows("explain/rates", workflow=series.workflow, onset=onset, at=at)
    entry = context.detectors.get(lead.watched.detector)
    parts = _slices(reader, series, entry, onset, at)
    compared = slices(parts, entry.slices, lead.watched.direction) if entry else []
    found = where(compared)
    before, version = just_before(reader, series.workflow, onset, at, zone)
    bad = {member.watched.series for member in incident.members if member.resolved_at is None}
    silent = series.signal == "interactions"
    over = incident.state == "resolved"
    findings = [
        also(incident),
        None
        if silent or over
        else where_fact(compared, series.signal, switched(parts, entry.slices) if entry else None),
        None if over else before,
        None if silent or over else ruled_out(reader, series, rates, bad, onset, at),
    ]
    headline = _headline(incident)
    return Page(
        key=incident.id,
        version=change.number,
        change=change.kind,
        state=incident.state,
        severity=incident.severity,
        headline=headline[:150],
        summary=_summary(incident, headline, rates, change),
        impact=_impact(context, incident, rates, onset, at, found, version),
        at=at,
        opened_at=incident.opened_at,
        onset=incident.began,
        resolved_at=incident.resolved_at,
        workflow=incident.workflow,
        facts=tuple(facts_of(incident, rates, context.budget, at)),
        findings=tuple(one for one in findings if one is not None),
        chart=None if silent else chart(reader, incident, baseline, at, zone, context.tick),
        links=tuple(_links(context, incident)),
        foot=(lead.watched.detector,),
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


def _slices(reader: Reader, series: SeriesKey, entry: DetectorEntry | None, onset: int, at: int) -> Rates:
    if entry is None or not entry.slices or series.signal == "interactions":
        return []
    return reader.rows(
        "explain/slices", signal=series.signal, workflow=series.workflow, step=series.step, onset=onset, at=at
    )


def _headline(incident: Incident) -> str:
    lead = incident.lead
    series, verdict = lead.watched.series, lead.verdict
    if lead.resolved_at is not None and not lead.recovered:
        gone = lead.verdict.state == "stale"
        return f"{subject(series)}: no trial comes any more" if gone else f"{subject(series)} is not watched as before"
    if series.signal == "interactions":
        return f"{series.workflow} is heard again" if incident.state == "resolved" else f"{series.workflow} is silent"
    name = subject(series)
    back = f"{name}: back at {percent(shown(series.signal, verdict.current_rate))}"
    if incident.state == "resolved":
        return back
    if lead.resolved_at is not None:
        return f"{back}, the rest of it not yet"
    return f"{name} {moved(lead.watched, verdict.baseline_rate, verdict.current_rate)}"


def _summary(incident: Incident, headline: str, rates: Rates, change: Change) -> str:
    state = "RESOLVED" if incident.state == "resolved" else incident.state.upper() + f" {incident.severity}"
    text = f"{state}, {incident.workflow}: {headline}."
    ends = rate_of(rates, "interaction_failure", None)
    if ends and incident.lead.watched.series.signal not in ("interaction_failure", "interactions"):
        text += f" Interactions that end well: {percent(1 - ends[0])} → {percent(1 - ends[1])}."
    if incident.lead.watched.series.signal == "interactions":
        text += f" {change.reason}"
    return text[:300]


def _impact(
    context: Context,
    incident: Incident,
    rates: Rates,
    onset: int,
    at: int,
    found: Slice | None,
    version: str | None,
) -> Sentence:
    series, zone = incident.lead.watched.series, context.timezone
    workflow = context.workflows.get(series.workflow)
    spans = [Span(series.workflow, "bold")]
    if series.step is not None and workflow is not None:
        names = [step.name for step in workflow.steps]
        if series.step in names:
            spans.append(Span(f", step {names.index(series.step) + 1} of {len(names)}"))
    if incident.state == "resolved":
        spans += [Span(" · it was bad for "), Span(span((incident.resolved_at or at) - onset), "bold")]
        spans += [Span(f", from {moment(onset, zone, near=at)}. {_end(incident.lead)}")]
        return tuple(spans)
    if series.signal == "interactions":
        spans += [Span(f" · {incident.lead.verdict.why}.")]
        return tuple(spans)
    ends = row_of(rates, "interaction_failure", None)
    if ends is not None and ends["n_since"] and ends["n_before"]:
        old, new = 1 - ends["bad_before"] / ends["n_before"], 1 - ends["bad_since"] / ends["n_since"]
        spans += [Span(" · interactions that end well "), Span(f"{percent(old)} → {percent(new)}", "bold")]
        more = (old - new) * ends["n_since"] / (max(at - onset, context.tick) / 3600)
        if more > 0:
            spans += [Span(", about "), Span(per_time(more).format("failures"), "bold")]
    spans += [Span(". Began about "), Span(moment(onset, zone, near=at), "bold")]
    if found is not None and found.value == version:
        spans += [Span(", right after "), Span(found.value, "code"), Span(" came, which holds ")]
        spans += [Span(f"{100 * min(found.share, 1.0):.0f} %", "bold"), Span(" of the change")]
    elif found is not None:
        spans += [Span(", most of it where "), Span(f"{found.name}={found.value}", "code")]
    return (*spans, Span("."))


def _end(lead: Member) -> str:
    """Return why the incident is over."""
    if not lead.recovered and lead.verdict.state == "stale":
        return "It ended without a recovery, for nothing comes of it. What comes again is judged anew."
    if not lead.recovered:
        return "The settings of its detector changed. What is still bad is found anew."
    if lead.watched.series.signal == "interactions":
        return "Interactions arrive again."
    return "The evidence of recovery is past its threshold."


def _links(context: Context, incident: Incident) -> list[Link]:
    links = []
    if context.public_url:
        links.append(Link("Open incident", f"{context.public_url}/i/{incident.id}"))
    workflow = context.workflows.get(incident.workflow)
    if workflow is not None:
        step = next((one for one in workflow.steps if one.name == incident.lead.watched.series.step), None)
        runbook = (step.runbook if step else None) or workflow.runbook
        if runbook:
            links.append(Link("Runbook", str(runbook)))
    return links
