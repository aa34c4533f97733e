"""A tick costs as much as some additions of arrays, on whatever machine: no loop over series hides in it."""

import time

import numpy as np

from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import Tick
from bellbuoy.detectors.rate_shift import RateShift


def quickest(work, times=60):
    best = float("inf")
    for _ in range(times):
        began = time.thread_time()  # other tests run beside this one
        work()
        best = min(best, time.thread_time() - began)
    return best


def test_a_thousand_series_cost_some_hundred_additions(lab):
    size = 1000
    normal = baseline.take(lab.learned(10, 20, 0.05), np.arange(size) % 10)
    watch, detector = lab.watch(size), RateShift()
    prepared = detector.prepare(normal, watch.threshold, watch.direction)
    n = lab.random.poisson(20, size).astype(float)
    tick = Tick(300, 0, n, np.floor(n * 0.05))
    state, _ = judge.fold(detector, judge.begin(detector, size), tick, prepared, normal, watch)
    first, second = np.ones((7, size)), np.ones((7, size))
    tick = Tick(600, 0, tick.n, tick.bad)
    fold = quickest(lambda: judge.fold(detector, state, tick, prepared, normal, watch))
    add = quickest(lambda: first + second)
    assert fold < 400 * add
