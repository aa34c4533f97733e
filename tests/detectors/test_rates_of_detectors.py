"""How often detectors are wrong, and how soon they are right: rates over seeded streams.

Thresholds are nominal (h = ln A), not calibrated; the bounds are those of the published design, section by section.
"""

import numpy as np
import pytest

from bellbuoy.detectors.rate_shift import RateShift
from bellbuoy.detectors.silence import Silence
from bellbuoy.detectors.slow_drift import SlowDrift

pytestmark = pytest.mark.stat
MONTH = 8640


@pytest.mark.parametrize(("volume", "rate"), [(20, 0.05), (5, 0.01), (100, 0.05)])
def test_false_openings_stay_within_the_budget(lab, volume, rate):
    """Uncalibrated, one a month allowed: .13 to 1.4 openings by series and month were measured; at most 4 in one."""
    normal = lab.learned(100, volume, rate)
    run = lab.run(RateShift(), normal, lab.watch(100), volume, rate, MONTH)
    assert run.openings.mean() <= 1.0
    assert np.percentile(run.openings, 99) <= 4


def test_known_boundary_keeps_the_guarantee(lab):
    """With rates known, mean ticks to a false opening are at least A: at most T / A streams open within T ticks."""
    normal = lab.learned(1, 20, 0.05)
    size, allowed = 300, 500.0
    exact = type(normal)(
        **{name: np.repeat(getattr(normal, name), size, axis=-1) for name in normal.__dataclass_fields__}
    )
    exact.rate[:], exact.mean[:], exact.margin[:], exact.dispersion[:] = 0.05, 0.05, 0.0, 1.0
    run = lab.run(RateShift(), exact, lab.watch(size, np.log(allowed)), 20, 0.05, 6000, until_open=True)
    assert np.where(np.isnan(run.first), 6000, run.first + 1).mean() >= allowed


def test_a_collapse_is_always_found_and_soon(lab):
    normal = lab.learned(100, 5, 0.06)
    run = lab.run(RateShift(), normal, lab.watch(100), 5, 0.21, 1000, until_open=True)
    assert not np.isnan(run.first).any()
    assert np.median(run.first) + 1 <= 20
    assert np.median(np.abs(run.onset)) <= 3


def test_better_is_found_as_worse_is(lab):
    normal = lab.learned(60, 20, 0.2)
    worse = lab.run(RateShift(), normal, lab.watch(60), 20, 0.32, 500, until_open=True)
    better = lab.run(RateShift(), normal, lab.watch(60, direction=-1.0), 20, 0.10, 500, until_open=True)
    assert not np.isnan(better.first).any()
    assert np.median(better.first) <= 2 * np.median(worse.first)
    null = lab.run(RateShift(), normal, lab.watch(60, direction=-1.0), 20, 0.2, MONTH // 2)
    assert null.openings.mean() <= 0.5


def cusum(lab, volume, normal, changed, *, size, ticks, threshold=np.inf, now=None):
    """The oracle: it knows both rates. Returns the highest values and the first ticks at the threshold."""
    total, highest, first = np.zeros(size), np.zeros(size), np.full(size, np.nan)
    for t in range(ticks):
        n = lab.random.poisson(volume, size)
        bad = lab.random.binomial(n, normal if now is None else now)
        total = np.maximum(0, total) + (n - bad) * np.log((1 - changed) / (1 - normal)) + bad * np.log(changed / normal)
        highest = np.maximum(highest, total)
        first = np.where((total >= threshold) & np.isnan(first), t, first)
        if not np.isnan(first).any():
            break
    return highest, first


@pytest.mark.parametrize(("volume", "changed"), [(20, 0.15), (20, 0.08)])
def test_sudden_changes_take_a_quarter_longer_than_the_oracle_at_most(lab, volume, changed):
    """Equal budget: a month without a false opening has the probability 1/e for both."""
    size = 100
    normal = lab.learned(size, volume, 0.05)
    null = lab.run(RateShift(), normal, lab.watch(size), volume, 0.05, MONTH)
    ours = float(np.quantile(null.highest, np.exp(-1)))
    run = lab.run(RateShift(), normal, lab.watch(size, ours), volume, changed, 2000, until_open=True)
    highest, _ = cusum(lab, volume, 0.05, changed, size=400, ticks=MONTH)
    theirs = float(np.quantile(highest, np.exp(-1)))
    _, first = cusum(lab, volume, 0.05, changed, size=2000, ticks=2000, threshold=theirs, now=changed)
    assert (run.first + 1).mean() <= 1.25 * (first + 1).mean()


def test_a_slide_of_months_is_seen_against_the_anchor(lab):
    """0.94 to 0.79 good in five months at five a tick: open by day 15, and still open at the end."""
    anchor = lab.learned(30, 5, 0.06)
    run = lab.run(SlowDrift(), anchor, lab.watch(30), 5, lambda t: 0.06 + 0.15 * t / 43_200, 43_200)
    assert np.median(run.first) / 288 <= 15
    assert run.open.mean() >= 0.95


def test_full_recovery_resolves_within_hours(lab):
    normal = lab.learned(100, 20, 0.05)
    run = lab.run(RateShift(), normal, lab.watch(100), 20, lambda t: 0.15 if t < 60 else 0.05, 700)
    assert np.nanmedian(run.first_resolved) - 60 <= 60
    assert (run.resolved > 0).mean() >= 0.95
    assert run.openings.mean() <= 1.05, "what is resolved does not open again"


@pytest.mark.parametrize("still", [0.15, 0.10, 0.08, 0.07])
def test_what_is_still_bad_is_not_resolved(lab, still):
    """Five hours at .85 good, then worse than normal for 1,500 ticks: at most 4 % are called recovered."""
    normal = lab.learned(100, 20, 0.05)
    run = lab.run(RateShift(), normal, lab.watch(100), 20, lambda t: 0.15 if still == 0.10 and t < 60 else still, 1560)
    assert (run.resolved > 0).mean() <= 0.04


def test_silence_is_found_soon_and_seldom_where_there_is_none(lab):
    for volume, ticks in ((20, 2), (3, 7)):
        normal = lab.learned(100, volume, 0.05)
        null = lab.run(Silence(), normal, lab.watch(100), volume, 0.05, MONTH // 2)
        assert null.openings.sum() <= 5
        stopped = lab.run(Silence(), normal, lab.watch(100), 0, 0.05, 50, until_open=True)
        assert np.median(stopped.first) + 1 <= ticks


def test_intervals_at_the_opening_cover_the_change(lab):
    normal = lab.learned(100, 20, 0.05)
    run = lab.run(RateShift(), normal, lab.watch(100), 20, 0.12, 200, keep=True)
    covered = []
    for stream, first in enumerate(run.first.astype(int)):
        verdict = run.judgements[first].verdict(stream)
        covered.append(verdict.change_low <= 0.07 <= verdict.change_high)
    assert np.mean(covered) >= 0.9
