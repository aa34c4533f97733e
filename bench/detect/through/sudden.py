"""Sudden changes in a fleet of workflows of four steps, after two months in which nothing was wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.scenarios import REALISTIC, WEEKLY
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import DAY, HISTORY, MONTH, Change, Streams, World, made
from bellbuoy.bench.detect.through.backtested import Told, after, backtested, configured
from bellbuoy.bench.detect.through.fleet import TICK, Fleet, Places
from bellbuoy.monitor.backtest.counted import Key

STEPS: Final = 4
STEP: Final = 2
"""Place of the step that gets worse."""
WEEKENDS: Final = 3
"""Every third workflow has weekends that are worse."""
STILL: Final = 1_500
"""Ticks in which what is still as bad should not be resolved."""


@dataclass(frozen=True, slots=True)
class Fall:
    """What goes wrong in one step of each workflow.

    Attributes:
        name: as printed.
        number: second part of the seeds.
        change: what goes wrong.
        horizon: ticks after which it counts as missed.
        ticks: after the day in which it begins.
    """

    name: str
    number: int
    change: Change
    horizon: int
    ticks: int


FALLS: Final = (
    Fall("fall of .03", 201, Change(0.03), 10 * DAY, 10 * DAY),
    Fall("fall of .10 for 6 days", 202, Change(0.10, lasts=6 * DAY), 2 * DAY, 9 * DAY),
    Fall("dip of .20 for 2 h", 203, Change(0.20, lasts=24), 48, 2 * DAY),
)


def run(fall: Fall, size: Size) -> dict[str, Any]:
    """Return false openings of the month after the history, and how soon the change was told and how it ended."""
    fleet, change = fleet_of(fall.number, fall.change, size, ticks=MONTH + DAY + fall.ticks, quiet=MONTH)
    told = backtested(fleet, configured(), [size.seed, fall.number])
    return {**_quiet(fleet, told), **_changed(fall, fleet, told, change)}


def world_of(workflow: int) -> World:
    """Return how the series of a workflow behave."""
    return WEEKLY if workflow % WEEKENDS == WEEKENDS - 1 else REALISTIC


def fleet_of(
    number: int,
    change: Change,
    size: Size,
    *,
    ticks: int,
    quiet: int,
    world: Callable[[int], World] = world_of,
) -> tuple[Fleet, Places]:
    """Return a fleet in which one step of each workflow changes, and the place of the first tick of each workflow's change.

    Args:
        number: second part of the seeds.
        change: of that step.
        size: of whose replicates each is a workflow.
        ticks: after the history.
        quiet: of them before the day in which the change begins.
        world: how the series of a workflow behave.
    """
    keys: list[Key] = []
    made_ones: list[Streams] = []
    for workflow in range(size.replicates):
        for step in range(STEPS):
            own = made(
                world(workflow),
                number,
                1,
                ticks=ticks,
                change=change if step == STEP else None,
                quiet=quiet,
                seed=size.seed,
                first=workflow * STEPS + step,
            )
            keys.append(("step_failure", f"flow-{workflow}", f"step-{step}", None))
            made_ones.append(own)
    n, bad = (np.hstack([getattr(one, name) for one in made_ones]) for name in ("n", "bad"))
    begins = np.array([int(one.change[0]) for one in made_ones[STEP::STEPS]])
    return Fleet(tuple(keys), made_ones[0].at, n, bad), begins


def _quiet(fleet: Fleet, told: Told) -> dict[str, Any]:
    """Return how many series had no, one, two … openings in the month, by world; and the incidents that opened in it.

    `openings` are those of both detectors, as the budget counts them; in `series` two that are open at the same time are one.
    """
    since, until = fleet.began + TICK * HISTORY, fleet.began + TICK * (HISTORY + MONTH)
    seen: dict[str, dict[str, list[int]]] = {"openings": {}, "series": {}}
    for _, workflow, step, _ in fleet.keys:
        world = "with weekends" if world_of(int(workflow.rpartition("-")[2])).weekend else "realistic"
        spans = told.spans.get((workflow, step), ())
        seen["openings"].setdefault(world, []).append(told.opened((workflow, step), since, until))
        seen["series"].setdefault(world, []).append(sum(since < begins <= until for begins, _ in spans))
    incidents = sum(one.kind == "opened" and since < one.at <= until for one in told.changes)
    counted = {name: {world: np.bincount(own).tolist() for world, own in one.items()} for name, one in seen.items()}
    return {**counted, "incidents": incidents}


def _changed(fall: Fall, fleet: Fleet, told: Told, change: Places) -> dict[str, Any]:
    ticks = np.full(len(change), np.nan)
    early = np.zeros(len(change), dtype=bool)
    still, ended = [], []
    for workflow, place in enumerate(change.tolist()):
        where, began = (f"flow-{workflow}", f"step-{STEP}"), fleet.began + TICK * place
        last = int(fleet.at[-1]) if fall.change.lasts is None else began + TICK * fall.change.lasts
        early[workflow] = told.open_at(where, began)
        span = told.span(where, began)
        if early[workflow] or span is None:
            continue
        ticks[workflow] = after(span[0], began)
        if span[0] + TICK * STILL <= last:
            still.append(span[1] - span[0] < TICK * STILL)
        if fall.change.lasts is not None and span[0] <= last < span[1]:
            resolved = told.resolved(where, last)
            ended.append(np.inf if resolved is None else after(resolved, last))
    found: dict[str, Any] = {"delay": figures.delay(ticks, early, fall.horizon).row()}
    if still:
        found["still"] = {"open": len(still), "resolved": rounded(float(np.mean(still)))}
    if ended:
        rest = fall.ticks - (fall.change.lasts or 0)
        over = np.array(ended)
        found["recovered"] = {
            "open": len(ended),
            "resolved": rounded(float((over <= rest).mean())),
            "median": rounded(float(np.median(over))) if np.isfinite(np.median(over)) else None,
            "p90": rounded(float(np.percentile(over, 90))) if (over <= rest).mean() >= 0.95 else None,
        }
    return found
