"""What was planted in a history is learned from it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bellbuoy.detectors import baseline, dispersion
from bellbuoy.detectors.base import BLOCKS, CELLS, Counts

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
    true = 0.06 + 0.03 * np.sin(2 * np.pi * np.arange(24) / 24)
    error = np.sqrt(true * (1 - true) / (28 * 12 * 30))
    assert np.abs((learned.rate - true[:, None]) / error[:, None]).mean() < 1.5
    assert learned.volume == pytest.approx(
        (30 * (1 + 0.5 * np.cos(2 * np.pi * np.arange(24) / 24)))[:, None] + np.zeros(20), rel=0.06
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
def test_cell_is_the_local_hour_in_which_the_tick_began(zone, start):
    begin = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp())
    at = begin + 300 * np.arange(1, 3 * 288)
    told = baseline.cells(at, zone)
    for place, end in enumerate(at.tolist()):
        expected = datetime.fromtimestamp(end - 300, ZoneInfo(zone)).hour
        assert told[place] == expected == baseline.cell(end, zone)


def test_dispersion_is_linear_in_the_logarithm_of_the_length():
    fitted = np.arange(1.0, len(BLOCKS) + 1)[:, None] * np.array([1.0, 2.0])
    for place, block in enumerate(BLOCKS):
        assert dispersion.at(fitted, np.full(2, float(block))) == pytest.approx([place + 1, 2 * (place + 1)])
    assert dispersion.at(fitted, np.full(2, np.sqrt(12 * 24.0)))[0] == pytest.approx(4.5)
    assert dispersion.at(fitted, np.array([0.1, 1e9])) == pytest.approx([1, 18])


def test_profile_of_a_day_of_23_hours_has_no_hole(random):
    until = int(datetime(2026, 4, 5, tzinfo=UTC).timestamp())
    learned = baseline.fit(history(random, 20, 0.05, until=until), zone="Europe/Berlin")
    assert (learned.volume > 15).all()
    assert learned.rate.shape == (CELLS, 1)
