"""Many series at once: a fleet of 300 of which ten get worse, and a chain of eight steps of which one does."""

from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.columns import BUDGET
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.shipped import Normals, Way, judged
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import BEGAN, DAY, HISTORY, Change, Streams, World, made
from bellbuoy.bench.detect.thresholds import thresholds
from bellbuoy.detectors.base import Array

SERIES, WORSE = 300, 10
WEEK: Final = 7 * DAY
STEPS: Final = 8
STEP: Final = 2
"""Place of the step that gets worse."""


def fleet(size: Size) -> dict[str, Any]:
    """Return what a week of a fleet brings with a budget of one false opening a week for all, and with one a month each."""
    fleets = max(1, size.replicates // 40)
    false: dict[str, list[float]] = {"fleet": [], "each": []}
    delays: dict[str, list[Array]] = {"fleet": [], "each": []}
    together = float(np.log(WEEK * SERIES))
    for number in range(fleets):
        first = number * SERIES
        good = made(World(), 60, SERIES - WORSE, ticks=WEEK, seed=size.seed, first=first)
        bad = made(World(), 61, WORSE, ticks=WEEK, change=Change(0.03), quiet=0, seed=size.seed, first=number * WORSE)
        streams = Streams(
            good.at,
            np.hstack([good.n, bad.n]),
            np.hstack([good.bad, bad.bad]),
            good.start,
            np.append(good.change, bad.change),
        )
        learned = thresholds(size.detector, streams, together)
        ways = [Way(np.full(SERIES, nats), learned.opens(nats, SERIES)) for nats in (together, BUDGET)]
        for name, run in zip(false, judged(size.detector, Normals(streams), ways), strict=True):
            false[name].append(float(run.openings()[: SERIES - WORSE].sum()))
            ticks, early = run.delays()
            delays[name].append(np.where(early, np.nan, ticks)[SERIES - WORSE :])
    return {
        name: {
            "false_a_week": rounded(float(np.mean(false[name]))),
            "false_a_week_error": rounded(float(np.std(false[name]) / np.sqrt(fleets))),
            "worse_found": rounded(float(np.mean(~np.isnan(np.concatenate(delays[name]))))),
            "delay": rounded(float(np.nanmean(np.concatenate(delays[name])))),
            "fleets": fleets,
        }
        for name in false
    }


def chain(size: Size) -> dict[str, Any]:
    """Return whether the step that went from .98 to .95 is the first to open, and how long the whole alone would take."""
    chains = max(4, size.replicates // 2)
    ticks = 3 * DAY + DAY
    streams = _chains(chains, ticks, size)
    nats = float(np.log(30 * DAY * (STEPS + 1)))
    learned = thresholds(size.detector, streams, nats)
    run = judged(
        size.detector, Normals(streams), [Way(np.full(streams.size, nats), learned.opens(nats, streams.size))]
    )[0]
    delays, early = run.delays()
    by_chain = delays.reshape(chains, STEPS + 1)
    calm = np.asarray(~early.reshape(chains, STEPS + 1).any(axis=1))
    steps = by_chain[:, :STEPS]
    first = np.fmin.reduce(steps, axis=1)
    seen = calm & ~np.isnan(first)
    right = steps[:, STEP] == first
    return {
        "right_step": rounded(float(right[seen].mean())),
        "steps": figures.delay(first, ~calm, 3 * DAY).row(),
        "end_to_end": figures.delay(by_chain[:, STEPS], ~calm, 3 * DAY).row(),
        "chains": int(seen.sum()),
        "learned": {name: rounded(value) for name, value in learned.told.items()},
    }


def _chains(chains: int, ticks: int, size: Size) -> Streams:
    """Return nine series for each chain: its steps and the whole; a failure of any step is one of the whole."""
    whole = HISTORY + ticks
    columns = STEPS + 1
    n = np.empty((whole, chains * columns))
    bad = np.empty_like(n)
    change = np.empty(chains * columns, dtype=np.int64)
    for place in range(chains):
        random = np.random.default_rng(np.random.SeedSequence([size.seed, 70, place]))
        begins = HISTORY + int(random.integers(DAY))
        count = random.poisson(20.0, whole)
        tick = np.repeat(np.arange(whole), count)
        failed = random.random((STEPS, len(tick)), dtype=np.float32)
        limit = np.full(len(tick), 0.02)
        fails = failed < limit
        fails[STEP] = failed[STEP] < np.where(tick >= begins, 0.05, 0.02)
        own = slice(place * columns, (place + 1) * columns)
        n[:, own] = count[:, None]
        rows = [*fails, fails.any(axis=0)]
        bad[:, own] = np.stack([np.bincount(tick, weights=one, minlength=whole) for one in rows], axis=1)
        change[own] = begins
    return Streams(BEGAN + 300 * np.arange(1, whole + 1, dtype=np.int64), n, bad, HISTORY, change)
