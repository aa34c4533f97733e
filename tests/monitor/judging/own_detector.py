"""A detector of a user's own, as the door asks for it: evidence in any scale, larger is worse."""

from dataclasses import dataclass

import numpy as np

from bellbuoy.detectors.base import Evidence


@dataclass(frozen=True)
class Surplus:
    """Adds up the bad trials beyond what is normal, and forgets slowly.

    Attributes:
        keep: share of the sum that is kept from tick to tick, between 0 and 1.
    """

    keep: float = 0.99

    def begin(self, size):
        """Return the state of streams that have seen nothing."""
        return {"sum": np.zeros(size)}

    def prepare(self, baseline, threshold, direction):
        """Return the normal rate by hour, and which way is bad."""
        return baseline.rate, direction

    def step(self, state, tick, prepared):
        """Fold one tick in."""
        rate, direction = prepared
        surplus = direction * (tick.bad - tick.n * rate[tick.cell])
        total = np.maximum(0.0, self.keep * state["sum"] + surplus)
        total = np.where(tick.n > 0, total, state["sum"])
        return {"sum": total}, Evidence(total, np.full(len(total), np.nan))
