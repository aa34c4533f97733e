"""The thresholds that the product learns from the streams' own last four weeks, as it does on the first Monday."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect.shipped import ZONE
from bellbuoy.bench.detect.streams import DAY, Streams
from bellbuoy.detectors import calibration
from bellbuoy.detectors.base import Array, Counts, Detector

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
    detector: Detector,
    streams: Streams,
    nats: float,
    direction: float = 1.0,
    zone: str = ZONE,
    strata: tuple[Counts, int] | None = None,
) -> Thresholds:
    """Return the thresholds of a detector over streams, from the four weeks before the start.

    Args:
        detector: as shipped.
        streams: with their history.
        nats: ln A.
        direction: +1.0 for more bad, -1.0 for less.
        zone: of the local day.
        strata: counts of the strata over the same ticks, those of a stream together, and how many each stream has.
    """
    maxima = []
    since = streams.start - calibration.WEEKS * 7 * DAY
    for begin in range(0, streams.size, SLAB):
        end = min(begin + SLAB, streams.size)
        counts = streams.only(np.arange(begin, end)).between(since, streams.start)
        parts = None
        if strata is not None:
            whole, each = strata
            n, bad = (
                np.ascontiguousarray(one[since : streams.start, begin * each : end * each])
                for one in (whole.n, whole.bad)
            )
            parts = Counts(counts.at, n, bad), np.repeat(np.arange(end - begin), each)
        own, way = np.full(end - begin, nats), np.full(end - begin, direction)
        maxima.append(calibration.largest(detector, counts, own, way, strata=parts, zone=zone).ravel())
    return Thresholds(
        calibration.fit_tail(
            np.concatenate(maxima),
            nats=bool(getattr(detector, "nats", False)),
            slack=float(getattr(detector, "slack", calibration.SLACK)),
        )
    )
