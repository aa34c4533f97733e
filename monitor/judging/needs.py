"""Which minutes must stay minutes: those that a baseline may still be learned from."""

from bellbuoy.config.model import Config
from bellbuoy.monitor.judging.judgement_rows import baselines, progress
from bellbuoy.monitor.judging.marks import marks
from bellbuoy.monitor.judging.objectives import OBJECTIVE
from bellbuoy.monitor.judging.strata import strata_lines
from bellbuoy.monitor.judging.watchlist import detectors_of, watchlist
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.aging.coarsen import DAY, FINE_S, Needed

SPARE_S = 2 * DAY
"""The next fit is at the next midnight, and looks at whole ticks."""


def needed(store: Store, config: Config) -> Needed:
    """Return which minutes a fit may still read.

    A learning baseline reads its span, or twice that where incidents are left out of it; a pinned one reads its span for
    ever, for it is fitted again whenever more is known of it; an anchor reads a series from its beginning until it is armed.
    """
    learning = [one for one in config.baselines.values() if one.pinned is None]
    reach = max([FINE_S, *(2 * one.learn + one.lag for one in learning)]) + SPARE_S
    judged = progress(store, "judged") or 0
    spans = [(float(since), float(until)) for since, until in marks(store, judged).pins(config).values()]
    known = baselines(store, judged)
    lines = watchlist(config.detectors, detectors_of(config.detectors), store.series())
    series: set[int] = set()
    for line in (one for one in [*lines, *strata_lines(lines)] if one.baseline != OBJECTIVE):
        fitted = known.get((line.baseline, line.watched.series))
        if line.baseline not in config.baselines and (fitted is None or fitted.armed[0] <= 0):
            series.update(line.members)
    return Needed(judged - reach, spans, series)
