"""Kitagawa's two parts add up to the change, whatever the strata."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.detectors.mix import split

STRATUM = st.tuples(st.integers(0, 500), st.floats(0, 1), st.integers(0, 500), st.floats(0, 1))


def columns(rows):
    n0 = np.array([row[0] for row in rows])
    n1 = np.array([row[2] for row in rows])
    return n0, np.array([int(r[0] * r[1]) for r in rows]), n1, np.array([int(r[2] * r[3]) for r in rows])


@given(st.lists(STRATUM, min_size=1, max_size=12))
def test_parts_add_up_to_the_change(rows):
    n0, bad0, n1, bad1 = columns(rows)
    if not n0.sum() or not n1.sum():
        with pytest.raises(ValueError, match="nothing to compare"):
            split(n0, bad0, n1, bad1)
        return
    parts = split(n0, bad0, n1, bad1)
    exact = Fraction(int(bad1.sum()), int(n1.sum())) - Fraction(int(bad0.sum()), int(n0.sum()))
    assert parts.by_rate + parts.by_mix == pytest.approx(float(exact), abs=1e-12)
    assert parts.change == pytest.approx(float(exact), abs=1e-12)


@given(st.lists(STRATUM, min_size=1, max_size=12))
def test_without_the_mean_the_second_sum_is_the_same(rows):
    n0, bad0, n1, bad1 = columns([(n0 + 1, a, n1 + 1, b) for n0, a, n1, b in rows])
    parts = split(n0, bad0, n1, bad1)
    rates = (bad0 / n0 + bad1 / n1) / 2
    assert parts.by_mix == pytest.approx(float((rates * (n1 / n1.sum() - n0 / n0.sum())).sum()), abs=1e-12)


def test_a_part_says_which_stratum_and_which_way():
    """More of the worse kind makes it worse; the stratum that got worse by itself has the rate's part."""
    parts = split(np.array([500, 500]), np.array([10, 50]), np.array([400, 600]), np.array([8, 90]))
    assert parts.rate[0] == pytest.approx(0)
    assert parts.rate[1] == pytest.approx(0.55 * 0.05)
    assert (parts.mix > 0).all()
    new = split(np.array([100, 0]), np.array([2, 0]), np.array([100, 100]), np.array([2, 30]))
    assert new.by_rate == pytest.approx(0), "what was not there before has no rate that changed"
    assert new.by_mix == pytest.approx(new.change) == pytest.approx(0.14)
