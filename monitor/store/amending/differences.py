"""What the store has to say of interactions now, where that differs from what it says."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.monitor.store.adding.places import Ints
from bellbuoy.monitor.store.amending.closing import Closes
from bellbuoy.monitor.store.amending.endings import endings
from bellbuoy.monitor.store.amending.interactions import SAID, Flags, Interactions
from bellbuoy.monitor.store.amending.sayings import lacking, sayings

BEFORE, AFTER = -1, 1
"""The `sign` of an event as it was known, and as it is to be."""
KEY = ("stream", "offset", "idx")


@dataclass(frozen=True, slots=True)
class Differences:
    """Events of which something else is to be said than is said.

    Attributes:
        events: each as it was sent or made, with `a` and `l` as it was known (`sign` -1), and with those that it is to have (1): rows of
            `amend/rows`. An end that the store made is not there before, or after.
        ends: those of them that the store makes, as rows of `events_closed`; None: it makes none, and made none.
    """

    events: pa.Table
    ends: pa.Table | None


def differences(table: pa.Table, closes: Mapping[str, Closes]) -> Differences | None:
    """Return where what follows from whole interactions differs from what is said of them; None where it does nowhere.

    Args:
        table: their events, with those ends that the store made: the rows of `amend/rows`.
        closes: which interactions of a workflow are closed, by its name.
    """
    made = pc.less(table["idx"], 0)
    sent, held = table.filter(pc.invert(made)), table.filter(made)
    events = Interactions(sent)
    ends = endings(events, closes)
    again = _again(ends, held)
    if ends.num_rows:
        events = Interactions(pa.concat_tables([sent, _as_read(ends, held, again, table.schema)]))
    said = sayings(events)
    lacks = lacking(events, said)
    new = np.append(np.zeros(sent.num_rows, bool), ~_same(ends, held, again))
    changed = np.flatnonzero(new | _differ(events.table, said, lacks))
    gone = held.filter(pa.array(~np.isin(np.arange(held.num_rows), again)))
    if not len(changed) and not gone.num_rows:
        return None
    was = np.append(np.ones(sent.num_rows, bool), again >= 0)
    known = changed[was[changed]]
    of_ends = again[known[known >= sent.num_rows] - sent.num_rows]  # as they were made before
    before = pa.concat_tables([sent.take(pa.array(known[known < sent.num_rows])), held.take(pa.array(of_ends)), gone])
    after = _saying(
        events.table.take(pa.array(changed)), said.take(pa.array(changed)), [lacks.get(row) for row in changed.tolist()]
    )
    own = changed[changed >= sent.num_rows] - sent.num_rows
    return Differences(
        pa.concat_tables([_signed(before, BEFORE), _signed(after, AFTER)]),
        ends.take(pa.array(own)) if len(own) or pc.any(pc.less(before["idx"], 0)).as_py() else None,
    )


def _places(table: pa.Table) -> list[tuple[int, ...]]:
    return list(zip(*(table[name].to_pylist() for name in KEY), strict=True))


def _again(ends: pa.Table, held: pa.Table) -> Ints:
    """Return of each end its row among those that are held; -1: it is new."""
    rows = {place: row for row, place in enumerate(_places(held))}
    return np.array([rows.get(place, -1) for place in _places(ends)], np.int64)


def _as_read(ends: pa.Table, held: pa.Table, again: Ints, schema: pa.Schema) -> pa.Table:
    """Return ends in the columns in which events are read, with what is said so far of those that are held."""
    so_far = held.select(["a", "l"]).take(pa.array(again, mask=again < 0))
    found = {name: ends[name].cast(schema.field(name).type) for name in ends.column_names}
    found |= {name: so_far[name] for name in so_far.column_names}
    return pa.table(
        {field.name: found.get(field.name, pa.nulls(ends.num_rows, field.type)) for field in schema}, schema=schema
    )


def _same(ends: pa.Table, held: pa.Table, again: Ints) -> Flags:
    """Tell of each end whether it is held as it is made now."""
    there = np.flatnonzero(again >= 0)
    now = ends.take(pa.array(there))
    before = held.select(ends.column_names).take(pa.array(again[there]))
    same = np.zeros(ends.num_rows, bool)
    same[there] = [one == other for one, other in zip(now.to_pylist(), before.to_pylist(), strict=True)]
    return same


def _differ(table: pa.Table, said: pa.Table, lacks: Mapping[int, list[str]]) -> Flags:
    """Tell of each event whether something else is to be said than is said."""
    found = np.zeros(table.num_rows, bool)
    for name, kind in SAID.items():
        now, so_far = said[name], pc.struct_field(table["a"], name)
        if now.null_count == so_far.null_count == len(now):
            continue
        if pa.types.is_map(kind):
            rows = np.flatnonzero(Interactions.flags(pc.or_(now.is_valid(), so_far.is_valid())))
            pairs = zip(now.take(pa.array(rows)).to_pylist(), so_far.take(pa.array(rows)).to_pylist(), strict=True)
            found[rows] |= [one != other for one, other in pairs]
        else:
            same = pc.or_(pc.fill_null(pc.equal(now, so_far), False), pc.and_(now.is_null(), so_far.is_null()))  # noqa: FBT003
            found |= ~Interactions.flags(same)
    steps = pc.struct_field(table["l"], "steps")
    lacked = np.flatnonzero(Interactions.flags(steps.is_valid()))
    before = dict(zip(lacked.tolist(), steps.take(pa.array(lacked)).to_pylist(), strict=True))
    found[[row for row in {*before, *lacks} if before.get(row) != lacks.get(row)]] = True
    return found


def _saying(events: pa.Table, said: pa.Table, lacks: list[list[str] | None]) -> pa.Table:
    """Return events with what is to be said of them in `a` and `l`; null where that is nothing."""
    nothing = np.logical_and.reduce([Interactions.flags(column.is_null()) for column in said.columns])
    a = pa.StructArray.from_arrays(
        [column.combine_chunks() for column in said.columns], list(SAID), mask=pa.array(nothing)
    )
    steps = pa.array(lacks, pa.list_(pa.string()))
    missing = pa.StructArray.from_arrays([steps], ["steps"], mask=steps.is_null())
    for name, column in (("a", a), ("l", missing)):
        at = events.schema.get_field_index(name)
        events = events.set_column(at, events.schema.field(at), column.cast(events.schema.field(at).type))
    return events


def _signed(table: pa.Table, sign: int) -> pa.Table:
    return table.append_column("sign", pa.array(np.full(table.num_rows, sign, np.int8)))
