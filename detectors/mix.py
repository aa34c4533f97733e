"""Strata: groups whose share of the trials may change without being a fault, and what a change of their mix did."""

from dataclasses import dataclass

import numpy as np

from bellbuoy.detectors.base import Array


@dataclass(frozen=True, slots=True)
class Split:
    """A change of a rate, parted after Kitagawa: what got worse by itself, and what only became more frequent.

    Attributes:
        rate: mean share of each stratum times the change of its rate, shape (G,).
        mix: mean rate of each stratum, less that of all, times the change of its share, shape (G,).
        change: change of the whole rate; the sum of all parts.
    """

    rate: Array
    mix: Array
    change: float

    @property
    def by_rate(self) -> float:
        """What the strata's own rates did together."""
        return float(self.rate.sum())

    @property
    def by_mix(self) -> float:
        """What the change of their shares did together."""
        return float(self.mix.sum())


def split(n_before: Array, bad_before: Array, n_after: Array, bad_after: Array) -> Split:
    """Part the change of a bad share between the rates of strata and their mix.

        change = sum_g mean share_g x change of rate_g  +  sum_g (mean rate_g - mean rate) x change of share_g

    "Mean" is that of before and after. Shares sum to one at both times, so the mean rate of all (any constant) may be
    taken off in the second sum without changing it; with it a stratum's part has a sign that can be read: more of what is
    worse than the rest makes the whole worse. A stratum that is empty at one of the times has no rate then: it is given
    the one of the other time, and all it does is mix.

    Args:
        n_before: trials of each stratum before, shape (G,).
        bad_before: bad ones among them.
        n_after: trials of each stratum after.
        bad_after: bad ones among them.

    Raises:
        ValueError: there is no trial before, or none after: then there is no change to part.

    Example:
        Two kinds of calls, 2 % and 12 % bad; their mix turns from 70/30 to 40/60 and nothing else changes.

        >>> import numpy as np
        >>> parts = split(np.array([700, 300]), np.array([14, 36]), np.array([400, 600]), np.array([8, 72]))
        >>> f"{parts.change:.3f} = {parts.by_rate:.3f} by rate + {parts.by_mix:.3f} by mix"
        '0.030 = 0.000 by rate + 0.030 by mix'

    Reference:
        Kitagawa (1955), Components of a difference between two rates, JASA 50.
    """
    before, after = np.asarray(n_before, np.float64), np.asarray(n_after, np.float64)
    if before.sum() <= 0 or after.sum() <= 0:
        raise ValueError(f"{before.sum():.0f} trials before and {after.sum():.0f} after: nothing to compare")
    first, second = before / before.sum(), after / after.sum()
    rate_first = np.divide(bad_before, before, out=np.full_like(before, np.nan), where=before > 0)
    rate_second = np.divide(bad_after, after, out=np.full_like(after, np.nan), where=after > 0)
    rate_first, rate_second = (
        np.nan_to_num(np.where(before > 0, rate_first, rate_second)),
        np.nan_to_num(np.where(after > 0, rate_second, rate_first)),
    )
    whole_first, whole_second = float(first @ rate_first), float(second @ rate_second)
    middle = (whole_first + whole_second) / 2.0
    rate: Array = (first + second) / 2.0 * (rate_second - rate_first)
    mix: Array = ((rate_first + rate_second) / 2.0 - middle) * (second - first)
    return Split(rate, mix, whole_second - whole_first)
