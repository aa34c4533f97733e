"""Of what kind the bad trials are: the class of an error, the state of an action; and the newest of them, by name."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bellbuoy.config.signals import BUILT_IN
from bellbuoy.monitor.explain.wording import wording
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.sinks.base import Fact, Span

DETAILS = {one.name: one.detail for one in BUILT_IN}
LABELS = {"step": "In step", "missing_steps[1]": "Missing"}
"""What a fact of kinds is called, by what the kind is."""
ALWAYS = frozenset(["missing_step"])
"""Signals of which the kind is told even where it is as before: which step is missing is what it is about."""
NAMED = 3
"""Kinds that are named at most."""
NEWEST = 5
"""Interactions that are named at most."""
TELLING = 0.2
"""Part of the bad trials from which on a kind is named, and by how much that of one has to have grown."""


def kinds_fact(rows: Sequence[Mapping[str, Any]], signal: str) -> Fact | None:
    """Return what kinds of bad trials there are since the onset, beside how many there were before; None where no kind is more.

    Args:
        rows: `kind`, `bad_before` and `bad_since`, the most frequent kind first; None is no kind.
        signal: whose bad trials they are.
    """
    since, before = (sum(row[key] for row in rows) for key in ("bad_since", "bad_before"))
    if not since or (
        signal not in ALWAYS
        and before
        and all(_share(row, "bad_since", since) < _share(row, "bad_before", before) + TELLING for row in rows)
    ):
        return None
    spans: list[Span] = []
    for row in rows[:NAMED]:
        if row["kind"] is None or row["bad_since"] < TELLING * since:
            continue
        told = f" {row['bad_since']:,} of {since:,}"
        told += f" (before {row['bad_before']:,} of {before:,})" if before else ""
        spans += [Span(" · " if spans else ""), Span(row["kind"], "code"), Span(told)]
    label = LABELS.get(DETAILS.get(signal, ""), "Of what kind")
    return Fact(label, tuple(one for one in spans if one.text)) if spans else None


def _share(row: Mapping[str, Any], key: str, whole: int) -> float:
    return float(row[key] / whole)


def newest_fact(reader: Reader, series: SeriesKey, since: int, at: int, trace_url: str | None) -> Fact | None:
    """Return the newest interactions with a bad trial, each with the link that its events give, else with that of its workflow."""
    names = {"signal": series.signal, "workflow": series.workflow, "step": series.step}
    rows = reader.rows("explain/samples", **names, since=since, at=at, limit=NEWEST)
    spans: list[Span] = []
    for row in rows:
        name = row["interaction_id"]
        url = link_of(name, row["content_ref"], trace_url)
        spans += [Span(" · " if spans else ""), Span(name[:80], "code", url=url)]
    return Fact("Newest", tuple(one for one in spans if one.text)) if spans else None


def link_of(interaction: str, content_ref: str | None, trace_url: str | None) -> str | None:
    """Return where an interaction is found: as its events say, else as its workflow does; None where neither does."""
    return content_ref or (trace_url and trace_url.replace("{interaction_id}", quote(interaction, safe="")))


def forbidden_fact(series: SeriesKey, n: int, bad: int) -> Fact:
    """Return how many there were of what must not be."""
    return Fact(wording(series.signal).label, (Span(f"{bad:,} of {n:,}", "bold"), Span("; none may be")))
