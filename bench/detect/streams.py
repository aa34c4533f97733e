"""Made streams: counts of many independent series, each from a seed of its own, with a change at a known tick."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from bellbuoy.detectors.base import Array, Counts, Instants
from bellbuoy.detectors.baseline import offset_of

SEED: Final = 20_261_122
"""First number of every published seed; tests take another."""
DAY: Final = 288
"""Ticks of a day."""
MONTH: Final = 30 * DAY
HISTORY: Final = 35 * DAY
"""Ticks before the first that is judged: 28 days to learn from, and the lag of 7."""
BEGAN: Final = 1_780_272_000
"""Beginning of the first tick: midnight of a Monday, UTC."""


@dataclass(frozen=True, slots=True)
class World:
    """How a series behaves while nothing is wrong.

    Attributes:
        bad: mean bad rate.
        volume: mean trials a tick.
        season: amplitude of the bad rate over a day; each series has a phase of its own.
        weekend: what the bad rate is higher by on two days of the week, other ones in each series.
        traffic: amplitude of the volume over a day, as a share of its mean.
        noise: standard deviation of an autoregressive noise on the logit of the bad rate.
        memory: ticks after which that noise has lost all but 1/e of itself.
        scatter: correlation of the trials within a tick (beta-binomial).
        bustle: standard deviation of a noise on the logarithm of the volume, with the same memory.
        falls: whether one series in seven had a fall of .15 for six hours in the last four weeks of its history.
    """

    bad: float = 0.05
    volume: float = 20.0
    season: float = 0.0
    weekend: float = 0.0
    traffic: float = 0.0
    noise: float = 0.0
    memory: float = 12.0
    scatter: float = 0.0
    bustle: float = 0.0
    falls: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What goes wrong.

    Attributes:
        size: what is added to the bad rate.
        lasts: ticks that it lasts; None: to the end.
        over: ticks over which it grows to its size; 0: at once.
        rest: what is still added when it has lasted so long.
        volume: what the volume is multiplied by while it lasts.
    """

    size: float
    lasts: int | None = None
    over: int = 0
    rest: float = 0.0
    volume: float = 1.0

    def added(self, ticks: int) -> Array:
        """Return what is added to the bad rate in each of the ticks after the change began, shape (ticks,)."""
        age = np.arange(float(ticks))
        grown = np.minimum((age + 1.0) / self.over, 1.0) if self.over else np.ones(ticks)
        return np.where(age < (np.inf if self.lasts is None else self.lasts), self.size * grown, self.rest)

    def times(self, ticks: int) -> Array:
        """Return what the volume is multiplied by in each of the ticks after the change began, shape (ticks,)."""
        return np.where(np.arange(ticks) < (np.inf if self.lasts is None else self.lasts), self.volume, 1.0)


@dataclass(frozen=True, slots=True)
class Streams:
    """Counts of R series over T ticks.

    Attributes:
        at: ends of the ticks, shape (T,).
        n, bad: trials and bad ones, shape (T, R).
        start: place of the first tick that is judged; a midnight.
        change: place of the first tick of each series' change, at any time of the day; without one the first that is
            judged, shape (R,).
    """

    at: Instants
    n: Array
    bad: Array
    start: int
    change: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of series."""
        return int(self.n.shape[1])

    def between(self, since: int, until: int) -> Counts:
        """Return the counts of a span of places."""
        return Counts(self.at[since:until], self.n[since:until], self.bad[since:until])

    def trials_since_change(self, horizon: int) -> Array:
        """Return the trials of the ticks after each series' change, shape (horizon, R)."""
        rows = self.change + np.arange(horizon)[:, None]
        return np.asarray(self.n[rows, np.arange(self.size)])

    def only(self, columns: NDArray[np.int64]) -> "Streams":
        """Return some of the series."""
        return replace(self, n=self.n[:, columns], bad=self.bad[:, columns], change=self.change[columns])


def made(
    world: World,
    scenario: int,
    replicates: int,
    *,
    ticks: int,
    change: Change | None = None,
    quiet: int = DAY,
    begins: int | None = None,
    history: int = HISTORY,
    seed: int = SEED,
    first: int = 0,
    began: int = BEGAN,
    zone: str = "UTC",
) -> Streams:
    """Make the streams of a scenario; a series is the same whatever is made beside it.

    Args:
        world: how they behave.
        scenario: its number: second part of the seeds, of which the third is the replicate's.
        replicates: how many series.
        ticks: how many are judged, from the start on.
        change: what goes wrong; None: nothing.
        quiet: ticks that are judged before the day in which it does.
        begins: place of the first tick of it in all series; None: one of that day, another in each.
        history: ticks before those that are judged.
        seed: first part of the seeds.
        first: number of the first replicate.
        began: beginning of the first tick, a midnight.
        zone: by whose clock days go.
    """
    whole = history + ticks
    at = began + 300 * np.arange(1, whole + 1, dtype=np.int64)
    clock = at - 300 + _ahead(at, zone)
    first_ticks = np.full(replicates, history)
    n = np.empty((whole, replicates))
    bad = np.empty((whole, replicates))
    for place in range(replicates):
        random = np.random.default_rng(np.random.SeedSequence([seed, scenario, first + place]))
        extra, times = np.zeros(whole), np.ones(whole)
        if change:
            own = history + quiet + int(random.integers(DAY)) if begins is None else begins
            first_ticks[place] = own
            extra[own:], times[own:] = change.added(whole - own), change.times(whole - own)
        if world.falls and (first + place) % 7 == 0:
            fall = history - 1 - 72 - int(random.integers(28 * DAY - 72))
            extra[fall : fall + 72] += 0.15
        n[:, place], bad[:, place] = _series(world, random, clock, extra, times)
    return Streams(at, n, bad, history, first_ticks)


def _ahead(at: Instants, zone: str) -> Instants:
    """Return seconds that a zone is ahead of UTC at the beginning of each tick."""
    if zone == "UTC":
        return np.zeros_like(at)
    hours, place = np.unique((at - 300) // 3600, return_inverse=True)
    return np.array([offset_of(hour * 3600, zone) for hour in hours.tolist()], dtype=np.int64)[place]


def rates(world: World, random: np.random.Generator, clock: Instants, extra: Array) -> Array:
    """Return the bad rate of a series at each tick.

    Args:
        world: how it behaves.
        random: its phase, its days of the week and its noise.
        clock: beginnings of the ticks, seconds by whose days it goes.
        extra: what is added to the rate.
    """
    day = 2.0 * np.pi * (clock % 86_400) / 86_400
    rate = world.bad + world.season * np.cos(day + 2.0 * np.pi * random.random()) + extra
    if world.weekend:
        weekday = (clock // 86_400 + int(random.integers(7))) % 7
        rate = rate + np.where(weekday >= 5, world.weekend, 0.0)
    rate = np.clip(rate, 1e-4, 1.0 - 1e-4)
    if world.noise:
        wander = _noise(random, len(clock), world.memory) * world.noise
        rate = 1.0 / (1.0 + np.exp(-(np.log(rate / (1.0 - rate)) + wander)))
    if world.scatter:
        worth = (1.0 - world.scatter) / world.scatter
        rate = random.beta(rate * worth, (1.0 - rate) * worth)
    return np.asarray(rate)


def _series(
    world: World, random: np.random.Generator, clock: Instants, extra: Array, times: Array
) -> tuple[Array, Array]:
    rate = rates(world, random, clock, extra)
    volume = world.volume * (1.0 + world.traffic * np.cos(2.0 * np.pi * (clock % 86_400) / 86_400)) * times
    if world.bustle:
        volume = volume * np.exp(_noise(random, len(clock), world.memory) * world.bustle - world.bustle**2 / 2.0)
    n = random.poisson(volume)
    return n.astype(np.float64), random.binomial(n, rate).astype(np.float64)


def _noise(random: np.random.Generator, ticks: int, memory: float) -> Array:
    """Return standard normal noise that forgets all but 1/e of itself in `memory` ticks."""
    keeps = np.exp(-1.0 / memory)
    shocks = random.standard_normal(ticks) * np.sqrt(1.0 - keeps * keeps)
    shocks[0] = random.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -keeps], shocks))
