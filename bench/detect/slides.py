"""The slide of months: .94 good to .79 in five months, against a baseline that learns and one that never does."""

from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.columns import COLUMNS, Reference
from bellbuoy.bench.detect.families import PRODUCT
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.shipped import OPENED, RESOLVED, Normals, Run, Way, judged
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import DAY, HISTORY, MONTH, Change, Streams, World, made
from bellbuoy.bench.detect.thresholds import Thresholds, thresholds
from bellbuoy.detectors.base import Array
from bellbuoy.detectors.slow_drift import SlowDrift

MONTHS: Final = 5 * MONTH
PAIR: Final = float(np.log(2 * MONTH))
"""ln A where two detectors share one false opening in 30 days."""
SELDOM: Final = float(np.log(1e6))
SLIDE: Final = Change(0.15, over=MONTHS)
FIRST: Final = 45 * DAY
"""Ticks after which the other columns, and `rate_shift`, are no longer asked."""
COMPARED: Final = ("z 1 h", "z 6 h", "z 24 h", "EWMA 6 h", "multi-CUSUM", "burn", "chunk 1 h", "chunk 24 h")


def run(volume: float, number: int, size: Size) -> dict[str, Any]:
    """Return how soon the slide is seen, and whether it still is in month five.

    Args:
        volume: trials a tick.
        number: second part of the seeds; that of the month without a slide is one more.
        size: how much is run.
    """
    world = World(bad=0.06, volume=volume)
    streams = made(world, number, size.replicates, ticks=MONTHS + DAY, change=SLIDE, quiet=0, seed=size.seed)
    learned = thresholds(size.detector, streams, PAIR)
    slow, fast = _both(streams, learned, size)
    first: Array = np.asarray(np.fmin(slow[0].first(), fast.first()), dtype=np.float64) - streams.change + 1.0
    seldom = slow[1].first() - streams.change + 1.0
    early = _early(slow[0]) | _early(fast)
    found: dict[str, Any] = {
        PRODUCT: {
            "usual": figures.delay(first, early, MONTHS, among=~early).row(),
            "seldom": figures.delay(seldom, _early(slow[1]), MONTHS).row(),
            "open_in_month_5": rounded(float(_share_open(slow[0], streams).mean())),
            "slow_drift_first": rounded(float(np.nanmean(slow[0].first() - streams.change + 1.0))),
            "rate_shift_first": rounded(float(np.nanmean(fast.first() - streams.change + 1.0))),
            "learned": {name: rounded(value) for name, value in learned.told.items()},
        }
    }
    null = made(world, number + 1, size.replicates, ticks=size.ticks, seed=size.seed)
    cut = Streams(
        streams.at[: HISTORY + FIRST + DAY],
        streams.n[: HISTORY + FIRST + DAY],
        streams.bad[: HISTORY + FIRST + DAY],
        streams.start,
        streams.change,
    )
    for column in COLUMNS:
        if column.name in COMPARED and size.wants(column.name):
            level = figures.equal(column.statistic(null, Reference.of(null)).max(axis=0))
            above = column.statistic(cut, Reference.of(cut)) >= level
            ticks = figures.first_above(above) - (streams.change - streams.start) + 1.0
            found[column.name] = {"equal": figures.delay(ticks, ticks <= 0, FIRST).row()}
    return found


def _both(streams: Streams, learned: Thresholds, size: Size) -> tuple[list[Run], Run]:
    """Return `slow_drift` at both budgets against the first four weeks, and `rate_shift` beside it on half of the budget."""
    normals = Normals(streams)
    many = streams.size
    anchor = normals.fitted(0, 28 * DAY)
    ways = [
        Way(np.full(many, PAIR), learned.opens(PAIR, many)),
        Way(np.full(many, SELDOM), learned.opens(SELDOM, many)),
    ]
    slow = judged(SlowDrift(), normals, ways, anchor=anchor)
    frozen = open_ticks(slow[0], streams)
    fast = judged(size.detector, normals, ways[:1], frozen=frozen, ticks=FIRST, until_open=True)[0]
    return slow, fast


def open_ticks(run: Run, streams: Streams) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return at which ticks each stream was open, shape (T, R)."""
    answer = np.zeros(streams.n.shape, dtype=bool)
    since: dict[int, int] = {}
    for place, stream, what in run.happened:
        if what == OPENED:
            since[stream] = place
        elif what == RESOLVED and stream in since:
            answer[since.pop(stream) : place, stream] = True
    for stream, place in since.items():
        answer[place:, stream] = True
    return answer


def _share_open(run: Run, streams: Streams) -> Array:
    """Return in what share of the ticks of the last month each stream was open."""
    return np.asarray(open_ticks(run, streams)[-MONTH:].mean(axis=0))


def _early(run: Run) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return run.delays()[1]
