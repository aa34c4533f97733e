"""Streams that detectors are tried on: learned history, and folds over seeded ticks."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import WORSE, Counts, Tick

MONTH = 8640


@dataclass
class Run:
    """What a fold over many ticks came to, one entry a stream."""

    openings: np.ndarray
    first: np.ndarray
    onset: np.ndarray
    resolved: np.ndarray
    first_resolved: np.ndarray
    open: np.ndarray
    highest: np.ndarray
    judgements: list = field(default_factory=list)


@dataclass
class Lab:
    """Makes histories and runs detectors over simulated ticks of five minutes."""

    random: np.random.Generator

    def learned(self, size, volume, rate, days=28):
        n = self.random.poisson(volume, (288 * days, size))
        bad = self.random.binomial(n, rate)
        at = 300 * np.arange(1 - 288 * days, 1)
        return baseline.fit(Counts(at, n.astype(float), bad.astype(float)))

    def watch(self, size, threshold=None, direction=1.0, min_change=0.02):
        nats = np.broadcast_to(np.log(MONTH) if threshold is None else threshold, (size,)).astype(float)
        return judge.Watch(nats, np.full(size, direction), np.full(size, min_change))

    def run(self, detector, normal, watch, volume, rate, ticks, *, until_open=False, keep=False):
        size = len(normal.mean)
        prepared = detector.prepare(normal, watch.threshold, watch.direction)
        state = judge.begin(detector, size)
        nan = np.full(size, np.nan)
        run = Run(
            np.zeros(size), nan, nan.copy(), np.zeros(size), nan.copy(), np.zeros(size, bool), -np.inf + np.zeros(size)
        )
        for t in range(ticks):
            n = self.random.poisson(volume, size)
            bad = self.random.binomial(n, rate(t) if callable(rate) else rate)
            at = 300 * (t + 1)
            tick = Tick(at, baseline.cell(at, "UTC"), n.astype(float), bad.astype(float))
            state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
            is_open = judgement.state >= WORSE
            new = is_open & ~run.open
            run.openings += new
            fresh = new & np.isnan(run.first)
            run.first = np.where(fresh, t, run.first)
            run.onset = np.where(fresh, state["judge.onset"] / 300, run.onset)
            run.resolved[judgement.resolved] += 1
            over = judgement.resolved[np.isnan(run.first_resolved[judgement.resolved])]
            run.first_resolved[over] = t
            run.open = is_open
            run.highest = np.maximum(run.highest, judgement.value)
            if keep:
                run.judgements.append(judgement)
            if until_open and not np.isnan(run.first).any():
                break
        return run


@pytest.fixture
def lab():
    """Streams from a fixed seed."""
    return Lab(np.random.default_rng(np.random.SeedSequence([20261124, 1])))
