"""How long the fold, the fits, the replay and a backtest take, on made counts."""

import statistics
import time
from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect.columns import BUDGET
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.shipped import Normals, Way, judged
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import DAY, World, made
from bellbuoy.bench.detect.thresholds import thresholds
from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import Tick

FLEET: Final = 3_000
LEARNED: Final = 200
"""Series of which the fleet consists, many times over."""


def run(size: Size) -> dict[str, Any]:
    """Return milliseconds of a tick over 3,000 series, seconds of their fit and replay, and of a backtest of 180 days.

    The fit and the replay are measured on 200 series, told for 3,000; the backtest on as many days as `size` says, told for
    180.
    """
    streams = made(World(), 120, LEARNED, ticks=DAY, seed=size.seed)
    normals = Normals(streams)
    began = time.perf_counter()
    normal = normals.plain(streams.start)
    fit = time.perf_counter() - began
    began = time.perf_counter()
    thresholds(size.detector, streams, BUDGET)
    replay = time.perf_counter() - began

    column = np.arange(FLEET) % LEARNED
    wide = baseline.take(normal, column)
    watch = judge.Watch(np.full(FLEET, BUDGET), np.ones(FLEET), np.full(FLEET, 0.02))
    prepared = size.detector.prepare(wide, watch.threshold, watch.direction)
    state = judge.begin(size.detector, FLEET)
    spent = []
    for place in range(streams.start, streams.start + 100):
        n, bad = streams.n[place, column], streams.bad[place, column]
        tick = Tick(int(streams.at[place]), int(normals.cells[place]), n, bad)
        began = time.perf_counter()
        state, _ = judge.fold(size.detector, state, tick, prepared, wide, watch)
        spent.append(1000.0 * (time.perf_counter() - began))

    long = made(World(), 121, 100, ticks=size.days * DAY, seed=size.seed)
    began = time.perf_counter()
    judged(size.detector, Normals(long), [Way.of(100, BUDGET)])
    backtest = time.perf_counter() - began
    return {
        "tick_ms": rounded(statistics.median(spent)),
        "fit_s": rounded(fit * FLEET / LEARNED),
        "replay_s": rounded(replay * FLEET / LEARNED),
        "backtest_s": rounded(backtest * 180 / size.days),
    }
