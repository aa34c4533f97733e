"""The shape of what is normal over the local week: by hour of the day, with a factor for each day, or by hour of the week."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors.base import CELLS, DAYS, HOURS, Array

Season = Literal["auto", "none", "day", "week"]
"""What may repeat itself: `auto` takes what describes the history best."""

FORMS: Final = 3
"""Shapes of a profile: 0 hours of the day, 1 the same with a factor for each day of the week, 2 hours of the week."""
ROUNDING: Final = 1e-9
NATS_A_FORM: Final = 2.0
"""What each form further must describe better, nats."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What was counted in each cell of the week.

    Attributes:
        total: bad trials, or trials, shape (CELLS, S).
        size: trials, or ticks, shape (CELLS, S).
    """

    total: Array
    size: Array

    def __sub__(self, other: "Sums") -> "Sums":
        """Return what is left without the other's."""
        return Sums(self.total - other.total, self.size - other.size)


def summed(total: Array, size: Array | NDArray[np.bool_], cells: NDArray[np.int64]) -> Sums:
    """Return sums over the ticks of each cell; no matrix product, whose threads fight over the cores.

    Args:
        total: of each tick, shape (T, S).
        size: likewise.
        cells: cell of each tick, shape (T,).
    """
    order = np.argsort(cells, kind="stable")
    found, first = np.unique(cells[order], return_index=True)
    answer = Sums(*(np.zeros((CELLS, total.shape[1])) for _ in range(2)))
    if len(found):
        for into, one in ((answer.total, total), (answer.size, size)):
            into[found] = np.add.reduceat(one[order].astype(np.float64, copy=False), first, axis=0)
    return answer


def shapes(sums: Sums, variance: Array, day_variance: Array, seasonal: NDArray[np.bool_]) -> Array:
    """Return the three shapes of a profile, each drawn towards the simpler one by as much as chance explains.

    Args:
        sums: what was counted.
        variance: of one unit of `size`, over blocks of an hour, shape (S,).
        day_variance: the same over blocks of a day.
        seasonal: False where too little was seen for any season: all shapes are flat there, shape (S,).

    Returns:
        Shape (FORMS, CELLS, S).
    """
    size = len(variance)
    hourly = Sums(*(one.reshape(DAYS, HOURS, size).sum(axis=0) for one in (sums.total, sums.size)))
    mean = hourly.total.sum(axis=0) / np.maximum(hourly.size.sum(axis=0), 1.0)
    by_hour = np.tile(_drawn(hourly, np.broadcast_to(mean, (HOURS, size)), variance, seasonal), (DAYS, 1))
    expected = (by_hour * sums.size).reshape(DAYS, HOURS, size).sum(axis=1)
    daily = sums.size.reshape(DAYS, HOURS, size).sum(axis=1)
    seen = sums.total.reshape(DAYS, HOURS, size).sum(axis=1)
    known = expected > 0
    ratio = np.divide(seen, expected, out=np.ones_like(seen), where=known)
    chance = np.divide(day_variance * daily, expected * expected, out=np.zeros_like(seen), where=known)
    excess = np.where(known, (ratio - 1.0) ** 2 - chance, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    differs = seasonal & (excess > 0)
    share = np.divide(excess, excess + chance, out=np.zeros_like(chance), where=differs & (excess + chance > 0))
    with_days = by_hour * np.repeat(1.0 + (ratio - 1.0) * share, HOURS, axis=0)
    return np.stack([by_hour, with_days, _drawn(sums, with_days, variance, seasonal)])


def best(learned: Array, held: Sums, scatter: Array, *, poisson: bool) -> Array:
    """Return the form that describes what was held out best, by its deviance and `NATS_A_FORM` for each form further.

    Args:
        learned: shapes that were learned from the rest, shape (FORMS, CELLS, S).
        held: what was held out.
        scatter: how much more it scatters than chance, shape (S,).
        poisson: counts of ticks; False: shares of trials.

    Returns:
        Shape (S,).
    """
    mean = np.clip(learned, 1e-9, None if poisson else 1.0 - 1e-9)
    if poisson:
        nats = held.size * mean - held.total * np.log(mean)
    else:
        nats = -held.total * np.log(mean) - (held.size - held.total) * np.log1p(-mean)
    cost = nats.sum(axis=1) / scatter + NATS_A_FORM * np.arange(FORMS)[:, None]
    answer: Array = cost.argmin(axis=0).astype(np.float64)
    return answer


def allowed(form: Array, season: Season) -> Array:
    """Return the forms as a configured season allows them: `day` is form 0, `week` at least form 1."""
    if season == "week":
        return np.maximum(form, 1.0)
    return form if season == "auto" else np.zeros_like(form)


def taken(shapes: Array, form: Array) -> Array:
    """Return each series' profile in its form, shape (CELLS, S)."""
    answer: Array = np.ascontiguousarray(shapes[form.astype(np.int64), :, np.arange(len(form))].T)
    return answer


def form_of(profile: Array) -> Array:
    """Return the simplest form that a profile (CELLS, S) has, shape (S,)."""
    days = profile.reshape(DAYS, HOURS, -1)
    same = (days == days[:1]).all(axis=(0, 1))
    product = days.sum(axis=1, keepdims=True) * days.sum(axis=0, keepdims=True)
    factored = (np.abs(days * days.sum(axis=(0, 1)) - product) <= ROUNDING * product).all(axis=(0, 1))
    return np.where(same, 0.0, np.where(factored, 1.0, 2.0))


def _drawn(sums: Sums, towards: Array, variance: Array, seasonal: NDArray[np.bool_]) -> Array:
    """Draw the means of cells towards a simpler shape.

    The spread of the cells about it beyond chance, by moments, says how much a cell's own mean is worth.
    """
    filled = sums.size > 0
    own = np.divide(sums.total, sums.size, out=np.zeros_like(sums.total), where=filled)
    chance = np.divide(variance, sums.size, out=np.zeros_like(sums.size), where=filled)
    excess = np.where(filled, (own - towards) ** 2 - chance, 0.0).sum(axis=0) / np.maximum(filled.sum(axis=0), 1)
    differs = seasonal & (excess > 0)
    strength = np.divide(variance, excess, out=np.zeros_like(excess), where=differs)
    total = sums.size + strength
    drawn = np.divide(own * sums.size + strength * towards, total, out=towards.copy(), where=total > 0)
    return np.where(differs, drawn, towards)
