"""Which interactions are closed by the store: how far those of each workflow are, and how far they may be by now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.monitor.store.adding.append import Appender
from bellbuoy.monitor.store.adding.rules import CLOSES_AFTER_S, Rules
from bellbuoy.monitor.store.engine import Engine
from bellbuoy.monitor.store.statements import statement

DAY_US = 86_400_000_000
NONE = pa.schema([("workflow", pa.string()), ("interaction_id", pa.string()), ("whole", pa.bool_())]).empty_table()


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


def closes_now(appender: Appender, rules: Rules) -> list[Closes]:
    """Return how far the interactions of each workflow are closed; a workflow that never sent an end is not among them."""
    reached = {row["workflow"]: row for row in appender.engine.rows("amend/closed_to")}
    found = []
    for one in appender.registry.all():
        if (one.signal, one.step, one.segment) == ("interactions", None, None):
            first = one.first_minute * 1_000_000
            after = int(rules.closes_after.get(one.workflow, CLOSES_AFTER_S) * 1e6)
            mark = reached.get(one.workflow, {"first_us": first, "until_us": 0})
            since = first if first < mark["first_us"] else max(first, mark["until_us"])
            found.append(Closes(one.workflow, first, after, since, mark["until_us"]))
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
        yield [one for one in part if one.since_us < one.until_us]
        begin = end


def table(closes: Sequence[Closes]) -> pa.Table:
    """Return it as a table for SQL."""
    columns: Mapping[str, pa.DataType] = {
        "workflow": pa.string(),
        **dict.fromkeys(("first_us", "after_us", "since_us", "until_us"), pa.int64()),
    }
    return pa.table({name: pa.array([getattr(one, name) for one in closes], kind) for name, kind in columns.items()})


def silent(cursor: duckdb.DuckDBPyConnection, closes: Sequence[Closes], of: str, **params: int) -> pa.Table:
    """Return interactions that may have to be closed, of those that have a step in the spans: few of them will turn out to have an end.

    Args:
        cursor: to read with.
        closes: the spans.
        of: SQL that says which steps are looked at, with its parameters.
        params: their values.
    """
    if not closes:
        return NONE
    cursor.register("closes", table(closes))
    due = cursor.sql(statement("amend/due").replace("{of}", of), params=params).to_arrow_table()
    found = NONE
    if due.num_rows:
        cursor.register("due", due)
        since = pc.min(due["last_us"]).as_py() - DAY_US
        found = cursor.sql(statement("amend/silent"), params={"since": since}).to_arrow_table()
        cursor.unregister("due")
    cursor.unregister("closes")
    return found
