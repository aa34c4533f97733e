"""What the product is compared with, where every outcome is looked at: the detectors of River that take bits.

Page-Hinkley, DDM, HDDM_A and HDDM_W are small recursions: they are written here for many streams and many settings at
once, and a test holds them to River's own answer wherever River is installed. ADWIN is River's itself, and is not run
without it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bellbuoy.bench.detect.streams import DAY, Streams
from bellbuoy.detectors.base import Array

RUN_IN: Final = 7 * DAY
"""Ticks before the first that is judged which these detectors see."""
Bits: TypeAlias = NDArray[np.uint8]
Settings: TypeAlias = Mapping[str, float]
Alarm: TypeAlias = tuple[int, int, int]
"""Place of the outcome, of the settings, and the stream."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A detector that looks at every outcome.

    Attributes:
        name: of it.
        alarms: gives every alarm of the bits (N, R) under each of the settings; it begins anew after each.
        usual: settings as the library ships them.
        grid: settings among which those of equal budget are looked for, from the most to the least sensitive.
        package: what must be installed, or None.
    """

    name: str
    alarms: Callable[[Bits, Sequence[Settings]], list[Alarm]]
    usual: Settings
    grid: tuple[Settings, ...]
    package: str | None = None

    @property
    def there(self) -> bool:
        """Whether it can be run."""
        return self.package is None or find_spec(self.package) is not None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Bits of streams, in the order in which they came.

    Attributes:
        bits: 1 is bad, shape (N, R), N of the stream with the fewest.
        ends: how many outcomes there were up to the end of each tick, shape (T, R).
        begins: place of the first tick.
    """

    bits: Bits
    ends: NDArray[np.int64]
    begins: int

    @classmethod
    def of(cls, streams: Streams, seed: int, run_in: int = RUN_IN) -> "Outcomes":
        """Lay the counts of each tick out in random order."""
        begins = streams.start - run_in
        n = streams.n[begins:].astype(np.int64)
        bad = streams.bad[begins:].astype(np.int64)
        ends = n.cumsum(axis=0)
        least = int(ends[-1].min())
        bits = np.empty((least, streams.size), dtype=np.uint8)
        random = np.random.default_rng(np.random.SeedSequence([seed, 999]))
        for stream in range(streams.size):
            tick = np.repeat(np.arange(len(n)), n[:, stream])
            inside = np.arange(len(tick)) - np.repeat(ends[:, stream] - n[:, stream], n[:, stream])
            order = np.argsort(tick + random.random(len(tick)))
            bits[:, stream] = (inside < bad[tick, stream])[order][:least]
        return cls(bits, ends, begins)

    def places(self, alarms: Sequence[Alarm], settings: int) -> list[tuple[int, int]]:
        """Return (place of the tick, stream) of the alarms under one of the settings."""
        return [
            (self.begins + int(np.searchsorted(self.ends[:, stream], outcome, side="right")), stream)
            for outcome, which, stream in alarms
            if which == settings
        ]


def _column(settings: Sequence[Settings], name: str) -> Array:
    return np.array([float(one[name]) for one in settings])[:, None]


def _fired(alarms: list[Alarm], place: int, drift: NDArray[np.bool_]) -> None:
    which, stream = np.nonzero(drift)
    alarms.extend((place, int(one), int(two)) for one, two in zip(which, stream, strict=True))


def page_hinkley(bits: Bits, settings: Sequence[Settings]) -> list[Alarm]:
    """Run `river.drift.PageHinkley`; `both` 1 looks both ways as its default does, 0 upwards alone."""
    delta, threshold, alpha = (_column(settings, name) for name in ("delta", "threshold", "alpha"))
    both = _column(settings, "both") > 0
    least = float(settings[0].get("min_instances", 30))
    shape = (len(settings), bits.shape[1])
    mean, up, down = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    n, lowest, highest = np.zeros(shape), np.full(shape, np.inf), np.full(shape, -1.0)
    alarms: list[Alarm] = []
    for place, row in enumerate(bits):
        n += 1.0
        mean += (row - mean) / n
        apart = row - mean
        up = alpha * up + apart - delta
        down = alpha * down + apart + delta
        np.minimum(lowest, up, out=lowest)
        np.maximum(highest, down, out=highest)
        drift = ((up - lowest > threshold) | (both & (highest - down > threshold))) & (n >= least)
        if drift.any():
            _fired(alarms, place, drift)
            for array, value in ((mean, 0.0), (up, 0.0), (down, 0.0), (n, 0.0), (lowest, np.inf), (highest, -1.0)):
                array[drift] = value
    return alarms


def ddm(bits: Bits, settings: Sequence[Settings]) -> list[Alarm]:
    """Run `river.drift.binary.DDM`."""
    level, warm = _column(settings, "drift_threshold"), _column(settings, "warm_start")
    shape = (len(settings), bits.shape[1])
    n, p = np.zeros(shape), np.zeros(shape)
    lowest, p_min, s_min = np.full(shape, np.inf), np.zeros(shape), np.zeros(shape)
    alarms: list[Alarm] = []
    for place, row in enumerate(bits):
        n += 1.0
        p += (row - p) / n
        s = np.sqrt(p * (1.0 - p) / n)
        both = p + s
        ready = n > warm
        better = ready & (both <= lowest)
        np.copyto(lowest, both, where=better)
        np.copyto(p_min, p, where=better)
        np.copyto(s_min, s, where=better)
        drift = ready & (both > p_min + level * s_min)
        if drift.any():
            _fired(alarms, place, drift)
            n[drift], p[drift], lowest[drift] = 0.0, 0.0, np.inf
    return alarms


def hddm_a(bits: Bits, settings: Sequence[Settings]) -> list[Alarm]:
    """Run `river.drift.binary.HDDMA`, one-sided as it ships."""
    confidence = _column(settings, "drift_confidence")
    bound, cut = np.log(1.0 / confidence) / 2.0, np.log(2.0 / confidence) / 2.0
    shape = (len(settings), bits.shape[1])
    n, mean = np.zeros(shape), np.zeros(shape)
    n_min, mean_min = np.zeros(shape), np.zeros(shape)
    alarms: list[Alarm] = []
    for place, row in enumerate(bits):
        n += 1.0
        mean += (row - mean) / n
        fresh = n_min == 0.0
        np.copyto(n_min, n, where=fresh)
        np.copyto(mean_min, mean, where=fresh)
        lower = mean_min + np.sqrt(bound / n_min) >= mean + np.sqrt(bound / n)
        np.copyto(n_min, n, where=lower)
        np.copyto(mean_min, mean, where=lower)
        drift = (n_min != n) & (mean - mean_min >= np.sqrt((n - n_min) / (n_min * n) * cut))
        if drift.any():
            _fired(alarms, place, drift)
            for array in (n, mean, n_min, mean_min):
                array[drift] = 0.0
    return alarms


def hddm_w(bits: Bits, settings: Sequence[Settings]) -> list[Alarm]:
    """Run `river.drift.binary.HDDMW`, one-sided as it ships."""
    weight = _column(settings, "lambda_val")
    bound = np.log(1.0 / _column(settings, "drift_confidence")) / 2.0
    keeps = (1.0 - weight) ** 2
    shape = (len(settings), bits.shape[1])
    total, spread = np.full(shape, np.nan), np.ones(shape)
    first, first_spread, point = np.full(shape, np.nan), np.ones(shape), np.full(shape, np.inf)
    second, second_spread = np.full(shape, np.nan), np.ones(shape)
    alarms: list[Alarm] = []
    for place, row in enumerate(bits):
        total = np.where(np.isnan(total), row, weight * row + (1.0 - weight) * total)
        spread = weight * weight + keeps * spread
        edge = total + np.sqrt(spread * bound)
        lower = edge < point
        second = np.where(np.isnan(second), row, weight * row + (1.0 - weight) * second)
        second_spread = weight * weight + keeps * second_spread
        np.copyto(point, edge, where=lower)
        np.copyto(first, total, where=lower)
        np.copyto(first_spread, spread, where=lower)
        second[lower], second_spread[lower] = np.nan, 1.0
        drift = second - first > np.sqrt((first_spread + second_spread) * bound)
        if drift.any():
            _fired(alarms, place, drift)
            total[drift] = first[drift] = second[drift] = np.nan
            spread[drift] = first_spread[drift] = second_spread[drift] = 1.0
            point[drift] = np.inf
    return alarms


def adwin(bits: Bits, settings: Sequence[Settings]) -> list[Alarm]:
    """Run `river.drift.ADWIN`; alarms at which its mean fell below that of all before are left out: all look for worse."""
    drift: Any = __import__("river.drift", fromlist=["ADWIN"])
    alarms: list[Alarm] = []
    for stream in range(bits.shape[1]):
        row = bits[:, stream].tolist()
        before = np.cumsum(bits[:, stream]) / np.arange(1.0, len(row) + 1.0)
        for which, one in enumerate(settings):
            own = drift.ADWIN(delta=one["delta"])
            update = own.update
            for place, bit in enumerate(row):
                update(bit)
                if own.drift_detected and own.estimation > before[place]:
                    alarms.append((place, which, stream))
    return alarms


def _each(name: str, values: Sequence[float], **others: float) -> tuple[Settings, ...]:
    return tuple({**others, name: value} for value in values)


PEERS: Final = (
    Peer(
        "ADWIN",
        adwin,
        {"delta": 0.002},
        _each("delta", (0.1, 0.05, 0.02, 0.01, 1e-3, 1e-6, 1e-9, 1e-13)),
        "river",
    ),
    Peer(
        "PageHinkley",
        page_hinkley,
        {"delta": 0.005, "threshold": 50.0, "alpha": 0.9999, "both": 1.0},
        (
            *_each("threshold", (50.0, 60.0, 70.0, 80.0, 120.0, 160.0), delta=0.005, alpha=0.9999, both=0.0),
            *_each("threshold", (60.0, 80.0, 120.0), delta=0.015, alpha=0.9999, both=0.0),
        ),
    ),
    Peer(
        "DDM",
        ddm,
        {"drift_threshold": 3.0, "warm_start": 30.0},
        _each("drift_threshold", (2.0, 2.25, 2.5, 3.0, 3.5, 4.0), warm_start=500.0),
    ),
    Peer(
        "HDDM_A",
        hddm_a,
        {"drift_confidence": 1e-3},
        _each("drift_confidence", (0.05, 0.02, 0.01, 0.005, 1e-3, 1e-4)),
    ),
    Peer(
        "HDDM_W",
        hddm_w,
        {"drift_confidence": 1e-3, "lambda_val": 0.05},
        tuple(
            {"drift_confidence": confidence, "lambda_val": weight}
            for weight in (0.05, 0.01, 0.002)
            for confidence in (0.06, 0.04, 0.02, 1e-3)
        ),
    ),
)
"""The peers, with the grids among which settings of equal budget are looked for."""
