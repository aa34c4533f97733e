"""The policy of what must not happen: one is enough."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from bellbuoy.detectors.base import Array, Baseline, Evidence, State, Tick

HOUR = 3600


@dataclass(frozen=True)
class Never:
    """Tells at once that something happened that must not: an action without its gate, a source that went stale.

    The first bad trial opens an incident; there is nothing to learn, nothing to prove, and no part of the budget of false
    pages is used. Further ones are counted in it. It ends when none came for `quiet_hours`. Statistics would be wrong here:
    one payment without approval is an incident, however many were approved.

    Attributes:
        severity: what an incident of it is, `page` or `ticket`.
        quiet_hours: hours without a bad trial after which it is over.

    Example:
        Forty actions a tick, of which one in tick 100 had no approval.

        >>> import numpy as np
        >>> from bellbuoy.detectors import judge
        >>> from bellbuoy.detectors.base import Tick
        >>> from bellbuoy.detectors.burn import objective
        >>> detector = Never()
        >>> none = objective(np.zeros(1))
        >>> watch = judge.Watch(np.ones(1), direction=np.ones(1), min_change=np.zeros(1))
        >>> state = judge.begin(detector, 1)
        >>> for t in range(200):
        ...     tick = Tick(300 * (t + 1), 0, np.full(1, 40.0), np.full(1, 1.0 if t == 100 else 0.0))
        ...     state, judgement = judge.fold(detector, state, tick, None, none, watch)
        ...     if judgement.open.size:
        ...         print(t, judgement.verdict(0).why)
        ...         break
        100 1 of 40 since 08:20 is bad, none may be
    """

    severity: Literal["page", "ticket"] = "page"
    quiet_hours: float = 24.0

    policy: ClassVar[bool] = True
    """It stands outside of the budget of false pages and opens at 1."""
    forbids: ClassVar[bool] = True
    """Normal is none at all: the first one opens it, and it ends when its evidence does."""
    opens_at: ClassVar[float] = 1.0
    watch_below: ClassVar[float] = 0.0
    one_way: ClassVar[bool] = True
    found_within: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse a severity that there is not, and hours that are none."""
        if self.severity not in ("page", "ticket"):
            raise ValueError(f"severity is {self.severity!r}; write page or ticket")
        if not 0 < self.quiet_hours <= 24 * 365:
            raise ValueError(f"quiet_hours is {self.quiet_hours}; give hours, at most a year's")

    def begin(self, size: int) -> State:
        """Return the state of `size` streams that have seen nothing.

        `last`: end of the last tick with a bad trial; `onset`: beginning of the first; `since` (2, S): trials and bad ones
        from then on.
        """
        return {"last": np.full(size, -np.inf), "onset": np.full(size, np.nan), "since": np.zeros((2, size))}

    def prepare(self, baseline: Baseline, threshold: Array, direction: Array) -> None:
        """Take nothing: what is normal is none."""

    def step(self, state: State, tick: Tick, prepared: None) -> tuple[State, Evidence]:  # noqa: ARG002 -- the protocol's
        """Fold one tick in, with or without trials."""
        bad = tick.bad > 0
        last = np.where(bad, float(tick.at), state["last"])
        goes_on = tick.at - last < self.quiet_hours * HOUR
        begins = bad & ~(tick.at - state["last"] < self.quiet_hours * HOUR)
        onset = np.where(begins, float(tick.at - tick.seconds), state["onset"])
        counted = np.stack((tick.n, tick.bad))
        since = np.where(begins, counted, state["since"] + counted) * goes_on
        after: State = {"last": last, "onset": np.where(goes_on, onset, np.nan), "since": since}
        urgent = np.where(goes_on, 2.0 if self.severity == "page" else 1.0, 0.0)
        expected = np.zeros((1, len(bad)))
        return after, Evidence(
            value=goes_on.astype(np.float64),
            onset=after["onset"],
            since=np.concatenate((since, expected)),
            urgent=urgent,
        )
