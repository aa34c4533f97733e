"""How long one tick takes over many series: the fold alone, and the whole way from stored counts to stored verdicts."""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from bellbuoy.bench.machine import pace
from bellbuoy.config.load import load_text
from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import Counts, Detector, Tick
from bellbuoy.detectors.budget import threshold
from bellbuoy.detectors.rate_shift import RateShift
from bellbuoy.detectors.slow_drift import SlowDrift
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

SERIES = 1_000
TARGET_MS = 100.0
"""Median of the whole tick over so many series that is promised."""

CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""
STEPS = 8
DAY = 86_400
START = 1_780_272_000
HISTORY_D = 9


def main(argv: Sequence[str] | None = None) -> int:
    """Print the milliseconds of a tick; 1 when the whole tick over 1,000 series is slower than promised."""
    parser = argparse.ArgumentParser(prog="bellbuoy bench tick", description=__doc__)
    parser.add_argument(
        "--steps", type=int, nargs="+", default=[176, 1_000], help="of how many steps (default: 176 and 1000)"
    )
    parser.add_argument("--ticks", type=int, default=50, help="how many ticks (default: 50)")
    parser.add_argument(
        "--volume", type=float, default=20.0, help="trials a tick and step in the fold alone (default: 20)"
    )
    options = parser.parse_args(argv)
    late = False
    for steps in options.steps:
        size = max(1, steps // STEPS) * STEPS
        whole = ticks(size, options.ticks)
        print(f"{size} steps, {whole.series} series, {whole.lines} of them judged, {options.ticks} ticks")
        fold = folds(size, options.ticks, options.volume)
        print(f"  the fold alone, rate_shift and slow_drift, 7 alternatives each: {_told(fold)}")
        print(f"  what is said of earlier events, and who fell silent: {_told(whole.looks)}")
        print(f"  the whole tick: {_told(whole.spent)}")
        print(f"  between the ticks, a million turns of a bare loop: {_told(whole.paces)}")
        print(f"  a day's first tick, with the fit of all baselines: {whole.first:.0f} ms")
        late |= whole.series <= SERIES and statistics.median(whole.spent) > TARGET_MS
    return int(late)


def _told(spent: Sequence[float]) -> str:
    return f"median {statistics.median(spent):.2f} ms, slowest {max(spent):.2f} ms"


@dataclass(frozen=True, slots=True)
class Ticks:
    """What ticks took, milliseconds.

    Attributes:
        series: how many are counted.
        lines: how many are judged.
        first: a day's first tick.
        looks: the ticks after it: the look at what is said of earlier events, and at who fell silent.
        spent: the whole of them: that look, and to read, fold and write in one transaction.
        paces: how fast the machine is before each, see `bellbuoy.bench.machine.pace`.
    """

    series: int
    lines: int
    first: float
    looks: list[float]
    spent: list[float]
    paces: list[float]


def folds(size: int, number: int, volume: float) -> list[float]:
    """Return the milliseconds of each fold of `size` series by both detectors."""
    random = np.random.default_rng(20_261_122)
    learned = random.poisson(volume, (28 * 288, 50))
    history = Counts(
        at=300 * np.arange(1 - 28 * 288, 1),
        n=learned.astype(np.float64),
        bad=random.binomial(learned, 0.05).astype(np.float64),
    )
    normal = baseline.take(baseline.fit(history), np.arange(size) % 50)
    nats = threshold(2, 30 * DAY, 300, np.ones(2 * size))[:size]
    watch = judge.Watch(nats, np.ones(size), np.full(size, 0.02))
    detectors: tuple[Detector, ...] = (RateShift(), SlowDrift())
    prepared = [detector.prepare(normal, watch.threshold, watch.direction) for detector in detectors]
    states = [judge.begin(detector, size) for detector in detectors]
    spent = []
    for place in range(number):
        n = random.poisson(volume, size)
        bad = random.binomial(n, 0.05).astype(np.float64)
        at = 300 * (place + 1)
        tick = Tick(at, baseline.cell(at, "UTC"), n.astype(np.float64), bad)
        began = time.perf_counter()
        for which, detector in enumerate(detectors):
            states[which], _ = judge.fold(detector, states[which], tick, prepared[which], normal, watch)
        spent.append(1000 * (time.perf_counter() - began))
    return spent


def ticks(size: int, number: int) -> Ticks:
    """Return what a day's first tick over so many steps takes, and the ticks after it."""
    config = load_text(CONFIG)
    random = np.random.default_rng(20_261_123)
    with Store.open(None, config.store) as store:
        store.follow(config)
        feed = Feed(store, size, random)
        feed.events(START)
        feed.history(HISTORY_D)
        evaluation = Evaluation(store, config)
        looks, spent, paces = [], [], []
        for place in range(number + 1):
            at = START + HISTORY_D * DAY + 300 * place
            feed.events(at)
            paces.append(pace())
            began = time.perf_counter()
            store.amend(at + 300, judged=evaluation.judged)
            looks.append(1000 * (time.perf_counter() - began))
            evaluation.advance(at + 300)
            spent.append(1000 * (time.perf_counter() - began))
        return Ticks(len(store.series()), len(evaluation.lines), spent[0], looks[1:], spent[1:], paces[1:])


class Feed:
    """Fills a store with interactions of many workflows: a twentieth falls silent, a hundredth of the steps is tried again."""

    def __init__(self, store: Store, size: int, random: np.random.Generator) -> None:
        self.store = store
        self.names = [(f"workflow-{place // STEPS}", f"step-{place % STEPS}") for place in range(size)]
        self.random = random
        self.stream = Stream("bench", "made", 0, "1")
        self.sent = 0

    def events(self, at: int) -> None:
        """Append two interactions of every workflow in the tick that begins at `at`; of the first tick of all each one ends."""
        step = (
            '{"type":"step","ts":%d,"interaction_id":"i-%d-%d","workflow":"%s","step":"%s","attempt":%d,"outcome":"%s"}'
        )
        end = '{"type":"interaction","ts":%d,"interaction_id":"i-%d-%d","workflow":"%s","outcome":"success"}'
        lines = []
        for again in range(2):
            bad, tried, ended = self.random.random((3, len(self.names)))
            for place, (workflow, name) in enumerate(self.names):
                for attempt in (1, 2) if tried[place] < 0.01 else (1,):
                    outcome = "failure" if bad[place] < 0.05 else "success"
                    lines.append(step % (1000 * (at + 6 + attempt), at, again, workflow, name, attempt, outcome))
                if place % STEPS == STEPS - 1 and (ended[place] < 0.95 or not self.sent):
                    lines.append(end % (1000 * (at + 20), at, again, workflow))
        self._append(at, [line.encode() for line in lines])

    def failures(self, at: int, place: int, many: int) -> None:
        """Append so many failed attempts of one step, each of another interaction."""
        workflow, step = self.names[place]
        line = '{"type":"step","ts":%d,"interaction_id":"f-%d-%d","workflow":"%s","step":"%s","outcome":"failure"}'
        self._append(at, [(line % (1000 * (at + 9), at, again, workflow, step)).encode() for again in range(many)])

    def _append(self, at: int, lines: list[bytes]) -> None:
        chunk = Chunk(self.stream, range(self.sent, self.sent + len(lines)), lines, self.sent + len(lines))
        self.sent += len(lines)
        number = self.store.stream_id(self.stream)
        self.store.append(decode(chunk, stream_id=number, received_at_us=(at + 300) * 1_000_000, limits=Limits()))

    def history(self, days: int) -> None:
        """Write counts of all series for so many days, judged already."""
        ids = np.array([one.id for one in self.store.series()])
        n = self.random.poisson(1.5, (days * 288, len(ids)))
        bad = self.random.binomial(n, 0.05)
        tick, place = np.nonzero(n)
        minute = pa.array((START + 300 * tick) * 1_000_000, pa.int64()).cast(pa.timestamp("us"))
        rows = {"minute": minute, "series": pa.array(ids[place]), "n": pa.array(n[tick, place])}
        long_ago = pa.array(0 * tick, pa.int64()).cast(pa.timestamp("us"))
        rows |= {"bad": pa.array(bad[tick, place]), "known_at": long_ago}
        with self.store.transaction() as tx:
            tx.insert("counts", pa.table(rows))
            tx.run("judgement/set_progress", name="judged", at=START + days * DAY)


if __name__ == "__main__":
    sys.exit(main())
