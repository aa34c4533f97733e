"""Writes what the store has to say of events, and tells by how much their counts differ."""

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.monitor.signals import Signal, marks_sql, within
from bellbuoy.monitor.store.adding.places import places_of
from bellbuoy.monitor.store.adding.registry import Draft, Registry
from bellbuoy.monitor.store.adding.rollup import Rollup, difference
from bellbuoy.monitor.store.adding.rows import Judged, Rows, marked
from bellbuoy.monitor.store.amending.closed import CLOSED
from bellbuoy.monitor.store.amending.differences import AFTER, BEFORE, KEY, Differences
from bellbuoy.monitor.store.amending.overlay import REPLACED, SHOWN, overlay_sql
from bellbuoy.monitor.store.transaction import Transaction


def write(tx: Transaction, found: Differences) -> int:
    """Write what differs; return of how many events."""
    events = found.events
    _replace(tx, "", "said", _told(events, "a", "ts"))
    _replace(tx, "_lacking", "lacks", _told(events, "l", "ts", "workflow", "interaction_id"))
    if found.ends is not None:
        gone = events.filter(pc.and_(pc.less(events["idx"], 0), pc.equal(events["sign"], BEFORE)))
        if gone.num_rows:
            tx.show("gone", gone.select(KEY))
            tx.run("amend/drop_closed")
        if found.ends.num_rows:
            tx.insert(CLOSED, found.ends)
    return len(set(zip(*(events[name].to_pylist() for name in KEY), strict=True)))


def _told(events: pa.Table, name: str, *more: str) -> pa.Table:
    """Return what is laid over events, of those of which it is anything: its columns beside those that say where it belongs."""
    some = events.select([*KEY, "sign", *more, name]).filter(events[name].is_valid())
    told = some.select([*KEY, "sign", *more])
    for field in some.schema.field(name).type.fields:
        told = told.append_column(field.name, pc.struct_field(some[name], field.name))
    return told


def _replace(tx: Transaction, table: str, shown: str, told: pa.Table) -> None:
    """Put what is to be said in the place of what was."""
    if told.num_rows:
        tx.show(shown, told)
        for verb, sign in (("drop", BEFORE), ("add", AFTER)):
            if pc.any(pc.equal(told["sign"], sign)).as_py():
                tx.run(f"amend/{verb}{table}")
        tx.cursor.unregister(shown)


def moved(
    tx: Transaction,
    events: pa.Table,
    signals: Sequence[Signal],
    held: Collection[str],
    schema: pa.Schema,
    registry: Registry,
    draft: Draft,
) -> Rollup:
    """Return what has to be added to the counts.

    What is said of an event moves no trial of which it can have several.

    Args:
        tx: of the correction.
        events: see `Differences`.
        signals: what is counted.
        held: columns in which some stored event has a value.
        schema: of all columns that an event can have, whether or not these have them.
        registry: of the series.
        draft: takes those that are new.
    """
    there = {*events.column_names} & {*held}  # what came meanwhile these events have not
    possible = tuple(marked(within(signals, {*there, *SHOWN, "outcome", "reask"})))
    events = events.filter(pc.is_in(events["type"], pa.array(["step", "interaction"])))
    split = {field.partition(".")[0] for signal in possible for field in signal.split} & {*events.column_names}
    laid = sorted(split & REPLACED)
    text = marks_sql(possible, f"({overlay_sql('arriving', joined=False)})", *laid)
    named = text.lower()  # people write their own signals as they like
    have = {*events.column_names}
    absent = [one for one in schema.names if one not in have and one in named]
    shown = {one: pa.nulls(events.num_rows, schema.field(one).type) for one in absent}
    tx.show("arriving", pa.table(shown | dict(zip(events.column_names, events.columns, strict=True))))
    found = tx.cursor.execute(text).fetchnumpy()
    tx.cursor.unregister("arriving")
    for name in laid:
        values = [list(one.items()) if isinstance(one, dict) else one for one in found[name].tolist()]
        events = events.set_column(events.schema.get_field_index(name), name, pa.array(values, schema.field(name).type))
    judged, places, sign = Judged.read(found, possible), places_of(events), events["sign"].to_numpy()
    before, after = (
        Rows(events.filter(pa.array(rows)), places.only(rows)).rollup(tx, judged.only(rows), registry, draft)
        for rows in (sign == BEFORE, sign == AFTER)
    )
    return difference(after, before)
