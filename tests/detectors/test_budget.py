"""The budget of false pages becomes thresholds that add up to it."""

import numpy as np
import pytest

from bellbuoy.detectors.budget import threshold

MONTH = 30 * 86_400


def test_one_stream_takes_the_whole_budget():
    assert threshold(1, MONTH, 300, np.ones(1)) == pytest.approx(np.log(8640))


@pytest.mark.parametrize("weights", [np.ones(300), np.linspace(0.5, 3, 7)])
def test_the_fleet_shares_the_budget(weights):
    rate = 8640 / np.exp(threshold(2, MONTH, 300, weights))
    assert rate.sum() == pytest.approx(2)
    assert rate / rate[0] == pytest.approx(weights / weights[0])


def test_three_hundred_streams():
    assert threshold(1, MONTH, 300, np.ones(300))[0] == pytest.approx(14.77, abs=0.01)


def test_every_series_has_the_budget_for_its_own_streams():
    rate = 8640 / np.exp(threshold(2, MONTH, 300, np.ones(5), "series", np.array([7, 7, 9, 7, 8])))
    assert rate == pytest.approx([2 / 3, 2 / 3, 2, 2 / 3, 2])
    assert threshold(2, MONTH, 300, np.ones(5), "series") == pytest.approx(np.log(4320))


def test_a_generous_budget_has_an_end():
    assert threshold(1e9, MONTH, 300, np.ones(1)) == pytest.approx(np.log(12))


def test_numbers_that_make_no_budget_are_refused():
    for wrong in ((0, MONTH, 300), (1, -1, 300), (1, MONTH, 0), (float("nan"), MONTH, 300)):
        with pytest.raises(ValueError, match="must be above 0"):
            threshold(*wrong, np.ones(1))
    with pytest.raises(ValueError, match="weight"):
        threshold(1, MONTH, 300, np.array([1.0, 0.0]))
