"""The thresholds that the product learns from the streams' own last four weeks, as it does on the first Monday."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect.shipped import ZONE
from bellbuoy.bench.detect.streams import DAY, Streams
from bellbuoy.detectors import calibration
from bellbuoy.detectors.base import Array, Detector

SLAB: Final = 100
"""Streams replayed at once, as the daemon does."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where streams open.

    Attributes:
        tail: what the replay found.
    """

    tail: calibration.Tail

    def opens(self, nats: float, size: int) -> Array:
        """Return the evidence at which each of the streams opens, given ln A."""
        return calibration.threshold(self.tail, np.full(size, nats))

    @property
    def told(self) -> dict[str, Any]:
        """What was learned, for the record."""
        return {
            "mu": self.tail.mu,
            "beta": self.tail.beta,
            "weeks": self.tail.weeks,
            "calibrated": self.tail.calibrated,
        }


def thresholds(
    detector: Detector, streams: Streams, nats: float, direction: float = 1.0, zone: str = ZONE
) -> Thresholds:
    """Return the thresholds of a detector over streams, from the four weeks before the start."""
    maxima = []
    for begin in range(0, streams.size, SLAB):
        some = streams.only(np.arange(begin, min(begin + SLAB, streams.size)))
        own = np.full(some.size, nats)
        counts = some.between(some.start - calibration.WEEKS * 7 * DAY, some.start)
        maxima.append(calibration.largest(detector, counts, own, np.full(some.size, direction), zone=zone).ravel())
    return Thresholds(
        calibration.fit_tail(
            np.concatenate(maxima),
            nats=bool(getattr(detector, "nats", False)),
            slack=float(getattr(detector, "slack", calibration.SLACK)),
        )
    )
