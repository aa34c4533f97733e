"""Young series are judged by what is normal for others like them, for large changes only."""

import numpy as np
import pytest
from scipy.stats import beta

from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import BY_PRIOR, LEARNING, VOLUME_ONLY, WORSE, Counts, Tick
from bellbuoy.detectors.prior import MOST_WORTH, by_others
from bellbuoy.detectors.rate_shift import RateShift


@pytest.fixture
def random():
    return np.random.default_rng(20261127)


def fitted(random, rates, *, volume=20, days=28, **needs):
    n = random.poisson(volume, (288 * days, len(rates)))
    at = 300 * np.arange(1 - 288 * days, 1)
    return baseline.fit(Counts(at, n.astype(float), random.binomial(n, rates).astype(float)), **needs)


def young(random, rate=0.05, volume=2, days=1):
    return fitted(random, [rate], volume=volume, days=days)


def test_what_the_others_say_is_worth_as_much_as_they_agree(random):
    own = young(random)
    alike = by_others(own, fitted(random, [0.049, 0.05, 0.051]))
    apart = by_others(own, fitted(random, [0.01, 0.05, 0.12]))
    believed = 0.05 * MOST_WORTH + own.bad, 0.95 * MOST_WORTH + own.trials - own.bad
    assert alike.mean + alike.margin == pytest.approx(beta.ppf(0.95, *believed), rel=0.03)
    assert alike.margin < apart.margin
    assert (alike.armed, alike.trials) == (BY_PRIOR, own.trials)
    assert alike.by_prior.all()
    assert alike.judges_share.all()
    assert not alike.judges_volume.any()
    assert alike.judged_alone == 0


def test_one_other_says_nothing(random):
    assert by_others(young(random), fitted(random, [0.05])) is None


def test_many_trials_of_its_own_outweigh_the_others(random):
    own = young(random, rate=0.2, volume=20, days=3)
    judged = by_others(own, fitted(random, [0.049, 0.05, 0.051]))
    assert judged.mean == pytest.approx(0.2, abs=0.01)


def test_where_volume_is_judged_already_it_stays_so(random):
    own = fitted(random, [0.0005], volume=0.3)
    assert own.armed == VOLUME_ONLY
    judged = by_others(own, fitted(random, [0.001, 0.0015, 0.002]))
    assert judged.judges_volume.all()
    assert judged.judges_share.all()
    assert judged.judged_alone == VOLUME_ONLY


def run(random, normal, rate, ticks):
    watch = judge.Watch(np.full(1, 9.0), np.ones(1), np.full(1, 0.02))
    detector = RateShift()
    prepared = detector.prepare(normal, watch.threshold, watch.direction)
    state = judge.begin(detector, 1)
    judged = []
    for place in range(ticks):
        n = random.poisson(float(normal.per_tick[0]), 1)
        tick = Tick(300 * (place + 1), 0, n.astype(float), random.binomial(n, rate).astype(float))
        state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
        judged.append(judgement)
    return judged


def test_it_learns_until_much_is_wrong(random):
    normal = by_others(young(random), fitted(random, [0.045, 0.05, 0.055]))
    quiet = run(random, normal, 0.08, 288)
    assert {int(one.state[0]) for one in quiet} == {LEARNING}
    why = quiet[-1].verdict(0).why
    assert why.startswith("still learning what is normal: ")
    assert "by others like it, a rise to" in why
    assert why.endswith("% bad would be seen within a day")
    told = float(why.split("a rise to ")[1].split(" %")[0]) / 100
    assert run(random, normal, told, 288)[-1].state == WORSE
    assert run(random, normal, 0.6, 30)[-1].state == WORSE


def test_without_others_it_says_that_nothing_is_judged(random):
    normal = young(random)
    judged = run(random, normal, 0.9, 50)
    assert {int(one.state[0]) for one in judged} == {LEARNING}
    assert judged[-1].verdict(0).why.endswith("until then nothing is judged")


def test_too_few_trials_see_nothing_soon(random):
    normal = by_others(young(random, volume=0.02, days=4), fitted(random, [0.01, 0.011, 0.012]))
    why = run(random, normal, 0.0, 3)[-1].verdict(0).why
    assert why.endswith("it has too few trials to see anything within three days")
