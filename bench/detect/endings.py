"""Recovery: full, half and none; when an incident ends, and how often it ends while all is still bad."""

from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect.columns import BUDGET
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.shipped import RESOLVED, Normals, Run, Way, judged
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import DAY, Change, Streams, World, made
from bellbuoy.bench.detect.thresholds import thresholds

BAD: Final = 144
"""Ticks that it is bad before it recovers."""
STILL: Final = 1_500
"""Ticks of an incident that is still bad."""
MANY: Final = 4
"""How many times as many series are half recovered: a share of 2 % is measured on them."""
SIZES: Final = (0.02, 0.03, 0.05, 0.10)


def run(size: Size) -> dict[str, Any]:
    """Return ticks from a recovery to the resolve, and shares of incidents that were resolved though they were not over."""
    found: dict[str, Any] = {}
    for number, (name, rest, times) in enumerate((("full", 0.0, 1), ("half", 0.05, MANY))):
        change = Change(0.10, lasts=BAD, rest=rest)
        many = times * size.replicates
        streams = made(World(), 80 + number, many, ticks=2 * DAY + BAD + STILL, change=change, seed=size.seed)
        run = _judged(streams, size)
        over = streams.change + BAD
        was_open = run.first() < over
        ended = run.first(RESOLVED, since=np.where(was_open, over, len(streams.at)))
        ticks = (ended - over + 1.0)[was_open]
        found[name] = {
            "open": int(was_open.sum()),
            "resolved": rounded(float((ticks <= STILL).mean())),
            "median": rounded(float(np.nanmedian(ticks)) if np.isfinite(ticks).any() else float("nan")),
            "p90": rounded(float(np.nanpercentile(ticks, 90)) if np.isfinite(ticks).any() else float("nan")),
            "opened_again": rounded(float((run.openings()[was_open] > 1).mean())),
        }
    for number, change_size in enumerate(SIZES):
        change = Change(change_size)
        streams = made(World(), 85 + number, size.replicates, ticks=4 * DAY + STILL, change=change, seed=size.seed)
        run = _judged(streams, size)
        opened = run.first()
        whole = opened + STILL <= len(streams.at)
        ended = run.first(RESOLVED, since=streams.change)
        false = whole & (ended - opened < STILL)
        found[f"none, -{change_size:.2f}"] = {
            "open": int(whole.sum()),
            "resolved": rounded(float(false.sum() / max(whole.sum(), 1))),
        }
    return found


def _judged(streams: Streams, size: Size) -> Run:
    learned = thresholds(size.detector, streams, BUDGET)
    way = Way(np.full(streams.size, BUDGET), learned.opens(BUDGET, streams.size))
    return judged(size.detector, Normals(streams), [way])[0]
