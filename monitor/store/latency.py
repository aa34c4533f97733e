"""Reads quantiles off the latency histogram, true within 12 %."""

from collections.abc import Sequence
from math import ceil

from bellbuoy.monitor.store.adding.buckets import BOUNDS_US, BUCKETS
from bellbuoy.monitor.store.engine import Engine

WITHIN = 0.12
"""How far an answer may lie from the exact quantile, as a share of it."""


def latency_quantiles(
    engine: Engine, workflow: str, step: str | None, since: int, until: int, qs: Sequence[float]
) -> list[float] | None:
    """Return quantiles of the latencies of a step, in milliseconds; None where there are none.

    Each is within 12 % of the exact one, the least latency that a share q does not exceed, as long as that lies between
    16.4 ms and 50.3 s. Outside of these bounds it is the mean of what lies there.

    Args:
        engine: the store.
        workflow: its name.
        step: its name; None for whole interactions.
        since: beginning of the first minute, epoch seconds.
        until: end of the last minute.
        qs: shares, 0 to 1.
    """
    rows = engine.rows("store/latency", workflow=workflow, step=step, since=since, until=until)
    n, total_us = [0] * BUCKETS, [0] * BUCKETS
    for row in rows:
        n[row["bucket"]], total_us[row["bucket"]] = max(0, row["n"]), row["sum_us"]
    if not any(n):
        return None
    return [_quantile(n, total_us, max(1, ceil(q * sum(n)))) for q in qs]


def _quantile(n: Sequence[int], total_us: Sequence[int], rank: int) -> float:
    """Return the latency of a rank, in ms: interpolated in its bucket, and not so far towards an end as to miss the other."""
    bucket, before = 0, 0
    while before + n[bucket] < rank:
        before += n[bucket]
        bucket += 1
    if bucket in (0, BUCKETS - 1):
        return total_us[bucket] / n[bucket] / 1000
    low, high = BOUNDS_US[bucket - 1], BOUNDS_US[bucket]
    found = low + (high - low) * (rank - before - 0.5) / n[bucket]
    return min(max(found, high * (1 - WITHIN)), low * (1 + WITHIN)) / 1000
