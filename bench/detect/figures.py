"""What is told of a column in a scenario: means with standard errors, quantiles, and thresholds of equal budget."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors.base import Array

CALM: Final = float(np.exp(-1.0))
"""Share of the streams that have no false opening in 30 days, at one in 30 days."""


@dataclass(frozen=True, slots=True)
class Delay:
    """How soon a change was found.

    Attributes:
        mean: ticks from its first tick to the end of the tick that opened, where it was found.
        error: standard error of that.
        median: likewise.
        censored: the mean with what was missed counted as the horizon.
        outcomes: mean trials seen until then; None: not counted.
        missed: share of the streams that had not opened at the horizon.
        early: share of the streams that had opened before the change; they are in no other figure.
        streams: how many are.
    """

    mean: float
    error: float
    median: float
    censored: float
    outcomes: float | None
    missed: float
    early: float
    streams: int

    def row(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return {name: rounded(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class False_:  # noqa: N801 -- `False` is a word of the language
    """How often nothing was taken for something, by series and 30 days.

    Attributes:
        mean: openings.
        error: standard error of that.
        p99: 99 % point over the series.
        any: share of the series with one or more.
        streams: how many series.
    """

    mean: float
    error: float
    p99: float
    any: float
    streams: int

    def row(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return {name: rounded(value) for name, value in asdict(self).items()}


def delay(
    ticks: Array, early: NDArray[np.bool_], horizon: int, n: Array | None = None, among: NDArray[np.bool_] | None = None
) -> Delay:
    """Return the figures of delays.

    Args:
        ticks: from the change to the opening, NaN where missed, shape (R,).
        early: streams that opened before the change.
        horizon: ticks after the change that were judged.
        n: trials of each tick since the change, shape (horizon, R).
        among: streams that are counted at all; None: those that are not early.
    """
    counted = ~early if among is None else among & ~early
    late = ticks > horizon
    found = counted & ~np.isnan(ticks) & ~late
    missed = counted & ~found
    own = ticks[found]
    outcomes = None
    if n is not None and found.any():
        totals = np.cumsum(n, axis=0)
        outcomes = float(totals[own.astype(int) - 1, np.flatnonzero(found)].mean())
    return Delay(
        mean=float(own.mean()) if own.size else float("nan"),
        error=_error(own),
        median=float(np.median(own)) if own.size else float("nan"),
        censored=float(np.concatenate([own, np.full(int(missed.sum()), float(horizon))]).mean())
        if counted.any()
        else float("nan"),
        outcomes=outcomes,
        missed=float(missed.sum() / max(counted.sum(), 1)),
        early=float(early.mean()),
        streams=int(counted.sum()),
    )


def false(openings: Array, months: float) -> False_:
    """Return the figures of openings that were all false."""
    rate = openings / months
    return False_(
        mean=float(rate.mean()),
        error=_error(rate),
        p99=float(np.percentile(rate, 99)),
        any=float((openings > 0).mean()),
        streams=len(rate),
    )


def equal(highest: Array) -> float:
    """Return the threshold that 1/e of the streams never pass, given the highest value of each in 30 days."""
    ordered = np.sort(highest)
    place = int(np.clip(round(CALM * len(ordered)), 1, len(ordered))) - 1
    return float(np.nextafter(ordered[place], np.inf))


def rising(above: NDArray[np.bool_]) -> Array:
    """Return how often each column begins to be above, shape (T, R) to (R,)."""
    return np.asarray((above[1:] & ~above[:-1]).sum(axis=0) + above[0], dtype=np.float64)


def first_above(above: NDArray[np.bool_]) -> Array:
    """Return the first row at which each column is above; NaN where none is."""
    return np.where(above.any(axis=0), above.argmax(axis=0).astype(np.float64), np.nan)


def geometric(values: Array | list[float]) -> float:
    """Return the geometric mean."""
    return float(np.exp(np.mean(np.log(np.asarray(values, dtype=np.float64)))))


def rounded(value: Any) -> Any:
    """Return a number with five digits that matter, NaN as None."""
    if not isinstance(value, float):
        return value
    return None if np.isnan(value) else float(f"{value:.5g}")


def _error(values: Array) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
