"""The latency histogram: 48 buckets, the same in numpy and in SQL, whose sums are those of any split of the events.

Twelve octaves of four equal parts over whole microseconds: bounds 2^k (4, 5, 6, 7) / 4 from 16.4 ms to 50.3 s, the first and
the last bucket open. They are compared as integers, without a logarithm, so that every engine finds the same bucket.
"""

import numpy as np
import pyarrow as pa

from bellbuoy.monitor.store.adding.places import MINUTE_US, Ints, Places

BOUNDS_US: tuple[int, ...] = tuple(part << shift for shift in range(12, 24) for part in (4, 5, 6, 7))[:47]
"""A latency falls into the bucket whose number is that of the bounds that it reaches."""
BUCKETS = len(BOUNDS_US) + 1

_BOUNDS = np.array(BOUNDS_US, np.int64)


def bucket_sql(us: str) -> str:
    """Return the SQL of the bucket of a latency in whole microseconds: a sum of comparisons."""
    return "(" + " + ".join(f"CAST({us} >= {bound} AS INTEGER)" for bound in BOUNDS_US) + ")"


def microseconds_sql(ms: str) -> str:
    """Return the SQL of a latency in whole microseconds, rounded half to even."""
    return f"CAST({ms} * 1000 AS BIGINT)"


def histogram_sql(relation: str, sign: int = 1) -> str:
    """Return the statement that counts the latencies of a relation of events: rows of the table `latency`.

    Args:
        relation: name of a table or view with the columns of `events_raw`.
        sign: -1 gives what takes these events away again.
    """
    us = microseconds_sql("latency_ms")
    return (
        "SELECT date_trunc('minute', ts) AS minute, workflow, step, bucket, "  # noqa: S608 - our own table
        f"CAST({sign} * count(*) AS INTEGER) AS n, CAST({sign} * sum(us) AS BIGINT) AS sum_us "
        f"FROM (SELECT ts, workflow, step, us, {bucket_sql('us')} AS bucket FROM "
        f"(SELECT ts, workflow, step, {us} AS us FROM {relation} "
        "WHERE counted AND type IN ('step', 'interaction') AND latency_ms IS NOT NULL)) "
        "GROUP BY minute, workflow, step, bucket"
    )


def histogram(places: Places, latency_ms: pa.ChunkedArray, counts: np.ndarray) -> pa.Table | None:
    """Return what a batch adds to the table `latency`; None where there is nothing.

    Args:
        places: where its rows count.
        latency_ms: their latencies.
        counts: which rows count.
    """
    if latency_ms.null_count == len(latency_ms):
        return None
    ms = latency_ms.to_numpy()  # NaN where there is none
    rows = counts & ~np.isnan(ms)
    if not rows.any():
        return None
    us = np.rint(ms[rows] * 1000).astype(np.int64)
    minute, names = places.minute[rows], places.names
    start = int(minute.min())
    cell = (((minute - start) * len(names)) + places.pair[rows]) * BUCKETS + np.searchsorted(_BOUNDS, us, "right")
    cells, at, n = np.unique(cell, return_inverse=True, return_counts=True)
    pair = cells // BUCKETS % len(names)
    minutes: Ints = (start + cells // BUCKETS // len(names)) * MINUTE_US
    return pa.table(
        {
            "minute": pa.array(minutes).cast(pa.timestamp("us")),
            "workflow": pa.array([names[one][0] for one in pair], pa.string()),
            "step": pa.array([names[one][1] for one in pair], pa.string()),
            "bucket": (cells % BUCKETS).astype(np.int32),
            "n": n.astype(np.int32),
            "sum_us": np.bincount(at, us).astype(np.int64),  # exact below 2^53 us, 285 years
        }
    )
