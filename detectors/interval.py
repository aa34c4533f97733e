"""How large a change is, with its interval: counts divided by their dispersion, after Jeffreys and Wilson."""

from dataclasses import dataclass

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


def wilson(n: Array, bad: Array, scatter: Array, z: float = _Z) -> tuple[Array, Array]:
    """Return the interval of shares after Wilson, 95 % unless `z` says otherwise; (0, 1) where there are no trials."""
    size = n / scatter
    share = np.divide(bad, n, out=np.zeros_like(n), where=n > 0)
    square = z * z
    middle = size * share + square / 2.0
    half = z * np.sqrt(size * share * (1.0 - share) + square / 4.0)
    low: Array = (middle - half) / (size + square)
    high: Array = (middle + half) / (size + square)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def newcombe(
    before: tuple[float, float], after: tuple[float, float], scatter: float = 1.0, looks: int = 1
) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two independent shares, after minus before.

        low = d - sqrt((p1 - l1)^2 + (u0 - p0)^2)        high = d + sqrt((u1 - p1)^2 + (p0 - l0)^2)

    with d = p1 - p0, and l, u the ends of Wilson's intervals.

    Args:
        before: trials and bad ones of the one, trials above 0.
        after: of the other.
        scatter: dispersion of both; counts are worth so much less.
        looks: how many such differences are looked at, so that the intervals hold for all of them together (Bonferroni).

    Example:
        >>> low, high = newcombe((100, 5), (100, 15))
        >>> f"{low:.3f} {high:.3f}"
        '0.015 0.188'

    Reference:
        Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics in Medicine 17,
        method 10.
    """
    from scipy.special import ndtri  # loading it takes longer than a thousand ticks

    n, bad = np.array((before, after), np.float64).T
    low, high = wilson(n, bad, np.full(2, scatter), _Z if looks == 1 else -float(ndtri(0.025 / looks)))
    share = bad / n
    change = share[1] - share[0]
    down, up = np.hypot(share[1] - low[1], high[0] - share[0]), np.hypot(high[1] - share[1], share[0] - low[0])
    return float(change - down), float(change + up)


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


@dataclass(frozen=True, slots=True)
class Shares:
    """Parts of a change, as shares of the whole; they add up to 1, and may lie outside 0 to 1.

    Attributes:
        share: of each part, shape (P,).
        low, high: ends of its interval; 95 % for all parts together.
    """

    share: Array
    low: Array
    high: Array


def shares_of(moved: Array, variance: Array, looks: int | None = None) -> Shares | None:
    """Return what part of a change each of its parts is, with intervals by the delta method.

        share_i = m_i / M        var share_i = (v_i (1 - share_i)^2 + share_i^2 (V - v_i)) / M^2

    Args:
        moved: change of each part, shape (P,); their sum M is the whole change.
        variance: of each, shape (P,); they are taken as independent, V is their sum.
        looks: how many parts are looked at in all, so that the intervals hold for all of them together (Bonferroni); None:
            these.

    Returns:
        None where the whole change is not surely above 0 (two standard errors).
    """
    from scipy.special import ndtri  # as above

    whole, noise = float(moved.sum()), float(variance.sum())
    if whole <= 0.0 or whole < 2.0 * np.sqrt(noise):
        return None
    share = moved / whole
    half = (
        -float(ndtri(0.025 / (looks or len(moved))))
        * np.sqrt(variance * (1.0 - share) ** 2 + share**2 * (noise - variance))
        / whole
    )
    return Shares(share, share - half, share + half)
