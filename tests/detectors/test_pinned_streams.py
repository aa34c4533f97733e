"""Five seeded streams whose openings, onsets, recoveries and evidence stand in a file that a person has read."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import STATES, Counts, Tick
from bellbuoy.detectors.rate_shift import RateShift
from bellbuoy.detectors.silence import Silence
from bellbuoy.detectors.slow_drift import SlowDrift

FILE = Path(__file__).parents[1] / "golden" / "detectors" / "pinned.json"
HISTORY = 288 * 28

STREAMS = {
    "sudden fall of ten points": (RateShift(), 20, 0.05, lambda t: 0.15 if t >= 100 else 0.05, 1.0),
    "two hours at 0.80 and back": (RateShift(), 20, 0.05, lambda t: 0.20 if 100 <= t < 124 else 0.05, 1.0),
    "fewer bad than normal": (RateShift(), 20, 0.20, lambda t: 0.10 if t >= 100 else 0.20, -1.0),
    "slide of fifteen points in a fortnight": (SlowDrift(), 5, 0.06, lambda t: 0.06 + 0.15 * t / 4032, 1.0),
    "an hour of silence": (Silence(), 3, 0.05, lambda t: -1.0 if 100 <= t < 112 else 0.05, 1.0),
}


def told(detector, volume, normal_rate, rate, direction):
    """What happens on a stream: every change of its verdict with its numbers."""
    random = np.random.RandomState(20261122)  # its streams never change between versions
    n = random.poisson(volume, (HISTORY, 1))
    counts = Counts(300 * np.arange(1 - HISTORY, 1), n.astype(float), random.binomial(n, normal_rate).astype(float))
    normal = baseline.fit(counts, zone="Europe/Berlin")
    watch = judge.Watch(np.full(1, np.log(8640)), np.full(1, direction), np.full(1, 0.02), "Europe/Berlin")
    prepared = detector.prepare(normal, watch.threshold, watch.direction)
    state = judge.begin(detector, 1)
    lines = []
    for t in range(1200):
        share = rate(t)
        n = random.poisson(volume, 1) * (share >= 0)
        tick = Tick(
            300 * (t + 1),
            baseline.cell(300 * (t + 1), "Europe/Berlin"),
            n.astype(float),
            random.binomial(n, max(share, 0)).astype(float),
        )
        state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
        steady_or_watched = STATES[judgement.state[0]] in ("steady", "watch") and not judgement.resolved.size
        if judgement.changed.size and not (steady_or_watched and t):
            verdict = judgement.verdict(0)
            onset = None if verdict.onset is None else verdict.onset // 300
            lines.append(
                {"tick": t, "state": verdict.state, "onset": onset, "evidence": verdict.evidence, "why": verdict.why}
            )
    last = judgement.verdict(0)
    lines.append({"tick": t, "state": last.state, "evidence": last.evidence, "low": last.change_low})
    return lines


@pytest.mark.golden
@pytest.mark.parametrize("name", STREAMS)
def test_stream_is_judged_as_it_was(name):
    got = told(*STREAMS[name])
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
