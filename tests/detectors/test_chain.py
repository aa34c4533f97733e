"""Rates of steps multiply, and the parts of a change add up to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.detectors import chain

RATES = st.lists(st.tuples(st.floats(0.3, 1.0), st.floats(0.3, 1.0)), min_size=1, max_size=9)


def test_eight_steps_at_85_percent():
    whole = chain.compounded(np.full(8, 0.85), np.ones(8), np.full(8, 500.0))
    assert whole.rate == pytest.approx(0.2725, abs=1e-4)
    assert whole.low < whole.rate < whole.high


def test_a_step_spoils_only_the_share_it_reaches():
    assert chain.effective(np.array([0.5]), np.array([0.2])) == pytest.approx(0.9)
    assert chain.compounded(np.array([0.5, 0.9]), np.array([0.2, 1.0]), np.ones(2)).rate == pytest.approx(0.81)


def test_interval_covers_what_it_should():
    random = np.random.default_rng(5)
    good, n = np.array([0.98, 0.95, 0.9, 0.99]), np.array([400, 900, 300, 700])
    covered = 0
    for _ in range(1000):
        seen = random.binomial(n, good) / n
        whole = chain.compounded(seen, np.ones(4), n.astype(float))
        covered += whole.low <= good.prod() <= whole.high
    assert 0.93 < covered / 1000 < 0.97


def test_dispersion_widens_it_and_nothing_known_says_nothing():
    good, n = np.full(3, 0.9), np.full(3, 400.0)
    plain, wide = chain.compounded(good, np.ones(3), n), chain.compounded(good, np.ones(3), n, np.full(3, 4.0))
    assert np.log(wide.high / wide.rate) == pytest.approx(2 * np.log(plain.high / plain.rate))
    blind = chain.compounded(good, np.ones(3), np.array([400.0, 0.0, 400.0]))
    assert (blind.low, blind.high) == (0.0, 1.0)
    assert chain.compounded(np.array([0.0]), np.ones(1), np.ones(1)).rate == 0


@given(RATES)
def test_parts_add_up_to_the_whole(pairs):
    before, after = (np.array(each) for each in zip(*pairs, strict=True))
    part = chain.shares(before, after)
    if not np.isnan(part).any():
        assert part.sum() == pytest.approx(1)
        extra = chain.extra_failures(before, after, 1000.0)
        assert extra.sum() == pytest.approx(1000 * (before.prod() - after.prod()), rel=1e-6, abs=1e-6)


def test_the_one_that_fell_has_it_all():
    before, after = np.full(8, 0.98), np.full(8, 0.98)
    after[3] = 0.95
    assert chain.shares(before, after) == pytest.approx(np.eye(8)[3])
    assert chain.extra_failures(before, before, 100.0) == pytest.approx(np.zeros(8))


def test_leverage_is_what_a_perfect_step_would_gain():
    good, reach = np.array([0.9, 0.5]), np.array([1.0, 0.5])
    gain = chain.leverage(good, reach)
    for step in range(2):
        perfect = good.copy()
        perfect[step] = 1.0
        whole = chain.compounded(good, reach, np.ones(2)).rate
        assert gain[step] == pytest.approx(chain.compounded(perfect, reach, np.ones(2)).rate - whole)
