"""Which step carries a change of the whole: the right one, or none where it is spread, at the tick at which end to end opens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import Counts, Tick
from bellbuoy.detectors.budget import threshold
from bellbuoy.detectors.chain import attribute, survived
from bellbuoy.detectors.interval import shares_of
from bellbuoy.detectors.rate_shift import RateShift

CHAINS, PER_TICK, HISTORY = 200, 20, 2_880
NORMAL = [0.98] * 8


def ticks(length, good, seed):
    """Return interactions and those that each step was the first to fail in, by the tick: (T, CHAINS), (T, CHAINS, 8)."""
    random = np.random.default_rng([20261125, seed])
    n = random.poisson(PER_TICK, (length, CHAINS))
    left, failed = n.copy(), []
    for share in good:
        failed.append(random.binomial(left, 1 - share))
        left = left - failed[-1]
    return n.astype(float), np.stack(failed, axis=-1).astype(float)


@pytest.fixture(scope="module")
def history():
    return ticks(HISTORY, NORMAL, 0)


def judged_ticks(past, now):
    """Yield each tick's judgement of streams with the given trials and bad ones, past and now: (T, S) each."""
    size = past[0].shape[1]
    at = 300 * np.arange(1, HISTORY + len(now[0]) + 1)
    normal = baseline.fit(Counts(at[:HISTORY], *past), min_span=86_400)
    one = np.ones(size)
    watch = judge.Watch(threshold(1, 30 * 86400, 300, one, "series", np.arange(size)), one, 0.02 * one)
    detector = RateShift()
    prepared = detector.prepare(normal, watch.threshold, watch.direction)
    state = judge.begin(detector, size)
    for end, n, bad in zip(at[HISTORY:].tolist(), *now, strict=True):
        tick = Tick(end, baseline.cell(end, "UTC"), n, bad)
        state, judged = judge.fold(detector, state, tick, prepared, normal, watch)
        yield judged


def opened(history, good, length, seed):
    """Return the attribution of each chain at the tick at which its end-to-end rate opens; those that never do are left out."""
    n, failed = history
    now, now_failed = ticks(length, good, seed)
    found = {}
    whole = judged_ticks((n, failed.sum(axis=-1)), (now, now_failed.sum(axis=-1)))
    for place, judged in enumerate(whole):
        for chain in set(judged.open.tolist()) - found.keys():
            onset = max(0, judged.verdict(chain).onset // 300 - HISTORY)
            since = slice(onset, place + 1)
            found[chain] = attribute(
                survived(failed[:, chain].sum(axis=0), float(n[:, chain].sum())),
                survived(now_failed[since, chain].sum(axis=0), float(now[since, chain].sum())),
            )
    return [one for one in found.values() if one is not None]


ONE_FELL = [*NORMAL[:2], 0.95, *NORMAL[3:]]


def test_the_right_step_has_the_largest_part_in_98_percent_and_none_other_leads(history):
    found = opened(history, ONE_FELL, 700, 1)
    assert len(found) == CHAINS
    assert sum(one.largest == 2 for one in found) >= 0.98 * CHAINS
    assert {one.lead for one in found} == {2, None}
    assert sum(one.lead == 2 for one in found) >= 0.88 * CHAINS
    assert not any(one.spread for one in found)


def test_of_steps_watched_one_by_one_the_right_one_opens_first_in_98_percent(history):
    def steps(n, failed):  # what reaches a step, and fails there, a stream each
        reached = n[..., None] - np.cumsum(failed, axis=-1) + failed
        return reached.reshape(len(n), -1), failed.reshape(len(n), -1)

    first = {}
    for judged in judged_ticks(steps(*history), steps(*ticks(100, ONE_FELL, 4))):
        for stream in judged.open.tolist():
            first.setdefault(stream // 8, stream % 8)
    assert len(first) == CHAINS
    assert sum(step == 2 for step in first.values()) >= 0.98 * CHAINS


def test_a_decay_of_all_steps_is_given_to_none(history):
    found = opened(history, [0.97] * 8, 500, 2)
    assert len(found) >= 0.98 * CHAINS
    assert sum(one.lead is not None for one in found) <= 0.02 * len(found)
    assert sum(one.spread for one in found) >= 0.4 * len(found), "as soon as it opens; the rest is not sure yet"


def test_of_two_that_fell_alike_neither_leads_alone(history):
    found = opened(history, [*NORMAL[:2], 0.95, *NORMAL[3:5], 0.95, *NORMAL[6:]], 400, 3)
    named = [one for one in found if one.lead is not None]
    assert len(found) == CHAINS
    assert len(named) <= 0.1 * len(found)


def test_the_intervals_cover_the_truth_of_all_steps_together():
    random = np.random.default_rng(11)
    good = np.array([0.98, 0.98, 0.9, 0.97])
    truth = np.log(0.98) - np.log(good)
    truth /= truth.sum()
    covered = 0
    for _ in range(400):
        sides = []
        for n, share in ((50_000, np.full(4, 0.98)), (2_000, good)):
            left, failed = n, []
            for one in share:
                failed.append(random.binomial(left, 1 - one))
                left -= failed[-1]
            sides.append(survived(np.array(failed), float(n)))
        parts = attribute(*sides).parts
        covered += bool(((parts.low <= truth) & (truth <= parts.high)).all())
    assert covered >= 0.93 * 400


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9), st.integers(0, 500))
def test_what_survives_every_step_is_what_went_well(failed, well):
    n = sum(failed) + well
    share, risk = survived(np.array(failed, float), float(n))
    if n:
        assert share.prod() == pytest.approx(well / n)
    assert (risk >= np.array(failed)).all()


def test_a_change_that_is_not_sure_is_parted_among_nobody():
    normal = survived(np.array([100.0, 100.0]), 10_000.0)
    assert attribute(normal, survived(np.array([3.0, 2.0]), 200.0)) is None
    assert attribute(normal, survived(np.array([300.0, 100.0]), 10_000.0), direction=-1) is None
    better = attribute(normal, survived(np.array([10.0, 100.0]), 10_000.0), direction=-1)
    assert better.lead == 0


def test_more_looks_widen_the_intervals_and_scatter_says_less():
    moved, variance = np.array([0.03, 0.001]), np.array([1e-5, 1e-5])
    few, many = shares_of(moved, variance), shares_of(moved, variance, 40)
    assert (many.low < few.low).all()
    assert few.share.sum() == pytest.approx(1.0)
    assert shares_of(moved, 100 * variance) is None


def test_a_step_that_never_failed_before_can_lead():
    found = attribute(survived(np.zeros(3), 5_000.0), survived(np.array([0.0, 40.0, 0.0]), 400.0))
    assert found.lead == 1
    assert np.isfinite(found.parts.low).all()
