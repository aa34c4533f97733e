"""The part of the battery that needs many streams: how often a detector is wrong, how soon it is right, how it ends.

Streams come from fixed seeds and are folded together. What is normal is known exactly here: only the detector is tried,
not what is learned.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import baseline, calibration, judge
from bellbuoy.detectors.base import BLOCKS, CELLS, STALE, WORSE, Array, Baseline, Detector, State, Tick

SEEDS: Final = 2_000
"""Streams of each check."""
MONTH: Final = 8_640
"""Ticks of 30 days: the mean time between false openings that power is tried at."""
NULL_TICKS, NULL_APART = 600, 1_200.0
"""Ticks of a stream in which nothing happens, and the mean time between false openings that is promised."""
WEEK_TICKS, APART = 300, 3_000.0
"""The same where the threshold is learned: ticks of a "week", and the budget."""
OVER: Final = 1.5
"""How many times its budget a detector with a learned threshold may use up."""
FOUND_WITHIN: Final = 100
"""Ticks after which half of all collapses must be found, unless the class says another `found_within`."""


@dataclass(frozen=True)
class Chances:
    """One detector, tried on many streams; every check is a method and raises AssertionError.

    Attributes:
        make: returns the detector.
        size: number of streams.
    """

    make: Callable[[], Detector]
    size: int = SEEDS

    def false_rate(self) -> None:
        """Where nothing happens it opens no oftener than it promises: evidence in nats, at ln A, once in A ticks.

        A policy promises nothing at the rate that its objective allows; at half of that rate it never opens. Evidence in
        other units has no threshold before one is learned.
        """
        detector = self.make()
        policy = bool(getattr(detector, "policy", False))
        if not policy and not getattr(detector, "nats", False):
            return
        normal = self._normal(detector)
        for way in self._ways(detector):
            opened = self._run(
                detector, normal, np.log(NULL_APART), way, NULL_TICKS, 1, rate=0.5 if policy else 1.0
            ).opened.mean()
            promised = 0.0 if policy else NULL_TICKS / NULL_APART
            allowed = promised + 3.0 * np.sqrt(promised * (1.0 - promised) / self.size)
            assert opened <= allowed, f"{opened:.3f} of {self.size} streams opened, {promised:.3f} are promised"

    def learned(self) -> None:
        """With a threshold learned from weeks in which nothing happened it keeps its budget in others, in any unit."""
        detector = self.make()
        if getattr(detector, "policy", False):
            return
        normal = self._normal(detector)
        nominal = float(np.log(APART))
        for way in self._ways(detector):
            opening = self._learned(detector, normal, nominal, way)
            opened = self._run(detector, normal, nominal, way, WEEK_TICKS, 3, opening=opening).opened.mean()
            budget = 1.0 - np.exp(-WEEK_TICKS / APART)
            allowed = OVER * budget + 3.0 * np.sqrt(budget * (1.0 - budget) / self.size)
            assert opened <= allowed, f"{opened:.3f} of {self.size} streams opened at {opening:.2f}, {budget:.3f} may"

    def power(self) -> None:
        """A collapse is found on every stream, half of them within `found_within` ticks, falls within twice as many."""
        detector = self.make()
        within = int(getattr(detector, "found_within", FOUND_WITHIN))
        for way in self._ways(detector):
            normal = self._normal(detector)
            opening = self._opening(detector, normal, way)
            run = self._run(
                detector,
                normal,
                np.log(MONTH),
                way,
                1_000,
                4,
                opening=opening,
                changed=True,
                until=lambda run: bool(run.opened.all()),
            )
            assert run.opened.all(), f"{(~run.opened).sum()} of {self.size} collapses were not found in 1,000 ticks"
            median, most = float(np.median(run.first)) + 1.0, within * (1 if way > 0 else 2)
            assert median <= most, f"half of the collapses are found within {median:.0f} ticks, not within {most}"

    def _learned(self, detector: Detector, normal: Baseline, nominal: float, way: float) -> float:
        """Return the threshold that weeks teach in which nothing happens."""
        highest = self._run(detector, normal, nominal, way, WEEK_TICKS, 2, opening=np.inf).highest
        tail = calibration.fit_tail(highest, nats=bool(getattr(detector, "nats", False)))
        return float(calibration.threshold(tail, np.full(1, nominal), calibration.WEEK / WEEK_TICKS)[0])

    def _opening(self, detector: Detector, normal: Baseline, way: float) -> float:
        """Return where it opens once a month where nothing happens: as it says itself, or as it has to be learned."""
        nominal = float(np.log(MONTH))
        told = getattr(detector, "nats", False) or getattr(detector, "policy", False)
        return nominal if told else self._learned(detector, normal, nominal, way)

    def few(self) -> "Chances":
        """Return the same for a fifth of the streams: where a share near one is asked for, no more are needed."""
        return Chances(self.make, max(self.size // 5, min(self.size, 200)))

    def ends(self) -> None:
        """What was found is resolved once all is normal again, and not by silence: that makes it stale."""
        detector = self.make()
        for way in self._ways(detector):
            self._ends(detector, way)

    def _ends(self, detector: Detector, way: float) -> None:
        normal, nominal = self._normal(detector), float(np.log(MONTH))
        how: dict[str, Any] = {"opening": self._opening(detector, normal, way)}
        run = self._run(
            detector, normal, nominal, way, 600, 5, changed=True, until=lambda run: bool(run.opened.all()), **how
        )
        after = self._run(
            detector, normal, nominal, way, 1_500, 6, begun=run, until=lambda run: bool(run.resolved.all()), **how
        )
        assert after.resolved.mean() >= 0.95, f"{after.resolved.mean():.0%} of the recoveries were seen"
        if getattr(detector, "watches", "share") == "share" and not getattr(detector, "policy", False):
            silent = self._run(detector, normal, nominal, way, 600, 7, begun=run, silent=True, **how)
            assert not silent.resolved.any(), "silence resolved what was open"
            assert (silent.state["judge.state"][silent.was] == STALE).all(), "what is open and silent is stale"

    def late(self) -> None:
        """Bad labels of which 2 % come two days late are found at nearly the same ticks: four of five within two."""
        detector = self.make()
        watches = getattr(detector, "watches", "share")
        if not getattr(detector, "linear", True) or getattr(detector, "policy", False) or watches != "share":
            return
        way, normal = self._ways(detector)[0], self._normal(detector)
        how: dict[str, Any] = {"begins": 600, "changed": True, "opening": self._opening(detector, normal, way)}
        runs = [self._run(detector, normal, np.log(MONTH), way, 700, 8, late=late, **how) for late in (0.0, 0.02)]
        apart = np.abs(runs[0].first - runs[1].first)
        assert runs[1].opened.all(), "a collapse was not found because some of its labels came late"
        assert (apart <= 2).mean() >= 0.8, f"{(apart > 2).mean():.1%} of the openings moved by more than two ticks"

    def _ways(self, detector: Detector) -> tuple[float, ...]:
        one_way = getattr(detector, "one_way", False) or getattr(detector, "watches", "share") == "silence"
        return (1.0,) if one_way else (1.0, -1.0)

    def _normal(self, detector: Detector) -> Baseline:
        down = getattr(detector, "watches", "share") == "volume"
        rate, volume = (0.05, 20.0) if down or getattr(detector, "policy", False) else (0.06, 5.0)
        return exact(np.full(self.size, rate), np.full(self.size, volume))

    def _run(
        self,
        detector: Detector,
        normal: Baseline,
        nominal: float,
        way: float,
        ticks: int,
        seed: int,
        *,
        opening: float | None = None,
        begun: "_Run | None" = None,
        begins: int = 0,
        until: Callable[["_Run"], bool] = lambda _: False,
        **how: Any,
    ) -> "_Run":
        size = self.size
        policy = bool(getattr(detector, "policy", False))
        opens = float(getattr(detector, "opens_at", nominal)) if policy else nominal if opening is None else opening
        watch = judge.Watch(np.full(size, opens), np.full(size, way), np.full(size, 0.02))
        prepared = detector.prepare(normal, np.full(size, nominal), watch.direction)
        run = _Run.begin(detector, size, begun)
        streams = _streams(detector, normal, way, np.random.default_rng((20_261_125, seed)), begins, **how)
        first_at = run.at
        for place in range(ticks):
            at = first_at + 300 * (place + 1)
            n, bad = next(streams)
            tick = Tick(at, baseline.cell(at, "UTC"), n, bad)
            state, judgement = judge.fold(detector, run.state, tick, prepared, normal, watch)
            run.take(state, judgement, place - begins)
            if until(run):
                break
        return run


@dataclass
class _Run:
    """What a fold of many streams came to, an element a stream."""

    state: State
    at: int
    was: NDArray[np.bool_]
    opened: NDArray[np.bool_]
    first: Array
    resolved: NDArray[np.bool_]
    highest: Array

    @classmethod
    def begin(cls, detector: Detector, size: int, begun: "_Run | None") -> "_Run":
        nothing = np.zeros(size, np.bool_)
        first, highest = np.full(size, np.inf), np.full(size, -np.inf)
        if begun is None:
            return cls(judge.begin(detector, size), 0, nothing, nothing, first, nothing, highest)
        was = begun.state["judge.state"] >= WORSE
        return cls(begun.state, begun.at, was, nothing, first, nothing, highest)

    def take(self, state: State, judgement: Any, place: int) -> None:
        """Note what a tick brought."""
        is_open = judgement.state >= WORSE
        self.first = np.where(is_open & ~self.opened, float(place), self.first)
        self.opened = self.opened | is_open
        self.resolved = self.resolved.copy()
        self.resolved[judgement.resolved] = True
        self.highest = np.maximum(self.highest, judgement.value)
        self.state, self.at = state, judgement.at


def exact(rate: Array, volume: Array) -> Baseline:
    """Return a baseline of streams whose rate and volume are known without error and scatter by chance alone.

    Args:
        rate: bad share, shape (S,).
        volume: trials a tick, shape (S,).
    """
    size, ticks = len(rate), 28.0 * 288.0
    row = np.ones(size)
    return Baseline(
        rate=np.tile(rate, (CELLS, 1)),
        volume=np.tile(volume, (CELLS, 1)),
        mean=rate * row,
        trials=ticks * 1e6 * volume,
        bad=ticks * 1e6 * volume * rate,
        per_tick=volume * row,
        dispersion=np.ones((len(BLOCKS), size)),
        volume_dispersion=np.ones((len(BLOCKS), size)),
        since=-ticks * 300.0 * row,
        until=0.0 * row,
        armed=row,
        margin=0.0 * row,
    )


def _streams(
    detector: Detector,
    normal: Baseline,
    way: float,
    random: np.random.Generator,
    begins: int,
    *,
    changed: bool = False,
    silent: bool = False,
    rate: float = 1.0,
    late: float = 0.0,
) -> Iterator[tuple[Array, Array]]:
    """Yield trials and bad ones of tick after tick; from tick `begins` on what the detector watches for has happened."""
    watches = getattr(detector, "watches", "share")
    share, volume = rate * normal.mean, normal.per_tick
    worse, busy = share, volume
    if watches == "silence":
        busy = 0.0 * volume
    elif watches == "volume":
        busy = volume * (3.0 if way > 0 else 0.2)
    elif getattr(detector, "policy", False):
        worse = np.minimum(15.0 * share, 0.95)
    else:
        worse = share + 0.15 if way > 0 else share / 15.0
    waiting: list[Array] = []
    delays = random.spawn(1)[0]  # of its own, so that the streams are the same with and without
    for place in range(1_000_000):
        happens = changed and place >= begins
        n = random.poisson(0.0 * volume if silent else busy if happens else volume)
        bad = random.binomial(n, worse if happens else share)
        held = delays.binomial(bad, late)
        waiting.append(held.astype(np.float64))
        comes = waiting[place - 576] if place >= 576 else 0.0
        yield n.astype(np.float64), np.minimum(bad - held + comes, n).astype(np.float64)
