"""How late events are stored: a histogram that takes in a whole batch at once."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily

BOUNDS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)


class Lateness:
    """From when each record could be read to its commit, in seconds, by source.

    A record can be read from the time that its broker wrote it; one that no broker timed, from its arrival.
    """

    _name = "bellbuoy_ingest_latency_seconds"
    _type = "histogram"
    _documentation = "From when a record could be read (its broker's time, else its arrival) to its commit."
    _labelnames = ("source",)

    def __init__(self, registry: CollectorRegistry) -> None:
        self._below: dict[str, NDArray[np.int64]] = {}
        self._sum: dict[str, float] = {}
        registry.register(self)

    def begin(self, source: str) -> None:
        """Give a source its zero."""
        self._below.setdefault(source, np.zeros(len(BOUNDS_S) + 1, np.int64))
        self._sum.setdefault(source, 0.0)

    def observe(self, source: str, readable_us: NDArray[np.int64], now: float) -> None:
        """Take in a batch that was committed at `now`, epoch seconds; clocks that disagree make no negative times."""
        self.begin(source)
        late = np.maximum(0.0, now - readable_us / 1e6)
        place = np.searchsorted(BOUNDS_S, late)
        self._below[source] = self._below[source] + np.cumsum(np.bincount(place, minlength=len(BOUNDS_S) + 1))
        self._sum[source] += float(late.sum())

    def collect(self) -> Iterator[Any]:
        """Yield the histogram as Prometheus reads it."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)
        for source, below in list(self._below.items()):
            bounds = [*map(str, BOUNDS_S), "+Inf"]
            family.add_metric([source], list(zip(bounds, map(float, below), strict=True)), self._sum[source])
        yield family
