"""Recovery, on evidence and never on a timer: a CUSUM for normal against half recovered."""

from typing import Final

import numpy as np

from bellbuoy.detectors import dispersion, volume
from bellbuoy.detectors.base import Array, Baseline
from bellbuoy.detectors.interval import wilson
from bellbuoy.detectors.mixture import HIGHEST, LOWEST, divergence

PROOF: Final = float(np.log(1_000.0))
"""Nats at which a stream counts as recovered."""


def proven(count: Array, scatter: Array, direction: Array) -> Array:
    """Return the lower end (Wilson, 95 %) of the change since the onset, in the direction watched.

    Args:
        count: trials, bad ones and bad ones expected since the onset, shape (3, S).
        scatter: dispersion over the time since the onset, shape (S,).
        direction: +1 or -1, shape (S,).
    """
    n, bad, expected = count
    low, high = wilson(n, bad, scatter)
    normal = expected / np.maximum(n, 1.0)
    answer: Array = np.where(direction > 0, low - normal, normal - high)
    return answer


def recover(
    evidence: Array,
    n: Array,
    bad: Array,
    *,
    rate: Array,
    per_tick: Array,
    scatter: Array,
    largest: Array,
    min_change: Array,
    direction: Array,
) -> Array:
    """Fold one tick into the evidence that all is normal again.

        C <- max(0, C + (s ln((1 - q) / (1 - q_b)) + b ln(q / q_b)) / dispersion)

    q is the profile, q_b = q + d what would still be bad, d = max(.15 q, min(max(min_change, lo / 3), .6 lo)) with lo
    the largest change proven so far: what is left of the change must be a fraction of what was proven.

    Args:
        evidence: C so far, nats, 0 at the opening; resolved at `PROOF`; shape (S,).
        n: trials of the tick.
        bad: bad ones among them.
        rate: profile of this hour.
        per_tick: mean trials a tick.
        scatter: dispersion at every length of `BLOCKS`, shape (len(BLOCKS), S).
        largest: the largest change proven since the onset.
        min_change: the smallest change worth telling.
        direction: +1 or -1.
    """
    normal = np.minimum(np.maximum(rate, LOWEST), HIGHEST)
    largest = np.maximum(largest, 0.0)
    apart = np.maximum(0.15 * normal, np.minimum(np.maximum(min_change, largest / 3.0), 0.6 * largest))
    still = np.where(
        direction > 0, np.minimum(normal + apart, (1.0 + normal) / 2.0), np.maximum(normal - apart, 0.1 * normal)
    )
    ticks = PROOF / np.maximum(per_tick * divergence(normal, still), 1e-12)
    good = np.log1p(-normal) - np.log1p(-still)
    gain = ((n - bad) * good + bad * np.log(normal / still)) / dispersion.at(scatter, ticks)
    return np.where(n > 0, np.maximum(0.0, evidence + gain), evidence)


def recover_volume(
    evidence: Array, n: Array, expected: Array, own: Baseline, *, largest: Array, direction: Array
) -> Array:
    """Fold one tick in, with or without trials, into the evidence that the volume is normal again.

    As `recover`, for negative binomial counts: normal against what would still be too few or too many, that is
    d = max(.15, lo / 3) of the volume, lo the largest share proven lost or gained so far.

    Args:
        evidence: C so far, nats, 0 at the opening; resolved at `PROOF`; shape (S,).
        n: trials of the tick.
        expected: trials that are normal in this hour.
        own: baselines of these streams.
        largest: the largest change of the volume proven since the onset, as a share of it.
        direction: +1 or -1.
    """
    apart = np.minimum(np.maximum(0.15, np.maximum(largest, 0.0) / 3.0), 0.9)
    ratio = 1.0 + direction * apart
    excess, usual = volume.excess_of(own), volume.mean_of(own)
    ticks = PROOF / np.maximum(-volume.gain(usual, usual, excess, ratio), 1e-12)
    gain = -volume.gain(n, np.maximum(expected, volume.LOWEST), excess, ratio) / volume.scatter_of(own, ticks)
    return np.maximum(0.0, evidence + gain)
