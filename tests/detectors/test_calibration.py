"""Thresholds learned from weeks in which nothing happened."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.detectors import baseline, calibration
from bellbuoy.detectors.base import Counts, Evidence
from bellbuoy.detectors.calibration import Tail, fit_tail, largest, threshold
from bellbuoy.detectors.mix import Stratified
from bellbuoy.detectors.rate_shift import RateShift
from bellbuoy.detectors.silence import Silence

WEEK = 2016
LN_MONTH = np.log(8640)
MONDAY = 1_780_272_000


@pytest.fixture
def random():
    return np.random.default_rng(20261126)


def weeks_of(random, size, *, volume=20, rate=0.05, weeks=4, until=MONDAY):
    n = random.poisson(volume, (weeks * WEEK, size))
    bad = random.binomial(n, rate)
    return Counts(until + 300 * np.arange(1 - weeks * WEEK, 1), n.astype(float), bad.astype(float))


def climbed(counts, detector=None, **more):
    size = counts.n.shape[1]
    return largest(detector or RateShift(), counts, np.full(size, LN_MONTH), np.ones(size), **more)


@dataclass(frozen=True)
class Scaled:
    """Evidence of `rate_shift` in another unit."""

    by: float = 3.0

    def begin(self, size):
        return RateShift().begin(size)

    def prepare(self, baseline, threshold, direction):
        return RateShift().prepare(baseline, threshold, direction)

    def step(self, state, tick, prepared):
        state, evidence = RateShift().step(state, tick, prepared)
        return state, Evidence(self.by * evidence.value, evidence.onset)


@given(
    st.lists(st.floats(-5, 60), min_size=40, max_size=200),
    st.lists(st.floats(2.5, 20), min_size=2, max_size=6, unique=True),
)
@settings(deadline=None, max_examples=60)
def test_more_ticks_between_false_openings_never_ask_for_less(maxima, nominal):
    tail = fit_tail(np.array(maxima))
    levels = threshold(tail, np.array(sorted(nominal)))
    assert (np.diff(levels) > 0).all()
    assert (levels >= np.array(sorted(nominal)) - calibration.SLACK).all()


@given(st.lists(st.floats(0.1, 60), min_size=40, max_size=100), st.floats(0.1, 100))
@settings(deadline=None, max_examples=60)
def test_another_unit_gives_another_threshold_and_the_same_openings(maxima, by):
    found = np.array(maxima)
    one, other = (fit_tail(each, nats=False) for each in (found, by * found))
    assert threshold(other, np.array([LN_MONTH])) == pytest.approx(
        (by if one.calibrated else 1.0) * threshold(one, np.array([LN_MONTH])), rel=1e-6, abs=1e-6
    )


def test_a_detector_of_three_times_the_evidence_opens_at_three_times_the_threshold(random):
    counts = weeks_of(random, 12)
    one, three = climbed(counts, Scaled(1.0)), climbed(counts, Scaled(3.0))
    assert np.array_equal(one, climbed(counts))
    levels = [threshold(fit_tail(found, nats=False), np.array([LN_MONTH, 12.0])) for found in (one, three)]
    assert levels[1] == pytest.approx(3 * levels[0])


def test_the_tail_of_a_known_distribution_is_recovered(random):
    found = random.gumbel(5.0, 1.5, 20_000)
    tail = fit_tail(found)
    assert (tail.mu, tail.beta) == pytest.approx((5.0, 1.5), abs=0.06)
    assert threshold(tail, np.array([LN_MONTH])) == pytest.approx(tail.mu + tail.beta * np.log(8640 / WEEK))
    assert threshold(tail, np.array([LN_MONTH - np.log(5)]), 1500.0) == pytest.approx(
        threshold(tail, np.array([LN_MONTH]))
    )


def test_incidents_in_a_tenth_of_the_weeks_hardly_matter(random):
    quiet = random.gumbel(5.0, 1.0, 400)
    spoilt = quiet.copy()
    spoilt[:30] = 200.0
    apart = threshold(fit_tail(spoilt), np.array([LN_MONTH])) - threshold(fit_tail(quiet), np.array([LN_MONTH]))
    assert 0 <= apart <= 1.5


def test_a_few_weeks_calibrate_nothing():
    tail = fit_tail(np.arange(39.0))
    assert (tail.calibrated, tail.weeks) == (False, 39)
    assert threshold(tail, np.array([9.0])) == 9.0
    assert fit_tail(np.append(np.arange(39.0), [np.nan, -np.inf])).weeks == 39
    assert not fit_tail(np.zeros(50), nats=False).calibrated, "no tail at all"


def test_noise_that_no_model_describes_is_told():
    nominal = np.array([9.0, 15.0])
    assert calibration.empirical(Tail(5, 3.5, 100, calibrated=True), nominal).tolist() == [True, True]
    assert calibration.empirical(Tail(5, 1.5, 100, calibrated=True), nominal).tolist() == [False, False]
    assert calibration.empirical(Tail(10, 2.2, 100, calibrated=True), nominal).tolist() == [False, True]
    assert not calibration.empirical(Tail(5, 3.5, 10, calibrated=False), nominal).any()
    assert not calibration.empirical(Tail(5, 3.5, 100, calibrated=True, nats=False), nominal).any()


def test_a_week_is_judged_by_the_others_alone(random):
    """One week far off does not excuse itself, and the weeks beside it are judged as worse than it taught."""
    counts = weeks_of(random, 8)
    counts.bad[WEEK : 2 * WEEK] = np.minimum(
        counts.bad[WEEK : 2 * WEEK] + random.binomial(2, 0.5, (WEEK, 8)), counts.n[WEEK : 2 * WEEK]
    )
    found = climbed(counts)
    assert (found[1] > 100).all()
    assert (found[[0, 2, 3]] < 15).all()


def test_what_is_left_out_of_learning_is_judged_and_what_was_not_judged_is_not(random):
    counts = weeks_of(random, 6)
    counts.bad[100:400] = counts.n[100:400]
    weight = np.ones_like(counts.n)
    weight[100:400] = 0
    assert (climbed(counts, weight=weight)[0] > 100).all()
    judged = np.ones(counts.n.shape, dtype=bool)
    judged[100:400] = False
    assert (climbed(counts, weight=weight, judged=judged)[0] < 15).all()
    judged[:WEEK] = False
    assert np.isnan(climbed(counts, judged=judged)[0]).all()


def test_a_series_is_replayed_from_its_second_whole_week_on(random):
    counts = weeks_of(random, 3)
    counts.n[: 2 * WEEK + 400, 1] = counts.bad[: 2 * WEEK + 400, 1] = 0
    counts.n[:, 2] = counts.bad[:, 2] = 0
    found = climbed(counts, armed=np.ones(3))
    assert np.isfinite(found[:, 0]).all()
    assert np.isfinite(found[:, 1]).tolist() == [False, False, True, False], "the week that is left is no week"
    assert np.isnan(found[:, 2]).all()
    assert np.isnan(climbed(counts, armed=np.array([0.0, 1.0, 1.0]))[:, 0]).all(), "not judged, so not replayed"


def test_streams_do_not_depend_on_what_is_beside_them(random):
    counts = weeks_of(random, 7, volume=5)
    whole = climbed(counts)
    for order in (np.array([3]), np.arange(7)[::-1]):
        part = Counts(counts.at, counts.n[:, order].copy(), counts.bad[:, order].copy())
        assert np.array_equal(climbed(part), whole[:, order])


def test_weeks_on_both_sides_of_a_change_of_clocks_have_their_own_hours(random):
    until = 1_774_828_800 + 7 * 86_400  # a week after Monday 2026-03-30: the clocks of Berlin changed the day before
    at = until + 300 * np.arange(1 - 4 * WEEK, 1)
    nine = baseline.cells(at, "Europe/Berlin") % 24 == 9
    counts = weeks_of(random, 6, volume=40, rate=np.where(nine, 0.4, 0.05)[:, None], until=until)
    assert (climbed(counts, zone="Europe/Berlin") < 20).all()
    assert (climbed(counts, zone="UTC")[-1] > 100).all()


def test_silence_counts_empty_ticks_only_where_somebody_listened(random):
    counts = weeks_of(random, 4, volume=0.5)
    found = climbed(counts, Silence())
    assert ((found > 4) & (found < 20)).all()
    counts.n[500:900] = counts.bad[500:900] = 0
    assert (climbed(counts, Silence())[0] > 50).all()
    judged = np.ones(counts.n.shape, dtype=bool)
    judged[500:900] = False
    weight = judged.astype(float)
    assert (climbed(counts, Silence(), judged=judged, weight=weight)[0] < 20).all()


def test_strata_are_replayed_by_their_own_rates(random):
    """The mix swings from week to week: the sum scatters by it, the strata do not."""
    share = np.repeat([0.3, 0.5, 0.35, 0.6], WEEK)[:, None]
    first, second = random.poisson(30 * (1 - share), (4 * WEEK, 6)), random.poisson(30 * share, (4 * WEEK, 6))
    bad = random.binomial(first, 0.02), random.binomial(second, 0.15)
    at = MONDAY + 300 * np.arange(1 - 4 * WEEK, 1)
    whole = Counts(at, (first + second).astype(float), (bad[0] + bad[1]).astype(float))
    parts = [np.stack(pair, axis=2).reshape(4 * WEEK, 12).astype(float) for pair in ((first, second), bad)]
    strata = Counts(at, *parts), np.repeat(np.arange(6), 2)
    with_strata = climbed(whole, Stratified(), strata=strata)
    assert (climbed(whole, Stratified())[3] > 30).all()
    assert (with_strata < 15).all()
    one = Counts(at, parts[0][:, 4:6], parts[1][:, 4:6])
    alone = Counts(at, whole.n[:, [2]], whole.bad[:, [2]])
    assert np.array_equal(climbed(alone, Stratified(), strata=(one, np.zeros(2, dtype=np.int64))), with_strata[:, [2]])


def test_counts_that_are_no_whole_weeks_are_refused(random):
    counts = weeks_of(random, 1)
    with pytest.raises(ValueError, match="not whole weeks"):
        climbed(Counts(counts.at[1:], counts.n[1:], counts.bad[1:]))


def test_built_in_detectors_say_that_they_speak_in_nats():
    assert all(one.nats for one in (RateShift, Silence))
    assert Silence.slack == 0.0
