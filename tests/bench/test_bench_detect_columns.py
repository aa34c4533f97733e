"""What the product is compared with does what it is said to do: closed forms, and the answers of the packages themselves."""

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from bellbuoy.bench.detect import columns, figures
from bellbuoy.bench.detect.columns import COLUMNS, Reference
from bellbuoy.bench.detect.outcomes import PEERS, Outcomes
from bellbuoy.bench.detect.streams import DAY, Streams, World, made

SEED = 7


def plain(n, bad, start=0):
    """Streams of counts that are given."""
    n, bad = np.asarray(n, dtype=float), np.asarray(bad, dtype=float)
    return Streams(300 * np.arange(1, len(n) + 1), n, bad, start, np.full(n.shape[1], start))


def test_the_oracle_has_the_run_length_that_its_closed_form_gives():
    """One trial a tick, bad with .3 before and .7 after: a walk of equal steps that is held at 0.

    To climb from k to k + 1 takes (1/p) times the sum of (q/p)^j for j up to k.
    """
    p, height, size = 0.3, 3, 3_000
    expected = sum(sum(((1 - p) / p) ** j for j in range(k + 1)) / p for k in range(height))
    random = np.random.default_rng([SEED, 1])
    bad = (random.random((700, size)) < p).astype(float)
    streams = plain(np.ones_like(bad), bad)
    reference = Reference(np.ones(size), np.ones(size), np.full(size, p), changed=1 - p, known=p)
    level = height * np.log((1 - p) / p) - 1e-9
    first = figures.first_above(columns.oracle(streams, reference) >= level) + 1
    assert not np.isnan(first).any()
    assert first.mean() == pytest.approx(expected, abs=4 * first.std() / np.sqrt(size))


def test_no_threshold_can_be_asked_of_the_oracle_without_the_truth():
    streams = plain(np.ones((3, 1)), np.zeros((3, 1)))
    with pytest.raises(ValueError, match="rates that are one number each"):
        columns.oracle(streams, Reference(np.ones(1), np.ones(1), np.full(1, 0.5)))


@pytest.mark.parametrize(
    ("normal", "changed", "volume", "ticks"),
    [(0.05, 0.08, 5, 225), (0.05, 0.08, 20, 56), (0.05, 0.15, 20, 6.5), (0.01, 0.03, 20, 34.5)],
)
def test_lordens_bound(normal, changed, volume, ticks):
    assert columns.lorden(normal, changed, volume) == pytest.approx(ticks, rel=0.01)


def test_windows_by_hand():
    streams = plain([[10.0]] * 4, [[1.0], [0.0], [5.0], [2.0]], start=2)
    reference = Reference(np.full(1, 100.0), np.full(1, 10.0), np.full(1, 0.1))
    z = columns.window(2)(streams, reference)[:, 0]
    assert z == pytest.approx([(5 - 2) / np.sqrt(20 * 0.09), (7 - 2) / np.sqrt(20 * 0.09)])


def test_a_chunk_is_judged_at_its_end_by_the_chunks_of_four_weeks():
    """Mean and standard deviation (with the number of chunks below) of the chunks, the rule of NannyML."""
    random = np.random.default_rng([SEED, 2])
    n = np.full((35 * DAY + 24, 1), 20.0)
    bad = random.binomial(20, 0.05, n.shape).astype(float)
    streams = plain(n, bad, start=35 * DAY)
    z = columns.chunks(12)(streams, Reference.of(streams))
    rate = bad[7 * DAY :].reshape(-1, 12).sum(axis=1) / 240
    learned = rate[: 28 * DAY // 12]
    assert (z[np.arange(24) % 12 != 11] == -np.inf).all()
    assert z[[11, 23], 0] == pytest.approx((rate[-2:] - learned.mean()) / learned.std())


def test_distance_and_two_samples_on_20_tables():
    """The distance that Evidently takes is SciPy's; its test of two shares is that with the pooled variance."""
    random = np.random.default_rng([SEED, 3])
    for _ in range(20):
        first, second = random.random(2) * 0.98 + 0.01
        ours = columns.jensen_shannon(np.array([first]), np.array([second]))[0]
        assert ours == pytest.approx(jensenshannon([first, 1 - first], [second, 1 - second]))
        n, n0 = random.integers(50, 2_000, 2).astype(float)
        bad, bad0 = random.binomial(int(n), first), random.binomial(int(n0), second)
        pooled = (bad + bad0) / (n + n0)
        z = (bad / n - bad0 / n0) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / n0))
        counts = (np.array([float(one)]) for one in (n, bad, n0, bad0))
        assert columns.two_proportions(*counts)[0] == pytest.approx(z)


def test_evidentlys_own_answer_on_20_tables():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stattests = pytest.importorskip("evidently.legacy.calculations.stattests", exc_type=ImportError)
        import pandas as pd
    random = np.random.default_rng([SEED, 4])
    for table in range(20):
        rows = 800 if table % 2 else 5_000
        first, second = (
            (random.random(rows) < 0.05).astype(int),
            (random.random(3_000) < random.uniform(0.02, 0.3)).astype(int),
        )
        test = stattests.get_stattest(pd.Series(first), pd.Series(second), "cat", None)
        answer = test(pd.Series(first), pd.Series(second), "cat", None)
        n0, bad0, n, bad = (np.array([float(one)]) for one in (rows, first.sum(), 3_000, second.sum()))
        if rows > 1_000:
            assert answer.drift_score == pytest.approx(columns.jensen_shannon(bad / n, bad0 / n0)[0])
            assert answer.drifted == (answer.drift_score >= 0.1)
        else:
            assert answer.drifted == (abs(columns.two_proportions(n, bad, n0, bad0)[0]) > 1.959964)


@pytest.mark.needs("river")
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_rivers_own_answer_on_20_tables(peer, need, monkeypatch):
    monkeypatch.syspath_prepend(str(need("river")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from river import drift
        from river.drift import binary
    make = {
        "ADWIN": lambda one: drift.ADWIN(delta=one["delta"]),
        "PageHinkley": lambda one: drift.PageHinkley(
            delta=one["delta"], threshold=one["threshold"], alpha=one["alpha"], mode="both" if one["both"] else "up"
        ),
        "DDM": lambda one: binary.DDM(warm_start=one["warm_start"], drift_threshold=one["drift_threshold"]),
        "HDDM_A": lambda one: binary.HDDMA(drift_confidence=one["drift_confidence"]),
        "HDDM_W": lambda one: binary.HDDMW(drift_confidence=one["drift_confidence"], lambda_val=one["lambda_val"]),
    }[peer.name]
    random = np.random.default_rng([SEED, 5])
    rates = random.uniform(0.02, 0.9, (2, 20))
    bits = (random.random((1_600, 20)) < np.repeat(rates, 800, axis=0)).astype(np.uint8)
    settings = [peer.usual, peer.grid[0], peer.grid[-1]]
    theirs = []
    for which, one in enumerate(settings):
        for stream in range(20):
            detector = make(one)
            total = 0
            for place, bit in enumerate(bits[:, stream].tolist()):
                detector.update(bit)
                total += bit
                rose = peer.name != "ADWIN" or detector.estimation > total / (place + 1)
                if detector.drift_detected and rose:
                    theirs.append((place, which, stream))
    assert theirs, "no table on which anything fires"
    assert sorted(peer.alarms(bits, settings)) == sorted(theirs)


def test_outcomes_are_those_of_the_counts():
    streams = made(World(volume=3), 1, 2, ticks=DAY, history=2 * DAY, seed=SEED)
    outcomes = Outcomes.of(streams, SEED, run_in=DAY)
    n, bad = streams.n[DAY:], streams.bad[DAY:]
    for stream in range(2):
        ends = np.cumsum(n[:, stream]).astype(int)
        whole = ends <= len(outcomes.bits)
        sums = np.concatenate([[0], np.cumsum(outcomes.bits[:, stream].astype(int))])
        assert (sums[ends[whole]] == np.cumsum(bad[:, stream])[whole]).all()
    last, first = np.flatnonzero(n[:, 0])[:2]  # the first two ticks with an outcome
    there = int(n[last, 0])
    assert outcomes.places([(there - 1, 0, 0), (there, 0, 0), (0, 1, 0)], 0) == [(DAY + last, 0), (DAY + first, 0)]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_column_answers_for_every_tick_and_never_nan(column):
    streams = made(World(volume=0.3), 2, 3, ticks=DAY, seed=SEED)
    values = column.statistic(streams, Reference.of(streams, 0.05, 0.08))
    assert values.shape == (DAY, 3)
    assert not np.isnan(values).any()
