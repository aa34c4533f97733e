"""Rates over time: what the drifts say, and the noise that lies over it."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bellbuoy.config.spells import Turn
from bellbuoy.monitor.simulate.drift import Drift
from bellbuoy.monitor.simulate.plan import Plan

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
MEMORY_HOURS = 6.0
SPARE_DAYS = 3
"""Days after the plan's end for which noise is drawn: interactions may run on past midnight."""


def follow(base: float, drifts: Sequence[Drift | Turn], day: Array) -> Array:
    """Return the value of one series at the given days (fractions count).

    Args:
        base: value where nothing drifts; the first drift's `before` takes its place.
        drifts: of this series, in the order of their days.
        day: any shape; days, or whatever the drifts are counted in.
    """
    value = np.full(day.shape, drifts[0].before if drifts else base)
    for drift in drifts:
        if drift.ends is None:
            value = np.where(day >= drift.begins, drift.after, value)
        else:
            way = np.clip((day - drift.begins) / (drift.ends - drift.begins), 0.0, 1.0)
            value = np.where(day >= drift.begins, drift.before + (drift.after - drift.before) * way, value)
    return value


def bad_rates(plan: Plan, kind: str, base: Sequence[float], day: Array, has: Callable[[str, str], Mask]) -> Array:
    """Return the share of bad for each step (rows of `day`) and interaction (columns).

    A slice's drift multiplies what the step has at that time: exactly the written rates where the step itself is
    steady, and in proportion where it drifts too.

    Args:
        plan: whose drifts are followed.
        kind: `success`, `reask`, `handoff` or `slow`.
        base: value of each step where nothing drifts, in the unit of the kind.
        day: day of each run, shape (steps, interactions).
        has: mask of the interactions that lie in a slice, shape (interactions,).
    """
    rates = np.empty(day.shape)
    flip = kind == "success"
    for row, step in enumerate(plan.workflow.steps):
        mine = [drift for drift in plan.drifts if drift.kind == kind and drift.step == step.name]
        overall = [drift for drift in mine if drift.where is None]
        value = follow(base[row], overall, day[row])
        rates[row] = 1.0 - value if flip else value
        steady = overall[0].before if overall else base[row]
        normal = 1.0 - steady if flip else steady
        for where in sorted({drift.where for drift in mine if drift.where is not None}):
            value = follow(steady, [drift for drift in mine if drift.where == where], day[row])
            bad = 1.0 - value if flip else value
            sliced = rates[row] * bad / normal if normal > 0 else bad
            rates[row] = np.where(has(*where), np.minimum(sliced, 1.0), rates[row])
    return rates


def noise_factors(plan: Plan) -> Array:
    """Return factors with mean 1 for each hour, shape (steps + 1, hours); the last row is the volume's.

    Half of the variance is shared by all steps; the logarithm is an AR(1) with a memory of six hours.
    """
    hours, rows = 24 * (plan.days + SPARE_DAYS), len(plan.workflow.steps) + 1
    if plan.noise == 0:
        return np.ones((rows, hours))
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(plan.seed, spawn_key=(2,))))
    shock = rng.standard_normal((hours, rows + 1))
    keep = float(np.exp(-1.0 / MEMORY_HOURS))
    fresh = float(np.sqrt(1.0 - keep * keep))
    state = shock[0]
    path = np.empty_like(shock)
    for hour in range(hours):
        state = keep * state + fresh * shock[hour] if hour else state
        path[hour] = state
    mixed = np.sqrt(0.5) * (path[:, :-1] + path[:, -1:])
    deviation = np.full(rows, plan.noise)
    deviation[-1] *= 0.5
    factors: Array = np.exp(mixed * deviation - deviation**2 / 2).T
    return factors


def leaning(lean: Array, run: Mask, rate: Array) -> Array:
    """Return the rate of each interaction, higher for difficult ones, with the same mean over those that run.

    Args:
        lean: difficulty of each interaction, positive.
        run: who runs this step.
        rate: mean rate.

    The spread shrinks where a probability would pass 1, so that the mean stays what was asked for.
    """
    if not run.any():
        return rate
    relative = lean / lean[run].mean()
    top, highest = float(relative[run].max()), float(rate[run].max())
    if top <= 1.0 or highest <= 0.0:
        return rate
    spread = min(1.0, max(0.0, (1.0 / highest - 1.0) / (top - 1.0)))
    tilted: Array = rate * (1.0 + spread * (relative - 1.0))
    return tilted
