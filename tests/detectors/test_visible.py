"""What a detector can see: the formula against streams that really change."""

import numpy as np
import pytest

from bellbuoy.detectors import baseline, visible
from bellbuoy.detectors.base import Counts, Tick
from bellbuoy.detectors.rate_shift import RateShift
from bellbuoy.detectors.silence import Silence

DAYS, STREAMS = 28, 150


def learned(random, volume, rate):
    n = random.poisson(volume, (DAYS * 288, 1)).astype(float)
    bad = random.binomial(n.astype(int), rate).astype(float)
    return baseline.fit(Counts(300 * np.arange(1, len(n) + 1), n, bad))


def passed(random, normal, change, threshold, direction, volume):
    """Return the mean number of ticks after which the evidence passes the threshold."""
    detector, many = RateShift(), baseline.take(normal, np.zeros(STREAMS, int))
    prepared = detector.prepare(many, np.full(STREAMS, threshold), np.full(STREAMS, direction))
    state, before = detector.begin(STREAMS), 300
    first = np.full(STREAMS, np.nan)
    for place in range(before + 20_000):
        rate = normal.mean[0] + (0.0 if place < before else direction * change)
        n = random.poisson(volume, STREAMS)
        at = 300 * (DAYS * 288 + place + 1)
        tick = Tick(at, baseline.cell(at, "UTC"), n.astype(float), random.binomial(n, rate).astype(float))
        state, evidence = detector.step(state, tick, prepared)
        over = evidence.value >= threshold
        if place < before:
            state["log_m"][:, over] = -np.inf
            continue
        first[over & np.isnan(first)] = place - before + 1
        if not np.isnan(first).any():
            break
    return float(first.mean())


@pytest.mark.parametrize(
    ("volume", "rate", "change", "threshold", "direction"),
    [(20, 0.05, 0.03, 9.0, 1.0), (20, 0.05, 0.1, 12.0, 1.0), (5, 0.05, 0.1, 12.0, 1.0), (20, 0.3, 0.1, 12.0, -1.0)],
)
def test_a_change_is_proven_when_it_is_expected(volume, rate, change, threshold, direction):
    random = np.random.default_rng(20_261_125)
    normal = learned(random, volume, rate)
    levels, ways = np.full(1, threshold), np.full(1, direction)
    prepared = RateShift().prepare(normal, levels, ways)
    expected = float(visible.delay(prepared, normal, levels, ways, np.full(1, change))[0])
    assert passed(random, normal, change, threshold, direction, volume) == pytest.approx(expected, rel=0.15)


def test_what_is_visible_is_the_change_whose_delay_is_asked_for():
    random = np.random.default_rng(3)
    normal = baseline.concat([learned(random, volume, rate) for volume, rate in ((20, 0.05), (3, 0.1), (100, 0.02))])
    for way in (1.0, -1.0):
        levels, ways = np.array([9.0, 12.0, 15.0]), np.full(3, way)
        prepared = RateShift().prepare(normal, levels, ways)
        day = visible.visible(prepared, normal, levels, ways, 288)
        three = visible.visible(prepared, normal, levels, ways, 3 * 288)
        known = ~np.isnan(day)
        assert known.any()
        delay = visible.delay(prepared, normal, levels, ways, np.nan_to_num(day))
        np.testing.assert_allclose(delay[known], 288, rtol=1e-6)
        assert (three[known] < day[known]).all(), "with more time one sees smaller changes"


def test_what_cannot_be_seen_is_not_promised():
    random = np.random.default_rng(4)
    normal = learned(random, 0.05, 0.05)  # about 14 trials a day
    levels = np.full(1, 15.0)
    prepared = RateShift().prepare(normal, levels, np.ones(1))
    assert np.isnan(visible.visible(prepared, normal, levels, np.ones(1), 288))[0]


def test_silence_is_told_when_its_evidence_says_so():
    random = np.random.default_rng(5)
    normal = learned(random, 3.0, 0.05)
    levels = np.full(1, 12.0)
    detector = Silence()
    prepared = detector.prepare(normal, levels, np.ones(1))
    expected = visible.silent(prepared, levels)[0]
    state, ticks = detector.begin(1), 0
    evidence = -np.inf
    while evidence < levels[0]:
        ticks += 1
        state, told = detector.step(state, Tick(300 * ticks, 0, np.zeros(1), np.zeros(1)), prepared)
        evidence = float(told.value[0])
    assert abs(ticks - expected) <= 1
