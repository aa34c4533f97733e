"""Thresholds from the detector's own history: how high its evidence climbs in weeks in which nothing happened."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import baseline
from bellbuoy.detectors.base import Array, Baseline, Counts, Detector, State, Tick
from bellbuoy.detectors.mix import Strata, Stratified
from bellbuoy.detectors.profile import Season, form_of

WEEK: Final = 7 * 86_400
WEEKS: Final = 4
"""Weeks that are replayed."""
WHOLE: Final = 0.75
"""Share of its ticks in which a stream must have been judged for a week to count."""
LEAST: Final = 40
"""Series-weeks without which nothing is calibrated."""
LOW, HIGH = 0.3, 0.9
"""Shares of the series-weeks between which the tail is measured: real incidents in a tenth of them do not matter."""
LEAST_SLOPE: Final = 0.8
"""Steepest tail that is believed, nats: that of evidence whose noise is described by its model is 1."""
SLACK: Final = 2.5
"""How far under ln A a threshold may come, nats, unless the detector's class says another `slack`."""
STEEP, FAR = 3.0, 6.0
"""A tail flatter than this slope, or a threshold so far above ln A: the noise is not described by its model."""


@dataclass(frozen=True, slots=True)
class Tail:
    """How the largest evidence of a week is distributed where nothing happened: F(h) = exp(-exp(-(h - mu) / beta)).

    Attributes:
        mu: its location, in the detector's own unit.
        beta: its slope.
        weeks: series-weeks that it was measured on.
        calibrated: False where they are too few, or show no tail: thresholds are nominal then.
        nats: the evidence is in nats, so that ln A bounds what is learned.
        slack: how far under ln A a threshold may come.
    """

    mu: float = 0.0
    beta: float = 1.0
    weeks: int = 0
    calibrated: bool = False
    nats: bool = True
    slack: float = SLACK


NOMINAL: Final = Tail()
"""What holds where nothing was measured: thresholds are ln A."""


def largest(
    detector: Detector,
    counts: Counts,
    nominal: Array,
    direction: Array,
    *,
    weight: Array | None = None,
    judged: NDArray[np.bool_] | None = None,
    since: Array | None = None,
    armed: Array | None = None,
    ignore_below: Array | None = None,
    strata: tuple[Counts, NDArray[np.int64]] | None = None,
    zone: str = "UTC",
    season: Season = "auto",
) -> Array:
    """Return the largest evidence of each week and stream, judged by a baseline of the other weeks.

    Each week begins with a detector that has seen nothing. Fitting on one half and judging the other would be simpler,
    and wrong: the poorer fit scatters more and is less sure, so that thresholds come out too low.

    Args:
        detector: any detector.
        counts: whole weeks of consecutive ticks, a column a stream; at most some 200 (memory).
        nominal: ln A of each stream, shape (S,).
        direction: +1.0 or -1.0, shape (S,).
        weight: 0 where a tick is not learned from, shape (T, S); None learns from all.
        judged: False where a tick was not judged, such as in an outage, shape (T, S); None: all were.
        since: when each stream's series was there from, epoch seconds, shape (S,); None: from its first trial.
        armed: as of the baseline by which it is judged now, shape (S,); None: as the weeks themselves allow.
        ignore_below: what counts as normal beside the baseline's own margin, shape (S,); None: nothing.
        strata: counts of the same ticks, a column a stratum, and the stream of each, as `bellbuoy.detectors.mix.Strata`
            wants them; None: the streams have none.
        zone: time zone of the local day.
        season: what may repeat itself.

    Returns:
        Shape (weeks, S); NaN where a stream has no baseline, or none but of the week itself, or no trial.

    Raises:
        ValueError: the counts are not whole weeks, or are refused by the fit.
    """
    seconds = int(counts.at[1] - counts.at[0]) if len(counts.at) > 1 else 300
    length = WEEK // seconds
    weeks, rest = divmod(len(counts.at), length)
    if rest or not weeks:
        raise ValueError(f"{len(counts.at)} ticks of {seconds} s are not whole weeks")
    weighed = np.ones(counts.n.shape) if weight is None else np.asarray(weight, dtype=np.float64)
    whole = baseline.fit(counts, weight=weighed, since=since, zone=zone, season=season)
    known = whole.armed if armed is None else armed
    there = (counts.at[:, None] - seconds >= whole.since) if judged is None else judged
    if since is not None:
        there = there & (counts.at[:, None] - seconds >= since)
    parts, owner = strata if strata is not None else (None, np.arange(0))
    part_forms = None
    if parts is not None:
        part_forms = _forms(baseline.fit(parts, weight=weighed[:, owner], zone=zone, season=season))
    normals: list[_Normal] = []
    for week in range(weeks):
        others = weighed.copy()
        others[week * length : (week + 1) * length] = 0.0
        fitted = baseline.fit(counts, weight=others, since=since, zone=zone, season=season, forms=_forms(whole))
        enough = ((others > 0) & there).sum(axis=0) * seconds >= WEEK - seconds
        fitted = replace(fitted, armed=np.where(enough & (fitted.trials > 0), known, 0.0))
        own = None
        if parts is not None:  # what is too small for a normal of its own has that of the whole, as when it is judged
            own = baseline.fit(parts, weight=others[:, owner], zone=zone, season=season, forms=part_forms)
            places = np.where(own.judges_share, np.arange(len(owner)), len(owner) + owner)
            own = baseline.take(baseline.concat([own, fitted]), places)
        normals.append(_Normal(fitted, own))
    cells = baseline.cells(counts.at, zone, seconds).reshape(weeks, length)
    answer = np.full((weeks, counts.n.shape[1]), np.nan)
    replay = _Replay(detector, counts, parts, owner, nominal, direction, ignore_below, there)
    for alike in _alike(cells):  # weeks between which the clocks change have their hours at other ticks
        answer[alike] = replay.climbed([normals[week] for week in alike], alike, cells[alike[0]])
    return answer


def fit_tail(maxima: Array, *, nats: bool = True, slack: float = SLACK) -> Tail:
    """Return the tail of the largest evidences; NaN and infinite ones are left out.

    With g(p) = -ln(-ln p): beta = max(.8, (Q.9 - Q.3) / (g(.9) - g(.3))), mu = Q.9 - beta g(.9).

    Args:
        maxima: largest evidence of each series-week, any shape.
        nats: the evidence is in nats.
        slack: how far under ln A a threshold may come.
    """
    found = maxima[np.isfinite(maxima)]
    tail = Tail(weeks=int(found.size), nats=nats, slack=slack)
    if found.size < LEAST:
        return tail
    low, high = (float(one) for one in np.quantile(found, (LOW, HIGH)))
    beta = (high - low) / (_doubled(HIGH) - _doubled(LOW))
    beta = max(beta, LEAST_SLOPE) if nats else beta
    return replace(tail, mu=high - beta * _doubled(HIGH), beta=beta, calibrated=beta > 0.0)


def threshold(tail: Tail, nominal: Array, tick_seconds: float = 300.0) -> Array:
    """Return where each stream opens: mu + beta ln(A / ticks of a week), never below ln A less the slack.

    Args:
        tail: of the detector's entry; where it is not calibrated the nominal thresholds hold.
        nominal: ln A of each stream, shape (S,).
        tick_seconds: length of a tick.
    """
    if not tail.calibrated:
        return nominal.copy()
    answer = tail.mu + tail.beta * (nominal - float(np.log(WEEK / tick_seconds)))
    return np.maximum(answer, nominal - tail.slack) if tail.nats else answer


def empirical(tail: Tail, nominal: Array, tick_seconds: float = 300.0) -> NDArray[np.bool_]:
    """Tell for which streams the noise is not described by the detector's model, so that its threshold is empirical."""
    far = threshold(tail, nominal, tick_seconds) - nominal > FAR
    return far | (tail.beta > STEEP) if tail.calibrated and tail.nats else np.zeros(nominal.shape, dtype=np.bool_)


def _doubled(share: float) -> float:
    """Return -ln(-ln p)."""
    return -float(np.log(-np.log(share)))


def _alike(cells: NDArray[np.int64]) -> list[NDArray[np.intp]]:
    """Return the weeks in groups whose ticks lie in the same hours of the local week."""
    _, kind = np.unique(cells, axis=0, return_inverse=True)
    return [np.flatnonzero(kind.reshape(-1) == one) for one in range(int(kind.max()) + 1)]


def _forms(normal: Baseline) -> tuple[Array, Array]:
    """Return the shapes of both profiles of a baseline."""
    return form_of(normal.rate), form_of(normal.volume)


@dataclass(frozen=True, slots=True)
class _Normal:
    """What is normal in a week, by the others: for the streams, and for their strata."""

    whole: Baseline
    strata: Baseline | None


@dataclass(frozen=True, slots=True)
class _Replay:
    """What weeks are replayed with, see `largest`."""

    detector: Detector
    counts: Counts
    parts: Counts | None
    owner: NDArray[np.int64]
    nominal: Array
    direction: Array
    ignore_below: Array | None
    judged: NDArray[np.bool_]

    def climbed(self, normals: list[_Normal], weeks: NDArray[np.intp], cells: NDArray[np.int64]) -> Array:
        """Return the largest evidence of some weeks, all of them folded side by side, shape (len(weeks), S)."""
        times, length, size = len(weeks), len(cells), self.counts.n.shape[1]
        normal = self._ignoring(baseline.concat([one.whole for one in normals]), np.arange(size), times)
        seconds = int(self.counts.at[1] - self.counts.at[0])
        at = self.counts.at.reshape(-1, length)[weeks[-1]]  # one clock for all of them: that of the last
        volume = getattr(self.detector, "watches", "share") != "share"
        usable = (normal.judges_volume if volume else normal.judges_share & ~normal.by_prior) & (normal.trials > 0)
        there = _beside(self.judged, weeks, length) & usable
        usable = usable & (there.mean(axis=0) >= WHOLE)
        n = np.where(there, _beside(self.counts.n, weeks, length), 0.0)
        bad = np.where(there, _beside(self.counts.bad, weeks, length), 0.0)
        prepared, among = self._prepared(normal, normals, there, weeks)
        state = self.detector.begin(times * size)
        restless = bool(getattr(self.detector, "empty_ticks", False))
        most = np.full(times * size, -np.inf)
        for place in range(length):
            if not restless and not n[place].any():
                continue
            strata = None if among is None else among[:, place]
            tick = Tick(int(at[place]), int(cells[place]), n[place], bad[place], seconds, strata)
            after, evidence = self.detector.step(state, tick, prepared)
            if restless and not there[place].all():
                after = _kept(state, after, there[place])
                most = np.where(there[place], np.maximum(most, evidence.value), most)
            else:
                most = np.maximum(most, evidence.value)
            state = after
        answer: Array = np.where(usable & (n > 0).any(axis=0), most, np.nan).reshape(times, size)
        return answer

    def _prepared(
        self, normal: Baseline, normals: list[_Normal], there: NDArray[np.bool_], weeks: NDArray[np.intp]
    ) -> tuple[Any, Array | None]:
        """Return what the detector prepares for weeks side by side, and the counts of the strata, shape (2, length, M)."""
        times, size = len(weeks), self.counts.n.shape[1]
        nominal, direction = np.tile(self.nominal, times), np.tile(self.direction, times)
        if self.parts is None or not isinstance(self.detector, Stratified):
            return self.detector.prepare(normal, nominal, direction), None
        owner = np.concatenate([self.owner + place * size for place in range(times)])
        strata = baseline.concat([one.strata for one in normals if one.strata is not None])
        strata = self._ignoring(strata, self.owner, times)
        heard = there[:, owner]
        among = np.stack(
            [np.where(heard, _beside(one, weeks, len(there)), 0.0) for one in (self.parts.n, self.parts.bad)]
        )
        return self.detector.prepare(normal, nominal, direction, Strata(strata, owner)), among

    def _ignoring(self, normal: Baseline, owner: NDArray[np.int64], times: int) -> Baseline:
        if self.ignore_below is None:
            return normal
        return baseline.ignoring(normal, np.tile(self.ignore_below[owner], times))


def _beside(values: NDArray[Any], weeks: NDArray[np.intp], length: int) -> NDArray[Any]:
    """Return some weeks of the same streams side by side, shape (length, len(weeks) x S)."""
    parts = values.reshape(-1, length, values.shape[1])[weeks]
    return np.ascontiguousarray(parts.transpose(1, 0, 2)).reshape(length, -1)


def _kept(before: State, after: State, there: NDArray[np.bool_]) -> State:
    """Return the state after a tick that some streams did not have."""
    return {name: np.where(there, array, before[name]) for name, array in after.items()}
