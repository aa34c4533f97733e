"""Whether an end-to-end change is one of rates or of the mix: more trials of what always went worse."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bellbuoy.detectors.mix import split
from bellbuoy.monitor.explain.wording import percent, points, shown
from bellbuoy.sinks.base import Fact, Span

CALLERS = ("intent", "channel", "language", "region", "tenant", "path")
"""Fields that say who comes with what; versions and models are ours, a change of theirs is no mix."""
COVERED = 0.9
"""Part of the trials that must have a value of a field."""
NAMED = 0.2
"""Part of both together from which on the mix is told with the value that did most of it."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """A change of a bad share, parted by one field.

    Attributes:
        field: the field: of those looked at the one whose mix did most.
        by_rate, by_mix: parts of the change; they add up to it.
        value: the value whose share of the trials did most of `by_mix`.
        before, since: that share before and since the onset.
    """

    field: str
    by_rate: float
    by_mix: float
    value: str
    before: float
    since: float


def mixed(rows: Sequence[Mapping[str, Any]], names: Iterable[str], n_before: int, n_since: int) -> Mixed | None:
    """Return the change parted by that field whose mix did most of it; None where no field can be compared.

    Args:
        rows: counts for each slice and value before and since the onset.
        names: fields to look at; those that are not about the callers are left out.
        n_before: trials of the whole before the onset.
        n_since: those since.
    """
    found = []
    for name in dict.fromkeys(names):
        own = [row for row in rows if row["slice"] == name]
        counts = {
            key: np.array([row[key] for row in own], np.float64)
            for key in ("n_before", "bad_before", "n_since", "bad_since")
        }
        before, since = counts["n_before"], counts["n_since"]
        enough = before.sum() >= COVERED * max(n_before, 1) and since.sum() >= COVERED * max(n_since, 1)
        if name not in CALLERS or len(own) < 2 or not enough:
            continue
        parts = split(before, counts["bad_before"], since, counts["bad_since"])
        most = int(np.abs(parts.mix).argmax())
        shares = before[most] / before.sum(), since[most] / since.sum()
        found.append(Mixed(name, parts.by_rate, parts.by_mix, own[most]["value"], float(shares[0]), float(shares[1])))
    return max(found, key=lambda one: (abs(one.by_mix), one.field), default=None)


def mixed_fact(found: Mixed | None, signal: str) -> Fact | None:
    """Return the sentence that says how much of the change is rate and how much is mix."""
    if found is None:
        return None
    sign = shown(signal, 0.0) - shown(signal, 1.0)  # people read success: its change has the other sign
    rate, mix = -sign * found.by_rate, -sign * found.by_mix
    spans = [Span(f"{points(rate)} in the rates, {points(mix)} in the mix")]
    if abs(found.by_mix) >= abs(found.by_rate):
        spans = [Span("mostly mix", "bold"), Span(": "), *spans]
    if abs(found.by_mix) >= NAMED * (abs(found.by_mix) + abs(found.by_rate)):
        told = f" was {percent(found.before)} of the trials and is {percent(found.since)}"
        spans += [Span(", where "), Span(f"{found.field}={found.value}", "code"), Span(told)]
    else:
        spans += [Span(" of "), Span(found.field, "code")]
    return Fact("Rate or mix", tuple(spans))
