"""The recursion is the sum it stands for, and moves the way evidence must."""

from dataclasses import replace
from fractions import Fraction
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.detectors import judge, mixture
from bellbuoy.detectors.base import BLOCKS, CELLS, Baseline, Tick
from bellbuoy.detectors.rate_shift import RateShift

COUNTS = st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1)), min_size=1, max_size=40)


def flat(rate, *, scatter=1.0, per_tick=20.0, size=1):
    """A baseline that is the same at every hour, known without error."""
    row = np.ones(size)
    return Baseline(
        rate=np.full((CELLS, size), rate),
        volume=np.full((CELLS, size), per_tick),
        mean=rate * row,
        trials=1e5 * row,
        bad=1e5 * rate * row,
        per_tick=per_tick * row,
        dispersion=np.full((len(BLOCKS), size), scatter),
        volume_dispersion=np.ones((len(BLOCKS), size)),
        since=0 * row,
        until=row,
        armed=row,
        margin=0 * row,
    )


def values(baseline, counts, *, direction=1.0, threshold=9.0):
    """Evidence after each tick of one stream."""
    detector = RateShift()
    prepared = detector.prepare(baseline, np.full(1, threshold), np.full(1, direction))
    state = detector.begin(1)
    answer = []
    for place, (n, bad) in enumerate(counts):
        state, evidence = detector.step(state, Tick(300 * (place + 1), 0, np.array([n]), np.array([bad])), prepared)
        answer.append(float(evidence.value[0]))
    return answer


def fractions(pairs):
    """Trials and bad ones as floats."""
    return [(float(n), float(int(n * share))) for n, share in pairs]


@pytest.mark.parametrize("direction", [1, -1])
def test_evidence_is_the_sum_over_all_beginnings(direction):
    """Exact rationals: 1/K sum over k of the sum over beginnings j of the likelihood ratio of the ticks j to t."""
    random = np.random.default_rng(3)
    normal, ratios = Fraction(1, 16), [Fraction(str(ratio)) for ratio in mixture.RATIOS]
    if direction > 0:
        others = [min(normal * ratio, (1 + normal) / 2) for ratio in ratios]
    else:
        others = [normal / ratio for ratio in ratios]
    counts = []
    for place in range(50):
        n = int(random.poisson(6))
        counts.append((n, int(random.binomial(n, 0.06 if place < 30 else 0.2))))
    got = values(flat(float(normal)), [(float(n), float(bad)) for n, bad in counts], direction=float(direction))
    sums = [Fraction(0)] * len(others)
    for place, (n, bad) in enumerate(counts):
        if n:
            sums = [
                (1 + total) * ((1 - other) / (1 - normal)) ** (n - bad) * (other / normal) ** bad
                for total, other in zip(sums, others, strict=True)
            ]
        exact = sum(sums) / len(sums)
        if exact:
            assert got[place] == pytest.approx(log(exact), abs=1e-9)


@given(COUNTS, st.integers(0, 39), st.sampled_from([1.0, -1.0]))
@settings(deadline=None, max_examples=60)
def test_one_more_bad_never_lowers_the_evidence_of_worse(pairs, place, direction):
    counts = fractions(pairs)
    place %= len(counts)
    n, bad = counts[place]
    worse = [*counts[:place], (n, min(n, bad + 1)), *counts[place + 1 :]]
    before, after = (values(flat(0.06), each, direction=direction) for each in (counts, worse))
    assert all(direction * (b - a) >= -1e-9 for a, b in zip(before[place:], after[place:], strict=True) if a > -np.inf)


@given(COUNTS, st.floats(0.01, 0.3), st.floats(0.5, 1.0))
@settings(deadline=None, max_examples=60)
def test_a_lower_boundary_never_lowers_the_largest_likelihood_of_bad_trials(pairs, rate, share):
    """Bad trials weigh at least as much against a smaller normal rate, one by one."""
    tight, loose = (RateShift().prepare(flat(q), np.full(1, 9.0), np.ones(1)) for q in (rate * share, rate))
    assert (sum(tight.prices(0)) >= sum(loose.prices(0)) - 1e-9).all()
    assert pairs


@given(COUNTS)
@settings(deadline=None, max_examples=30)
def test_a_larger_budget_never_opens_later(pairs):
    """At equal dispersion the evidence does not depend on the threshold."""
    counts = fractions(pairs)
    assert values(flat(0.05), counts, threshold=5.0) == values(flat(0.05), counts, threshold=15.0)


def test_dispersion_of_two_halves_the_evidence_of_a_tick():
    counts = [(20.0, 6.0)]
    plain = RateShift().prepare(flat(0.05), np.full(1, 9.0), np.ones(1))
    wide = RateShift().prepare(flat(0.05, scatter=2.0), np.full(1, 9.0), np.ones(1))
    assert wide.prices(0)[1] == pytest.approx(plain.prices(0)[1] / 2)
    assert values(flat(0.05, scatter=2.0), counts) < values(flat(0.05), counts)


def test_alternatives_stay_below_one():
    prepared = RateShift().prepare(flat(0.9), np.full(1, 9.0), np.ones(1))
    per_bad = prepared.prices(0)[1]
    assert np.isfinite(per_bad).all()
    assert (per_bad > 0).all()


def test_rare_signals_are_judged_for_large_changes_only():
    rare = replace(flat(0.001), armed=np.full(1, 0.5))
    prepared = RateShift().prepare(rare, np.full(1, 9.0), np.ones(1))
    assert np.isneginf(prepared.barred[:4]).all()
    assert (prepared.barred[4:] == 0).all()
    assert np.exp(prepared.log_count) == pytest.approx(3)
    assert values(rare, [(50.0, 3.0)])[0] > values(rare, [(50.0, 0.0)])[0] > -np.inf


def test_ratios_that_are_no_change_are_refused():
    for wrong in ((), (1.0,), (0.5, 2.0), (float("nan"),)):
        with pytest.raises(ValueError, match="each above 1"):
            RateShift(ratios=wrong)
    assert RateShift(ratios=[2, 3]) == RateShift(ratios=(2.0, 3.0))


def test_state_of_the_fold_names_its_own_arrays():
    state = judge.begin(RateShift(), 4)
    assert all(array.shape[-1] == 4 and array.dtype == np.float64 for array in state.values())
