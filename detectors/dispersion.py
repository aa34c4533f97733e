"""How much more counts scatter than chance alone explains, at every length of time."""

import math
from bisect import bisect_left
from typing import Final

import numpy as np

from bellbuoy.detectors.base import BLOCKS, Array

# Each length of block is summed from a shorter one: (place of the shorter one, how many of it).
_LADDER: Final = ((0, 1), (0, 3), (1, 2), (2, 2), (3, 2), (4, 2), (5, 2), (5, 3), (6, 3))
_LOG_BLOCKS: Final = np.log(np.array(BLOCKS, dtype=np.float64))
_LOG_STEPS: Final = np.diff(_LOG_BLOCKS)


def fit(residual: Array, variance: Array) -> Array:
    """Return variance over expected variance for blocks of `BLOCKS` ticks.

    The mean over blocks of (observed - expected)^2 / variance, times 1 + sqrt(2 / blocks) against luck in few blocks,
    at least 1 and never falling with the length. Blocks that expect no variance are left out.

    Args:
        residual: observed minus expected of each tick, shape (T, S).
        variance: what chance alone gives, shape (T, S).

    Returns:
        Shape (len(BLOCKS), S).
    """
    residuals, variances = [residual], [variance]
    answer = np.ones((len(BLOCKS), residual.shape[1]))
    for place, (source, times) in enumerate(_LADDER):
        if place:
            residuals.append(_sums(residuals[source], times))
            variances.append(_sums(variances[source], times))
        answer[place] = _ratio(residuals[place], variances[place])
    return np.maximum.accumulate(np.maximum(answer, 1.0), axis=0)


def at(dispersion: Array, ticks: Array) -> Array:
    """Return the dispersion of blocks of `ticks` ticks, linear in the logarithm of the length.

    Args:
        dispersion: shape (len(BLOCKS), S).
        ticks: lengths, shape (..., S); outside of `BLOCKS` the nearest end holds.

    Returns:
        The shape of `ticks`.
    """
    length = np.log(np.minimum(np.maximum(ticks, BLOCKS[0]), BLOCKS[-1]))
    upper = np.minimum(np.maximum(_LOG_BLOCKS.searchsorted(length), 1), len(BLOCKS) - 1)
    lower = upper - 1
    share = (length - _LOG_BLOCKS[lower]) / _LOG_STEPS[lower]
    column = np.arange(dispersion.shape[1])
    below = dispersion[lower, column]
    answer: Array = below + share * (dispersion[upper, column] - below)
    return answer


def of(dispersion: Array, ticks: float) -> float:
    """Return `at` of one series, shape (len(BLOCKS),), for one length: without arrays, for words and numbers that are told."""
    length = float(min(max(ticks, BLOCKS[0]), BLOCKS[-1]))
    upper = min(max(bisect_left(BLOCKS, length), 1), len(BLOCKS) - 1)
    share = (math.log(length) - float(_LOG_BLOCKS[upper - 1])) / float(_LOG_STEPS[upper - 1])
    below = float(dispersion[upper - 1])
    return below + share * (float(dispersion[upper]) - below)


def _sums(values: Array, times: int) -> Array:
    """Add up each `times` neighbours; what is left at the end is dropped."""
    whole = len(values) // times * times
    total = values[0:whole:times].copy()
    for place in range(1, times):
        total += values[place:whole:times]
    return total


def _ratio(residual: Array, variance: Array) -> Array:
    """Return the mean of residual^2 / variance over the blocks that expect any, made larger for luck."""
    expects = variance > 0
    blocks = np.maximum(expects.sum(axis=0), 1)
    ratio = residual * residual
    with np.errstate(divide="ignore", invalid="ignore"):  # a division with a mask takes five times as long
        ratio /= variance
    np.copyto(ratio, 0.0, where=~expects)
    answer: Array = ratio.sum(axis=0) / blocks * (1.0 + np.sqrt(2.0 / blocks))
    return answer
