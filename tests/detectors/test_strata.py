"""Two groups compared within strata."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.detectors.strata import mantel_haenszel


def test_it_is_that_of_the_book():
    """Deaths under placebo and tolbutamide in two groups of age, the example of Rothman's Epidemiology: 3.5 points."""
    n, x = np.array([120.0, 85.0]), np.array([5.0, 16.0])
    m, y = np.array([106.0, 98.0]), np.array([8.0, 22.0])
    found = mantel_haenszel(n, x, m, y)
    assert (round(found.rate, 3), found.strata) == (0.035, 2)
    weight = n * m / (n + m)
    binomial = x / n * (1 - x / n) / n + y / m * (1 - y / m) / m
    error = np.sqrt((weight**2 * binomial).sum()) / weight.sum()
    assert (found.low, found.high) == pytest.approx((found.rate - 1.96 * error, found.rate + 1.96 * error), abs=1e-5)


group = st.integers(0, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(st.lists(st.tuples(group, group), min_size=1, max_size=6), st.randoms())
def test_it_turns_with_its_groups_and_knows_no_order(strata, dice):
    first, second = (np.array([one[side] for one in strata], float).T for side in (0, 1))
    found = mantel_haenszel(*first, *second)
    if not ((first[0] > 0) & (second[0] > 0)).any():
        assert found is None
        return
    assert -1.0 <= found.rate <= 1.0
    assert found.low <= found.rate <= found.high
    turned = mantel_haenszel(*second, *first)
    assert (turned.rate, turned.low, turned.high) == pytest.approx((-found.rate, -found.high, -found.low), abs=1e-12)
    dice.shuffle(strata)
    again = mantel_haenszel(
        *np.array([one[0] for one in strata], float).T, *np.array([one[1] for one in strata], float).T
    )
    assert again.rate == pytest.approx(found.rate)
    assert again.high == pytest.approx(found.high)


@given(group, group)
def test_one_stratum_is_the_plain_difference(first, second):
    if not first[0] or not second[0]:
        return
    found = mantel_haenszel(*(np.array([float(one)]) for one in (*first, *second)))
    p, q = first[1] / first[0], second[1] / second[0]
    assert found.rate == pytest.approx(q - p)
    assert (found.high - found.rate) / 1.96 == pytest.approx(
        np.sqrt(p * (1 - p) / first[0] + q * (1 - q) / second[0]), rel=1e-3
    )


def test_a_mix_alone_is_no_difference_and_the_interval_misses_seldom():
    random = np.random.default_rng(11)
    rates = np.array([0.6, 0.9, 0.75])
    n, m = np.array([300, 40, 60]), np.array([50, 280, 90])
    crude, missed = [], 0
    for _ in range(2000):
        x, y = random.binomial(n, rates).astype(float), random.binomial(m, rates + 0.02).astype(float)
        found = mantel_haenszel(n.astype(float), x, m.astype(float), y)
        missed += not found.low <= 0.02 <= found.high
        crude.append(y.sum() / m.sum() - x.sum() / n.sum())
    assert 0.03 <= missed / 2000 <= 0.075
    assert np.mean(crude) > 0.15, "without strata the mix would pass for a difference"
