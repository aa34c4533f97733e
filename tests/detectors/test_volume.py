"""Volume: negative binomial evidence, ticks without trials, recovery, severity that waits for a learned threshold."""

from fractions import Fraction
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.detectors import baseline, judge, volume
from bellbuoy.detectors.base import WORSE, Counts, Tick
from bellbuoy.detectors.chances import exact
from bellbuoy.detectors.volume import Volume

MONTH = 8640


@pytest.mark.parametrize("direction", [1, -1])
def test_evidence_is_the_sum_over_all_beginnings(direction):
    """Exact rationals where 1 / kappa is whole: (r^n) ((1 + kappa mu) / (1 + kappa r mu))^(n + 1 / kappa)."""
    random = np.random.default_rng(4)
    mean, kappa = Fraction(6), Fraction(1, 4)
    ratios = [Fraction(str(one)) for one in (volume.MORE if direction > 0 else volume.FEWER)]
    counts = [int(one) for one in random.poisson(6, 30)] + [0, 0, 15, 1]
    normal = exact(np.array([0.1]), np.array([6.0]))
    normal.volume_dispersion[:] = float(1 + kappa * mean)
    detector = Volume()
    prepared = detector.prepare(normal, np.full(1, 9.0), np.full(1, float(direction)))
    prepared.boundary[:] = float(mean)
    state = detector.begin(1)
    sums = [Fraction(0)] * len(ratios)
    for place, n in enumerate(counts):
        tick = Tick(300 * (place + 1), 0, np.array([float(n)]), np.zeros(1))
        state, evidence = detector.step(state, tick, prepared)
        sums = [
            (1 + total) * r**n * ((1 + kappa * mean) / (1 + kappa * r * mean)) ** (n + int(1 / kappa))
            for total, r in zip(sums, ratios, strict=True)
        ]
        assert evidence.value[0] == pytest.approx(log(sum(sums) / len(sums)), abs=1e-9)


def test_without_excess_counts_are_poisson():
    n, mean, ratio = np.array([0.0, 3.0, 40.0]), np.full(3, 7.0), np.full(3, 0.5)
    near = volume.gain(n, mean, np.full(3, 1e-5), ratio)
    assert volume.gain(n, mean, np.zeros(3), ratio) == pytest.approx(n * np.log(0.5) + 0.5 * mean)
    assert near == pytest.approx(volume.gain(n, mean, np.zeros(3), ratio), abs=0.02)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=30), st.integers(0, 29), st.sampled_from([1.0, -1.0]))
@settings(deadline=None, max_examples=50)
def test_one_more_trial_speaks_for_more_and_against_fewer(counts, place, direction):
    place %= len(counts)
    more = [n + (at == place) for at, n in enumerate(counts)]
    told = []
    for one in (counts, more):
        detector = Volume()
        normal = exact(np.array([0.1]), np.array([20.0]))
        normal.volume_dispersion[:] = 3.0
        prepared = detector.prepare(normal, np.full(1, 9.0), np.full(1, direction))
        state, values = detector.begin(1), []
        for at, n in enumerate(one):
            state, evidence = detector.step(state, Tick(300 * (at + 1), 0, np.array([float(n)]), np.zeros(1)), prepared)
            values.append(float(evidence.value[0]))
        told.append(values)
    assert all(direction * (b - a) >= -1e-9 for a, b in zip(*told, strict=True))


def learned(random, size, *, mean=20.0, excess=0.0, days=28):
    ticks = 288 * days
    rate = random.gamma(1 / excess, excess * mean, (ticks, size)) if excess else np.full((ticks, size), mean)
    n = random.poisson(rate).astype(float)
    return baseline.fit(Counts(300 * np.arange(1 - ticks, 1), n, np.zeros_like(n)))


def test_excess_is_learned_from_single_ticks():
    random = np.random.default_rng(5)
    for excess in (0.0, 0.1, 0.5):
        normal = learned(random, 20, excess=excess)
        assert volume.excess_of(normal).mean() == pytest.approx(excess, abs=0.02)
        assert volume.mean_of(normal) == pytest.approx(20, rel=0.02)
    assert (volume.scatter_of(normal, np.full((1, 20), 144.0)) < 2).all()


def run(random, normal, factor, ticks, *, direction=-1.0, excess=0.1, calibrated=None, back_at=None):
    size = len(normal.mean)
    watch = judge.Watch(np.full(size, log(MONTH)), np.full(size, direction), np.zeros(size), calibrated=calibrated)
    detector = Volume()
    prepared = detector.prepare(normal, watch.threshold, watch.direction)
    state, judgements = judge.begin(detector, size), []
    for t in range(ticks):
        mean = 20.0 * (1.0 if back_at is not None and t >= back_at else factor)
        n = random.poisson(random.gamma(1 / excess, excess * mean, size) if mean else np.zeros(size)).astype(float)
        tick = Tick(300 * (t + 1), baseline.cell(300 * (t + 1), "UTC"), n, np.zeros(size))
        state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
        judgements.append(judgement)
    return judgements


@pytest.mark.parametrize(
    ("factor", "direction", "within"), [(0.2, -1.0, 8), (0.6, -1.0, 60), (1.6, 1.0, 60), (0.0, -1.0, 5)]
)
def test_changes_are_found_and_their_share_is_told(factor, direction, within):
    random = np.random.default_rng(6)
    normal = learned(random, 50, excess=0.1)
    told = run(random, normal, factor, 300, direction=direction)
    opened = np.array([one.state >= WORSE for one in told])
    assert opened.any(axis=0).all()
    assert np.median(opened.argmax(axis=0)) + 1 <= within
    verdicts = [told[-1].verdict(stream) for stream in range(50)]
    covered = [one.change_low <= factor - 1 <= one.change_high for one in verdicts]
    assert np.mean(covered) >= 0.9
    assert {one.measure for one in verdicts} == {"volume"}
    assert {one.state for one in verdicts} == {"worse"}
    assert verdicts[0].baseline_rate == pytest.approx(20, rel=0.05)
    assert verdicts[0].current_rate == pytest.approx(20 * factor, rel=0.3)
    assert ("fewer" if factor < 1 else "more") in verdicts[0].why


def test_it_recovers_when_the_volume_is_back_and_not_when_half_of_it_is():
    random = np.random.default_rng(7)
    normal = learned(random, 60, excess=0.1)
    back = run(random, normal, 0.3, 500, back_at=40)
    resolved = np.zeros(60, bool)
    for one in back:
        resolved[one.resolved] = True
    assert resolved.mean() >= 0.95
    still = run(random, normal, 0.6, 1000)
    assert sum(one.resolved.size for one in still) <= 0.04 * 60
    ended = next(one for one in back if one.resolved.size)
    assert "; it was bad for " in ended.verdict(int(ended.resolved[0])).why


def test_no_page_comes_of_a_threshold_that_was_not_learned():
    random = np.random.default_rng(8)
    normal = learned(random, 2, excess=0.1)
    for calibrated, most in ((None, ["ticket", "ticket"]), (np.array([True, False]), ["page", "ticket"])):
        told = run(random, normal, 0.1, 20, calibrated=calibrated)[-1]
        assert [told.verdict(stream).most for stream in (0, 1)] == most


@pytest.mark.stat
def test_noise_with_a_memory_opens_seldom_at_the_nominal_threshold():
    """Traffic by the hour of the day and 30 % of noise with a memory of an hour: a few a month where Poisson has dozens."""
    random = np.random.default_rng(9)
    size, history, ticks = 40, 8064, MONTH
    keep = np.exp(-1 / 12)
    noise, paths = random.normal(size=size) * 0.3, []
    for _ in range(history + ticks):
        noise = keep * noise + random.normal(size=size) * 0.3 * np.sqrt(1 - keep**2)
        paths.append(noise)
    day = 1 + 0.5 * np.cos(2 * np.pi * np.arange(history + ticks) / 288)[:, None]
    n = random.poisson(20 * day * np.exp(np.array(paths) - 0.045)).astype(float)
    at = 300 * np.arange(1 - history, 1)
    normal = baseline.fit(Counts(at, n[:history], np.zeros((history, size))))
    watch = judge.Watch(np.full(size, log(MONTH)), -np.ones(size), np.zeros(size))
    detector = Volume()
    prepared = detector.prepare(normal, watch.threshold, watch.direction)
    state, openings, was = judge.begin(detector, size), np.zeros(size), np.zeros(size, bool)
    for t in range(ticks):
        tick = Tick(300 * (t + 1), baseline.cell(300 * (t + 1), "UTC"), n[history + t], np.zeros(size))
        state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
        openings += (judgement.state >= WORSE) & ~was
        was = judgement.state >= WORSE
    assert openings.mean() <= 6


def test_settings_that_are_no_change_are_refused():
    for wrong, message in (
        ({"fewer": (0.5, 1.0)}, "fewer is .* each between 0 and 1"),
        ({"more": ()}, "more is .* each above 1"),
        ({"more": (2.0,)}, "give as many of each"),
    ):
        with pytest.raises(ValueError, match=message):
            Volume(**wrong)
