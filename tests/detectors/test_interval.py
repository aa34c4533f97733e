"""Intervals of shares are those of the books."""

import numpy as np
import pytest
from scipy.stats import beta, binomtest

from bellbuoy.detectors.interval import jeffreys, wilson


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
