"""The slide of months in a fleet: in one step of each workflow .94 good goes to .79 in five months."""

from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.slides import MONTHS, SLIDE
from bellbuoy.bench.detect.streams import DAY, MONTH, World
from bellbuoy.bench.detect.through.backtested import after, backtested, configured
from bellbuoy.bench.detect.through.fleet import TICK
from bellbuoy.bench.detect.through.sudden import STEP, fleet_of

NUMBER: Final = 210
SLIDING: Final = World(bad=0.06, volume=5.0, season=0.02, traffic=0.5, noise=0.25)


def run(size: Size) -> dict[str, Any]:
    """Return how soon the slide is told, and in what share of month five it is open."""
    fleet, change = fleet_of(NUMBER, SLIDE, size, ticks=MONTHS + DAY, quiet=0, world=lambda _: SLIDING)
    told = backtested(fleet, configured(), [size.seed, NUMBER])
    ticks, early, share = np.full(len(change), np.nan), np.zeros(len(change), dtype=bool), []
    until = int(fleet.at[-1])
    for workflow, place in enumerate(change.tolist()):
        where, began = (f"flow-{workflow}", f"step-{STEP}"), fleet.began + TICK * place
        early[workflow] = told.open_at(where, began)
        span = told.span(where, began)
        if span is not None:
            ticks[workflow] = after(span[0], began)
        inside = (min(ends, until) - max(begins, until - TICK * MONTH) for begins, ends in told.spans.get(where, ()))
        share.append(sum(max(0, one) for one in inside) / (TICK * MONTH))
    return {"delay": figures.delay(ticks, early, MONTHS).row(), "open_in_month_5": rounded(float(np.mean(share)))}
