"""Of what kind the bad trials are: the class of an error, the state of an action; and the newest of them, by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from bellbuoy.monitor.explain.wording import wording
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.sinks.base import Fact, Span

NAMED = 3
"""Kinds that are named at most."""
NEWEST = 5
"""Interactions that are named at most."""
TELLING = 0.2
"""Part of the bad trials from which on a kind is named."""


def kinds_fact(rows: Sequence[Mapping[str, Any]]) -> Fact | None:
    """Return what kinds of bad trials there are since the onset, beside how many of them were there before.

    Args:
        rows: `kind`, `bad_before` and `bad_since`, the most frequent kind first; None is no kind.
    """
    since, before = (sum(row[key] for row in rows) for key in ("bad_since", "bad_before"))
    spans: list[Span] = []
    for row in rows:
        if row["kind"] is None or row["bad_since"] < TELLING * since or len(spans) >= 3 * NAMED or not row["bad_since"]:
            continue
        spans += [
            Span(" · " if spans else ""),
            Span(row["kind"], "code"),
            Span(
                f" {row['bad_since']:,} of {since:,}"
                + (f" (before {row['bad_before']:,} of {before:,})" if before else "")
            ),
        ]
    return Fact("Of what kind", tuple(one for one in spans if one.text)) if spans else None


def newest_fact(reader: Reader, series: SeriesKey, since: int, at: int) -> Fact | None:
    """Return the newest interactions with a bad trial, with links where there are some."""
    names = {"signal": series.signal, "workflow": series.workflow, "step": series.step}
    rows = reader.rows("explain/samples", **names, since=since, at=at, limit=NEWEST)
    spans: list[Span] = []
    for row in rows:
        spans += [Span(" · " if spans else ""), Span(row["interaction_id"][:80], "code", url=row["content_ref"])]
    return Fact("Newest", tuple(one for one in spans if one.text)) if spans else None


def forbidden_fact(series: SeriesKey, n: int, bad: int) -> Fact:
    """Return how many there were of what must not be."""
    return Fact(wording(series.signal).label, (Span(f"{bad:,} of {n:,}", "bold"), Span("; none may be")))
