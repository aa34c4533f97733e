"""Made streams and the way in which the product is driven over them."""

import numpy as np
import pytest

from bellbuoy.bench.detect import families, figures, scenarios
from bellbuoy.bench.detect.shipped import OPENED, RESOLVED, Normals, Way, judged
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import BEGAN, DAY, HISTORY, MONTH, Change, World, made
from bellbuoy.bench.detect.thresholds import thresholds
from bellbuoy.detectors import baseline, calibration, judge
from bellbuoy.detectors.base import Tick
from bellbuoy.detectors.rate_shift import RateShift

SEED = 7
LEVEL = float(np.log(MONTH))


def test_a_series_is_the_same_whatever_is_made_beside_it():
    few = made(scenarios.WEEKLY, 3, 2, ticks=2 * DAY, change=Change(0.1), seed=SEED)
    many = made(scenarios.WEEKLY, 3, 5, ticks=2 * DAY, change=Change(0.1), seed=SEED)
    last = made(scenarios.WEEKLY, 3, 1, ticks=2 * DAY, change=Change(0.1), seed=SEED, first=4)
    assert np.array_equal(few.n, many.n[:, :2])
    assert np.array_equal(last.bad[:, 0], many.bad[:, 4])
    assert np.array_equal(few.change, many.change[:2])
    other = made(scenarios.WEEKLY, 4, 2, ticks=2 * DAY, change=Change(0.1), seed=SEED)
    assert not np.array_equal(few.bad, other.bad)


def test_the_worlds_are_what_they_are_said_to_be():
    size = 20
    plain = made(World(), 5, size, ticks=DAY, seed=SEED)
    assert plain.bad.sum() / plain.n.sum() == pytest.approx(0.05, abs=0.001)
    busy = made(World(bustle=0.3, traffic=0.5), 6, size, ticks=DAY, seed=SEED)
    assert busy.n.mean() == pytest.approx(20, rel=0.02)
    assert busy.n.reshape(-1, DAY, size).mean(axis=(0, 2)).max() == pytest.approx(30, rel=0.1)
    tied = made(World(volume=100, scatter=0.01), 7, size, ticks=DAY, seed=SEED)
    ratio = ((tied.bad - tied.n * 0.05) ** 2).sum() / (tied.n * 0.05 * 0.95).sum()
    assert ratio == pytest.approx(1 + 99 * 0.01, rel=0.05)
    fallen = made(World(falls=True), 8, 14, ticks=DAY, seed=SEED)
    hours = fallen.bad[:HISTORY].reshape(-1, 12, 14).sum(axis=1).max(axis=0)
    assert (hours > 35).tolist() == [stream % 7 == 0 for stream in range(14)]


def test_a_change_begins_on_its_tick_and_ends_on_its_tick():
    change = Change(0.4, lasts=24, rest=0.0)
    streams = made(World(), 9, 200, ticks=4 * DAY, change=change, seed=SEED)
    assert (streams.change >= HISTORY + DAY).all()
    assert (streams.change < HISTORY + 2 * DAY).all()
    for offset, rate in ((-1, 0.05), (0, 0.45), (23, 0.45), (24, 0.05)):
        row = streams.change + offset
        n, bad = (counted[row, np.arange(200)].sum() for counted in (streams.n, streams.bad))
        assert bad / n == pytest.approx(rate, abs=0.03)
    assert Change(0.15, over=150).added(300)[[0, 74, 149, 299]] == pytest.approx([0.001, 0.075, 0.15, 0.15])
    assert Change(0.0, lasts=2, volume=0.2).times(3).tolist() == [0.2, 0.2, 1.0]


def test_the_product_is_driven_tick_by_tick_through_its_own_fold():
    streams = made(World(), 10, 3, ticks=2 * DAY, change=Change(0.2, lasts=30), quiet=0, seed=SEED)
    run = judged(RateShift(), Normals(streams), [Way.of(3, LEVEL, 7.0)])[0]
    state, watch = judge.begin(RateShift(), 3), judge.Watch(np.full(3, 7.0), np.ones(3), np.full(3, 0.02))
    happened, was, highest = [], np.zeros(3, dtype=bool), np.full(3, -np.inf)
    for place in range(HISTORY, HISTORY + DAY):
        if place % DAY == 0:
            normal = baseline.fit(streams.between(place - 35 * DAY, place - 7 * DAY))
            prepared = RateShift().prepare(normal, np.full(3, LEVEL), np.ones(3))
        at = BEGAN + 300 * (place + 1)
        tick = Tick(at, baseline.cell(at, "UTC"), streams.n[place], streams.bad[place])
        state, judgement = judge.fold(RateShift(), state, tick, prepared, normal, watch)
        happened += [(place, one, RESOLVED) for one in judgement.resolved.tolist()]
        is_open = judgement.state >= 3
        happened += [(place, one, OPENED) for one in np.flatnonzero(is_open & ~was).tolist()]
        was, highest = is_open, np.maximum(highest, judgement.value)
    assert [one for one in run.happened if one[0] < HISTORY + DAY] == happened
    assert (run.highest >= highest).all()
    assert (run.openings() >= 1).all()
    ticks, early = run.delays()
    assert ((ticks >= 1) & (ticks <= 20))[~early].all()


def test_what_is_open_is_not_learned_from_and_not_refitted():
    """Bad for two days from the start on: once it is over, no later baseline has seen it."""
    streams = made(World(), 11, 2, ticks=14 * DAY, change=Change(0.3, lasts=2 * DAY), quiet=0, seed=SEED)
    seen = []

    class Spy(Normals):
        def fitted(self, since, until, columns=None, weight=None):
            if weight is not None:
                seen.append((until, weight.copy()))
            return super().fitted(since, until, columns, weight)

    run = judged(RateShift(), Spy(streams), [Way.of(2, LEVEL)], ticks=13 * DAY)[0]
    assert {what for _, _, what in run.happened} == {OPENED, RESOLVED}
    assert seen
    until, weight = seen[-1]
    begins = streams.change - until + len(weight)
    for stream in range(2):
        assert (weight[begins[stream] + 5 : begins[stream] + 2 * DAY, stream] == 0).all()
        assert weight[:, stream].mean() > 0.85


def test_thresholds_are_those_of_the_shipped_calibration():
    streams = made(World(), 12, 12, ticks=DAY, seed=SEED)
    learned = thresholds(RateShift(), streams, LEVEL)
    counts = streams.between(HISTORY - 28 * DAY, HISTORY)
    maxima = calibration.largest(RateShift(), counts, np.full(12, LEVEL), np.ones(12))
    tail = calibration.fit_tail(maxima, nats=True)
    assert learned.tail == tail
    assert tail.calibrated
    assert learned.opens(LEVEL, 12) == pytest.approx(calibration.threshold(tail, np.full(12, LEVEL)))


def test_figures_by_hand():
    level = figures.equal(np.arange(100.0))
    assert (np.arange(100.0) < level).mean() == pytest.approx(figures.CALM, abs=0.01)
    above = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0]], dtype=bool)
    assert figures.rising(above).tolist() == [2, 2, 0]
    assert figures.first_above(above)[:2].tolist() == [0, 1]
    ticks = np.array([2.0, 4.0, np.nan, 50.0, 1.0])
    told = figures.delay(ticks, np.array([0, 0, 0, 0, 1], dtype=bool), 10, np.full((10, 5), 7.0))
    assert (told.mean, told.median, told.censored, told.outcomes) == (3.0, 3.0, 6.5, 21.0)
    assert (told.missed, told.early, told.streams) == (0.5, 0.2, 4)


def test_a_run_is_the_same_again():
    family = scenarios.Family(
        "tiny", 13, World(), (scenarios.Cell("worse", 14, Change(0.1), DAY, sudden=True),), known=True
    )
    size = Size(3, 2, frozenset({"oracle", "z 6 h"}), SEED, ticks=3 * DAY)

    def without_times(found):
        return {name: {key: value for key, value in own.items() if key != "us"} for name, own in found["null"].items()}

    first, second = families.run(family, size), families.run(family, size)
    assert first["cells"] == second["cells"]
    assert without_times(first) == without_times(second)
    assert set(first["cells"]["worse"]) == {"product", "oracle", "Lorden", "z 6 h"}
