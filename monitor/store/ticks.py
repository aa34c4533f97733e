"""Hands out counts as the dense arrays that detectors read: one row a tick, one column a series."""

from collections.abc import Sequence

import numpy as np

from bellbuoy.detectors.base import Counts
from bellbuoy.monitor.store.engine import Engine


def ticks(
    engine: Engine, series: Sequence[int], since: int, until: int, tick_seconds: int, upto: int | None = None
) -> Counts:
    """Return the counts of some series in the ticks between two instants.

    Args:
        engine: the store.
        series: ids, each once; a column each, in this order.
        since: beginning of the first tick, epoch seconds, a multiple of `tick_seconds`.
        until: end of the last tick, likewise.
        tick_seconds: length of a tick, a multiple of 60.
        upto: only what was known at this mark (`known_at`, microseconds); None: all.

    Returns:
        Counts of shape (T, S); `at` holds the ends of the ticks. What is not counted is 0. Where a repeat was taken back
        and its first count is not there (yet), the sum is below 0 and 0 stands for it: always 0 <= bad <= n.

    Raises:
        ValueError: the instants are not aligned, or `until` lies before `since`.
    """
    if tick_seconds % 60 or since % tick_seconds or until % tick_seconds or until < since:
        raise ValueError(
            f"ticks of {tick_seconds} s from {since} to {until}: not aligned to whole ticks of whole minutes"
        )
    size, width = (until - since) // tick_seconds, len(series)
    at = since + tick_seconds * np.arange(1, size + 1, dtype=np.int64)
    n, bad = np.zeros((size, width)), np.zeros((size, width))
    if size and width:
        ids = np.asarray(series, np.int64)
        least, most = int(ids.min()), int(ids.max())
        span = {"since": since, "until": until, "tick": tick_seconds, "least": least, "most": most, "upto": upto}
        found = engine.columns("store/ticks", **span)
        column = np.full(most - least + 1, -1, np.int64)
        column[ids - least] = np.arange(width)
        where = column[found["series"] - least]
        wanted = where >= 0
        place = (found["tick"] * width + where)[wanted]
        n.ravel()[place] = np.maximum(found["n"][wanted], 0)
        bad.ravel()[place] = np.maximum(found["bad"][wanted], 0)
        np.minimum(bad, n, out=bad)
    return Counts(at, n, bad)
