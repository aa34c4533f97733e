"""Counts the stored events again, a day at a time: what stood there before is replaced."""

from collections.abc import Sequence

from bellbuoy.monitor.signals import Signal
from bellbuoy.monitor.store.adding.append import Appender
from bellbuoy.monitor.store.adding.buckets import histogram_sql
from bellbuoy.monitor.store.adding.rollup import count

DAY = 86400


def recount(appender: Appender, signals: Sequence[Signal], day: int) -> bool:
    """Replace the counts and latencies of one day by what its events say; return whether they were others before.

    The rows bear the mark that the judge has reached: it does not take them for late events.

    Args:
        appender: of the store.
        signals: what is counted.
        day: midnight at which it begins, epoch seconds; all its events are in the store.

    Raises:
        StoreExhausted: disk or memory is used up; the day is as it was.
    """
    span = {"since": day, "until": day + DAY}
    events = (
        f"(SELECT * FROM events WHERE ts >= make_timestamp({day * 1_000_000}) "  # noqa: S608 - our own numbers
        f"AND ts < make_timestamp({(day + DAY) * 1_000_000}))"
    )
    with appender.correction() as (tx, known_us, draft):
        folded = tx.rows("judgement/folded")
        before = tx.rows("rebuild/sums", **span)
        tx.run("rebuild/drop_counts", **span)
        tx.run("rebuild/drop_latency", **span)
        counts = count(tx, events, signals, appender.registry, draft)
        tx.show("arriving_counts", counts.table(folded[0]["mark"] if folded else known_us))
        tx.run("store/add_counts")
        tx.cursor.execute(f"INSERT INTO latency BY NAME {histogram_sql(events)}")
        after = tx.rows("rebuild/sums", **span)
    return before != after
