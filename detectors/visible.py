"""What a detector can see, and when: the smallest change that its evidence is expected to prove within so many ticks."""

from typing import Final

import numpy as np

from bellbuoy.detectors import mixture, silence
from bellbuoy.detectors.base import Array, Baseline

HEAD: Final = float(np.exp(0.422784 + 2 * 0.577216))
"""What the mixture holds in the mean of logarithms over the first ticks of a change, times the evidence of one tick."""
_HALVINGS: Final = 40


def delay(prepared: mixture.Prepared, baseline: Baseline, threshold: Array, direction: Array, change: Array) -> Array:
    """Return the ticks after which a lasting change is expected to be proven; inf where it never is.

    A trial whose true bad rate is q is worth, in the mean, KL(q || q_0) - KL(q || q_k) nats to the alternative q_k, divided
    by the dispersion (Kullback-Leibler distances). With I = trials a tick times that, in an hour of mean rate and volume,

        ticks = min over k of (threshold + ln K - ln(1 + 4.84 / I)) / I

    The last logarithm is what the sum over beginnings adds: before and after a change it behaves like the integral of a
    geometric Brownian motion, 1/I over an exponential variable each, and the mean logarithm of the sum of two such is
    ln(1/I) + psi(2) - 2 psi(1) = ln(4.84 / I).

    Args:
        prepared: prices, as `RateShift.prepare` makes them.
        baseline: what normal is.
        threshold: nats at which a stream opens, shape (S,).
        direction: +1.0 watches for more bad, -1.0 for less, shape (S,).
        change: size of the change as a share, above 0, shape (S,).

    Reference:
        Lorden (1971) for the first order; Dufresne (1990) for the integral; checked by simulation in the tests.
    """
    mean = np.clip(baseline.mean, mixture.LOWEST, mixture.HIGHEST)
    boundary = np.clip(mean + prepared.margin, mixture.LOWEST, mixture.HIGHEST)
    above = np.minimum(boundary * prepared.ratio, (1.0 + boundary) / 2.0)
    other = np.where(prepared.up, above, boundary / prepared.ratio)
    rate = np.clip(mean + direction * change, 0.0, 1.0)
    good, bad = np.log((1.0 - other) / (1.0 - boundary)), np.log(other / boundary)
    worth = baseline.per_tick * ((1.0 - rate) * good + rate * bad) / prepared.scatter
    if prepared.barred is not None:
        worth = np.where(prepared.barred < 0, 0.0, worth)
    gains = np.maximum(worth, 1e-12)
    need = threshold + prepared.log_count - np.log1p(HEAD / gains)
    ticks = np.where(worth > 1e-12, np.maximum(need / gains, 1.0), np.inf)
    answer: Array = ticks.min(axis=0)
    return answer


def visible(prepared: mixture.Prepared, baseline: Baseline, threshold: Array, direction: Array, ticks: float) -> Array:
    """Return the smallest lasting change that is expected to be proven within so many ticks, a share, shape (S,).

    NaN where no change is: too few trials, or the series is not judged yet. Arguments as for `delay`.
    """
    usual = np.clip(baseline.mean, mixture.LOWEST, mixture.HIGHEST)
    low, high = np.zeros_like(usual), np.where(direction > 0, 1.0 - usual, usual)
    largest = high.copy()
    seen = delay(prepared, baseline, threshold, direction, largest) <= ticks
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        found = delay(prepared, baseline, threshold, direction, middle) <= ticks
        low, high = np.where(found, low, middle), np.where(found, middle, high)
    answer: Array = np.where(seen & (baseline.armed > 0), high, np.nan)
    return answer


def silent(prepared: silence.Prepared, threshold: Array) -> Array:
    """Return the ticks of silence after which it is told, in an hour of mean volume; inf where it never is, shape (S,)."""
    lengths = np.arange(1.0, len(prepared.scatter) + 1)[:, None]
    value = lengths * prepared.volume.mean(axis=0) / prepared.scatter
    longer = threshold * prepared.scatter[-1] / np.maximum(prepared.volume.mean(axis=0), 1e-12)
    answer: Array = np.where((value >= threshold).any(axis=0), 1.0 + (value >= threshold).argmax(axis=0), longer)
    return np.where(prepared.volume.mean(axis=0) > 0, np.ceil(answer), np.inf)
