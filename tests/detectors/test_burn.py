"""Burn rates: pairs of windows, by the number; what opens, how urgent it is, and when nothing may be said."""

import numpy as np
import pytest

from bellbuoy.detectors import judge
from bellbuoy.detectors.base import WORSE, Tick
from bellbuoy.detectors.burn import PAIRS, Burn, objective


def run(shares, *, volume=200, allowed=0.01, tick=300, size=1):
    """Judgements of ticks in which shares of the trials are bad."""
    detector = Burn()
    normal = objective(np.full(size, allowed))
    watch = judge.Watch(np.ones(size), np.ones(size), np.full(size, 0.02))
    prepared = detector.prepare(normal, watch.threshold, watch.direction)
    state, told = judge.begin(detector, size), []
    for place, share in enumerate(shares):
        n = np.full(size, float(volume))
        one = Tick(tick * (place + 1), 0, n, np.rint(n * share), tick)
        state, judgement = judge.fold(detector, state, one, prepared, normal, watch)
        told.append(judgement)
    return told


def opened(told):
    return next((place for place, one in enumerate(told) if one.state[0] >= WORSE), None)


def test_a_collapse_is_a_page_once_the_hour_has_burnt():
    """Fifteen percent at an objective of 99 %: 14.4 times for a whole hour is reached with its last tick."""
    told = run([0.0] * 300 + [0.15] * 12)
    assert opened(told) == 300 + 11
    verdict = told[-1].verdict(0)
    assert (verdict.least, verdict.most) == ("page", "page")
    assert verdict.onset == 300 * 300
    assert verdict.why.endswith("the objective allows 1.0 %: 15 times as many")
    sooner = run([0.0] * 300 + [0.9] * 12)
    assert opened(sooner) == 301, "2 of 12 ticks at .9 are 15 % of the hour"


def test_six_times_for_six_hours_is_a_page_and_once_for_three_days_a_ticket():
    told = run([0.0] * 864 + [0.065] * 72)
    place = opened(told)
    assert 864 + 60 <= place < 864 + 72
    assert told[place].verdict(0).least == "page"
    slow = run([0.0] * 864 + [0.02] * 500)
    place = opened(slow)
    assert 864 + 430 <= place <= 864 + 450, "half of three days at twice the allowance"
    assert (slow[place].verdict(0).least, slow[place].verdict(0).most) == ("ticket", "ticket")


def test_nothing_is_said_of_a_window_that_is_not_over_and_of_few_bad_trials():
    assert opened(run([0.02] * 800)) is None, "the three days are not over"
    assert opened(run([0.3] * 11)) is None, "nor is the hour"
    assert opened(run([0.0] * 300 + [0.4] * 200, volume=4)) is not None, "six hours hold enough"
    assert opened(run([0.0] * 300 + [0.4] * 12, volume=2)) is None, "half an hour does not"


def test_what_is_over_does_not_open():
    """The long window still burns, the short one does not."""
    told = run([0.0] * 300 + [0.14] * 11 + [0.0] * 30)
    assert opened(told) is None


def test_it_ends_on_evidence_that_the_objective_is_kept():
    told = run([0.0] * 300 + [0.15] * 20 + [0.005] * 100)
    assert opened(told) == 311
    ends = [place for place, one in enumerate(told) if one.resolved.size]
    assert len(ends) == 1
    assert 320 <= ends[0] < 400
    again = told[-1]
    assert again.state[0] < WORSE


@pytest.mark.parametrize("tick", [60, 300, 600, 3600])
def test_ticks_of_other_lengths_fill_the_same_windows(tick):
    """Twenty times the allowance for two hours, after four days of nothing."""
    hour = 3600 // tick
    told = run([0.0] * (96 * hour) + [0.2] * (2 * hour), tick=tick)
    place = opened(told)
    assert place is not None
    assert abs((place + 1 - 96 * hour) * tick - 0.72 * 3600) <= max(tick, 600)


def test_windows_are_sums_of_the_ticks_they_hold():
    random = np.random.default_rng(11)
    detector = Burn(least_bad=1)
    normal = objective(np.array([0.05]))
    prepared = detector.prepare(normal, np.ones(1), np.ones(1))
    state, n, bad = detector.begin(1), [], []
    for place in range(1000):
        n.append(float(random.poisson(20)))
        bad.append(float(random.binomial(int(n[-1]), 0.07)))
        tick = Tick(300 * (place + 1), 0, np.array([n[-1]]), np.array([bad[-1]]))
        state, evidence = detector.step(state, tick, prepared)
        burns = [0.0]
        for pair in PAIRS:
            if 300 * (place + 1) < pair.long:
                continue
            rates = []
            for window in (pair.long, pair.short):
                bucket = {3600: 300, 300: 300, 1800: 300, 21600: 1800, 259200: 3600}[window]
                since = (place // (bucket // 300) - window // bucket + 1) * (bucket // 300)
                rates.append(sum(bad[max(since, 0) :]) / sum(n[max(since, 0) :]) / 0.05)
            burns.append(min(rates) / pair.limit)
        assert evidence.value[0] == pytest.approx(max(burns))


def test_a_number_of_bad_trials_that_is_none_is_refused():
    with pytest.raises(ValueError, match="least_bad is 0; give at least 1"):
        Burn(least_bad=0)
