"""How long one tick takes over many series: the fold alone, and the whole way from stored counts to stored verdicts."""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

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

TARGET_MS = 100.0
"""Median of the whole tick over the steps of 125 workflows that is promised."""

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
    parser.add_argument("--series", type=int, default=1_000, help="how many series (default: 1000)")
    parser.add_argument("--ticks", type=int, default=50, help="how many ticks (default: 50)")
    parser.add_argument("--volume", type=float, default=20.0, help="trials a tick and series (default: 20)")
    options = parser.parse_args(argv)
    size = options.series // STEPS * STEPS
    print(f"{size} series, rate_shift and slow_drift, 7 alternatives each, {options.ticks} ticks")
    fold = folds(size, options.ticks, options.volume)
    print(f"the fold alone:  median {statistics.median(fold):7.2f} ms, slowest {max(fold):7.2f} ms")
    first, looks, whole = ticks(size, options.ticks)
    print(f"what is said of earlier events, and who fell silent: median {statistics.median(looks):.2f} ms")
    print(f"the whole tick:  median {statistics.median(whole):7.2f} ms, slowest {max(whole):7.2f} ms")
    print(f"a day's first tick, with the fit of all baselines: {first:.0f} ms")
    return int(options.series <= 1_000 and statistics.median(whole) > TARGET_MS)


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


def ticks(size: int, number: int) -> tuple[float, list[float], list[float]]:
    """Return the milliseconds of a day's first tick, and of the ticks after it: of the look at earlier events, and of all.

    All is that look, and then to read, fold and write in one transaction.
    """
    config = load_text(CONFIG)
    random = np.random.default_rng(20_261_123)
    with Store.open(None, config.store) as store:
        store.follow(config)
        feed = Feed(store, size, random)
        feed.events(START)
        feed.history(HISTORY_D)
        evaluation = Evaluation(store, config)
        looks, spent = [], []
        for place in range(number + 1):
            at = START + HISTORY_D * DAY + 300 * place
            feed.events(at)
            began = time.perf_counter()
            store.amend(at + 300, judged=evaluation.judged)
            looks.append(1000 * (time.perf_counter() - began))
            evaluation.advance(at + 300)
            spent.append(1000 * (time.perf_counter() - began))
    return spent[0], looks[1:], spent[1:]


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
