"""The life of a verdict: learning, steady, watch, worse, stale, steady again; and the words for it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import BETTER, LEARNING, STALE, STATES, STEADY, WATCH, WORSE, Evidence, Tick
from bellbuoy.detectors.rate_shift import RateShift
from bellbuoy.detectors.silence import Silence

NIGHT = 1_790_000_400 // 86_400 * 86_400


class Bench:
    """One detector on a few streams, tick by tick, with the counts written out."""

    def __init__(self, detector, normal, *, direction=1.0, threshold=9.064, zone="UTC"):
        size = len(normal.mean)
        self.detector, self.normal = detector, normal
        self.watch = judge.Watch(np.full(size, threshold), np.full(size, direction), np.full(size, 0.02), zone)
        self.prepared = detector.prepare(normal, self.watch.threshold, self.watch.direction)
        self.state = judge.begin(detector, size)
        self.at = NIGHT

    def tick(self, n, bad):
        size = len(self.normal.mean)
        self.at += 300
        tick = Tick(
            self.at,
            baseline.cell(self.at, self.watch.zone),
            np.broadcast_to(np.asarray(n, float), (size,)),
            np.broadcast_to(np.asarray(bad, float), (size,)),
        )
        self.state, judgement = judge.fold(self.detector, self.state, tick, self.prepared, self.normal, self.watch)
        return judgement

    def until(self, code, n, bad, limit=500):
        for _ in range(limit):
            judgement = self.tick(n, bad)
            if judgement.state[0] == code:
                return judgement
        raise AssertionError(f"never {STATES[code]}")


@pytest.fixture
def normal(lab):
    return lab.learned(1, 20, 0.05)


def test_from_steady_to_worse_and_back(normal):
    bench = Bench(RateShift(), normal)
    first = bench.tick(20, 1)
    assert (first.state[0], first.changed.tolist(), first.open.size) == (STEADY, [0], 0)
    for _ in range(20):
        assert bench.tick(20, 1).changed.size == 0
    watched = bench.until(WATCH, 20, 5)
    assert watched.changed.tolist() == [0]
    assert "not proven yet" in watched.verdict(0).why
    opened = bench.until(WORSE, 20, 5)
    assert (opened.changed.tolist(), opened.open.tolist(), opened.resolved.size) == ([0], [0], 0)
    verdict = opened.verdict(0)
    assert verdict.state == "worse"
    assert verdict.onset == NIGHT + 21 * 300
    assert verdict.bad / verdict.n == verdict.current_rate == 0.25
    assert verdict.baseline_rate == pytest.approx(0.05, abs=0.01)
    assert 0 < verdict.change_low < verdict.current_rate - verdict.baseline_rate < verdict.change_high
    assert verdict.evidence >= verdict.threshold
    for _ in range(30):
        later = bench.tick(20, 5)
    assert later.open.tolist() == [0]
    assert later.verdict(0).onset == verdict.onset
    assert later.verdict(0).change_low > verdict.change_low + 0.02
    back = bench.until(STEADY, 20, 1)
    assert (back.resolved.tolist(), back.open.size, back.changed.tolist()) == ([0], 0, [0])
    over = back.verdict(0)
    assert over.state == "steady"
    assert over.current_rate == pytest.approx(0.05)
    assert "is normal; it was bad for " in over.why
    assert over.onset == verdict.onset
    for _ in range(100):
        assert bench.tick(20, 1).state[0] == STEADY


def test_value_of_the_tick_of_a_resolve_does_not_open_again(normal):
    bench = Bench(RateShift(), normal)
    bench.until(WORSE, 20, 6)
    for _ in range(200):
        bench.tick(20, 6)
    back = bench.until(STEADY, 20, 1)
    assert back.value[0] > 9.1, "the evidence was still high"
    assert np.isneginf(bench.state["judge.value"][0])
    assert bench.tick(20, 1).value[0] < 0
    assert not bench.state["judge.live"].any()


def test_sentences(normal):
    bench = Bench(RateShift(), normal, zone="Asia/Kathmandu")
    for _ in range(40):
        steady = bench.tick(20, 1)
    bench.until(WORSE, 20, 4)
    opened = bench.tick(20, 4)
    assert opened.verdict(0).why == (
        "20.0 % of 100 trials bad since 09:05, 4.9 % is normal (95 % interval of the change 4.3 to 30.2 points)"
    )
    assert steady.verdict(0).why.endswith("% is normal")
    assert steady.verdict(0).onset is None
    for _ in range(400):
        bench.tick(20, 4)
    assert "since 2026-09-21 09:05" in bench.tick(20, 4).verdict(0).why


def test_fewer_than_five_bad_never_open(normal):
    bench = Bench(RateShift(), normal, threshold=3.0)
    states = [int(bench.tick(1, 1).state[0]) for _ in range(5)]
    assert states[:4] == [WATCH] * 4 or set(states[:4]) <= {STEADY, WATCH}
    assert bench.state["judge.value"][0] > 3
    assert states[4] == WORSE


def test_no_data_is_never_recovery(normal):
    bench = Bench(RateShift(), normal)
    bench.until(WORSE, 20, 5)
    quiet = bench.tick(0, 0)
    assert quiet.state[0] == STALE, "twenty were expected in one tick"
    assert quiet.open.tolist() == [0]
    for _ in range(7 * 288):
        judgement = bench.tick(0, 0)
        assert (judgement.state[0], judgement.changed.size, judgement.resolved.size) == (STALE, 0, 0)
    verdict = judgement.verdict(0)
    assert verdict.state == "stale"
    assert verdict.why.startswith("no trial since 2026-09-21 ")
    assert "were expected; before that" in verdict.why
    assert bench.tick(20, 5).state[0] == WORSE


def test_better_mirrors_worse(lab):
    normal = lab.learned(1, 20, 0.2)
    bench = Bench(RateShift(), normal, direction=-1.0)
    for _ in range(30):
        assert bench.tick(20, 6).state[0] == STEADY
    verdict = bench.until(BETTER, 20, 1).verdict(0)
    assert verdict.state == "better"
    assert verdict.change_low < verdict.change_high < 0
    assert verdict.why.endswith(f"{100 * verdict.change_high:.1f} points)".replace("-", "−"))
    for _ in range(30):
        bench.tick(20, 1)
    assert bench.until(STEADY, 20, 4).resolved.tolist() == [0]


def test_learning_leaves_no_trace_and_ends_when_there_is_enough(normal):
    bench = Bench(RateShift(), replace(normal, armed=np.zeros(1)))
    fresh = {name: array.copy() for name, array in bench.state.items()}
    for _ in range(50):
        judgement = bench.tick(20, 15)
        assert (judgement.state[0], judgement.open.size, judgement.changed.size) == (LEARNING, 0, 0)
    assert judgement.verdict(0).why.startswith("still learning what is normal: 16")
    for name in ("log_m", "climb", "judge.count"):
        assert np.array_equal(bench.state[name], fresh[name]), name
    bench.normal = normal
    bench.prepared = bench.detector.prepare(normal, bench.watch.threshold, bench.watch.direction)
    assert bench.tick(0, 0).changed.tolist() == [0]
    assert bench.tick(20, 1).state[0] == STEADY
    assert bench.until(WORSE, 20, 5, 10).open.size == 1


def test_silence_opens_and_the_first_trial_ends_it(lab):
    normal = lab.learned(1, 3, 0.05)
    bench = Bench(Silence(), normal)
    for _ in range(10):
        bench.tick(3, 0)
    opened = bench.until(WORSE, 0, 0, 12)
    verdict = opened.verdict(0)
    assert verdict.onset == NIGHT + 10 * 300
    assert verdict.why.startswith("no trial since 00:50, 1")
    assert verdict.why.endswith("were expected")
    assert (verdict.current_rate, verdict.n) == (0.0, 0)
    assert verdict.baseline_rate == pytest.approx(3, rel=0.05)
    for _ in range(20):
        assert bench.tick(0, 0).open.tolist() == [0]
    back = bench.tick(2, 0)
    assert (back.state[0], back.resolved.tolist(), back.open.size) == (STEADY, [0], 0)
    assert back.verdict(0).why.startswith("trials are back after ")
    assert back.verdict(0).onset == verdict.onset
    assert bench.tick(0, 0).state[0] == STEADY
    assert bench.tick(3, 0).verdict(0).why == "trials arrive"


def test_silence_is_not_judged_before_it_has_learned(lab):
    normal = replace(lab.learned(1, 3, 0.05), armed=np.zeros(1))
    bench = Bench(Silence(), normal)
    for _ in range(500):
        judgement = bench.tick(0, 0)
    assert judgement.state[0] == LEARNING
    assert "still learning" in judgement.verdict(0).why


@dataclass(frozen=True)
class Excess:
    """A user's own: bad trials above twice the normal rate; it keeps no onset."""

    def begin(self, size):
        return {"excess": np.zeros(size)}

    def prepare(self, baseline, threshold, direction):
        return 2 * baseline.rate

    def step(self, state, tick, prepared):
        excess = np.maximum(0.0, state["excess"] + tick.bad - tick.n * prepared[tick.cell])
        return {"excess": excess}, Evidence(excess, np.full_like(excess, np.nan))


def test_a_users_own_begins_where_its_evidence_was_lowest(normal):
    bench = Bench(Excess(), normal, threshold=20.0)
    for _ in range(30):
        bench.tick(20, 1)
    verdict = bench.until(WORSE, 20, 8).verdict(0)
    assert verdict.onset == NIGHT + 30 * 300
    assert verdict.current_rate == 0.4
    assert verdict.n == (verdict.at - verdict.onset) / 300 * 20
    assert bench.until(STEADY, 20, 1).resolved.tolist() == [0]
    assert bench.state["excess"][0] == 0


def streams(lab, size=12, ticks=400):
    """Counts in which some streams fail, some fall silent, and some recover."""
    random = lab.random
    t = np.arange(ticks)[:, None]
    n = random.poisson(np.linspace(1, 40, size), (ticks, size))
    rate = np.where((t > 80) & (t < 200) & (np.arange(size) % 3 == 0), 0.25, 0.05)
    n = np.where((t > 150) & (t < 170) & (np.arange(size) % 2 == 0), 0, n)
    return n.astype(float), random.binomial(n, rate).astype(float)


def verdicts(detector, normal, watch, n, bad, *, cut=lambda state: state):
    prepared = detector.prepare(normal, watch.threshold, watch.direction)
    state = judge.begin(detector, n.shape[1])
    told = []
    for place in range(len(n)):
        tick = Tick(300 * (place + 1), baseline.cell(300 * (place + 1), "UTC"), n[place], bad[place])
        state, judgement = judge.fold(detector, cut(state), tick, prepared, normal, watch)
        told.append([repr(judgement.verdict(stream)) for stream in range(n.shape[1])])
    return told


def through_rows(state):
    """Write every stream as a row of numbers and read it back."""
    rows = {name: np.moveaxis(array, -1, 0).reshape(array.shape[-1], -1).tolist() for name, array in state.items()}
    return {
        name: np.ascontiguousarray(np.moveaxis(np.array(rows[name]).reshape(array.shape[-1], *array.shape[:-1]), 0, -1))
        for name, array in state.items()
    }


@pytest.mark.parametrize("detector", [RateShift(), Silence(), Excess()], ids=lambda each: type(each).__name__)
def test_restart_at_every_tick_other_order_and_other_batch_give_the_same_verdicts(lab, detector):
    n, bad = streams(lab)
    size = n.shape[1]
    normal = baseline.take(lab.learned(size, np.linspace(1, 40, size), 0.05), np.arange(size))
    watch = lab.watch(size)
    whole = verdicts(detector, normal, watch, n, bad)
    assert any("worse" in line for tick in whole for line in tick)
    assert verdicts(detector, normal, watch, n, bad, cut=through_rows) == whole
    for order in (np.arange(size)[::-1].copy(), np.array([3]), np.array([0, 4, 6])):
        part = judge.Watch(watch.threshold[order], watch.direction[order], watch.min_change[order])
        parted = verdicts(detector, baseline.take(normal, order), part, n[:, order].copy(), bad[:, order].copy())
        assert parted == [[tick[stream] for stream in order] for tick in whole], order


def test_fold_leaves_its_arguments_alone(lab):
    n, bad = streams(lab, 6, 260)
    normal = lab.learned(6, np.linspace(1, 40, 6), 0.05)

    def locked(state):
        for array in state.values():
            array.setflags(write=False)
        return state

    verdicts(RateShift(), normal, lab.watch(6), n, bad, cut=locked)


@pytest.mark.parametrize(("n", "bad"), [(1.0, 2.0), (np.nan, 0.0), (1.0, np.nan), (5.0, -1.0)])
def test_counts_that_cannot_be_are_refused(normal, n, bad):
    bench = Bench(RateShift(), normal)
    with pytest.raises(ValueError, match=r"stream 0: .* bad of .* trials"):
        bench.tick(n, bad)


def test_a_tick_is_folded_once(normal):
    bench = Bench(RateShift(), normal)
    bench.tick(20, 1)
    for back in (300, 600):
        bench.at -= back
        with pytest.raises(ValueError, match="stream 0: folded already"):
            bench.tick(20, 1)
    bench.at += 900
    assert bench.tick(20, 1).state[0] == STEADY


def test_gaps_between_ticks_change_nothing(normal):
    """A tick without trials that is left out is the same as one that is folded."""
    with_gaps, without = Bench(RateShift(), normal), Bench(RateShift(), normal)
    for place in range(60):
        if place % 3:
            assert with_gaps.tick(20, place % 5).value == without.tick(20, place % 5).value
        else:
            with_gaps.at += 300
            without.tick(0, 0)
