"""What a page says first: headline, summary for notifications, and what the change means for people."""

from bellbuoy.monitor.explain.facts import Rates, measure_of, rate_of, row_of
from bellbuoy.monitor.explain.loss import WHOLE, Loss
from bellbuoy.monitor.explain.slices import Slice
from bellbuoy.monitor.explain.wording import moment, moved, per_time, percent, shown, span, subject, wording
from bellbuoy.monitor.judging.acks import taken_by
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.sinks.base import Sentence, Span


def headline(incident: Incident, found: Loss | None, *, policy: bool) -> str:
    """Return what is wrong, or that it is over, in one line.

    Args:
        incident: as it is now.
        found: which step carries an end-to-end change.
        policy: what is normal is an objective.
    """
    lead = incident.lead
    series, verdict, measure = lead.watched.series, lead.verdict, measure_of(lead)
    name = subject(series)
    over = incident.state == "resolved"
    if lead.resolved_at is not None and not lead.recovered:
        gone = verdict.state == "stale"
        return f"{name}: no trial comes any more" if gone else f"{name} is not watched as before"
    if measure != "share":
        return _other(incident)
    back = f"{name}: back at {percent(shown(series.signal, verdict.current_rate))}"
    if over:
        return back
    if lead.resolved_at is not None:
        return f"{back}, the rest of it not yet"
    if policy:
        now, aim = (shown(series.signal, one) for one in (verdict.current_rate, verdict.baseline_rate))
        return f"{name} at {percent(now)}, the objective is {percent(aim)}"
    text = f"{name} {moved(lead.watched, verdict.baseline_rate, verdict.current_rate)}"
    if series.signal == WHOLE and found is not None and found.lead is not None:
        return f"{text}, most of it in {found.lead}"
    if series.signal == WHOLE and found is not None and found.spread:
        return f"{text}, spread over all steps"
    return text


def _other(incident: Incident) -> str:
    """Return what is wrong where it is not a share of bad trials."""
    lead = incident.lead
    series, verdict, measure = lead.watched.series, lead.verdict, measure_of(lead)
    name, over = subject(series), incident.state == "resolved"
    if measure == "silence":
        return f"{name} is heard again" if over else f"{name} is silent"
    if measure == "never":
        return f"{name}: none any more" if lead.recovered else f"{name}: {verdict.bad:,} of {verdict.n:,}"
    if over or lead.resolved_at is not None:
        return f"{name}: as many {_counted(series.signal)} as normal again"
    return f"{name}: {less(verdict.baseline_rate, verdict.current_rate)} {_counted(series.signal)} than normal"


def remarks(incident: Incident, zone: str, at: int) -> tuple[str, ...]:
    """Return what stands small below a page: who found it, when it was bad before, who has taken it."""
    past = [one.resolved_at for one in incident.past if one.resolved_at is not None]
    before = [f"bad before, until {moment(max(past), zone, near=at)}"] if past else []
    taken = [taken_by(incident)] if incident.acknowledged_by is not None else []
    return (incident.lead.watched.detector, *before, *taken)


def less(before: float, now: float) -> str:
    """Return `62 % fewer` or `40 % more` of two volumes."""
    return f"{100 * abs(now / before - 1.0):.0f} % {'fewer' if now < before else 'more'}"


def _counted(signal: str) -> str:
    return "interactions" if signal == "interactions" else "trials"


def summary(incident: Incident, text: str, rates: Rates, change: Change) -> str:
    """Return one full sentence for notifications, search and screen readers, at most 300 characters."""
    state = "REOPENED" if change.kind == "reopened" else incident.state.upper()
    state += "" if incident.state == "resolved" else f" {incident.severity}"
    told = f"{state}, {incident.workflow}: {text}."
    ends = rate_of(rates, WHOLE, None)
    silent = measure_of(incident.lead) == "silence"
    if ends and incident.lead.watched.series.signal != WHOLE and not silent:
        told += f" Interactions that end well: {percent(1 - ends[0])} → {percent(1 - ends[1])}."
    return f"{told} {change.reason}"[:300] if silent else told[:300]


def impact(
    incident: Incident,
    steps: list[str],
    rates: Rates,
    onset: int,
    at: int,
    zone: str,
    tick: float,
    found: Slice | None,
    version: str | None,
    reason: str,
) -> Sentence:
    """Return what the change means for people: where, how many, since when.

    Args:
        incident: as it is now.
        steps: declared steps of its workflow.
        rates: counts of the workflow's series.
        onset: its beginning.
        at: the present.
        zone: time zone of the times.
        tick: seconds of a tick.
        found: the slice that holds most of the change.
        version: a version that came just before.
        reason: of the change, which says how an incident ended that did not recover.
    """
    lead = incident.lead
    series, measure = lead.watched.series, measure_of(lead)
    spans = [Span(series.workflow, "bold")]
    if series.step in steps:
        spans.append(Span(f", step {steps.index(series.step) + 1} of {len(steps)}"))
    if incident.state == "resolved":
        spans += [Span(" · it was bad for "), Span(span((incident.resolved_at or at) - onset), "bold")]
        return (*spans, Span(f", from {moment(onset, zone, near=at)}. {_end(lead, reason)}"))
    if measure == "never":
        told = f"{lead.verdict.bad:,} of {lead.verdict.n:,} since {moment(onset, zone, near=at)}"
        return (*spans, Span(f" · {wording(series.signal).sentence}: "), Span(told, "bold"), Span(". None may be."))
    if measure != "share":
        return (*spans, *_counts(lead, zone, tick))
    ends = row_of(rates, WHOLE, None)
    if ends is not None and ends["n_since"] and ends["n_before"]:
        old, new = 1 - ends["bad_before"] / ends["n_before"], 1 - ends["bad_since"] / ends["n_since"]
        spans += [Span(" · interactions that end well "), Span(f"{percent(old)} → {percent(new)}", "bold")]
        more = (old - new) * ends["n_since"] / (max(at - onset, tick) / 3600)
        if more > 0:
            spans += [Span(", about "), Span(per_time(more).format("failures"), "bold")]
    spans += [Span(". Began about "), Span(moment(onset, zone, near=at), "bold")]
    if lead.verdict.state == "stale":
        quiet = lead.verdict.why.partition(";")[0]
        return (*spans, Span(". Now "), Span(quiet, "bold"), Span(": whether it goes on is not known."))
    if found is not None and found.value == version:
        spans += [Span(", right after "), Span(found.value, "code"), Span(" came, which holds ")]
        spans += [Span(f"{100 * min(found.share, 1.0):.0f} %", "bold"), Span(" of the change")]
    elif found is not None:
        spans += [Span(", most of it where "), Span(f"{found.name}={found.value}", "code")]
    return (*spans, Span("."))


def _counts(lead: Member, zone: str, tick: float) -> Sentence:
    """Return how many there are where there should be more, or fewer."""
    verdict = lead.verdict
    if verdict.measure != "silence" or verdict.onset is None or lead.resolved_at is not None:
        return (Span(f" · {verdict.why}."),)
    missing = verdict.baseline_rate * max((verdict.at - verdict.onset) / tick, 1.0)
    expected = Span(f", {missing:,.0f} {_counted(lead.watched.series.signal)} were expected.")
    return (Span(" · nothing since "), Span(moment(verdict.onset, zone, near=verdict.at), "bold"), expected)


def _end(lead: Member, reason: str) -> str:
    """Return why the incident is over."""
    if not lead.recovered:
        return f"It ended without a recovery: {reason}. What comes from now on is judged anew."
    if measure_of(lead) == "silence":
        return "Interactions arrive again."
    return "The evidence of recovery is past its threshold."
