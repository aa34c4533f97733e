"""What a map asks of the store: counts of minutes, and of events what only they can say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from bellbuoy.monitor.explain.picture import block
from bellbuoy.monitor.judging.records import Reader

STEP_EVENTS: Final = 1_000_000
"""Past so many step events in a span, reach, ways and ends are asked of every second interaction, every third, …"""
ORDER_EVENTS: Final = 200_000
"""The same for the order that is learned, where every pair of an interaction's steps is a row."""
SIGNALS: Final = ("step_failure", "interaction_failure", "reask", "low_confidence")
"""What a map counts."""

Rows = Sequence[Mapping[str, Any]]


class Counted:
    """Trials and bad ones in a span.

    Args:
        rows: of `map/counts`.
        dispersions: of `map/dispersions`.
        place: of the length of time in a dispersion.
    """

    def __init__(self, rows: Rows, dispersions: Rows = (), place: int = 0) -> None:
        self._counts = {(row["signal"], row["step"]): (int(row["n"]), int(row["bad"])) for row in rows}
        self._scatter = {(row["signal"], row["step"]): float(row["dispersion"][place]) for row in dispersions}

    def of(self, signal: str, step: str | None) -> tuple[int, int]:
        """Return trials and bad ones."""
        return self._counts.get((signal, step), (0, 0))

    def share(self, signal: str, step: str | None) -> float | None:
        """Return the share of bad ones; None without trials."""
        n, bad = self.of(signal, step)
        return bad / n if n else None

    def scatter(self, signal: str, step: str | None) -> float:
        """Return the dispersion of the baseline; 1, which is what chance alone gives, where there is none."""
        return self._scatter.get((signal, step), 1.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers.

    Attributes:
        counted: trials and bad ones.
        events_since: the oldest instant of which events are kept, where that is inside the span, epoch seconds.
        events: that each step has.
        every: `passes`, `ends` and `edges` are of every so manieth interaction.
        passes, ends, edges, branches, touches, first: rows of the statements of these names.
        looked_at: interactions in `ends`.
    """

    counted: Counted
    events_since: int | None
    every: int
    passes: Rows
    ends: Rows
    edges: Rows
    branches: Rows
    touches: Rows
    first: Rows
    events: dict[str, int]
    looked_at: int

    def share(self, interactions: float) -> float:
        """Return a number of the interactions that were looked at as a share of them."""
        return interactions / self.looked_at if self.looked_at else 0.0


def ask(
    reader: Reader,
    workflow: str,
    since: int,
    until: int,
    tick: float,
    *,
    ordered: bool,
    signals: Sequence[str] = SIGNALS,
    ways: bool = True,
) -> Asked:
    """Ask all that the map of a workflow needs.

    Args:
        reader: the store.
        workflow: its name.
        since: beginning of the span, epoch seconds.
        until: its end.
        tick: length of a tick, seconds.
        ordered: whether the order of its steps is asked for.
        signals: what is counted, those of a map among them.
        ways: whether the ways from step to step are asked for.
    """
    span: dict[str, Any] = {"workflow": workflow, "since": since, "until": until}
    place = block(max(until - since, int(tick)), tick)
    counts = reader.rows("map/counts", **span, signals=list(signals))
    counted = Counted(counts, reader.rows("map/dispersions", workflow=workflow, at=until), place)
    left = reader.rows("judgement/progress", name="forgotten")
    kept = max(since, min(until, int(left[0]["at"]))) if left else since
    span["since"] = kept
    branches = reader.rows("map/branches", **span)
    events: dict[str, int] = {}
    for row in branches:
        events[row["step"]] = events.get(row["step"], 0) + row["n"]
    total = sum(events.values())
    every = max(1, ceil(total / STEP_EVENTS))
    ends = reader.rows("map/ends", **span, every=every)
    return Asked(
        counted=counted,
        events_since=kept if kept > since else None,
        every=every,
        passes=reader.rows("map/passes", **span, every=every),
        ends=ends,
        edges=reader.rows("map/edges", **span, every=every) if ways else (),
        branches=branches,
        touches=reader.rows("map/touches", **span),
        first=reader.rows("map/first", **span, every=max(1, ceil(total / ORDER_EVENTS))) if ordered else (),
        events=events,
        looked_at=sum(row["n"] for row in ends),
    )
