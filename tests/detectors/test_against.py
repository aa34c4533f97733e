"""What a chain of steps is held against: the rate that it needs, what was observed, and the order of its steps."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.detectors import against, chain
from bellbuoy.detectors.order import order

RATES = st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.01, 1.0)), min_size=1, max_size=9)


def test_what_every_step_needs():
    assert against.needed(0.70, np.ones(8)) == pytest.approx(0.956, abs=5e-4)
    assert against.needed(0.85, np.ones(8)) == pytest.approx(0.980, abs=5e-4)
    needed = against.needed(0.7, np.array([1.0, 1.0, 0.34]))
    assert needed**2.34 == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("n", "bad", "scatter", "standing"),
    [
        (10_000, 100, 1.0, "ok"),
        (10_000, 470, 1.0, "at_limit"),
        (10_000, 470, 400.0, "too_few"),
        (10_000, 900, 1.0, "below"),
        (40, 2, 1.0, "too_few"),
        (3, 3, 1.0, "below"),
    ],
)
def test_a_step_stands_by_its_interval(n, bad, scatter, standing):
    assert against.standing(n, bad, scatter, 0.953) == standing


@given(RATES, st.floats(0.0, 1.0))
def test_raising_one_step_gains_its_leverage_and_raising_all_at_least_as_much(pairs, least):
    good, reach = (np.array(each) for each in zip(*pairs, strict=True))
    each = chain.leverage(good, reach, least)
    for step in range(len(good)):
        one = np.arange(len(good)) == step
        assert against.raised(good, reach, least, one) == pytest.approx(each[step], abs=1e-12)
    assert against.raised(good, reach, least, np.ones(len(good), bool)) >= each.max() - 1e-12


def test_a_step_that_always_fails_has_all_the_leverage():
    assert chain.leverage(np.array([0.0, 0.9]), np.ones(2)) == pytest.approx([0.9, 0.0])


def test_the_interval_covers_where_a_step_does_not_always_run():
    """Interactions are drawn one by one, so that attempts are as many as the reach lets there be."""
    random = np.random.default_rng(11)
    good, reach, interactions = np.array([0.97, 0.7, 0.9]), np.array([1.0, 0.2, 0.6]), 1500
    truth, covered = float(np.prod(chain.effective(good, reach))), 0
    for _ in range(1000):
        n = random.binomial(interactions, reach)
        whole = chain.compounded(random.binomial(n, good) / n, n / interactions, n.astype(float))
        covered += whole.low <= truth <= whole.high
    assert 0.93 < covered / 1000 < 0.97


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 0.3), st.floats(0, 0.3))
def test_the_parts_of_the_difference_add_up_to_it(compounded, observed, outside, recovered):
    parts = against.apart((compounded, 0.0, 1.0), (observed, 0.0, 1.0), outside, recovered)
    assert parts.recovered - parts.outside + parts.together == pytest.approx(parts.difference)
    assert not parts.proven


def test_the_difference_is_proven_where_the_intervals_do_not_meet():
    assert against.apart((0.72, 0.71, 0.73), (0.69, 0.68, 0.70), 0.03, 0.0).proven
    assert against.apart((0.72, 0.71, 0.73), (0.75, 0.74, 0.76), 0.0, 0.03).proven
    assert not against.apart((0.72, 0.70, 0.74), (0.69, 0.68, 0.70), 0.03, 0.0).proven


def contradicted(first, places):
    return sum(first[later, sooner] for sooner, later in itertools.combinations(places, 2))


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_no_single_move_makes_a_learned_order_better(seed, size):
    first = np.random.default_rng(seed).integers(0, 9, (size, size))
    np.fill_diagonal(first, 0)
    places = order(first)
    assert sorted(places) == list(range(size))
    cost = contradicted(first, places)
    for begin, end in itertools.product(range(size), repeat=2):
        moved = [one for one in places if one != places[begin]]
        moved.insert(end, places[begin])
        assert contradicted(first, moved) >= cost


def test_an_order_is_learned_from_interactions_that_leave_steps_out():
    """Long interactions run many steps before one that short ones run early: the mean place would be wrong."""
    random, truth = np.random.default_rng(3), np.arange(12)
    first = np.zeros((12, 12))
    for _ in range(300):
        ran = truth[random.random(12) < random.choice([0.3, 0.95])]
        for sooner, later in itertools.combinations(ran, 2):
            first[sooner, later] += 1
    mixed = random.permutation(12)
    assert [int(mixed[place]) for place in order(first[np.ix_(mixed, mixed)])] == truth.tolist()
