"""The numbers of a page: the change with its interval, what else moved, the evidence."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bellbuoy.detectors.base import Measure, Verdict
from bellbuoy.detectors.slope import monthly
from bellbuoy.monitor.explain.kinds import forbidden_fact
from bellbuoy.monitor.explain.wording import moved, percent, points, shown, subject, wording
from bellbuoy.monitor.judging.incidents import Incident, Member
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.sinks.base import Fact, Span

DAY = 86400
WEEK_S = 7 * DAY
Rates = Sequence[Mapping[str, Any]]
"""For each series of a workflow the trials and bad ones before and since an onset, and of the last 7 days."""


def measure_of(member: Member) -> Measure:
    """Return what a member's verdict speaks of; those of earlier versions did not say that it was silence."""
    silent = member.verdict.measure == "share" and member.watched.series.signal == "interactions"
    return "silence" if silent else member.verdict.measure


def facts_of(incident: Incident, rates: Rates, budget: str, at: int, tick: float) -> list[Fact]:
    """Return the numbers of the incident as of `at`, the change itself first.

    Args:
        incident: as it is now.
        rates: counts of the workflow's series.
        budget: the budget of false pages, in words.
        at: the present.
        tick: seconds of a tick.
    """
    lead = incident.lead
    series, verdict = lead.watched.series, lead.verdict
    evidence = Fact("Evidence", (Span(_evidence(verdict, budget)),))
    if measure_of(lead) != "share":
        return _other_facts(incident, evidence, tick)
    facts = [_change_fact(lead)]
    own = row_of(rates, series.signal, series.step)
    if own is not None and own["n_week"] and at - incident.began > WEEK_S:
        facts.append(
            Fact("Last 7 days", (Span(percent(shown(series.signal, own["bad_week"] / own["n_week"])), "bold"),))
        )
    since = "recovery" if lead.recovered else "onset"
    facts.append(Fact("Trials", (Span(f"{verdict.n:,} since the {since}, {verdict.bad:,} bad"),)))
    if incident.state == "resolved":
        return facts
    for signal, step in (
        ("reask", series.step),
        ("slow", series.step),
        ("handoff", None),
        ("interaction_failure", None),
    ):
        if (signal, step) == (series.signal, series.step):
            continue
        pair = rate_of(rates, signal, step)
        if pair is None:
            continue
        hit = any(
            member.watched.series.signal == signal and member.watched.series.step == step for member in incident.members
        )
        old, new = (percent(shown(signal, one)) for one in pair)
        after = (Span(new, "bold"), Span(" ▲")) if hit else (Span(new),)
        facts.append(Fact(wording(signal).label, (Span(f"{old} → "), *after)))
    if lead.resolved_at is None:
        facts.append(evidence)
    return facts


def _other_facts(incident: Incident, evidence: Fact, tick: float) -> list[Fact]:
    """Return the numbers of an incident that is not of a share of bad trials."""
    lead = incident.lead
    measure = measure_of(lead)
    if measure == "never":
        return [forbidden_fact(lead.watched.series, lead.verdict.n, lead.verdict.bad)]
    if measure == "silence":
        return [] if incident.state == "resolved" else [evidence]
    return [_volume_fact(lead, tick), *([] if lead.resolved_at is not None else [evidence])]


def slope_fact(reader: Reader, incident: Incident, onset: int, at: int) -> Fact | None:
    """Return how fast the leading rate has been moving since the onset, by whole days; None before a week is over."""
    series = incident.lead.watched.series
    since, until = -(-onset // DAY) * DAY, at // DAY * DAY
    rows = reader.rows(
        "explain/buckets",
        signal=series.signal,
        workflow=series.workflow,
        step=series.step,
        bucket=DAY,
        since=since,
        until=max(since, until),
    )
    day, n, bad = (np.array([row[key] for row in rows], np.float64) for key in ("at", "n", "bad"))
    found = monthly(day / DAY, n, bad) if len(rows) else None
    if found is None:
        return None
    sign = shown(series.signal, 1.0) - shown(series.signal, 0.0)
    month, *ends = (sign * one for one in (found.month, found.low, found.high))
    low, high = sorted(ends)
    return Fact(
        "Slope",
        (
            Span(f"{points(month)} a month", "bold" if low * high > 0 else "plain"),
            Span(
                f" ({'' if low * high > 0 else 'not sure yet: '}{points(low)[:-3]} … {points(high)[:-3]}; median of {found.days} days' slopes)"
            ),
        ),
    )


def _volume_fact(lead: Member, tick: float) -> Fact:
    verdict, hour = lead.verdict, 3600.0 / tick
    ends = [f"{100 * one:+.0f}".replace("-", "−") for one in (verdict.change_low, verdict.change_high)]
    return Fact(
        "Volume",
        (
            Span(f"{verdict.baseline_rate * hour:,.1f} → "),
            Span(f"{verdict.current_rate * hour:,.1f}", "bold"),
            Span(f" an hour (95 % interval of the change {ends[0]} … {ends[1]} %)"),
        ),
    )


def _change_fact(lead: Member) -> Fact:
    signal, verdict = lead.watched.series.signal, lead.verdict
    old, new = shown(signal, verdict.baseline_rate), shown(signal, verdict.current_rate)
    ends = (verdict.change_low, verdict.change_high)
    if wording(signal).success:
        ends = (-ends[1], -ends[0])
    return Fact(
        wording(signal).label,
        (
            Span(f"{percent(old)} → "),
            Span(percent(new), "bold"),
            Span(f" ({points(new - old)}; 95 % interval {points(ends[0])[:-3]} … {points(ends[1])[:-3]})"),
        ),
    )


def _evidence(verdict: Verdict, budget: str) -> str:
    return f"{verdict.evidence:.1f} nats, threshold {verdict.threshold:.1f} ({budget})"


def also(incident: Incident) -> Fact | None:
    """Return the other series that are bad for the same cause."""
    told = {incident.lead.watched.series}
    spans: list[Span] = []
    for member in incident.members[1:]:
        ends = member.watched.series.signal == "interaction_failure"  # the impact tells of it already
        if member.resolved_at is not None or member.watched.series in told or ends:
            continue
        told.add(member.watched.series)
        if measure_of(member) == "silence":
            moves = "is silent"
        elif measure_of(member) == "volume":
            moves = f"has another volume: {member.verdict.why}"
        elif measure_of(member) == "never":
            moves = f"({member.verdict.why})"
        else:
            moves = moved(member.watched, member.verdict.baseline_rate, member.verdict.current_rate)
        spans.append(Span(f"{' · ' if spans else ''}{subject(member.watched.series)} {moves}"))
    return Fact("Also part of it", tuple(spans[:5])) if spans else None


def row_of(rates: Rates, signal: str, step: str | None) -> Mapping[str, Any] | None:
    """Return the counts of one series, or None where it had no trial."""
    return next((row for row in rates if row["signal"] == signal and row["step"] == step), None)


def rate_of(rates: Rates, signal: str, step: str | None) -> tuple[float, float] | None:
    """Return the bad shares before and since the onset; None where one of them has no trial."""
    row = row_of(rates, signal, step)
    if row is None or not row["n_before"] or not row["n_since"]:
        return None
    return row["bad_before"] / row["n_before"], row["bad_since"] / row["n_since"]
