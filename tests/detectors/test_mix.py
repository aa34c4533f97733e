"""Strata: one of them is the plain detector, equal ones are the whole, and their mix alone opens nothing."""

from dataclasses import replace
from fractions import Fraction
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.detectors import baseline, judge, mixture
from bellbuoy.detectors.base import WATCH, WORSE, Counts, Tick
from bellbuoy.detectors.chances import exact
from bellbuoy.detectors.mix import Strata, Stratified
from bellbuoy.detectors.rate_shift import RateShift

COUNTS = st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1)), min_size=1, max_size=40)
MONTH = 8640


def whole_of(rates, volumes, scatter=1.0):
    """Baselines of one stream and of its strata, all scattering alike."""
    rate = float(np.dot(rates, volumes) / np.sum(volumes))
    whole, parts = (
        exact(np.array([rate]), np.array([float(np.sum(volumes))])),
        exact(np.array(rates), np.array(volumes)),
    )
    return tuple(replace(one, dispersion=np.full_like(one.dispersion, scatter)) for one in (whole, parts))


def folded(counts, rates, volumes, direction=1.0, threshold=9.0, scatter=1.0):
    """Evidence of the strata and of the sum after each tick; counts: ticks of (n, bad) of each stratum."""
    whole, parts = whole_of(rates, volumes, scatter)
    detector = Stratified()
    strata = Strata(parts, np.zeros(len(rates), np.int64))
    prepared = detector.prepare(whole, np.full(1, threshold), np.full(1, direction), strata)
    state, told = detector.begin(1), []
    for place, tick in enumerate(counts):
        one = np.array(tick, dtype=float).T
        total = one.sum(axis=1, keepdims=True)
        state, evidence = detector.step(state, Tick(300 * (place + 1), 0, total[0], total[1], strata=one), prepared)
        told.append((float(evidence.value[0]), float(evidence.beside[0])))
    return told, state, prepared


def plain(counts, rate, volume, direction=1.0, threshold=9.0, scatter=1.0):
    detector = RateShift()
    normal, _ = whole_of([rate], [volume], scatter)
    prepared = detector.prepare(normal, np.full(1, threshold), np.full(1, direction))
    state, told = detector.begin(1), []
    for place, (n, bad) in enumerate(counts):
        state, evidence = detector.step(state, Tick(300 * (place + 1), 0, np.array([n]), np.array([bad])), prepared)
        told.append(float(evidence.value[0]))
    return told, state


@given(COUNTS, st.sampled_from([1.0, -1.0]), st.floats(0.001, 0.9), st.sampled_from([1.0, 4.0]))
@settings(deadline=None, max_examples=60)
def test_one_stratum_is_the_plain_detector_number_for_number(pairs, direction, rate, scatter):
    counts = [(float(n), float(int(n * share))) for n, share in pairs]
    told, state, _ = folded([[one] for one in counts], [rate], [20.0], direction, scatter=scatter)
    expected, other = plain(counts, rate, 20.0, direction, scatter=scatter)
    assert [value for value, _ in told] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert state["total"] == pytest.approx(other["total"])
    capped = [min(value, 9.0 + 20.0) for value in expected]
    if max(expected) < 29:
        assert [beside for _, beside in told] == pytest.approx(capped, rel=1e-9, abs=1e-9)


@given(COUNTS, st.sampled_from([1.0, -1.0]))
@settings(deadline=None, max_examples=30)
def test_two_equal_halves_are_the_whole(pairs, direction):
    counts = [(float(n), float(int(n * share))) for n, share in pairs]
    halves = [[(n, bad), (n, bad)] for n, bad in counts]
    told, _, _ = folded(halves, [0.06, 0.06], [10.0, 10.0], direction)
    expected, _ = plain([(2 * n, 2 * bad) for n, bad in counts], 0.06, 20.0, direction)
    assert [value for value, _ in told] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("direction", [1, -1])
def test_evidence_is_the_sum_over_all_beginnings_with_one_odds_ratio(direction):
    """Exact rationals: each alternative multiplies the odds of every stratum by what it does to the odds of the whole."""
    random = np.random.default_rng(3)
    rates, volumes = [Fraction(1, 50), Fraction(3, 25)], [14, 6]
    whole = sum(q * v for q, v in zip(rates, volumes, strict=True)) / sum(volumes)
    thetas = []
    for ratio in (Fraction(str(one)) for one in mixture.RATIOS):
        other = min(whole * ratio, (1 + whole) / 2) if direction > 0 else whole / ratio
        thetas.append(other / (1 - other) / (whole / (1 - whole)))
    counts = []
    for place in range(40):
        n = random.poisson([4, 2] if place % 2 else [1, 5])
        counts.append([(int(one), int(random.binomial(one, 0.2))) for one in n])
    told, _, _ = folded(counts, [float(q) for q in rates], [float(v) for v in volumes], float(direction))
    sums = [Fraction(0)] * len(thetas)
    for tick, (got, _) in zip(counts, told, strict=True):
        if any(n for n, _ in tick):
            for k, theta in enumerate(thetas):
                ratio = Fraction(1)
                for (n, bad), q in zip(tick, rates, strict=True):
                    ratio *= theta**bad / (1 - q + q * theta) ** n
                sums[k] = (1 + sums[k]) * ratio
        exactly = sum(sums) / len(sums)
        if exactly:
            assert got == pytest.approx(log(exactly), abs=1e-9)


@given(COUNTS, st.integers(0, 39), st.integers(0, 1))
@settings(deadline=None, max_examples=40)
def test_one_more_bad_in_a_stratum_never_lowers_the_evidence(pairs, place, stratum):
    counts = [[(float(n), float(int(n * share))), (float(n // 2), float(n // 4))] for n, share in pairs]
    place %= len(counts)
    n, bad = counts[place][stratum]
    worse = [list(tick) for tick in counts]
    worse[place][stratum] = (n, min(n, bad + 1))
    before, after = (folded(one, [0.02, 0.12], [14.0, 6.0])[0] for one in (counts, worse))
    assert all(b[0] >= a[0] - 1e-9 for a, b in zip(before[place:], after[place:], strict=True) if a[0] > -np.inf)


def test_excess_grows_with_the_mix_and_not_with_the_volume():
    """Dispersion 4 at 1,000 trials a tick each: strata of .5 bad, of which one comes to have nine tenths.

    Of late n = (1800, 200): sum n_g^2 / v_g = 3280 against sum n_g = 2000 = n, so the excess of 3 is raised to 3 x 1.64.
    """
    rates, volumes, bad = [0.5, 0.5], [1000.0, 1000.0], [(1000.0, 540.0)] * 2

    def told(before, scatter):
        _, state, prepared = folded([before] * 600, rates, volumes, scatter=scatter)
        fresh = {**Stratified().begin(1), "mix": state["mix"]}
        whole = np.sum(bad, axis=0)[:, None]
        tick = Tick(300, 0, whole[0], whole[1], strata=np.array(bad).T)
        return float(Stratified().step(fresh, tick, prepared)[1].value[0])

    usual = told([(1000.0, 500.0), (1000.0, 500.0)], 4.0)
    assert told([(3000.0, 1500.0), (3000.0, 1500.0)], 4.0) == pytest.approx(usual, rel=1e-3)
    heavier = told([(1000.0, 500.0), (1000.0, 500.0)], 1.0 + 3.0 * 1.64)
    assert told([(1800.0, 900.0), (200.0, 100.0)], 4.0) == pytest.approx(heavier, rel=1e-3)
    assert abs(heavier - usual) > 0.5


def noise(random, ticks, size):
    """Log odds that wander with a memory of an hour and a standard deviation of .25, shape (T, S)."""
    keeps = np.exp(-1.0 / 12.0)
    steps = random.normal(0.0, 0.25 * np.sqrt(1.0 - keeps**2), (ticks, size))
    for t in range(1, ticks):
        steps[t] += keeps * steps[t - 1]
    return steps


def moved(rate, by):
    odds = rate / (1.0 - rate) * np.exp(by)
    return odds / (1.0 + odds)


def run(random, mix, rates, ticks, size=200, threshold=None, noisy=False):
    """Fold streams of 20 trials a tick with two strata, learned from 28 days at 70/30 of .02 and .12."""
    history = 28 * 288
    n = np.stack([random.poisson(volume, (history, size)) for volume in (14, 6)])
    by = np.zeros((history + ticks, size, 2))
    if noisy:
        by = noise(random, history + ticks, 2 * size).reshape(by.shape)
    bad = np.stack([random.binomial(n[g], moved(rate, by[:history, :, g])) for g, rate in enumerate((0.02, 0.12))])
    at = 300 * np.arange(1 - history, 1)
    whole = baseline.fit(Counts(at, n.sum(axis=0).astype(float), bad.sum(axis=0).astype(float)))
    parts = [
        baseline.fit(Counts(at, one.astype(float), other.astype(float))) for one, other in zip(n, bad, strict=True)
    ]
    order = np.arange(2 * size).reshape(2, size).T.ravel()
    strata = Strata(baseline.take(baseline.concat(parts), order), np.repeat(np.arange(size), 2))
    nats = np.full(size, np.log(MONTH) if threshold is None else threshold)
    watch = judge.Watch(nats, np.ones(size), np.full(size, 0.02))
    detector = Stratified()
    prepared = detector.prepare(whole, watch.threshold, watch.direction, strata)
    state, first, mixed = judge.begin(detector, size), np.full(size, np.nan), np.zeros(size, bool)
    for t in range(ticks):
        counts = np.stack([random.poisson(20 * share, size) for share in (1 - mix, mix)], axis=1)
        wrong = random.binomial(counts, moved(np.array(rates), by[history + t]))
        among = np.stack((counts.ravel(), wrong.ravel())).astype(float)
        tick = Tick(
            300 * (t + 1),
            baseline.cell(300 * (t + 1), "UTC"),
            counts.sum(axis=1).astype(float),
            wrong.sum(axis=1).astype(float),
            strata=among,
        )
        state, judgement = judge.fold(detector, state, tick, prepared, whole, watch)
        first = np.where((judgement.state >= WORSE) & np.isnan(first), t + 1, first)
        mixed |= judgement.mixed
    return first, mixed, judgement


@pytest.mark.stat
def test_a_pure_shift_of_the_mix_opens_no_more_than_the_false_rate_and_is_told():
    """70/30 → 40/60 of .02 and .12 bad for ten days: as many openings as without a shift; all are told as a mix."""
    random = np.random.default_rng(20_261_125)
    first, mixed, judgement = run(random, 0.6, (0.02, 0.12), 2_880)
    assert (~np.isnan(first)).mean() <= 2_880 / MONTH
    assert mixed.mean() >= 0.95
    told = np.flatnonzero(judgement.mixed)
    assert judgement.state[told[0]] == WATCH
    assert judgement.verdict(int(told[0])).why.startswith("mix: the whole is worse than normal and its strata are not")


@pytest.mark.stat
def test_a_shift_of_the_mix_opens_no_more_than_none_where_rates_are_restless():
    """Each stratum's rate wanders by itself, and the one that is bad more often comes to have twice its trials."""
    random = np.random.default_rng(20_261_129)
    usual, _, _ = run(random, 0.3, (0.02, 0.12), 2_016, noisy=True)
    shifted, _, _ = run(random, 0.6, (0.02, 0.12), 2_016, noisy=True)
    opened, without = (~np.isnan(shifted)).mean(), (~np.isnan(usual)).mean()
    error = np.sqrt((without * (1.0 - without) + opened * (1.0 - opened)) / len(usual))
    assert opened <= without + 2.0 * error, (opened, without)


@pytest.mark.stat
def test_strata_that_are_both_worse_are_found_as_soon_as_their_sum():
    random = np.random.default_rng(20_261_126)
    first, _, judgement = run(random, 0.3, (0.035, 0.19), 400)
    assert not np.isnan(first).any()
    normal, now = np.array([0.05]), 0.7 * 0.035 + 0.3 * 0.19
    detector = RateShift()
    size = len(first)
    learned = exact(np.repeat(normal, size), np.full(size, 20.0))
    learned = replace(learned, margin=np.full(size, 0.0005))
    watch = judge.Watch(np.full(size, np.log(MONTH)), np.ones(size), np.full(size, 0.02))
    prepared, state, alone = (
        detector.prepare(learned, watch.threshold, watch.direction),
        judge.begin(detector, size),
        [],
    )
    seen = np.full(size, np.nan)
    for t in range(400):
        n = random.poisson(20, size)
        tick = Tick(300 * (t + 1), 0, n.astype(float), random.binomial(n, now).astype(float))
        state, judged = judge.fold(detector, state, tick, prepared, learned, watch)
        seen = np.where((judged.state >= WORSE) & np.isnan(seen), t + 1, seen)
    alone = seen.mean()
    assert first.mean() <= 1.15 * alone, (first.mean(), alone)
    verdict = judgement.verdict(0)
    assert verdict.baseline_rate == pytest.approx(0.05, abs=0.01)


def test_a_stream_with_strata_does_not_depend_on_what_is_beside_it():
    """Bit by bit, whatever the number of strata of the others."""
    random = np.random.default_rng(12)
    sizes = [1, 7, 50, 3, 12]
    owner = np.repeat(np.arange(5), sizes)
    parts = exact(random.uniform(0.01, 0.3, len(owner)), random.uniform(0.1, 9, len(owner)))
    whole = exact(np.full(5, 0.1), np.full(5, 20.0))
    detector = Stratified()

    def values(chosen):
        places = np.flatnonzero(np.isin(owner, chosen))
        strata = Strata(baseline.take(parts, places), np.searchsorted(chosen, owner[places]))
        prepared = detector.prepare(
            baseline.take(whole, np.array(chosen)), np.full(len(chosen), 9.0), np.ones(len(chosen)), strata
        )
        state, told = detector.begin(len(chosen)), []
        counts = np.random.default_rng(13)
        for place in range(40):
            n = counts.poisson(5, len(owner)).astype(float)
            among = np.stack((n, counts.binomial(n.astype(int), 0.15).astype(float)))[:, places]
            total = np.add.reduceat(among, np.searchsorted(owner[places], chosen), axis=1)
            tick = Tick(300 * (place + 1), 0, total[0], total[1], strata=among)
            state, evidence = detector.step(state, tick, prepared)
            told.append(np.stack((evidence.value, evidence.beside)))
        return np.array(told)

    together = values([0, 1, 2, 3, 4])
    for chosen in ([2], [0, 4], [1, 2, 3]):
        assert np.array_equal(values(chosen), together[:, :, chosen])


def test_strata_out_of_order_are_refused():
    _, parts = whole_of([0.1, 0.2], [3.0, 4.0])
    for owner in ([1, 0], [0, 2], [1, 1]):
        with pytest.raises(ValueError, match="in the order of their streams"):
            Strata(parts, np.array(owner))
