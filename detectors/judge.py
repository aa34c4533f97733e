"""From evidence to verdicts: one fold for every detector, with opening, staying open, going stale and resolving."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import dispersion, resolve
from bellbuoy.detectors.base import (
    BETTER,
    LEARNING,
    STALE,
    STEADY,
    WATCH,
    WORSE,
    Array,
    Baseline,
    Detector,
    Evidence,
    Measure,
    State,
    Tick,
)
from bellbuoy.detectors.baseline import take
from bellbuoy.detectors.interval import counts
from bellbuoy.detectors.judgement import (
    AFTER,
    CALM,
    CALM_SINCE,
    LAST,
    LIVE_ROWS,
    LO,
    MISSING,
    OPENED,
    RECOVERY,
    Judgement,
)

WATCH_BELOW: Final = 2.3
"""Nats under the threshold (a factor of ten) from which a stream is watched, unless its detector's `watch_below` differs."""
LEAST_BAD: Final = 5
"""Bad trials since the onset (those expected, where fewer are watched for) without which nothing opens."""
STALE_AFTER: Final = 20
"""Expected trials without one coming after which an open stream is stale."""
_OWN: Final = "judge."


@dataclass(frozen=True, eq=False)
class Watch:
    """How streams are watched: one entry a stream in every array.

    Attributes:
        threshold: nats at which a stream opens, shape (S,).
        direction: +1.0 watches for more bad, -1.0 for less, shape (S,).
        min_change: the smallest change of the bad share worth telling, shape (S,).
        zone: time zone of the times in sentences.
        calibrated: whether the threshold was learned from history, shape (S,); None: of none it was.
        empirical: whether it was, and shows noise that the detector's model does not describe, shape (S,); None: of none.
    """

    threshold: Array
    direction: Array
    min_change: Array
    zone: str = "UTC"
    calibrated: NDArray[np.bool_] | None = None
    empirical: NDArray[np.bool_] | None = None


def begin(detector: Detector, size: int) -> State:
    """Return the state of `size` streams that have seen nothing: the detector's and, under `judge.`, the fold's own."""
    state = dict(detector.begin(size))
    state[f"{_OWN}state"] = np.full(size, float(STEADY if getattr(detector, "forbids", False) else LEARNING))
    state[f"{_OWN}at"] = np.full(size, -np.inf)
    state[f"{_OWN}value"] = np.full(size, -np.inf)
    state[f"{_OWN}onset"] = np.full(size, np.nan)
    state[f"{_OWN}count"] = np.zeros((3, size))
    state[f"{_OWN}low"] = np.full(size, np.inf)
    state[f"{_OWN}live"] = np.zeros((LIVE_ROWS, size))
    return state


def fold(
    detector: Detector, state: State, tick: Tick, prepared: Any, baseline: Baseline, watch: Watch
) -> tuple[State, Judgement]:
    """Fold one tick into the state and judge every stream.

    What a stream's verdict is depends on that stream alone: not on the others in the batch, not on whether the process
    was restarted between ticks.

    Args:
        detector: any detector.
        state: from `begin` or the last fold; stays untouched.
        tick: counts of the tick, finite and never more bad than trials.
        prepared: `detector.prepare(baseline, nominal, watch.direction)`, nominal being what the budget asks for (ln A);
            made anew when a baseline, the budget's share or the detector changes.
        baseline: what normal is.
        watch: thresholds and directions.

    Raises:
        ValueError: a stream has seen this tick or a later one already, or its counts cannot be; says which.
    """
    _check(state, tick)
    watches: Measure = getattr(detector, "watches", "share")
    codes = state[f"{_OWN}state"]
    was_open = codes >= WORSE
    any_open = bool(was_open.any())
    armed = baseline.judges_share if watches == "share" else baseline.judges_volume
    all_armed = bool(armed.all())
    heard = armed | was_open
    if not all_armed:  # what cannot be judged yet leaves no trace
        tick = replace(tick, n=np.where(heard, tick.n, 0.0), bad=np.where(heard, tick.bad, 0.0))
    counted = _counted(tick, prepared, baseline, watches)

    after: State = dict(state)
    after[f"{_OWN}at"] = np.full(len(codes), float(tick.at))
    evidence = None
    if tick.n.any() or getattr(detector, "empty_ticks", False) or (any_open and getattr(detector, "forbids", False)):
        own = {name: array for name, array in state.items() if not name.startswith(_OWN)}
        stepped, evidence = detector.step(own, tick, prepared)
        if not all_armed:
            stepped, evidence = _unheard(own, stepped, evidence, state[f"{_OWN}value"], heard)
        after.update(stepped)
        after[f"{_OWN}value"] = evidence.value
        _since_onset(
            after, state, tick, evidence, counted, was_open if any_open else None, silence=watches == "silence"
        )
    value = after[f"{_OWN}value"]

    near = value >= watch.threshold - getattr(detector, "watch_below", WATCH_BELOW)
    mixed = _mixed(evidence, armed & ~was_open, watch)
    new = np.where(near if mixed is None else near | mixed, float(WATCH), float(STEADY))
    # what is judged by others like it learns all the same
    new = np.where(armed & ~baseline.by_prior if watches == "share" else armed, new, float(LEARNING))
    opens = armed & ~was_open & (value >= watch.threshold)
    if opens.any():
        if watches == "share" and not getattr(detector, "forbids", False):
            opens &= _enough(after, watch)
        _open(after, np.flatnonzero(opens), tick)
    resolved = np.empty(0, dtype=np.int64)
    if any_open or opens.any():
        index = np.flatnonzero(was_open | opens)
        better = (watch.direction[index] < 0) & (watches == "share")
        new[index] = codes_open = np.where(better, float(BETTER), float(WORSE))
        if watches == "silence":
            recovered = tick.n[index] > 0
        elif getattr(detector, "forbids", False):
            recovered = value[index] < watch.threshold[index]
        else:
            recovered = _live(after, index, was_open[index], tick, counted, baseline, watch, watches)
            stale = (after[f"{_OWN}live"][MISSING, index] >= STALE_AFTER) & (watches == "share")
            new[index] = np.where(stale, float(STALE), codes_open)
        resolved = index[recovered & was_open[index]]
        new[resolved] = float(STEADY)
    after[f"{_OWN}state"] = new

    judgement = Judgement(
        at=tick.at,
        seconds=tick.seconds,
        state=new.astype(np.int8),
        value=value,
        changed=np.flatnonzero(new != codes),
        open=np.flatnonzero(new >= WORSE),
        resolved=resolved,
        measure="never" if getattr(detector, "forbids", False) else watches,
        n=tick.n,
        memory=after,
        threshold=watch.threshold,
        direction=watch.direction,
        zone=watch.zone,
        baseline=baseline,
        mixed=mixed,
        urgent=evidence.urgent if evidence is not None else None,
        policy=getattr(detector, "policy", False),
        may_page=_may_page(detector, watch),
        calibrated=watch.calibrated,
        empirical=watch.empirical,
    )
    return (_anew(after, resolved, detector) if resolved.size else after), judgement


def _unheard(
    before: State, after: State, evidence: Evidence, value: Array, heard: NDArray[np.bool_]
) -> tuple[State, Evidence]:
    """Return state and evidence with those of the streams that were not heard as they were."""
    kept = {name: np.where(heard, array, before[name]) for name, array in after.items()}
    return kept, replace(evidence, value=np.where(heard, evidence.value, value))


def _mixed(evidence: Evidence | None, closed: NDArray[np.bool_], watch: Watch) -> NDArray[np.bool_] | None:
    """Return where the sum over strata would open and the strata do not: their mix has changed."""
    if evidence is None or evidence.beside is None:
        return None
    answer: NDArray[np.bool_] = closed & (evidence.beside >= watch.threshold) & (evidence.value < watch.threshold)
    return answer


def _may_page(detector: Detector, watch: Watch) -> NDArray[np.bool_] | None:
    """Return where a page may come of it: anywhere, unless the detector wants its threshold learned first."""
    if getattr(detector, "pages_uncalibrated", True):
        return None
    return np.zeros(len(watch.threshold), np.bool_) if watch.calibrated is None else watch.calibrated


def _check(state: State, tick: Tick) -> None:
    """Refuse a tick that was folded already and counts that are negative, not numbers or more bad than trials."""
    possible = (tick.bad <= tick.n) & (tick.bad >= 0.0)
    if not possible.all():
        stream = int(np.flatnonzero(~possible)[0])
        raise ValueError(f"tick {tick.at}, stream {stream}: {tick.bad[stream]} bad of {tick.n[stream]} trials")
    seen = state[f"{_OWN}at"] >= tick.at
    if seen.any():
        stream = int(np.flatnonzero(seen)[0])
        raise ValueError(f"tick {tick.at}, stream {stream}: folded already, up to {int(state[f'{_OWN}at'][stream])}")


def _since_onset(
    after: State,
    state: State,
    tick: Tick,
    evidence: Evidence,
    counted: Array,
    was_open: NDArray[np.bool_] | None,
    *,
    silence: bool,
) -> None:
    """Set the onset and the counts since: the detector's own, or those since its evidence was lowest."""
    onset, count = evidence.onset, evidence.since
    if count is None:
        lowest = (evidence.value <= state[f"{_OWN}low"]) & ((tick.n > 0) | (evidence.value < state[f"{_OWN}low"]))
        after[f"{_OWN}low"] = np.where(lowest, evidence.value, state[f"{_OWN}low"])
        count = np.where(lowest, 0.0, state[f"{_OWN}count"] + counted)
        kept = np.where(lowest, float(tick.at), state[f"{_OWN}onset"])
        onset = np.where(np.isnan(onset), kept, onset)
    if was_open is not None:  # the onset of what is open stays where it was when it opened
        held = was_open & (tick.n > 0) if silence else was_open
        count = np.where(held, state[f"{_OWN}count"] + (0.0 if silence else counted), count)
        onset = np.where(held, state[f"{_OWN}onset"], onset)
    after[f"{_OWN}onset"] = onset
    after[f"{_OWN}count"] = count


def _counted(tick: Tick, prepared: Any, baseline: Baseline, watches: Measure) -> Array:
    """Return trials, bad ones and bad ones expected of the tick, of a volume ticks, trials and trials expected: (3, S)."""
    if watches == "volume":
        return np.array((np.ones_like(tick.n), tick.n, baseline.volume[tick.cell]))
    normal = getattr(prepared, "normal", None)  # what is normal may depend on the mix of the tick
    rate = baseline.rate[tick.cell] if normal is None else normal(tick)
    return np.array((tick.n, tick.bad, tick.n * rate))


def _enough(after: State, watch: Watch) -> NDArray[np.bool_]:
    """Return where there were bad trials enough since the onset to open, or enough expected where fewer are watched for."""
    count = after[f"{_OWN}count"]
    answer: NDArray[np.bool_] = np.where(watch.direction > 0, count[1], count[2]) >= LEAST_BAD
    return answer


def _open(after: State, index: NDArray[np.int64], tick: Tick) -> None:
    """Begin what is kept only while a stream is open."""
    live = after[f"{_OWN}live"].copy()
    live[:, index] = 0.0
    live[LO, index] = -np.inf
    for row in (OPENED, LAST, CALM_SINCE):
        live[row, index] = tick.at
    after[f"{_OWN}live"] = live


def _live(
    after: State,
    index: NDArray[np.int64],
    was_open: NDArray[np.bool_],
    tick: Tick,
    counted: Array,
    baseline: Baseline,
    watch: Watch,
    watches: Measure,
) -> NDArray[np.bool_]:
    """Carry the streams that are open one tick on; say which of them have recovered."""
    counted = counted[:, index]
    some = tick.n[index] > 0
    now = after[f"{_OWN}live"][:, index]
    ticks = (tick.at - after[f"{_OWN}onset"][index]) / tick.seconds
    since = after[f"{_OWN}count"][:, index]
    if watches == "volume":
        recovery = _volume_recovery(now, since, ticks, counted, take(baseline, index), watch.direction[index])
    else:
        recovery = _share_recovery(now, since, ticks, counted, index, baseline, watch)
    now[RECOVERY] = np.where(was_open, recovery, 0.0)
    now[LAST] = np.where(some, float(tick.at), now[LAST])
    now[MISSING] = np.where(some, 0.0, now[MISSING] + baseline.volume[tick.cell, index])
    added = np.where(was_open, counted, 0.0)
    now[AFTER] += added
    now[CALM] += added
    fallen = (now[RECOVERY] <= 0.0) & (some | (watches == "volume"))
    now[CALM] = np.where(fallen, 0.0, now[CALM])
    now[CALM_SINCE] = np.where(fallen, float(tick.at), now[CALM_SINCE])
    live = after[f"{_OWN}live"].copy()
    live[:, index] = now
    after[f"{_OWN}live"] = live
    recovered: NDArray[np.bool_] = now[RECOVERY] >= resolve.PROOF
    return recovered


def _share_recovery(
    now: Array, since: Array, ticks: Array, counted: Array, index: NDArray[np.int64], baseline: Baseline, watch: Watch
) -> Array:
    """Note the largest change proven and return the evidence that the bad share is normal again."""
    direction, scatter = watch.direction[index], baseline.dispersion[:, index]
    now[LO] = np.maximum(now[LO], resolve.proven(since, dispersion.at(scatter, ticks), direction))
    n, bad, expected = counted
    return resolve.recover(
        now[RECOVERY],
        n,
        bad,
        rate=np.divide(expected, n, out=np.zeros_like(n), where=n > 0),
        per_tick=baseline.per_tick[index],
        scatter=scatter,
        largest=now[LO],
        min_change=watch.min_change[index],
        direction=direction,
    )


def _volume_recovery(now: Array, since: Array, ticks: Array, counted: Array, own: Baseline, direction: Array) -> Array:
    """Note the largest share of the volume that is proven lost or gained; return the evidence that it is back."""
    scatter = dispersion.at(own.volume_dispersion, ticks)
    low, high = counts(since[1], since[2], scatter)
    now[LO] = np.maximum(now[LO], np.where(direction > 0, low, -high))
    return resolve.recover_volume(now[RECOVERY], counted[1], counted[2], own, largest=now[LO], direction=direction)


def _anew(after: State, index: NDArray[np.int64], detector: Detector) -> State:
    """Return the state with streams that have recovered as if they had seen nothing, but steady."""
    fresh = begin(detector, 1)
    answer: State = {}
    for name, array in after.items():
        if name in (f"{_OWN}state", f"{_OWN}at"):
            answer[name] = array
            continue
        answer[name] = array.copy()
        answer[name][..., index] = fresh[name]
    return answer
