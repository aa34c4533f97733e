"""The detector of silence: nothing arrives where something should."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import dispersion
from bellbuoy.detectors.base import BLOCKS, Array, Baseline, Evidence, State, Tick


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a step needs of a baseline.

    Attributes:
        volume: trials a tick that are expected, shape (CELLS, S); 0 where nothing can be said.
        scatter: dispersion of counts over 1, 2, … ticks, shape (BLOCKS[-1], S).
        column: 0 to S - 1.
    """

    volume: Array
    scatter: Array
    column: NDArray[np.int64]


@dataclass(frozen=True)
class Silence:
    """Tells when a series has been silent for longer than its own traffic explains.

    The evidence is the number of trials that the hours since the last one should have brought, divided by how much the
    series' counts scatter over spans of that length. For traffic that comes by chance alone this is exactly minus the
    logarithm of the probability of such a silence. The first trial that comes ends it. It has no settings.

    It judges what arrived: while the source is behind or stands still, nothing is judged at all.

    Example:
        Three a tick; the log stops after tick 100.

        >>> import numpy as np
        >>> from bellbuoy.detectors import baseline, judge
        >>> from bellbuoy.detectors.base import Counts, Tick
        >>> from bellbuoy.detectors.budget import threshold
        >>> random = np.random.default_rng(7)
        >>> n = random.poisson(3, (8064, 1)).astype(float)
        >>> normal = baseline.fit(Counts(at=300 * np.arange(1, 8065), n=n, bad=np.zeros_like(n)))
        >>> weights = np.ones(1)
        >>> watch = judge.Watch(threshold(1, 30 * 86400, 300, weights), direction=np.ones(1), min_change=np.zeros(1))
        >>> detector = Silence()
        >>> prepared = detector.prepare(normal, watch.threshold, watch.direction)
        >>> state = judge.begin(detector, 1)
        >>> for t in range(200):
        ...     at = 300 * (8065 + t)
        ...     n = random.poisson(3, 1).astype(float) * (t <= 100)
        ...     tick = Tick(at, baseline.cell(at, "UTC"), n, np.zeros(1))
        ...     state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
        ...     if judgement.open.size:
        ...         print(t, judgement.verdict(0).why)
        ...         break
        104 no trial since 08:25, 12 were expected

    Reference:
        The void probability of a Poisson process; the dispersion widens it as for any quasi-likelihood.
    """

    empty_ticks: ClassVar[bool] = True
    watches: ClassVar[str] = "silence"
    nats: ClassVar[bool] = True
    found_within: ClassVar[int] = 3
    slack: ClassVar[float] = 0.0
    """Its evidence is the logarithm of a probability: calibration only ever asks for more of it."""

    def begin(self, size: int) -> State:
        """Return the state of `size` streams that have seen nothing.

        `expected` trials since the last one, `ticks` since then, and `last`: the end of its tick.
        """
        return {"expected": np.zeros(size), "ticks": np.zeros(size), "last": np.full(size, np.nan)}

    def prepare(self, baseline: Baseline, threshold: Array, direction: Array) -> Prepared:  # noqa: ARG002 -- the protocol's
        """Take the hourly volume and the dispersion of each length of silence."""
        known = baseline.trials > 0
        size = len(baseline.trials)
        lengths = np.broadcast_to(np.arange(1.0, BLOCKS[-1] + 1)[:, None], (BLOCKS[-1], size))
        return Prepared(
            volume=np.where(known & (baseline.armed > 0), baseline.volume, 0.0),
            scatter=dispersion.at(baseline.volume_dispersion, lengths),
            column=np.arange(size),
        )

    def step(self, state: State, tick: Tick, prepared: Prepared) -> tuple[State, Evidence]:
        """Fold one tick in: a trial ends the silence, its absence adds what was expected."""
        silent = tick.n <= 0
        expected = np.where(silent, state["expected"] + prepared.volume[tick.cell], 0.0)
        ticks = np.where(silent, state["ticks"] + 1.0, 0.0)
        last = np.where(silent, state["last"], float(tick.at))
        last = np.where(np.isnan(last), float(tick.at - tick.seconds), last)
        row = np.clip(ticks, 1.0, BLOCKS[-1]).astype(np.int64) - 1
        value = expected / prepared.scatter[row, prepared.column]
        after: State = {"expected": expected, "ticks": ticks, "last": last}
        nothing = np.zeros_like(expected)
        return after, Evidence(value=value, onset=last, since=np.stack([nothing, nothing, expected]))
