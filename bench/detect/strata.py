"""Mix: what happens when only the shares of two kinds of work change, and when both kinds get worse."""

from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.columns import BUDGET
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import BEGAN, DAY, HISTORY, Streams
from bellbuoy.bench.detect.thresholds import thresholds
from bellbuoy.detectors import baseline, judge
from bellbuoy.detectors.base import WATCH, WORSE, Array, Counts, Detector, Tick
from bellbuoy.detectors.mix import Strata, Stratified
from bellbuoy.detectors.rate_shift import RateShift

RATES: Final = (0.02, 0.12)
USUAL: Final = (14.0, 6.0)
SHIFTED: Final = (8.0, 12.0)
ODDS: Final = 1.66
"""By what the odds of a bad trial grow in both strata: the whole goes from .95 to .92."""
WEEK: Final = 7 * DAY


def run(size: Size) -> dict[str, Any]:
    """Return how often the sum and the strata open in a week: nothing, a shift of the mix, and both strata worse."""
    found: dict[str, Any] = {}
    for number, kind in enumerate(("nothing", "mix", "worse")):
        whole, parts = _made(size, 90 + number, kind)
        for name, detector in (("sum", RateShift()), ("strata", Stratified())):
            openings, ticks, early, watched = _judged(detector, whole, parts, stratified=name == "strata")
            own = {
                "opened": rounded(float((openings > 0).mean())),
                "delay": figures.delay(ticks, early, WEEK).row(),
            }
            if name == "strata":
                own["watched"] = rounded(float(watched.mean()))
            found.setdefault(kind, {})[name] = own
    return found


def _made(size: Size, number: int, kind: str) -> tuple[Streams, Counts]:
    """Return the sums, and the counts of the strata with those of one series side by side, shape (T, 2 R)."""
    ticks = WEEK + 2 * DAY
    whole = HISTORY + ticks
    many = size.replicates
    n, bad = np.empty((whole, 2 * many)), np.empty((whole, 2 * many))
    change = np.empty(many, dtype=np.int64)
    for place in range(many):
        random = np.random.default_rng(np.random.SeedSequence([size.seed, number, place]))
        change[place] = HISTORY + DAY + int(random.integers(DAY))
        after = np.arange(whole) >= change[place]
        for stratum in range(2):
            moved = after & (kind == "mix")
            count = random.poisson(np.where(moved, SHIFTED[stratum], USUAL[stratum]))
            odds = RATES[stratum] / (1.0 - RATES[stratum]) * np.where(after & (kind == "worse"), ODDS, 1.0)
            n[:, 2 * place + stratum] = count
            bad[:, 2 * place + stratum] = random.binomial(count, odds / (1.0 + odds))
    at = BEGAN + 300 * np.arange(1, whole + 1, dtype=np.int64)
    sums = Streams(at, n[:, ::2] + n[:, 1::2], bad[:, ::2] + bad[:, 1::2], HISTORY, change)
    return sums, Counts(at, n, bad)


def _judged(
    detector: Detector, whole: Streams, parts: Counts, *, stratified: bool
) -> tuple[Array, Array, np.ndarray[Any, np.dtype[np.bool_]], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Fold; return openings, delays, who opened early and who was ever said to have another mix."""
    many = whole.size
    span = slice(whole.start - 35 * DAY, whole.start - 7 * DAY)
    nats = np.full(many, BUDGET)
    opens = thresholds(detector, whole, BUDGET, strata=(parts, 2) if stratified else None).opens(BUDGET, many)
    watch = judge.Watch(opens, np.ones(many), np.full(many, 0.02))
    normal = baseline.fit(Counts(whole.at[span], whole.n[span], whole.bad[span]))
    if isinstance(detector, Stratified) and stratified:
        fitted = [
            baseline.fit(
                Counts(
                    parts.at[span],
                    *(np.ascontiguousarray(one[span, since : since + 200]) for one in (parts.n, parts.bad)),
                )
            )
            for since in range(0, 2 * many, 200)
        ]
        prepared: Any = detector.prepare(
            normal, nats, watch.direction, Strata(baseline.concat(fitted), np.repeat(np.arange(many), 2))
        )
    else:
        prepared = detector.prepare(normal, nats, watch.direction)
    state = judge.begin(detector, many)
    cells = baseline.cells(whole.at, "UTC")
    openings, first = np.zeros(many), np.full(many, np.nan)
    early, mixed, was = (np.zeros(many, dtype=bool) for _ in range(3))
    for place in range(whole.start, len(whole.at)):
        strata = np.stack((parts.n[place], parts.bad[place])) if stratified else None
        tick = Tick(int(whole.at[place]), int(cells[place]), whole.n[place], whole.bad[place], strata=strata)
        state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
        is_open = judgement.state >= WORSE
        new = is_open & ~was
        after = place >= whole.change
        openings += new & after
        early |= new & ~after
        first = np.where(new & after & np.isnan(first), place - whole.change + 1.0, first)
        if judgement.mixed is not None:
            mixed |= judgement.mixed & (judgement.state == WATCH) & after
        was = is_open
    return openings, first, early, mixed
