"""The ends that the store makes of interactions that fell silent."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.monitor.store.amending.closed import CARRIED
from bellbuoy.monitor.store.amending.closing import Closes
from bellbuoy.monitor.store.amending.interactions import Interactions


def endings(events: Interactions, closes: Mapping[str, Closes]) -> pa.Table:
    """Return the ends of the interactions that have steps and no end, and no step from `until_us` on: rows of `events_closed`.

    Args:
        events: all that were sent of whole interactions.
        closes: which interactions of a workflow are closed, by its name.
    """
    order = events.order[~events.is_label[events.order]]
    begins = np.flatnonzero(np.diff(events.interaction[order], prepend=-1))
    last = order[np.append(begins[1:], len(order)) - 1] if len(order) else order
    none = Closes("", 0, 0, 0, 0)
    of = [closes.get(name, none) for name in events.workflows]
    first, until, after = (
        np.array([getattr(one, name) for one in of]) for name in ("first_us", "until_us", "after_us")
    )
    workflow, ts = events.workflow[last], events.ts[last]
    silent = ~events.any(events.is_end)[events.interaction[last]] & (ts >= first[workflow]) & (ts < until[workflow])
    chosen = silent[np.searchsorted(begins, np.arange(len(order)), side="right") - 1] if len(order) else silent
    return _rows(events, order[chosen], last[silent], ts[silent] + after[workflow[silent]])


def _rows(events: Interactions, rows: np.ndarray, last: np.ndarray, ends: np.ndarray) -> pa.Table:
    """Return the ends: of each field that travels the last value that a step has.

    Args:
        events: all events.
        rows: those of the interactions that end, in their order.
        last: the last one of each.
        ends: when it ends, microseconds.
    """
    of_last = events.table.take(pa.array(last))
    handed = pa.array(events.hands_over[last])
    found = {
        name: of_last[name] for name in ("stream", "offset", "received_at", "counted", "workflow", "interaction_id")
    }
    found["idx"] = pc.subtract(pa.scalar(-1, pa.int32()), of_last["idx"])
    found["ts"] = pa.array(ends, pa.int64()).cast(pa.timestamp("us"))
    found["type"] = pa.array(["interaction"] * len(last), pa.string())
    found["event_id"] = pc.binary_join_element_wise(of_last["event_id"], "closed", " ")
    found["outcome"] = pc.if_else(handed, "unknown", "abandoned")
    found["outcome_source"] = pa.array(["inferred"] * len(last), pa.string())
    found["end_reason"] = pc.if_else(handed, "handoff", "silence")
    begins = np.flatnonzero(np.diff(events.interaction[rows], prepend=-1))
    for name in (one for one in CARRIED if one in events.table.column_names):
        column = events.table[name]
        if name == "path":
            column = pc.if_else(pc.equal(column, "unknown"), None, column)
        has = events.flags(column.is_valid())[rows]
        if not has.any():
            found[name] = pa.nulls(len(last), column.type)
            continue
        place = np.maximum.reduceat(np.where(has, np.arange(len(rows)), -1), begins)
        found[name] = column.take(pa.array(rows[place], mask=place < begins))
    found["path"] = pc.fill_null(found["path"].cast(pa.string()), "unknown")
    return pa.table(found)
