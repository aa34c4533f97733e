"""From the budget of false pages to thresholds."""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors.base import Array

LEAST_TICKS: Final = 12.0
"""No stream is allowed false openings more often than once in so many ticks."""


def threshold(
    false_pages: float,
    per_seconds: float,
    tick_seconds: float,
    weights: Array,
    scope: Literal["fleet", "series"] = "fleet",
    series: NDArray[np.int64] | None = None,
) -> Array:
    """Return the evidence, in nats, at which each stream opens: ln A, A the mean ticks between its false openings.

    Scope "fleet" shares the budget among all streams by weight: A_i = per / tick x sum(w) / (false_pages x w_i). Scope
    "series" gives every series the whole budget, shared evenly among its streams. This is the nominal threshold, not
    calibrated on the history of the series: on noise that the model does not describe it can be off either way.

    Args:
        false_pages: openings that may be false in `per_seconds`, above 0.
        per_seconds: length of the budget's span.
        tick_seconds: length of a tick.
        weights: share of each stream, above 0, shape (S,); larger opens earlier.
        scope: what the budget is for.
        series: which series each stream belongs to, shape (S,), for scope "series"; None: each is its own.

    Raises:
        ValueError: a number is not above 0.
    """
    for name, number in (("false_pages", false_pages), ("per_seconds", per_seconds), ("tick_seconds", tick_seconds)):
        if not 0 < number < np.inf:
            raise ValueError(f"{name} is {number}; it must be above 0")
    if not (weights > 0).all():
        raise ValueError("a weight is not above 0; leave the stream out instead")
    ticks = per_seconds / tick_seconds
    if scope == "fleet":
        apart = ticks * weights.sum() / (false_pages * weights)
    else:
        owners = np.arange(len(weights)) if series is None else np.asarray(series)
        _, place, streams = np.unique(owners, return_inverse=True, return_counts=True)
        apart = ticks * streams[place] / false_pages
    answer: Array = np.log(np.maximum(apart, LEAST_TICKS))
    return answer
