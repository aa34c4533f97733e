"""What was planted in a history is learned from it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bellbuoy.detectors import baseline, dispersion
from bellbuoy.detectors.base import BLOCKS, CELLS, Counts
from bellbuoy.detectors.profile import form_of

DAY = 86_400


def history(random, volume, rate, *, days=28, until=0, size=1):
    """Counts of `days` days that end at `until`; volume and rate may be arrays over ticks."""
    ticks = 288 * days
    n = random.poisson(np.broadcast_to(np.asarray(volume, float).reshape(-1, 1), (ticks, size)))
    bad = random.binomial(n, np.broadcast_to(np.asarray(rate, float).reshape(-1, 1), (ticks, size)))
    return Counts(until + 300 * np.arange(1 - ticks, 1), n.astype(float), bad.astype(float))


@pytest.fixture
def random():
    return np.random.default_rng(20261125)


def test_planted_profile_is_recovered(random):
    hour = np.arange(288 * 28) // 12 % 24
    rate = 0.06 + 0.03 * np.sin(2 * np.pi * hour / 24)
    volume = 30 * (1 + 0.5 * np.cos(2 * np.pi * hour / 24))
    learned = baseline.fit(history(random, volume, rate, size=20))
    true = 0.06 + 0.03 * np.sin(2 * np.pi * np.arange(CELLS) / 24)
    error = np.sqrt(true * (1 - true) / (28 * 12 * 30))
    assert np.abs((learned.rate - true[:, None]) / error[:, None]).mean() < 1.5
    assert learned.volume == pytest.approx(
        (30 * (1 + 0.5 * np.cos(2 * np.pi * np.arange(CELLS) / 24)))[:, None] + np.zeros(20), rel=0.06
    )
    assert (learned.armed == 1).all()
    assert learned.dispersion[0] == pytest.approx(1.0, abs=0.1)


def test_without_a_season_the_profile_is_nearly_flat(random):
    learned = baseline.fit(history(random, 20, 0.05, size=40))
    assert (learned.rate.max(axis=0) - learned.rate.min(axis=0)).mean() < 0.002
    assert learned.mean == pytest.approx(0.05, abs=0.002)


def test_less_than_a_week_is_flat(random):
    hour = np.arange(288 * 5) // 12 % 24
    learned = baseline.fit(history(random, 50, 0.05 + 0.04 * (hour > 12), days=5), min_span=DAY)
    assert np.ptp(learned.rate) == 0
    assert np.ptp(learned.volume) == 0
    assert learned.armed == 1


def test_ticks_of_weight_0_do_not_count(random):
    clean = history(random, 20, 0.05)
    spoilt = Counts(clean.at, clean.n.copy(), clean.bad.copy())
    spoilt.bad[4000:4600] = spoilt.n[4000:4600]
    weight = np.ones_like(clean.n)
    weight[4000:4600] = 0
    without, with_it, plain = (
        baseline.fit(spoilt, weight=weight),
        baseline.fit(spoilt),
        baseline.fit(clean),
    )
    assert with_it.mean > 0.1
    assert without.mean == pytest.approx(plain.mean, abs=0.002)
    assert without.per_tick == pytest.approx(plain.per_tick, rel=0.01)
    assert without.volume == pytest.approx(plain.volume, rel=0.05)
    assert without.dispersion == pytest.approx(plain.dispersion, rel=0.5)


def test_scatter_beyond_chance_is_found_at_its_own_length(random):
    """Blocks of an hour share a rate that varies: the dispersion of a tick is small, that of an hour large."""
    hourly = np.repeat(random.beta(5, 95, 28 * 24), 12)
    learned = baseline.fit(history(random, 20, hourly))
    rho = 1 / 101
    assert learned.dispersion[0] == pytest.approx(1 + 19 * rho, abs=0.15)
    assert learned.dispersion[BLOCKS.index(12)] == pytest.approx(1 + 239 * rho, rel=0.25)
    assert (np.diff(learned.dispersion, axis=0) >= 0).all()


def test_margin_is_the_standard_error_of_the_mean(random):
    learned = baseline.fit(history(random, 20, 0.05, size=50))
    expected = np.sqrt(0.05 * 0.95 * learned.dispersion[-1] / learned.trials)
    assert learned.margin == pytest.approx(expected, rel=0.05)
    assert (np.abs(learned.mean - 0.05) < 3.5 * learned.margin).all()
    assert baseline.ignoring(learned, np.full(50, 0.005)).margin == pytest.approx(0.005)


def test_what_is_missing_keeps_a_series_learning(random):
    few = baseline.fit(history(random, 0.1, 0.05))
    good = baseline.fit(history(random, 0.3, 0.001))
    young = baseline.fit(history(random, 20, 0.05, days=6))
    never = baseline.fit(history(random, 0, 0.05))
    rare = baseline.fit(history(random, 20, 0.0001))
    assert [float(one.armed[0]) for one in (few, good, young, never, rare)] == [0, 0.25, 0, 0, 0.5]
    assert rare.margin > 3 / rare.trials - 1e-12
    assert np.isnan(never.since)


def test_a_series_is_not_expected_before_it_began(random):
    late = history(random, 20, 0.05)
    late.n[: 288 * 14] = late.bad[: 288 * 14] = 0
    learned = baseline.fit(late)
    assert learned.per_tick == pytest.approx(20, rel=0.02)
    assert learned.since == late.at[288 * 14] - 300


def test_counts_that_cannot_be_are_refused(random):
    counts = history(random, 20, 0.05, days=1)
    more = Counts(counts.at, counts.n, counts.n + 1)
    with pytest.raises(ValueError, match=r"tick -86100, series 0: .* bad of .* trials"):
        baseline.fit(more)
    gone = Counts(counts.at, np.where(counts.n > 0, np.nan, 0.0), counts.bad)
    with pytest.raises(ValueError, match="nan trials"):
        baseline.fit(gone)
    with pytest.raises(ValueError, match="not consecutive"):
        baseline.fit(Counts(np.delete(counts.at, 5), np.delete(counts.n, 5, 0), np.delete(counts.bad, 5, 0)))
    with pytest.raises(ValueError, match="do not match"):
        baseline.fit(Counts(counts.at[1:], counts.n, counts.bad))
    with pytest.raises(ValueError, match="no tick"):
        baseline.fit(Counts(counts.at[:0], counts.n[:0], counts.bad[:0]))


def test_streams_are_taken_and_put_together(random):
    learned = baseline.fit(history(random, 20, 0.05, size=3))
    twice = baseline.take(learned, np.array([2, 0, 2]))
    assert np.array_equal(twice.rate, learned.rate[:, [2, 0, 2]])
    whole = baseline.concat([learned, twice])
    assert whole.mean.tolist() == [*learned.mean, *twice.mean]
    assert whole.dispersion.shape == (len(BLOCKS), 6)
    with pytest.raises(ValueError, match="no baselines"):
        baseline.concat([])


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Berlin", "2026-03-28T00:00"),
        ("Europe/Berlin", "2026-10-24T00:00"),
        ("America/New_York", "2026-11-01T00:00"),
        ("Asia/Kathmandu", "2026-05-01T00:00"),
        ("Australia/Lord_Howe", "2026-04-04T00:00"),
        ("UTC", "2026-05-01T00:00"),
    ],
)
def test_cell_is_the_local_hour_of_the_week_in_which_the_tick_began(zone, start):
    begin = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp())
    at = begin + 300 * np.arange(1, 3 * 288)
    told = baseline.cells(at, zone)
    for place, end in enumerate(at.tolist()):
        began = datetime.fromtimestamp(end - 300, ZoneInfo(zone))
        assert told[place] == 24 * began.weekday() + began.hour == baseline.cell(end, zone)


def test_dispersion_is_linear_in_the_logarithm_of_the_length():
    fitted = np.arange(1.0, len(BLOCKS) + 1)[:, None] * np.array([1.0, 2.0])
    for place, block in enumerate(BLOCKS):
        assert dispersion.at(fitted, np.full(2, float(block))) == pytest.approx([place + 1, 2 * (place + 1)])
    assert dispersion.at(fitted, np.full(2, np.sqrt(12 * 24.0)))[0] == pytest.approx(4.5)
    assert dispersion.at(fitted, np.array([0.1, 1e9])) == pytest.approx([1, 18])
    for ticks in (0.1, 1.0, 2.0, 3.0, 17.0, 288.0, 1e9):
        expected = dispersion.at(fitted, np.full(2, ticks))
        assert [dispersion.of(fitted[:, one], ticks) for one in (0, 1)] == pytest.approx(expected.tolist())


def test_profile_of_a_day_of_23_hours_has_no_hole(random):
    until = int(datetime(2026, 4, 5, tzinfo=UTC).timestamp())
    learned = baseline.fit(history(random, 20, 0.05, until=until), zone="Europe/Berlin")
    assert (learned.volume > 15).all()
    assert learned.rate.shape == (CELLS, 1)


def weekly(random, *, worse, size, days=28):
    """Weekends are worse by so much, and have half the traffic."""
    at = 300 * np.arange(1 - 288 * days, 1)
    weekend = baseline.cells(at, "UTC") >= 24 * 5
    return history(random, np.where(weekend, 15, 30), np.where(weekend, 0.05 + worse, 0.05), size=size, days=days)


def test_a_worse_weekend_is_found_after_four_weeks_and_not_before(random):
    learned = baseline.fit(weekly(random, worse=0.03, size=30))
    assert (form_of(learned.rate) >= 1).mean() >= 0.9
    assert (form_of(learned.volume) >= 1).all()
    assert learned.rate[: 24 * 5].mean() == pytest.approx(0.05, abs=0.003)
    assert learned.rate[24 * 5 :].mean() == pytest.approx(0.08, abs=0.006)
    assert learned.volume[[12, 24 * 6 + 12]] == pytest.approx(np.repeat([[30.0], [15.0]], 30, axis=1), rel=0.1)
    young = baseline.fit(weekly(random, worse=0.03, size=10, days=27))
    assert (form_of(young.rate) == 0).all()


def test_a_week_is_found_where_there_is_one_only(random):
    assert (form_of(baseline.fit(weekly(random, worse=0.0, size=60)).rate) >= 1).mean() <= 0.1


def test_an_hour_of_the_week_can_differ_alone(random):
    at = 300 * np.arange(1 - 288 * 28, 1)
    monday = (baseline.cells(at, "UTC") >= 2) & (baseline.cells(at, "UTC") < 8)
    learned = baseline.fit(history(random, 60, np.where(monday, 0.25, 0.05), size=10))
    assert (form_of(learned.rate) == 2).all()
    assert learned.rate[2:8].mean() > 0.2
    assert learned.rate[26:32].mean() == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(("season", "form"), [("none", 0), ("day", 0), ("week", 1)])
def test_a_season_can_be_configured(random, season, form):
    learned = baseline.fit(weekly(random, worse=0.1, size=4), season=season)
    assert (form_of(learned.rate) >= form).all()
    assert (np.ptp(learned.rate, axis=0) > 0.05).all() == (season == "week")
    hourly = history(random, 40, np.where(np.arange(288 * 28) // 12 % 24 < 12, 0.05, 0.1), size=4)
    assert (np.ptp(baseline.fit(hourly, season=season).rate, axis=0) > 0.03).all() == (season != "none")


def test_a_shape_that_is_wanted_is_taken(random):
    counts = weekly(random, worse=0.05, size=3)
    forms = np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.0, 0.0])
    learned = baseline.fit(counts, forms=forms)
    assert form_of(learned.rate).tolist() == forms[0].tolist()
    assert form_of(learned.volume).tolist() == [1.0, 1.0, 0.0], "no hour of the week differs from its day's"
    assert (learned.rate[:24, 0] == learned.rate[24:48, 0]).all()


def test_what_was_watched_counts_and_not_when_trials_came(random):
    sparse = history(random, 0.5, 0.05, days=7)
    sparse.n[:40] = sparse.bad[:40] = 0
    sparse.n[-40:] = sparse.bad[-40:] = 0
    begin = float(sparse.at[0] - 300)
    needs = {"min_trials": 100, "min_bad": 5}
    assert baseline.fit(sparse, **needs).armed == 0
    learned = baseline.fit(sparse, since=np.array([begin]), **needs)
    assert learned.armed == 1
    assert (float(learned.since[0]), float(learned.until[0])) == (begin, float(sparse.at[-1]))
    assert learned.per_tick == pytest.approx(sparse.n.sum() / 2016)


@pytest.mark.parametrize(("zone", "shift"), [("Europe/Berlin", 3600), ("Asia/Kathmandu", 20_700)])
@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_a_local_hour_stays_that_hour_when_the_clocks_change(random, zone, shift, change):
    """What happens at nine in the morning is learned as of nine, before the change and after it."""
    until = int(datetime.fromisoformat(change).replace(tzinfo=UTC).timestamp()) + 14 * DAY
    at = until + 300 * np.arange(1 - 288 * 28, 1)
    nine = np.array([datetime.fromtimestamp(end - 300, ZoneInfo(zone)).hour == 9 for end in at.tolist()])
    learned = baseline.fit(history(random, 40, np.where(nine, 0.3, 0.05), until=until), zone=zone)
    by_hour = learned.rate[:, 0].reshape(7, 24)
    assert by_hour[:, 9] == pytest.approx(0.3, abs=0.03)
    assert np.delete(by_hour, 9, axis=1) == pytest.approx(0.05, abs=0.02)
