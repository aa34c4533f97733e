"""What stands beside a change: where it sits, what came just before, what is ruled out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bellbuoy.monitor.explain.wording import day, percent, shown, span
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.sinks.base import Fact, Sentence, Span

HOLDS = 0.6
"""A slice that holds at least this share of the change is named."""
NEW = 0.1
"""A value that had a smaller part of the trials before the onset came around it."""
NEAR_S = 3 * 86400
"""How long before the onset a first sight counts as "just before"."""
NOTES = 3
"""Notes that are named, the nearest to the onset."""
AFTER_S = 3600
"""How long after the onset a note is still named: an onset is an estimate."""
SEEN = 5.0
"""Bad trials more than usual that would be noticed."""
SURE = 3.0
"""Standard errors within which a rate that did not move is called steady."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One value of one slice and its part of a change.

    Attributes:
        name, value: `agent_version`, `v41`.
        share: part of the excess of bad trials that it holds (1.0 = all).
        traffic: its part of the trials since the onset.
        bad_since, bad_others: bad share in it and outside it since the onset.
        elsewhere: excess that the rest would show if it were hit as hard: below `SEEN` the rest proves nothing.
    """

    name: str
    value: str
    share: float
    traffic: float
    bad_since: float
    bad_others: float
    elsewhere: float


def slices(rows: Sequence[Mapping[str, Any]], names: Iterable[str], direction: int = 1) -> list[Slice]:
    """Return the slices by their part of the excess of bad trials, largest first.

    The excess of a value is its bad trials since the onset less what its own rate before (or, where it was not seen
    before, the rate of all) would have given: a change of mix alone holds nothing.

    Args:
        rows: counts for each slice and value before and since the onset.
        names: slices to look at.
        direction: +1 where more bad trials are explained, -1 where fewer are.
    """
    found = []
    for name in names:
        own = [row for row in rows if row["slice"] == name]
        n_before, n_since = sum(row["n_before"] for row in own), sum(row["n_since"] for row in own)
        if not n_since or not n_before or len(own) < 2:
            continue
        usual = sum(row["bad_before"] for row in own) / n_before
        excess = {
            row["value"]: row["bad_since"]
            - row["n_since"] * (row["bad_before"] / row["n_before"] if row["n_before"] >= 200 else usual)
            for row in own
        }
        total = sum(excess.values())
        bad_since = sum(row["bad_since"] for row in own)
        for row in own:
            others = n_since - row["n_since"]
            if total * direction > 0 and others and row["n_since"]:
                found.append(
                    Slice(
                        name,
                        row["value"],
                        excess[row["value"]] / total,
                        row["n_since"] / n_since,
                        row["bad_since"] / row["n_since"],
                        (bad_since - row["bad_since"]) / others,
                        direction * others * excess[row["value"]] / row["n_since"],
                    )
                )
    return sorted(found, key=lambda one: (-one.share, one.name, one.value))


def switched(rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> tuple[str, str] | None:
    """Return the slice and value that took over all traffic around the onset: nothing is left to compare it with."""
    for name in names:
        own = [row for row in rows if row["slice"] == name]
        now = [row for row in own if row["n_since"]]
        before = sum(row["n_before"] for row in own)
        if len(now) == 1 and now[0]["n_before"] < NEW * before:
            return name, now[0]["value"]
    return None


def where(found: Sequence[Slice]) -> Slice | None:
    """Return the slice that explains the change: it holds most of it, clearly more than its traffic would.

    The rest must have had trials enough to show the change if it were there too.
    """
    for one in found:
        if one.share >= HOLDS and one.share >= one.traffic + 0.2 and one.elsewhere >= SEEN:
            return one
    return None


def where_fact(found: Sequence[Slice], signal: str, new: tuple[str, str] | None = None) -> Fact | None:
    """Return the sentence that says where the change sits, or that it is spread; None where nothing was compared."""
    one = where(found)
    if one is None and new is not None:
        return Fact(
            "Where",
            (
                Span("everywhere: all traffic went over to "),
                Span("=".join(new), "code"),
                Span(" at that time, none is left to compare with"),
            ),
        )
    if one is None and not found:
        return None
    if one is None:
        return Fact(
            "Where", (Span("spread over all slices that were looked at: no version, model or channel stands out"),)
        )
    return Fact(
        "Where",
        (
            Span(f"{one.name}={one.value}", "code"),
            Span(" holds "),
            Span(f"{100 * min(one.share, 1.0):.0f} %", "bold"),
            Span(
                f" of the change ({percent(shown(signal, one.bad_since))} against "
                f"{percent(shown(signal, one.bad_others))} elsewhere)"
            ),
        ),
    )


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
        if row["n_since"] and _steady(row):
            spans += [
                Span(" · " if spans else ""),
                Span(row["system"], "code"),
                Span(f" {percent(1 - row['bad_since'] / row['n_since'])} ok"),
            ]
    others = [
        row
        for row in rates
        if row["signal"] == "step_failure"
        and row["step"] != lead.step
        and SeriesKey("step_failure", lead.workflow, row["step"]) not in bad
        and row["n_since"]
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


def _filled(spans: Iterable[Span]) -> Sentence:
    return tuple(one for one in spans if one.text)


def _steady(row: Mapping[str, Any]) -> bool:
    """Tell whether a rate did not rise by more than its noise allows: two proportions, pooled."""
    if not row["n_before"] or not row["n_since"]:
        return False
    pooled = (row["bad_before"] + row["bad_since"] + 1) / (row["n_before"] + row["n_since"] + 2)
    error = math.sqrt(pooled * (1 - pooled) * (1 / row["n_before"] + 1 / row["n_since"]))
    return bool(row["bad_since"] / row["n_since"] - row["bad_before"] / row["n_before"] <= SURE * error)
