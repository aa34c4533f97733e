"""The mix of two kinds of work in whole interactions, judged by strata: only the mix shifts, or both kinds get worse."""

from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.strata import ODDS, RATES, SHIFTED, USUAL, WEEK
from bellbuoy.bench.detect.streams import DAY, HISTORY, Change, World, made
from bellbuoy.bench.detect.through.backtested import after, backtested, configured
from bellbuoy.bench.detect.through.fleet import TICK, Fleet

NUMBER: Final = 220
KINDS: Final = ("orders", "refunds")
MORE: Final = """
detectors:
  - { name: end-to-end, signal: interaction_failure, by: [workflow], kind: rate_shift, stratify: [intent] }
  - { name: end-to-end-month-one, signal: interaction_failure, by: [workflow], kind: slow_drift, stratify: [intent] }
"""
MANY: Final = 2
"""How many times as many workflows as elsewhere: a share of some 20 % is measured on two thirds of them."""


def run(size: Size) -> dict[str, Any]:
    """Return how many open within a week: while nothing changes, when the mix shifts, when both kinds get worse."""
    many = MANY * size.replicates
    keys, n, bad, change = [], [], [], []
    for workflow in range(many):
        random = np.random.default_rng(np.random.SeedSequence([size.seed, NUMBER, workflow, 1]))
        begins = HISTORY + WEEK + int(random.integers(DAY))
        for kind, name in enumerate(KINDS):
            rate = RATES[kind]
            odds = ODDS * rate / (1.0 - rate)
            shifts = Change(0.0, volume=SHIFTED[kind] / USUAL[kind])
            own = made(
                World(bad=rate, volume=USUAL[kind], season=0.4 * rate, traffic=0.5, noise=0.25),
                NUMBER + kind,
                1,
                ticks=WEEK + DAY + WEEK,
                change=Change(odds / (1.0 + odds) - rate) if worse(workflow) else shifts,
                begins=begins,
                seed=size.seed,
                first=workflow,
            )
            keys.append(("interaction_failure by intent", f"flow-{workflow}", None, name))
            n.append(own.n)
            bad.append(own.bad)
        change.append(begins)
    wholes = tuple(("interaction_failure", f"flow-{workflow}", None, None) for workflow in range(many))
    fleet = Fleet(tuple(keys), own.at, np.hstack(n), np.hstack(bad), wholes, np.repeat(np.arange(many), len(KINDS)))
    told = backtested(fleet, configured(more=MORE), [size.seed, NUMBER])
    quiet = [
        told.opened((one[1], None), fleet.began + TICK * HISTORY, fleet.began + TICK * (HISTORY + WEEK))
        for one in wholes
    ]
    found: dict[str, Any] = {"nothing": {"opened": rounded(float(np.mean([one > 0 for one in quiet]))), "series": many}}
    for name, chosen in (("mix", False), ("worse", True)):
        own_ones = [workflow for workflow in range(many) if worse(workflow) == chosen]
        ticks = np.full(len(own_ones), np.nan)
        early = np.zeros(len(own_ones), dtype=bool)
        for row, workflow in enumerate(own_ones):
            where, began = (f"flow-{workflow}", None), fleet.began + TICK * change[workflow]
            early[row] = told.open_at(where, began)
            span = told.span(where, began)
            ticks[row] = np.nan if span is None else after(span[0], began)
        found[name] = {
            "opened": rounded(float((ticks[~early] <= WEEK).mean())),
            "delay": figures.delay(ticks, early, WEEK).row(),
        }
    return found


def worse(workflow: int) -> bool:
    """Tell whether both kinds of a workflow get worse; in the others only the mix shifts."""
    return workflow % 3 == 2
