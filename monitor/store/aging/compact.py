"""Compaction: the many small rows that appends leave of a closed minute become one row for each series, their sum.

Readers sum the rows of a minute, so they see no difference. What the judge has not taken in yet stays as it came.
"""

from dataclasses import dataclass

from bellbuoy.monitor.store.engine import Engine

SLICE_S = 600
"""Minutes that are summed in one transaction: so short that no append waits for it."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did.

    Attributes:
        slices: transactions.
        before, after: rows of counts and latencies that were summed, and rows that stand in their place.
    """

    slices: int = 0
    before: int = 0
    after: int = 0


def compact(engine: Engine) -> Compacted:
    """Sum what is known of closed minutes; a sum keeps the greatest `known_at` of its rows.

    Closed are the minutes that are judged, and only rows that the judge has taken in are summed (the progress `folded`): so
    what comes late is still found by its mark. Before the first judging nothing is done.

    Raises:
        StoreExhausted: disk or memory is used up; the slices already done stay done.
    """
    reached = engine.rows("compact/reached")[0]
    if reached["judged"] is None or reached["folded"] is None:
        return Compacted()
    marks = {"after": reached["compacted"], "folded": reached["folded"], "before": reached["judged"]}
    slices = engine.rows("compact/slices", slice=SLICE_S, **marks)
    before = after = 0
    for row in slices:
        span = {"since": row["since"], "until": min(row["since"] + SLICE_S, reached["judged"])}
        with engine.transaction() as tx:
            after += tx.run("compact/sum_counts", folded=reached["folded"], **span)
            before += tx.run("compact/drop_counts", folded=reached["folded"], **span)
            tx.run("compact/add_counts")
            after += tx.run("compact/sum_latency", **span)
            before += tx.run("compact/drop_latency", **span)
            tx.run("compact/add_latency")
    left = engine.rows("compact/left", **marks)[0]["at"]
    mark = reached["folded"] if left is None else left - 1
    if mark > reached["compacted"]:
        with engine.transaction() as tx:
            tx.run("compact/set_reached", mark=mark)
    return Compacted(len(slices), before, after)
