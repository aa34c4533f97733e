"""Which step carries an end-to-end change: from the interactions themselves, or from the counts of the steps where those left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bellbuoy.detectors import dispersion
from bellbuoy.detectors.base import Array
from bellbuoy.detectors.chain import Attribution, attribute, effective, survived
from bellbuoy.monitor.explain.facts import Rates, row_of
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.sinks.base import Fact, Span

WHOLE = "interaction_failure"
OUTSIDE = "interactions in which no step failed"
COVERED = 0.9
"""Interactions that must still be in the store, of those counted, for their first failures to be asked."""
NAMED = 3
"""Steps that are named at most."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What each step carries of an end-to-end change.

    Attributes:
        names: the steps in their order, and what lies outside of them if that was looked at.
        found: their parts; None where it is not sure that there was a change.
        worse: whether the whole fell.
    """

    names: tuple[str, ...]
    found: Attribution | None
    worse: bool

    @property
    def lead(self) -> str | None:
        """The step that carries most of it; None where none surely does."""
        one = None if self.found is None or self.found.lead is None else self.names[self.found.lead]
        return None if one == OUTSIDE else one

    @property
    def spread(self) -> bool:
        """Whether surely no step carries half of it."""
        return self.found is not None and self.found.spread


def loss(
    reader: Reader,
    workflow: str,
    steps: Sequence[str],
    rates: Rates,
    onset: int,
    at: int,
    scatter: float,
    direction: int,
) -> Loss | None:
    """Return what each step carries of the change of the share of interactions that end well.

    Args:
        reader: where events are.
        workflow: the workflow.
        steps: its steps in their order, as far as they are declared.
        rates: counts of its series before and since the onset.
        onset: beginning of the change, epoch seconds.
        at: the present.
        scatter: dispersion of the end-to-end counts.
        direction: +1 where it got worse.

    Returns:
        None where the workflow has no steps, or too little is known of them.
    """
    known = [row["step"] for row in rates if row["signal"] == "step_failure"]
    names = (*(one for one in steps if one in known), *sorted(one for one in known if one not in steps))
    whole = row_of(rates, WHOLE, None)
    if not names or whole is None or not whole["n_before"] or not whole["n_since"]:
        return None
    rows = reader.rows("explain/first_failures", workflow=workflow, onset=onset, at=at)
    held = {side: sum(row[f"n_{side}"] for row in rows) for side in ("before", "since")}
    if all(held[side] >= COVERED * whole[f"n_{side}"] for side in held):
        places: tuple[str, ...] = (*names, OUTSIDE)
        before, since = (_survived(rows, places, side) for side in ("before", "since"))
    else:
        places = names
        before, since = _effective(rates, names, whole)
    return Loss(places, attribute(before, since, scatter, direction), direction > 0)


def _survived(rows: Sequence[Mapping[str, Any]], places: Sequence[str], side: str) -> tuple[Array, Array]:
    """Return good shares and trials of each step from the first failures of interactions."""
    failed = dict.fromkeys(places, 0)
    for row in rows:
        if row["bad"]:
            failed[row["step"] if row["step"] in failed else OUTSIDE] += row[f"n_{side}"]
    return survived(np.array(list(failed.values()), np.float64), float(sum(row[f"n_{side}"] for row in rows)))


def _effective(
    rates: Rates, names: Sequence[str], whole: Mapping[str, Any]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return effective good shares and trials from the counts of each step; how often it runs is that of before."""
    own = [row_of(rates, "step_failure", name) or {} for name in names]
    n = {side: np.array([row.get(f"n_{side}", 0) for row in own], np.float64) for side in ("before", "since")}
    bad = {side: np.array([row.get(f"bad_{side}", 0) for row in own], np.float64) for side in n}
    reach = np.clip(n["before"] / whole["n_before"], 1e-9, 1.0)
    before, since = (
        (effective(1.0 - bad[side] / np.maximum(n[side], 1.0), reach), n[side] / reach) for side in ("before", "since")
    )
    return before, since


def scatter_of(reader: Reader, names: Sequence[str], series: SeriesKey, onset: int, at: int, tick: float) -> float:
    """Return the dispersion of a series' counts over the time since an onset; 1 where no baseline is known.

    Args:
        reader: where baselines are.
        names: of baselines, the first that is known counts.
        series: whose counts.
        onset: beginning of the time, epoch seconds.
        at: its end.
        tick: seconds of a tick.
    """
    own = {"signal": series.signal, "workflow": series.workflow, "step": series.step}
    for name in dict.fromkeys(names):
        rows = reader.rows("explain/baseline", name=name, at=at, **own)
        if rows:
            ticks = np.array([max((at - onset) / tick, 1.0)])
            return float(dispersion.at(np.array(rows[0]["dispersion"], np.float64)[:, None], ticks)[0])
    return 1.0


def loss_fact(found: Loss | None) -> Fact | None:
    """Return the sentence that says which step carries the change, or that it is spread; None where that is not known."""
    if found is None or found.found is None:
        return None
    parts, what = found.found.parts, "fall" if found.worse else "rise"
    order = np.argsort(-parts.share, kind="stable").tolist()

    def part(place: int) -> str:
        low, high = (100 * min(max(end, 0.0), 1.0) for end in (parts.low[place], parts.high[place]))
        return f"{100 * min(parts.share[place], 1.0):.0f} % ({low:.0f} … {high:.0f} %)"

    first = found.names[order[0]]
    shown = Span(first) if first == OUTSIDE else Span(first, "code")
    if found.spread:
        return Fact(
            "Along the chain",
            (
                Span("spread over all steps", "bold"),
                Span(f": none carries half of the end-to-end {what}, the largest part is "),
                shown,
                Span(f" with {part(order[0])}"),
            ),
        )
    if found.found.lead is None:
        return Fact(
            "Along the chain",
            (Span("not sure yet; the largest part is "), shown, Span(f" with {part(order[0])}")),
        )
    spans = [shown, Span(" carries "), Span(part(order[0]), "bold"), Span(f" of the end-to-end {what}")]
    for place in order[1:NAMED]:
        if parts.low[place] > 0.0:
            spans += [Span(", "), Span(found.names[place], "code"), Span(f" {part(place)}")]
    return Fact("Along the chain", tuple(spans))
