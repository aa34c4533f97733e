"""How long one tick takes: `rate_shift` and `slow_drift` over many series, seven alternatives each."""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence

import numpy as np

from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import Counts, Tick
from bellbuoy.detectors.budget import threshold
from bellbuoy.detectors.rate_shift import RateShift
from bellbuoy.detectors.slow_drift import SlowDrift


def main(argv: Sequence[str] | None = None) -> int:
    """Print the median and the slowest milliseconds of a tick."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1_000, help="how many series (default: 1000)")
    parser.add_argument("--ticks", type=int, default=200, help="how many ticks (default: 200)")
    parser.add_argument("--volume", type=float, default=20.0, help="trials a tick and series (default: 20)")
    options = parser.parse_args(argv)
    random = np.random.default_rng(20_261_122)

    learned = random.poisson(options.volume, (28 * 288, 50))
    history = Counts(
        at=300 * np.arange(1 - 28 * 288, 1),
        n=learned.astype(np.float64),
        bad=random.binomial(learned, 0.05).astype(np.float64),
    )
    normal = baseline.take(baseline.fit(history), np.arange(options.series) % 50)
    size = options.series
    nats = threshold(2, 30 * 86_400, 300, np.ones(2 * size))[:size]
    watch = judge.Watch(nats, np.ones(size), np.full(size, 0.02))
    detectors = (RateShift(), SlowDrift())
    prepared = [detector.prepare(normal, watch.threshold, watch.direction) for detector in detectors]
    states = [judge.begin(detector, size) for detector in detectors]

    spent = []
    for place in range(options.ticks):
        n = random.poisson(options.volume, size)
        bad = random.binomial(n, 0.05).astype(np.float64)
        at = 300 * (place + 1)
        tick = Tick(at, baseline.cell(at, "UTC"), n.astype(np.float64), bad)
        began = time.perf_counter()
        for which, detector in enumerate(detectors):
            states[which], _ = judge.fold(detector, states[which], tick, prepared[which], normal, watch)
        spent.append(1000 * (time.perf_counter() - began))
    print(f"{size} series, 2 detectors, 7 alternatives, {options.ticks} ticks")
    print(f"one tick: median {statistics.median(spent):.2f} ms, slowest {max(spent):.2f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
