"""Volume, sparse series, late labels, and the week in which the clocks change."""

from dataclasses import replace
from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.columns import BUDGET
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.scenarios import REALISTIC
from bellbuoy.bench.detect.shipped import Normals, Way, judged
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import DAY, HISTORY, MONTH, Change, Streams, World, made
from bellbuoy.bench.detect.thresholds import thresholds
from bellbuoy.detectors.volume import Volume

BUSY: Final = World(traffic=0.5, bustle=0.3)
VOLUMES: Final = (("-80 %", 0.2, -1.0, DAY), ("-40 %", 0.6, -1.0, 5 * DAY), ("+60 %", 1.6, 1.0, 5 * DAY))
AUTUMN: Final = 1_792_368_000 - 300 * HISTORY
"""35 days before Monday 2026-10-19, 00:00 UTC: the clocks of Europe change on the Sunday after."""
ZONE: Final = "Europe/Berlin"


def volume(size: Size) -> dict[str, Any]:
    """Return false openings of `volume` in a month, both ways, and how soon it sees changes of the traffic."""
    detector = Volume()
    found: dict[str, Any] = {}
    null = made(BUSY, 100, size.replicates, ticks=size.ticks, seed=size.seed)
    normals = Normals(null)
    for name, direction in (("down", -1.0), ("up", 1.0)):
        learned = thresholds(detector, null, BUDGET, direction)
        ways = [Way(np.full(null.size, BUDGET), learned.opens(BUDGET, null.size)), Way.of(null.size, BUDGET)]
        runs = judged(detector, normals, ways, direction=direction)
        found[f"nothing, {name}"] = {
            "usual": figures.false(runs[0].openings(), size.ticks / MONTH).row(),
            "nominal": figures.false(runs[1].openings(), size.ticks / MONTH).row(),
            "learned": {key: rounded(value) for key, value in learned.told.items()},
        }
    for number, (name, factor, direction, horizon) in enumerate(VOLUMES):
        change = Change(0.0, volume=factor)
        streams = made(BUSY, 101 + number, size.replicates, ticks=2 * DAY + horizon, change=change, seed=size.seed)
        learned = thresholds(detector, streams, BUDGET, direction)
        way = Way(np.full(streams.size, BUDGET), learned.opens(BUDGET, streams.size))
        run = judged(detector, Normals(streams), [way], direction=direction, until_open=True)[0]
        found[name] = {"usual": figures.delay(*run.delays(), horizon, streams.trials_since_change(horizon)).row()}
    return found


def sparse(size: Size) -> dict[str, Any]:
    """Return false openings where a trial comes every 100 ticks."""
    null = made(World(volume=0.01), 110, size.replicates, ticks=size.ticks, seed=size.seed)
    run = judged(size.detector, Normals(null), [Way.of(null.size, BUDGET)])[0]
    return {"usual": figures.false(run.openings(), size.ticks / MONTH).row()}


def late(size: Size) -> dict[str, Any]:
    """Return by how much openings move when 2 % of the bad trials are known two days later: learned from, not judged."""
    streams = made(World(), 111, size.replicates, ticks=5 * DAY, change=Change(0.10), seed=size.seed)
    random = np.random.default_rng(np.random.SeedSequence([size.seed, 111, 1_000_000]))
    missing = random.binomial(streams.bad.astype(np.int64), 0.02).astype(np.float64)
    missing[: streams.start - 2 * DAY] = 0.0
    seen = replace(streams, n=streams.n - missing, bad=streams.bad - missing)
    learned = thresholds(size.detector, streams, BUDGET)
    way = Way(np.full(streams.size, BUDGET), learned.opens(BUDGET, streams.size))
    whole, cut = (
        judged(size.detector, _Told(streams, seen, told), [way], ticks=4 * DAY, until_open=True)[0]
        for told in (False, True)
    )
    apart = np.abs(whole.first() - cut.first())
    return {
        "within_2_ticks": rounded(float((apart <= 2).mean())),
        "most": rounded(float(np.nanmax(apart))),
        "streams": streams.size,
    }


class _Told(Normals):
    """Judges what is seen in time, learns from all."""

    def __init__(self, whole: Streams, seen: Streams, told: bool) -> None:
        super().__init__(seen if told else whole)
        self._learned_from = Normals(whole)

    def fitted(self, *arguments: Any, **named: Any) -> Any:
        """Return a fit of all that is known in the end."""
        return self._learned_from.fitted(*arguments, **named)


def clocks(size: Size) -> dict[str, Any]:
    """Return false openings, by series and 30 days, in the week in which the clocks change and in that before."""
    streams = made(REALISTIC, 112, size.replicates, ticks=14 * DAY, seed=size.seed, began=AUTUMN, zone=ZONE)
    learned = thresholds(size.detector, streams, BUDGET, zone=ZONE)
    way = Way(np.full(streams.size, BUDGET), learned.opens(BUDGET, streams.size))
    run = judged(size.detector, Normals(streams, ZONE), [way])[0]
    sunday = streams.start + 6 * DAY
    count = np.zeros((2, streams.size))
    for place, stream, what in run.happened:
        if what > 0:
            count[int(place >= sunday), stream] += 1
    return {
        "before": figures.false(count[0], 6 * DAY / MONTH).row(),
        "after": figures.false(count[1], 8 * DAY / MONTH).row(),
    }
