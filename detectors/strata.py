"""Two groups compared within strata, so that a difference of their mix is no difference of their rates."""

from dataclasses import dataclass

import numpy as np

from bellbuoy.detectors.base import Array

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two rates over strata.

    Attributes:
        rate: that of the second group minus that of the first.
        low, high: ends of its 95 % interval.
        strata: in which both groups had trials.
    """

    rate: float
    low: float
    high: float
    strata: int


def mantel_haenszel(n_first: Array, good_first: Array, n_second: Array, good_second: Array) -> Difference | None:
    """Return how much higher the rate of a second group is, weighed over strata after Mantel and Haenszel.

        D = sum_g w_g (q_g - p_g) / sum_g w_g,        w_g = n_g m_g / (n_g + m_g)

        var D = sum_g (y (m - y) n^3 + x (n - x) m^3) / (n m (n + m)^2) / (sum_g w_g)^2

    with x of n good in the first group and y of m in the second. A stratum in which one of the groups has no trial says
    nothing and weighs nothing. The variance is one of groups of independent trials; in strata of a handful it is too small.

    Args:
        n_first: trials of the first group in each stratum, shape (G,).
        good_first: good ones among them.
        n_second: trials of the second group.
        good_second: good ones among them.

    Returns:
        None where no stratum has trials of both groups.

    Example:
        Hard requests go through a step, easy ones mostly do not; within each kind it changes nothing.

        >>> import numpy as np
        >>> n, m = np.array([900.0, 100.0]), np.array([100.0, 900.0])
        >>> found = mantel_haenszel(n, n * [0.6, 0.9], m, m * [0.6, 0.9])
        >>> f"{found.rate:.3f}", f"{(m @ [0.6, 0.9] - n @ [0.6, 0.9]) / 1000:.3f}"
        ('0.000', '0.240')

    Reference:
        Mantel and Haenszel (1959) for the weights; Greenland and Robins (1985), Estimation of a common effect parameter from
        sparse follow-up data, Biometrics 41, for the variance.
    """
    both = (n_first > 0) & (n_second > 0)
    if not both.any():
        return None
    n, x, m, y = (one[both].astype(np.float64) for one in (n_first, good_first, n_second, good_second))
    weight = n * m / (n + m)
    rate = float((weight * (y / m - x / n)).sum() / weight.sum())
    parts = (y * (m - y) * n**3 + x * (n - x) * m**3) / (n * m * (n + m) ** 2)
    error = float(np.sqrt(parts.sum())) / float(weight.sum())
    return Difference(rate, rate - _Z * error, rate + _Z * error, int(both.sum()))
