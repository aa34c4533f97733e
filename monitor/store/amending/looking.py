"""Finds the interactions of which something new may be known, and reads them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.monitor.store.adding.places import encoded
from bellbuoy.monitor.store.amending.closing import DAY_US, Closes, table
from bellbuoy.monitor.store.amending.interactions import SAID
from bellbuoy.monitor.store.amending.triggers import TRIGGER
from bellbuoy.monitor.store.statements import statement
from bellbuoy.monitor.store.transaction import dicts

_TOUCHED = pa.schema([("workflow", pa.string()), ("interaction_id", pa.string()), ("whole", pa.bool_())])


@dataclass(frozen=True, slots=True)
class Span:
    """New events of a stream.

    Attributes:
        stream: its number.
        since, until: from this offset up to that.
        many: about how many they are.
        received: how many records of the stream had been received with them.
    """

    stream: int
    since: int
    until: int
    many: int
    received: int


@dataclass(frozen=True, slots=True)
class Touched:
    """Interactions of which something new may be known.

    Attributes:
        names: `workflow`, `interaction_id`, and `whole`: whether all their events have to be looked at.
        since_us, until_us: of the others, the events between these instants.
    """

    names: pa.Table
    since_us: int
    until_us: int

    def part(self, first: int, many: int) -> "Touched":
        """Return some of them."""
        return Touched(self.names.slice(first, many), self.since_us, self.until_us)


def touched(
    cursor: duckdb.DuckDBPyConnection,
    fresh: Sequence[Span],
    falls: Sequence[Closes],
    now: Iterable[Closes],
    *,
    says: bool,
) -> Touched:
    """Return the interactions that new events concern, and those that may have fallen silent.

    Args:
        cursor: to read with.
        fresh: the new events.
        falls: which interactions are to be closed.
        now: which ones are closed.
        says: whether any stored event says something of others.
    """
    names, since, until = [_TOUCHED.empty_table()], 0, 0
    new = _fresh(cursor, fresh) if fresh else None
    if new is not None and new.num_rows:
        span = pc.min_max(new["ts"]).as_py()
        since, until = span["min"] - DAY_US, span["max"] + DAY_US
        cursor.register("fresh", new)
        text = statement("amend/touched").replace("{trigger}", TRIGGER if says else "false")
        names.append(_names(cursor, text, since_us=since, until_us=until))
        if pc.any(new["needs"]).as_py():
            names.append(_names(cursor, statement("amend/needy"), since_us=since, until_us=until))
        cursor.unregister("fresh")
        names.append(_late(new, now))
    if falls:
        cursor.register("closes", table(falls))
        begin = min(one.since_us for one in falls)
        ends = max(one.until_us for one in falls)
        names.append(_names(cursor, statement("amend/silent"), before=begin - DAY_US, since=begin, until=ends))
        cursor.unregister("closes")
    found = pa.concat_tables(names).group_by(["workflow", "interaction_id"]).aggregate([("whole", "max")])
    return Touched(found.rename_columns({"whole_max": "whole"}), since, until)


def _names(cursor: duckdb.DuckDBPyConnection, sql: str, **params: int) -> pa.Table:
    """Return interactions that a statement names; by way of NumPy, for DuckDB plans twice what it gives back in Arrow, and these are few."""
    found = cursor.execute(sql, params).fetchnumpy()
    return pa.table({field.name: pa.array(found[field.name], field.type) for field in _TOUCHED}, schema=_TOUCHED)


def _fresh(cursor: duckdb.DuckDBPyConnection, spans: Iterable[Span]) -> pa.Table:
    text = statement("amend/fresh")
    parts = [text.format(stream=one.stream, since=one.since, until=one.until) for one in spans]
    return arrow(cursor, "\nUNION ALL\n".join(parts))


def _late(new: pa.Table, now: Iterable[Closes]) -> pa.Table:
    """Return the interactions of new steps that come so late that interactions are closed already that end there."""
    closed = {one.workflow: one for one in now}
    names, code = encoded(new["workflow"])
    first = np.array([closed[name].first_us if name in closed else 0 for name in names])
    until = np.array([closed[name].until_us if name in closed else 0 for name in names])
    ts = new["ts"].to_numpy()
    late = pc.and_(pc.equal(new["type"], "step"), pa.array((ts >= first[code]) & (ts < until[code])))
    found = new.filter(late).select(["workflow", "interaction_id"])
    return found.append_column("whole", pa.array(np.ones(found.num_rows, bool))).cast(_TOUCHED)


def rows(cursor: duckdb.DuckDBPyConnection, touched: Touched) -> pa.Table:
    """Return all events of interactions, with what is said of them; see `amend/rows`."""
    span = {"since_us": touched.since_us, "until_us": touched.until_us}
    cursor.register("touched", touched.names)
    days = [{"since": touched.since_us, "until": touched.until_us}]
    if pc.any(touched.names["whole"]).as_py():  # few columns of all events, then all columns of few days
        days = dicts(cursor, statement("amend/days"), span)
    if len(days) > 1 and days[-1]["until"] - days[0]["since"] < 2 * DAY_US:
        days = [{"since": days[0]["since"], "until": days[-1]["until"]}]
    said = ", ".join(f"{name} := a.{name}" for name in SAID)
    text = statement("amend/rows").replace("{said}", said)
    found = [arrow(cursor, text, **day, **span) for day in days]
    cursor.unregister("touched")
    # a column may come between two of them
    return pa.concat_tables(found, promote_options="default").combine_chunks() if found else pa.table({})


def arrow(cursor: duckdb.DuckDBPyConnection, sql: str, **params: Any) -> pa.Table:
    """Return the rows of a statement."""
    return cursor.sql(sql, params=params or None).to_arrow_table()
