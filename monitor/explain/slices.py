"""Where a change sits: each value of each slice by its part of the change, with an interval that many looks allow for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bellbuoy.detectors.base import Array
from bellbuoy.detectors.interval import shares_of
from bellbuoy.monitor.explain.wording import percent, shown
from bellbuoy.sinks.base import Fact, Span

HOLDS = 0.6
"""A slice that holds at least this share of the change is named."""
NEW = 0.1
"""A value that had a smaller part of the trials before the onset came around it."""
SEEN = 5.0
"""Bad trials more than usual that would be noticed."""
OWN = 200
"""Trials before the onset from which on a value is compared with itself; with fewer it is compared with all."""
CLEARLY = 0.2
"""By how much its part of the change must be above its part of the traffic."""
LEAST = 30
"""Trials since the onset without which nothing is said of a value."""
NAMED = 3
"""Values that are named at most, each of another slice."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One value of one slice and its part of a change.

    Attributes:
        name, value: `agent_version`, `v41`.
        share: part of the excess of bad trials that it holds (1.0 = all).
        low, high: ends of the interval of `share`; 95 % for all values that were looked at together.
        traffic: its part of the trials since the onset.
        n_since: its trials since the onset.
        bad_since, bad_others: bad share in it and outside it since the onset.
        elsewhere: excess that the rest would show if it were hit as hard: below `SEEN` the rest proves nothing.
        looks: values that were looked at, of all slices.
    """

    name: str
    value: str
    share: float
    low: float
    high: float
    traffic: float
    n_since: int
    bad_since: float
    bad_others: float
    elsewhere: float
    looks: int

    @property
    def explains(self) -> bool:
        """Whether it holds surely more of the change than its traffic would, and both it and the rest had trials enough."""
        enough = self.n_since >= LEAST and self.elsewhere >= SEEN
        return enough and self.low > self.traffic and self.share >= self.traffic + CLEARLY


def slices(
    rows: Sequence[Mapping[str, Any]], names: Iterable[str], direction: int = 1, scatter: float = 1.0
) -> list[Slice]:
    """Return the slices by their part of the excess of bad trials, largest first.

    The excess of a value is its bad trials since the onset less what its own rate before (or, where it was hardly seen
    before, the rate of all) would have given: a change of mix alone holds nothing. Who looks at many values finds one that
    stands out by chance: every interval is as wide as it takes to hold together for all values of all slices that had
    trials enough (Bonferroni).

    Args:
        rows: counts for each slice and value before and since the onset.
        names: slices to look at.
        direction: +1 where more bad trials are explained, -1 where fewer are.
        scatter: dispersion of the counts.
    """
    kept = {name: own for name in dict.fromkeys(names) if (own := _compared(rows, name))}
    looks = max(1, sum(row["n_since"] >= LEAST for own in kept.values() for row in own))
    found = []
    for name, own in kept.items():
        n0, bad0, n1, bad1 = (
            np.array([row[key] for row in own], np.float64)
            for key in ("n_before", "bad_before", "n_since", "bad_since")
        )
        excess, variance = _excess(n0, bad0, n1, bad1)
        parts = shares_of(direction * excess, scatter * variance, looks)
        if parts is None:
            continue
        others = n1.sum() - n1
        for place, row in enumerate(own):
            if n1[place] and others[place]:
                found.append(
                    Slice(
                        name,
                        row["value"],
                        float(parts.share[place]),
                        float(parts.low[place]),
                        float(parts.high[place]),
                        float(n1[place] / n1.sum()),
                        int(n1[place]),
                        float(bad1[place] / n1[place]),
                        float((bad1.sum() - bad1[place]) / others[place]),
                        float(direction * others[place] * excess[place] / n1[place]),
                        looks,
                    )
                )
    return sorted(found, key=lambda one: (-one.share, one.name, one.value))


def _compared(rows: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    """Return the rows of a slice; none where there is nothing to compare."""
    own = [row for row in rows if row["slice"] == name]
    both = sum(row["n_before"] for row in own) and sum(row["n_since"] for row in own)
    return own if both and len(own) >= 2 else []


def _excess(n0: Array, bad0: Array, n1: Array, bad1: Array) -> tuple[Array, Array]:
    """Return the bad trials of each value beyond what was usual, and their binomial variance."""
    usual = bad0.sum() / n0.sum()
    itself = n0 >= OWN
    rate = np.where(itself, bad0 / np.maximum(n0, 1.0), usual)
    size = np.where(itself, n0, n0.sum())
    now = (bad1 + 0.5) / (n1 + 1.0)  # no bad trial is no certainty
    variance = n1 * now * (1.0 - now) + n1 * n1 * rate * (1.0 - rate) / size
    return bad1 - n1 * rate, variance


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
    """Return the slice that explains the change: it holds most of it, and surely more than its traffic would."""
    return next((one for one in found if one.share >= HOLDS and one.explains), None)


def where_fact(found: Sequence[Slice], signal: str, new: tuple[str, str] | None = None) -> Fact | None:
    """Return the sentence that says where the change sits, or that nothing stands out; None where nothing was compared."""
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
    if not found:
        return None
    told: dict[str, Slice] = {} if one is None else {one.name: one}
    for each in found:
        if each.explains and each.share > 0 and each.name not in told and len(told) < NAMED:
            told[each.name] = each
    if not told and found[0].looks < 2:
        return Fact("Where", (Span(f"too early to say: no two values had {LEAST} trials since then"),))
    if not told:
        return Fact(
            "Where",
            (
                Span("nothing stands out: "),
                Span(f"of {found[0].looks} values compared none holds surely more than its part of the traffic"),
            ),
        )
    spans: list[Span] = []
    for each in told.values():
        low, high = (100 * min(max(end, 0.0), 1.0) for end in (each.low, each.high))
        spans += [
            Span(" · " if spans else ""),
            Span(f"{each.name}={each.value}", "code"),
            Span(" holds "),
            Span(f"{100 * min(each.share, 1.0):.0f} %", "bold"),
            Span(
                f" of the change ({low:.0f} … {high:.0f} %; "
                f"{percent(shown(signal, each.bad_since))} against {percent(shown(signal, each.bad_others))} elsewhere)"
            ),
        ]
    spans.append(Span(f" · {found[0].looks} values compared"))
    return Fact("Where", tuple(span for span in spans if span.text))
