"""What stands beside a change: what came just before, what is ruled out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bellbuoy.monitor.explain.wording import day, percent, span
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.sinks.base import Fact, Sentence, Span

NEAR_S = 3 * 86400
"""How long before the onset a first sight counts as "just before"."""
NOTES = 3
"""Notes that are named, the nearest to the onset."""
AFTER_S = 3600
"""How long after the onset a note is still named: an onset is an estimate."""
SURE = 3.0
"""Standard errors within which a rate that did not move is called steady."""
TELLS = 10
"""Trials since the onset from which on a rate that did not move is ruled out: two calls tell nothing."""


def just_before(reader: Reader, workflow: str, onset: int, at: int, zone: str) -> tuple[Fact | None, str | None]:
    """Return what people noted and what was first seen around the onset, and the version that came nearest to it."""
    until = min(at, onset + NEAR_S // 3)
    after = next((row["after"] for row in reader.rows("explain/firsts_known")), 0)
    rows = reader.rows("explain/firsts", workflow=workflow, since=onset - NEAR_S, until=until, after=after)
    window = {"since": onset - NEAR_S, "until": min(at, onset + AFTER_S), "onset": onset}
    spans: list[Span] = []
    for row in reader.rows("explain/notes", workflow=workflow, **window, most=NOTES):
        spans += [Span(" · " if spans else ""), *_noted(row, onset)]
    for row in rows[:4]:
        spans += [
            Span(" · " if spans else ""),
            Span(f"{row['what']} "),
            Span(row["value"], "code"),
            Span(f" first seen {day(row['at'], zone)}"),
        ]
    return Fact("Just before", _filled(spans)) if spans else None, rows[-1]["value"] if rows else None


def _noted(row: Mapping[str, Any], onset: int) -> list[Span]:
    """Return a note in words: `deploy v41 (note) 12 min before`."""
    said = row["title"].lower()
    title = row["title"] if row["kind"] == "other" or row["kind"] in said else f"{row['kind']}: {row['title']}"
    spans = [Span(title, url=row["url"])]
    if row["version"] and row["version"].lower() not in said:
        spans += [Span(" "), Span(row["version"], "code")]
    away = row["at"] - onset
    when = "at that time" if abs(away) < 60 else f"{span(abs(away))} {'after' if away > 0 else 'before'}"
    return [*spans, Span(f" (note) {when}")]


def ruled_out(
    reader: Reader, lead: SeriesKey, rates: Sequence[Mapping[str, Any]], bad: set[SeriesKey], onset: int, at: int
) -> Fact | None:
    """Return what did not move: integrations, then the other steps of the workflow."""
    spans: list[Span] = []
    for row in reader.rows("explain/integrations", workflow=lead.workflow, onset=onset, at=at):
        if row["n_since"] >= TELLS and _steady(row):
            spans += [
                Span(" · " if spans else ""),
                Span(row["system"], "code"),
                Span(f" {_well(row, 'since')} ok, {_well(row, 'before')} before"),
            ]
    others = [
        row
        for row in rates
        if row["signal"] == "step_failure"
        and row["step"] != lead.step
        and SeriesKey("step_failure", lead.workflow, row["step"]) not in bad
        and row["n_since"] >= TELLS
    ]
    if others and lead.step is not None:
        calm = [row for row in others if _steady(row)]
        text = (
            f"the other {len(others)} steps are steady"
            if len(calm) == len(others)
            else f"{len(calm)} of {len(others)} other steps are steady"
        )
        spans += [Span(" · " if spans else ""), Span(text)]
    return Fact("Ruled out", _filled(spans)) if spans else None


def _well(row: Mapping[str, Any], when: str) -> str:
    return percent(1 - row[f"bad_{when}"] / row[f"n_{when}"])


def _filled(spans: Iterable[Span]) -> Sentence:
    return tuple(one for one in spans if one.text)


def _steady(row: Mapping[str, Any]) -> bool:
    """Tell whether a rate did not rise by more than its noise allows: two proportions, pooled."""
    if not row["n_before"] or not row["n_since"]:
        return False
    pooled = (row["bad_before"] + row["bad_since"] + 1) / (row["n_before"] + row["n_since"] + 2)
    error = math.sqrt(pooled * (1 - pooled) * (1 / row["n_before"] + 1 / row["n_since"]))
    return bool(row["bad_since"] / row["n_since"] - row["bad_before"] / row["n_before"] <= SURE * error)
