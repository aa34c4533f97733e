"""Which interactions are closed by the store: how far those of each workflow are, and how far they may be by now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import pyarrow as pa

from bellbuoy.monitor.store.adding.registry import Registry
from bellbuoy.monitor.store.adding.rules import CLOSES_AFTER_S, Rules
from bellbuoy.monitor.store.engine import Engine

DAY_US = 86_400_000_000


class Reached(NamedTuple):
    """How far the interactions of a workflow are closed, microseconds.

    Attributes:
        first_us: the first minute with an end, as it was known when that was looked at.
        since_us: all are that had their last step between these two instants.
        until_us: none is that had it later.
    """

    first_us: int
    since_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Closes:
    """Which interactions of a workflow are closed: those that have no end, and whose last step came in a span.

    Attributes:
        workflow: its name.
        first_us: beginning of the first minute in which the workflow sent an end, microseconds; none of before it is closed.
        after_us: how long after its last step an interaction ends.
        since_us: from here on it was not looked yet for such that are to be closed.
        until_us: end of the span; in it, and no later, are the last steps.
    """

    workflow: str
    first_us: int
    after_us: int
    since_us: int
    until_us: int


def closes_now(registry: Registry, rules: Rules, reached: Mapping[str, Reached]) -> list[Closes]:
    """Return how far the interactions of each workflow are closed; a workflow that never sent an end is not among them.

    Args:
        registry: knows when a workflow sent its first end.
        rules: after how long an interaction ends.
        reached: how far they were closed, by workflow.
    """
    found = []
    for workflow, minute in registry.begins("interactions").items():
        first = minute * 1_000_000
        after = int(rules.closes_after.get(workflow, CLOSES_AFTER_S) * 1e6)
        mark = reached.get(workflow, Reached(first, 0, 0))
        since = first if first < mark.first_us else max(first, mark.since_us)
        found.append(Closes(workflow, first, after, since, mark.until_us))
    return found


def closes_by(now: Sequence[Closes], until: int | None, *, anew: bool = False) -> list[Closes]:
    """Return how far interactions may be closed by an instant, of those workflows of which there is more to look at.

    Args:
        now: how far they are.
        until: no event of before is expected any more, epoch seconds; None: as far as they are.
        anew: look at all again.
    """
    found = []
    for one in now:
        to = one.until_us if until is None else max(one.until_us, until * 1_000_000 - one.after_us)
        since = one.first_us if anew else one.since_us
        if since < to:
            found.append(replace(one, since_us=since, until_us=to))
    return found


def parts(closes: Sequence[Closes], engine: Engine) -> Iterator[list[Closes]]:
    """Yield what is to be looked at; of more than a day those that hold events, one after the other."""
    if not closes:
        return
    begin = first = min(one.since_us for one in closes)
    last = max(one.until_us for one in closes)
    days = engine.rows("exports/days_events") if last - first > DAY_US else []
    ends = [row["day"] * 1_000_000 + DAY_US for row in days]
    for end in [*(one for one in ends if first < one < last), last]:
        part = [replace(one, since_us=max(one.since_us, begin), until_us=min(one.until_us, end)) for one in closes]
        if spans := [one for one in part if one.since_us < one.until_us]:
            yield spans
        begin = end


def table(closes: Sequence[Closes]) -> pa.Table:
    """Return it as a table for SQL."""
    columns: Mapping[str, pa.DataType] = {
        "workflow": pa.string(),
        **dict.fromkeys(("first_us", "after_us", "since_us", "until_us"), pa.int64()),
    }
    return pa.table({name: pa.array([getattr(one, name) for one in closes], kind) for name, kind in columns.items()})
