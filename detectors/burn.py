"""The policy of burn rates: an objective's budget of bad trials is used up many times faster than it allows."""

from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import numpy as np

from bellbuoy.detectors.base import BLOCKS, CELLS, Array, Baseline, Evidence, State, Tick

HOUR: Final = 3600
LONGEST: Final = 6 * HOUR
"""How far back the beginning of what burns is said to lie at most: three days say little of when it began."""


class Pair(NamedTuple):
    """A long and a short window that must both burn.

    Attributes:
        limit: how many times faster than allowed.
        long, short: seconds.
        urgent: 2.0 a page, 1.0 a ticket.
    """

    limit: float
    long: int
    short: int
    urgent: float


PAIRS: Final = (
    Pair(14.4, HOUR, 300, 2.0),
    Pair(6.0, 6 * HOUR, 1800, 2.0),
    Pair(1.0, 72 * HOUR, 6 * HOUR, 1.0),
)
RINGS: Final = {"fives": (300, 12), "halves": (1800, 12), "hours": (HOUR, 72)}
"""Buckets of time that are kept: their length in seconds and their number."""
WINDOWS: Final = {
    300: ("fives", 1),
    1800: ("fives", 6),
    HOUR: ("fives", 12),
    6 * HOUR: ("halves", 12),
    72 * HOUR: ("hours", 72),
}
"""Of which buckets, and of how many of the last, a window consists; the running one is among them."""


@dataclass(frozen=True)
class Burn:
    """Tells when the bad trials that an objective allows are used up much faster than it allows.

    An objective of 99 % allows one bad trial in a hundred. Burning at 14.4 times that for an hour uses up 2 % of a
    month's allowance, at 6 times for six hours 5 %, at once the allowance for three days 10 %. A long window shows that
    it matters, a short one that it goes on; both must be over their limit, the short one must hold at least ten bad
    trials, and the long one must be over: nothing is said of three days on the first of them. The first two are a page, the third is a ticket. It is a policy, not a test: it has no false rate, it takes no
    part of the budget of false pages, and it needs no history. It sees what is bad all the time, which is normal for a
    baseline; it is slow where little is bad, which a baseline sees at once.

    The objective is that of the workflow, for a signal of whole interactions; for a step it is the step's share of it,
    the root as deep as the workflow has steps that are not optional. It ends as others do: on evidence that the rate
    is back at what the objective allows.

    Attributes:
        least_bad: bad trials that the short window must hold.

    Example:
        An objective of 99 %, 200 trials a tick of which 0.5 % are bad, and 20 % from tick 100 on.

        >>> import numpy as np
        >>> from bellbuoy.detectors import judge
        >>> from bellbuoy.detectors.base import Tick
        >>> from bellbuoy.detectors.burn import objective
        >>> random = np.random.default_rng(7)
        >>> allowed = objective(np.array([0.01]))
        >>> detector = Burn()
        >>> watch = judge.Watch(np.ones(1), direction=np.ones(1), min_change=np.full(1, 0.02))
        >>> prepared = detector.prepare(allowed, watch.threshold, watch.direction)
        >>> state = judge.begin(detector, 1)
        >>> for t in range(200):
        ...     n = np.full(1, 200.0)
        ...     bad = random.binomial(200, 0.005 if t < 100 else 0.2, 1).astype(float)
        ...     state, judgement = judge.fold(detector, state, Tick(300 * (t + 1), 0, n, bad), prepared, allowed, watch)
        ...     if judgement.open.size:
        ...         print(t, judgement.verdict(0).why)
        ...         break
        108 14.8 % of 2,400 trials bad since 08:05, the objective allows 1.0 %: 15 times as many

    Reference:
        Beyer et al., The Site Reliability Workbook (2018), chapter 5: multiwindow, multi-burn-rate alerts.
    """

    least_bad: int = 10

    empty_ticks: ClassVar[bool] = True
    policy: ClassVar[bool] = True
    """It stands outside of the budget of false pages, opens at 1, and is compared with an objective."""
    opens_at: ClassVar[float] = 1.0
    watch_below: ClassVar[float] = 0.5
    one_way: ClassVar[bool] = True
    found_within: ClassVar[int] = 15

    def __post_init__(self) -> None:
        """Refuse a number of bad trials that is none."""
        if not self.least_bad >= 1:
            raise ValueError(f"least_bad is {self.least_bad}; give at least 1")

    def begin(self, size: int) -> State:
        """Return the state of `size` streams that have seen nothing.

        For each ring the trials and bad ones of its buckets (2, buckets, S), and in `last` (3, S) the running bucket of
        each ring, counted since 1970; `first` is the beginning of the first tick.
        """
        state: State = {name: np.zeros((2, number, size)) for name, (_, number) in RINGS.items()}
        return {**state, "last": np.full((len(RINGS), size), -1.0), "first": np.full(size, np.nan)}

    def prepare(self, baseline: Baseline, threshold: Array, direction: Array) -> Array:  # noqa: ARG002 -- the protocol's
        """Take the share of bad trials that is allowed, shape (CELLS, S)."""
        return baseline.rate

    def step(self, state: State, tick: Tick, prepared: Array) -> tuple[State, Evidence]:
        """Fold one tick in, with or without trials."""
        began = tick.at - tick.seconds
        first = np.where(np.isnan(state["first"]), float(began), state["first"])
        after: State = {"first": first, "last": np.empty_like(state["last"])}
        counted = np.stack((tick.n, tick.bad))
        for place, (name, (seconds, number)) in enumerate(RINGS.items()):
            running = began // seconds
            age = (running - np.arange(number)) % number
            known = (running - age)[:, None] <= state["last"][place]
            ring = np.where(known, state[name], 0.0)
            ring[:, running % number] += counted
            after[name], after["last"][place] = ring, float(running)
        sums = {window: self._sum(after, began, window) for window in WINDOWS}
        allowed = prepared[tick.cell]
        burns = np.stack([self._burn(sums, pair, allowed) * (tick.at - first >= pair.long) for pair in PAIRS])
        value = burns.max(axis=0)
        told = [min(pair.long, LONGEST) for pair in PAIRS]
        lengths = np.array(told)
        burning = burns >= self.opens_at
        which = np.where(burning.any(axis=0), burning.argmax(axis=0), burns.argmax(axis=0))  # the shortest that burns
        onset = np.maximum(tick.at - lengths[which], first)
        window = np.stack([sums[length] for length in told])[which, :, np.arange(len(which))].T
        since = np.stack((window[0], window[1], window[0] * allowed)) if len(which) else np.zeros((3, 0))
        weights = np.array([pair.urgent for pair in PAIRS])[:, None]
        urgent = np.where(burning, weights, 0.0).max(axis=0)
        return after, Evidence(value=value, onset=onset, since=since, urgent=urgent)

    def _sum(self, state: State, began: int, window: int) -> Array:
        """Return trials and bad ones of a window that ends now, shape (2, S)."""
        name, buckets = WINDOWS[window]
        seconds, number = RINGS[name]
        places = (began // seconds - np.arange(buckets)) % number
        answer: Array = state[name][:, places].sum(axis=1)
        return answer

    def _burn(self, sums: dict[int, Array], pair: Pair, allowed: Array) -> Array:
        """Return how many times its limit both windows of a pair burn."""
        short = sums[pair.short]
        rates = [_times(sums[window], allowed) for window in (pair.long, pair.short)]
        answer: Array = np.where(short[1] >= self.least_bad, np.minimum(*rates) / pair.limit, 0.0)
        return answer


def _times(counted: Array, allowed: Array) -> Array:
    """Return the bad share over what is allowed; 0 without trials."""
    enough = counted[0] * allowed
    answer: Array = np.divide(counted[1], enough, out=np.zeros_like(enough), where=enough > 0)
    return answer


def objective(allowed: Array) -> Baseline:
    """Return what an objective calls normal: as a baseline that nobody learned.

    Args:
        allowed: share of trials that may be bad, shape (S,).
    """
    row = np.ones(len(allowed))
    return Baseline(
        rate=np.tile(allowed, (CELLS, 1)),
        volume=np.zeros((CELLS, len(allowed))),
        mean=allowed * row,
        trials=0.0 * row,
        bad=0.0 * row,
        per_tick=0.0 * row,
        dispersion=np.ones((len(BLOCKS), len(allowed))),
        volume_dispersion=np.ones((len(BLOCKS), len(allowed))),
        since=np.nan * row,
        until=np.nan * row,
        armed=row,
        margin=0.0 * row,
    )
