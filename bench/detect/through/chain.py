"""Chains of eight steps and the whole of them: one step gets worse, and the incident is named after it."""

from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.fleets import STEP, STEPS
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import BEGAN, DAY, HISTORY, World, rates
from bellbuoy.bench.detect.through.backtested import Told, after, backtested, configured
from bellbuoy.bench.detect.through.fleet import TICK, Fleet

NUMBER: Final = 230
STEADY: Final = World(bad=0.02, season=0.005, traffic=0.5, noise=0.25)
WORSE: Final = 0.03
"""What is added to the bad rate of one step."""
TICKS: Final = 4 * DAY


def run(size: Size) -> dict[str, Any]:
    """Return in what share of the chains the first step that an incident tells of is the one that got worse, and how soon."""
    fleet, change = _made(size)
    told = backtested(fleet, configured(1.0 / (STEPS + 1)), [size.seed, NUMBER])
    ticks, early = np.full(len(change), np.nan), np.zeros(len(change), dtype=bool)
    whole = np.full(len(change), np.nan)
    right = []
    for workflow, place in enumerate(change):
        name, began = f"chain-{workflow}", fleet.began + TICK * place
        steps = [(name, f"step-{step}") for step in range(STEPS)]
        early[workflow] = any(told.open_at(where, began) for where in (*steps, (name, None)))
        spans = [span for where in steps if (span := told.span(where, began)) is not None]
        end = told.span((name, None), began)
        whole[workflow] = np.nan if end is None else after(end[0], began)
        if spans and not early[workflow]:
            ticks[workflow] = after(min(spans)[0], began)
            if ticks[workflow] <= TICKS - DAY:
                right.append(_leads(told, name, began) == f"step-{STEP}")
    return {
        "right_step": rounded(float(np.mean(right))) if right else None,
        "chains": len(right),
        "steps": figures.delay(ticks, early, TICKS - DAY).row(),
        "end_to_end": figures.delay(whole, early, TICKS - DAY).row(),
    }


def _leads(told: Told, workflow: str, since: int) -> str | None:
    """Return the step after which an incident of a workflow was first named after an instant."""
    for change in told.changes:
        step = change.incident.lead.watched.series.step
        if change.incident.workflow == workflow and change.at > since and step is not None:
            return step
    return None


def _made(size: Size) -> tuple[Fleet, list[int]]:
    ticks = HISTORY + TICKS
    at = BEGAN + TICK * np.arange(1, ticks + 1, dtype=np.int64)
    keys, n, bad, change = [], [], [], []
    for workflow in range(size.replicates):
        random = np.random.default_rng(np.random.SeedSequence([size.seed, NUMBER, workflow]))
        begins = HISTORY + int(random.integers(DAY))
        extra = np.where(np.arange(ticks) >= begins, WORSE, 0.0)
        fails = [rates(STEADY, random, at - TICK, extra if step == STEP else 0.0 * extra) for step in range(STEPS)]
        count = random.poisson(STEADY.volume * (1.0 + STEADY.traffic * np.cos(2.0 * np.pi * np.arange(ticks) / DAY)))
        tick = np.repeat(np.arange(ticks), count)
        failed = [random.random(len(tick), dtype=np.float32) < rate[tick] for rate in fails]
        for step, one in enumerate((*failed, np.logical_or.reduce(failed))):
            whole = step == STEPS
            signal = "interaction_failure" if whole else "step_failure"
            keys.append((signal, f"chain-{workflow}", None if whole else f"step-{step}", None))
            n.append(count.astype(np.float64))
            bad.append(np.bincount(tick, weights=one, minlength=ticks))
        change.append(begins)
    return Fleet(tuple(keys), at, np.stack(n, axis=1), np.stack(bad, axis=1)), change
