"""What every detector is given and what it answers: counts, baselines, evidence, verdicts.

Arrays over streams are float64, C order, last axis S (one column a stream). A *stream* is one detector on one
series in one direction. Instants are whole epoch seconds (UTC).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Instants: TypeAlias = NDArray[np.int64]
State: TypeAlias = dict[str, Array]
"""A detector's memory: named arrays whose last axis is S, so that a stream's share can be kept as a row."""

HOURS, DAYS = 24, 7
CELLS = DAYS * HOURS
"""Cells of the profile: hours of the local week, Monday 00:00 first."""

BLOCKS = (1, 3, 6, 12, 24, 48, 96, 144, 288)
"""Lengths, in ticks, of the blocks whose dispersion is fitted."""

LARGE_ONLY, VOLUME_ONLY, BY_PRIOR = 0.5, 0.25, 0.125
"""What `Baseline.armed` is where bad trials are rare, where they are too rare for anything, and where the series itself is
too young and the like of it say what is normal; the last two add up."""

VerdictState = Literal["learning", "steady", "watch", "worse", "better", "stale"]
STATES: tuple[VerdictState, ...] = ("learning", "steady", "watch", "worse", "better", "stale")
Measure = Literal["share", "volume", "silence", "never"]
Severity = Literal["watch", "ticket", "page"]
LEARNING, STEADY, WATCH, WORSE, BETTER, STALE = range(6)
"""Places in `STATES`: how verdict states are coded in arrays."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of S series over T consecutive ticks: what a fit reads.

    Attributes:
        at: ends of the ticks, shape (T,).
        n: trials, shape (T, S).
        bad: bad trials, shape (T, S), never more than `n`.
    """

    at: Instants
    n: Array
    bad: Array


@dataclass(frozen=True, slots=True)
class Tick:
    """Counts of one closed tick: what a fold reads.

    Attributes:
        at: end of the tick.
        cell: cell of the profile in which the tick began, see `bellbuoy.detectors.baseline.cell`.
        n: trials, shape (S,).
        bad: bad trials, shape (S,).
        seconds: length of the tick.
        strata: trials and bad ones of each stratum, shape (2, M), where streams have strata, see
            `bellbuoy.detectors.mix`.
    """

    at: int
    cell: int
    n: Array
    bad: Array
    seconds: int = 300
    strata: Array | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What normal is, for S streams.

    Attributes:
        rate: bad share per cell of the profile, shape (CELLS, S).
        volume: expected trials a tick per cell of the profile, shape (CELLS, S).
        mean: bad share over the whole span, shape (S,).
        trials: trials it was learned from, shape (S,).
        bad: bad trials among them, shape (S,).
        per_tick: mean trials a tick over the ticks used, shape (S,).
        dispersion: variance over binomial variance for blocks of `BLOCKS` ticks, shape (len(BLOCKS), S).
        volume_dispersion: the same for counts of trials against Poisson, shape (len(BLOCKS), S).
        since, until: span learned from, shape (S,), epoch seconds as floats.
        armed: 1.0 where there is enough to judge by, `LARGE_ONLY` where only changes to three times the rate and more
            can be judged, `VOLUME_ONLY` where only the number of trials can, plus `BY_PRIOR` where the like of the series
            say what is normal, else 0.0, shape (S,).
        margin: how far from `rate` the boundary of normal lies: one standard error of the mean, or what is to be
            ignored if that is more, shape (S,).
    """

    rate: Array
    volume: Array
    mean: Array
    trials: Array
    bad: Array
    per_tick: Array
    dispersion: Array
    volume_dispersion: Array
    since: Array
    until: Array
    armed: Array
    margin: Array

    @property
    def by_prior(self) -> NDArray[np.bool_]:
        """Tell which series are judged by what is normal for others like them, shape (S,)."""
        answer: NDArray[np.bool_] = (self.armed % VOLUME_ONLY) > 0.0
        return answer

    @property
    def judged_alone(self) -> Array:
        """What `armed` is without what others say, shape (S,)."""
        answer: Array = self.armed - self.armed % VOLUME_ONLY
        return answer

    @property
    def judges_share(self) -> NDArray[np.bool_]:
        """Tell of which series the share of bad trials is judged, shape (S,)."""
        return (self.armed >= LARGE_ONLY) | self.by_prior

    @property
    def judges_volume(self) -> NDArray[np.bool_]:
        """Tell of which series the number of trials is judged, shape (S,)."""
        answer: NDArray[np.bool_] = self.armed >= VOLUME_ONLY
        return answer


@dataclass(frozen=True, slots=True)
class Evidence:
    """A detector's answer to one tick.

    Attributes:
        value: evidence in nats (larger = worse), shape (S,); compared with the threshold.
        onset: estimated beginning of the change, epoch seconds, shape (S,); NaN where the detector cannot tell: then
            the change is said to have begun where the evidence last was at its lowest.
        since: trials, bad ones and bad ones expected since the onset, shape (3, S); None when they are not kept. Of a
            detector of volume: ticks, trials and trials expected.
        beside: evidence that is shown and never opens, shape (S,): that of the sum over strata, whose mix may have changed.
        urgent: where the detector itself says how severe it is: 2.0 a page, 1.0 a ticket, shape (S,).
    """

    value: Array
    onset: Array
    since: Array | None = None
    beside: Array | None = None
    urgent: Array | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a detector says of one stream at the end of one tick.

    Attributes:
        state: the verdict.
        at: end of the tick that decided.
        onset: estimated beginning of the change, or None.
        baseline_rate: bad share that is normal, weighted by the trials since the onset (volume: trials a tick).
        current_rate: bad share since the onset (volume: trials a tick).
        change_low, change_high: 95 % interval of current - baseline, corrected for selection; sign kept.
        n, bad: trials since the onset and bad ones among them.
        evidence, threshold: nats.
        why: one sentence with the numbers, without naming the series.
        measure: what changed: the share of bad trials, the volume (rates are trials a tick then, and the change is the
            share of it that was lost or gained), nothing came at all, or something came that must never come.
        least, most: between which severities an incident of it lies, whatever the size of the change.
    """

    state: VerdictState
    at: int
    onset: int | None
    baseline_rate: float
    current_rate: float
    change_low: float
    change_high: float
    n: int
    bad: int
    evidence: float
    threshold: float
    why: str
    measure: Measure = "share"
    least: Severity = "watch"
    most: Severity = "page"


@runtime_checkable
class Detector(Protocol):
    """A fold over ticks: frozen dataclass, its fields are the YAML `settings`, their docstrings the documentation.

    No clock, no I/O, no logging, no randomness; the same input gives the same output, whatever else is in the batch.
    What a class is or cannot do stands on it as `ClassVar`; nothing of it needs to be said:

    - `empty_ticks = True`: ticks without trials matter to it; otherwise they change nothing.
    - `watches = "silence"` or `"volume"`: it judges how much comes; otherwise a share of bad trials.
    - `nats = True`: its evidence is in nats, so that ln A holds of it where nothing else is known; any other scale is
      learned from its history.
    - `slack`: how far under ln A a threshold that was learned may come, 2.5 nats unless said.
    - `linear = False`: trials that come late cannot be judged in a later tick; they are left out.
    - `one_way = True`: only more bad is watched for, whatever `direction` says.
    - `anchored = True`: it compares with the anchor unless told otherwise.
    - `folds_as`: another detector whose fold this is, number for number; both are folded together.
    - `policy = True`: normal is an objective, it opens at `opens_at`, and takes no part of the budget.
    - `forbids = True`: of a policy: normal is none at all, one bad trial is enough, and it is over when its evidence is.
    - `watch_below`: how far under its threshold a stream is watched, 2.3 unless said.
    - `pages_uncalibrated = False`: no page comes of it before its threshold was learned.
    - `found_within`: ticks within which the battery wants half of all collapses found, 100 unless said.
    """

    def begin(self, size: int) -> State:
        """Return the state of `size` streams that have seen nothing."""

    def prepare(self, baseline: Baseline, threshold: Array, direction: Array) -> Any:
        """Return what `step` needs of the baseline, computed once a fit.

        Args:
            baseline: what normal is.
            threshold: nats that a stream's share of the budget asks for, ln A, shape (S,); where it opens in the end is
                learned from the history, see `bellbuoy.detectors.calibration`.
            direction: +1.0 watches for more bad, -1.0 for less, shape (S,).
        """

    def step(self, state: State, tick: Tick, prepared: Any) -> tuple[State, Evidence]:
        """Fold one tick in and return the new state and the evidence; the arguments stay untouched."""


Settings = Mapping[str, Any]
