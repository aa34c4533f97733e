"""Intervals of shares are those of the books."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

from bellbuoy.detectors.interval import jeffreys, newcombe, wilson


@pytest.mark.parametrize(("n", "bad"), [(20, 3), (295, 38), (5, 5), (5, 0), (1000, 1)])
@pytest.mark.parametrize("coverage", [0.95, 0.999])
def test_jeffreys(n, bad, coverage):
    low, high = jeffreys(n, bad, 1.0, coverage)
    book = beta(bad + 0.5, n - bad + 0.5).ppf([(1 - coverage) / 2, (1 + coverage) / 2])
    assert low == pytest.approx(0.0 if bad == 0 else book[0])
    assert high == pytest.approx(1.0 if bad == n else book[1])
    wide = jeffreys(n, bad, 3.0, coverage)
    assert wide[0] <= low <= high <= wide[1]


def test_wilson():
    n, bad = np.array([20.0, 295.0, 5.0, 0.0]), np.array([3.0, 38.0, 0.0, 0.0])
    low, high = wilson(n, bad, np.ones(4))
    for place in range(3):
        book = binomtest(int(bad[place]), int(n[place])).proportion_ci(0.95, "wilson")
        assert (low[place], high[place]) == pytest.approx((book.low, book.high))
    assert (low[3], high[3]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("before", "after", "low", "high"),
    [
        ((80, 48), (70, 56), 0.0524, 0.3339),
        ((10, 3), (10, 9), 0.1705, 0.8090),
        ((10, 0), (10, 10), 0.6075, 1.0),
    ],
)
def test_newcombe_is_that_of_the_book(before, after, low, high):
    """Three of the cases in Newcombe (1998), table II, method 10."""
    assert newcombe(before, after) == pytest.approx((low, high), abs=1e-4)


counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(counts, counts)
def test_newcombe_holds_the_difference_and_turns_with_it(before, after):
    low, high = newcombe(before, after)
    assert -1.0 - 1e-9 <= low <= after[1] / after[0] - before[1] / before[0] <= high <= 1.0 + 1e-9
    assert newcombe(after, before) == pytest.approx((-high, -low))
    wide = newcombe(before, after, 4.0)
    many = newcombe(before, after, looks=20)
    assert max(wide[0], many[0]) <= low + 1e-12
    assert min(wide[1], many[1]) >= high - 1e-12


def test_newcombe_misses_seldom():
    random = np.random.default_rng(5)
    missed = 0
    for _ in range(2000):
        first, second = int(random.binomial(60, 0.1)), int(random.binomial(300, 0.04))
        low, high = newcombe((60, first), (300, second))
        missed += not low <= -0.06 <= high
    assert 0.02 <= missed / 2000 <= 0.065
