"""What is normal for a series that is too young to say so itself: what is normal for others like it."""

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import beta as beta_law

from bellbuoy.detectors.base import BY_PRIOR, CELLS, Array, Baseline

LEAST: Final = 2
"""Series that are needed to say how far those like it lie apart."""
MOST_WORTH, LEAST_WORTH = 200.0, 2.0
"""Trials that what the others say may be worth."""
UPPER: Final = 0.95
"""Point of what is believed of the rate up to which all is normal."""


def by_others(own: Baseline, others: Baseline) -> Baseline | None:
    """Return what is normal for one series by what is normal for others like it, and by its own trials so far.

    The rates of the others have a mean and a variance, less what chance explains of it; a beta distribution of these
    moments, worth 2 to 200 trials, is what is believed before the first trial. The boundary of normal is the upper 95 %
    point of what is believed after those that came. Only changes to three times that are judged.

    Args:
        own: fitted to what was seen of the series, one stream; its `armed` says what else can be judged.
        others: series like it that are learned, a stream each.

    Returns:
        One stream, its `armed` with `BY_PRIOR`; None where the others are too few.
    """
    if len(others.mean) < LEAST:
        return None
    rate = np.clip(others.mean, 1e-6, 1.0 - 1e-6)
    mean = float(rate.mean())
    chance = float((rate * (1.0 - rate) * others.dispersion[-1] / np.maximum(others.trials, 1.0)).mean())
    apart = max(float(rate.var(ddof=1)) - chance, 1e-12)
    worth = float(np.clip(mean * (1.0 - mean) / apart - 1.0, LEAST_WORTH, MOST_WORTH))
    bad, good = mean * worth + own.bad, (1.0 - mean) * worth + own.trials - own.bad
    believed = bad / (bad + good)
    upper: Array = np.asarray(beta_law.ppf(UPPER, bad, good), dtype=np.float64)
    return replace(
        own,
        rate=np.repeat(believed[None, :], CELLS, axis=0),
        mean=believed,
        dispersion=np.maximum(own.dispersion, np.median(others.dispersion, axis=1)[:, None]),
        margin=upper - believed,
        armed=own.judged_alone + BY_PRIOR,
    )
