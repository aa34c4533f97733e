"""How large a change is, with its interval: counts divided by their dispersion, after Jeffreys and Wilson."""

import numpy as np

from bellbuoy.detectors.base import Array

_Z = 1.959963984540054


def jeffreys(n: float, bad: float, scatter: float, coverage: float) -> tuple[float, float]:
    """Return the equal-tailed interval of a share, with Jeffreys' prior Beta(1/2, 1/2).

    Args:
        n: trials.
        bad: bad ones among them.
        scatter: dispersion; counts are worth so much less.
        coverage: say .95.
    """
    from scipy.special import betaincinv  # loading it takes longer than a thousand ticks

    tail = (1.0 - coverage) / 2.0
    first, second = bad / scatter + 0.5, (n - bad) / scatter + 0.5
    low = float(betaincinv(first, second, tail)) if bad > 0 else 0.0
    high = float(betaincinv(first, second, 1.0 - tail)) if bad < n else 1.0
    return low, high


def wilson(n: Array, bad: Array, scatter: Array) -> tuple[Array, Array]:
    """Return the 95 % interval of shares after Wilson; (0, 1) where there are no trials."""
    size = n / scatter
    share = np.divide(bad, n, out=np.zeros_like(n), where=n > 0)
    square = _Z * _Z
    middle = size * share + square / 2.0
    half = _Z * np.sqrt(size * share * (1.0 - share) + square / 4.0)
    low: Array = (middle - half) / (size + square)
    high: Array = (middle + half) / (size + square)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def gamma(n: float, expected: float, scatter: float, coverage: float) -> tuple[float, float]:
    """Return the equal-tailed interval of a count over what was expected, less 1, with Jeffreys' prior for a Poisson mean.

    Args:
        n: what was counted.
        expected: what was to be expected, above 0.
        scatter: dispersion; counts are worth so much less.
        coverage: say .95.
    """
    from scipy.special import gammaincinv  # as above

    tail = (1.0 - coverage) / 2.0
    shape, size = n / scatter + 0.5, expected / scatter
    low = float(gammaincinv(shape, tail)) / size if n > 0 else 0.0
    return low - 1.0, float(gammaincinv(shape, 1.0 - tail)) / size - 1.0


def counts(n: Array, expected: Array, scatter: Array) -> tuple[Array, Array]:
    """Return the 95 % score interval of counts over what was expected, less 1; (-1, inf) where nothing was expected."""
    size = n / scatter
    square = _Z * _Z
    middle, half = size + square / 2.0, _Z * np.sqrt(size + square / 4.0)
    known = expected > 0
    low = np.divide(middle - half, expected / scatter, out=np.zeros_like(size), where=known)
    high = np.divide(middle + half, expected / scatter, out=np.full_like(size, np.inf), where=known)
    return np.maximum(low, 0.0) - 1.0, high - 1.0
