"""Three seeded streams of volume, an objective and strata, whose ticks, words and evidence stand in a file."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import STATES, Counts, Tick
from bellbuoy.detectors.burn import Burn, objective
from bellbuoy.detectors.mix import Strata, Stratified
from bellbuoy.detectors.volume import Volume

FILE = Path(__file__).parents[1] / "golden" / "detectors" / "pinned_kinds.json"
HISTORY = 288 * 28
ZONE = "Europe/Berlin"
AT = 300 * np.arange(1 - HISTORY, 1)


def fitted(n, bad):
    return baseline.fit(Counts(AT, n[:, None].astype(float), bad[:, None].astype(float)), zone=ZONE)


def half_of_the_volume():
    """Twenty a tick with a memory of 30 %; from tick 100 to 200 half of it is lost."""
    random = np.random.RandomState(20261122)  # its streams never change between versions
    gamma = random.gamma(4, 1 / 4, HISTORY + 600)
    mean = 20 * gamma * np.where((np.arange(HISTORY + 600) - HISTORY) // 100 == 1, 0.5, 1.0)
    n = random.poisson(mean)
    normal = fitted(n[:HISTORY], 0 * n[:HISTORY])
    ticks = [(float(one), 0.0, None) for one in n[HISTORY:]]
    return Volume(), normal, -1.0, np.log(8640), None, ticks


def spent_objective():
    """One percent is allowed; fifteen are bad from tick 300 to 330."""
    random = np.random.RandomState(20261122)
    share = np.where((np.arange(600) >= 300) & (np.arange(600) < 330), 0.15, 0.005)
    bad = random.binomial(200, share)
    return Burn(), objective(np.array([0.01])), 1.0, 1.0, None, [(200.0, float(one), None) for one in bad]


def mix_and_then_both():
    """Strata of .02 and .12 bad, 70/30; 40/60 from tick 200 to 1500; back, and both half as bad again, from tick 1700."""
    random = np.random.RandomState(20261122)
    n = random.poisson([14, 6], (HISTORY, 2))
    bad = random.binomial(n, [0.02, 0.12])
    whole = fitted(n.sum(axis=1), bad.sum(axis=1))
    strata = Strata(baseline.concat([fitted(n[:, one], bad[:, one]) for one in (0, 1)]), np.zeros(2, np.int64))
    ticks = []
    for t in range(2000):
        now = random.poisson([8, 12] if 200 <= t < 1500 else [14, 6])
        wrong = random.binomial(now, [0.03, 0.18] if t >= 1700 else [0.02, 0.12])
        ticks.append((float(now.sum()), float(wrong.sum()), np.stack((now, wrong)).astype(float)))
    return Stratified(), whole, 1.0, np.log(8640), strata, ticks


STREAMS = {one.__name__.replace("_", " "): one for one in (half_of_the_volume, spent_objective, mix_and_then_both)}


def told(detector, normal, direction, threshold, strata, ticks):
    """What happens on a stream: every change of its verdict with its numbers."""
    watch = judge.Watch(np.full(1, threshold), np.full(1, direction), np.full(1, 0.02), ZONE)
    how = () if strata is None else (strata,)
    prepared = detector.prepare(normal, watch.threshold, watch.direction, *how)
    state, lines = judge.begin(detector, 1), []
    for t, (n, bad, among) in enumerate(ticks):
        at = 300 * (t + 1)
        tick = Tick(at, baseline.cell(at, ZONE), np.array([n]), np.array([bad]), strata=among)
        state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
        verdict = judgement.verdict(0)
        usual = STATES[judgement.state[0]] in ("steady", "watch") and not verdict.why.startswith("mix")
        if judgement.changed.size and not (usual and t and not judgement.resolved.size):
            onset = None if verdict.onset is None else verdict.onset // 300
            lines.append(
                {"tick": t, "state": verdict.state, "onset": onset, "evidence": verdict.evidence, "why": verdict.why}
            )
    lines.append({"tick": t, "state": verdict.state, "evidence": verdict.evidence, "low": verdict.change_low})
    return lines


@pytest.mark.golden
@pytest.mark.parametrize("name", STREAMS)
def test_stream_is_judged_as_it_was(name):
    got = told(*STREAMS[name]())
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
        kept[name] = got
        FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    kept = json.loads(FILE.read_text(encoding="utf-8"))[name]
    assert [line["tick"] for line in got] == [line["tick"] for line in kept]
    for line, pinned in zip(got, kept, strict=True):
        for key, value in pinned.items():
            same = pytest.approx(value, rel=1e-9, nan_ok=True) if isinstance(value, float) else value
            assert line[key] == same, key
