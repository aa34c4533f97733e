"""From evidence to verdicts: one fold for every detector, with opening, staying open, going stale and resolving."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import dispersion, resolve
from bellbuoy.detectors.base import (
    BETTER,
    LARGE_ONLY,
    LEARNING,
    STALE,
    STEADY,
    VOLUME_ONLY,
    WATCH,
    WORSE,
    Array,
    Baseline,
    Detector,
    Evidence,
    State,
    Tick,
)
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
"""Nats under the threshold (a factor of ten) from which a stream is watched."""
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
    """

    threshold: Array
    direction: Array
    min_change: Array
    zone: str = "UTC"


def begin(detector: Detector, size: int) -> State:
    """Return the state of `size` streams that have seen nothing: the detector's and, under `judge.`, the fold's own."""
    state = dict(detector.begin(size))
    state[f"{_OWN}state"] = np.full(size, float(LEARNING))
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
        prepared: `detector.prepare(baseline, watch.threshold, watch.direction)`, made anew when a baseline, a threshold
            or the detector changes.
        baseline: what normal is.
        watch: thresholds and directions.

    Raises:
        ValueError: a stream has seen this tick or a later one already, or its counts cannot be; says which.
    """
    _check(state, tick)
    silence = getattr(detector, "watches", "share") == "silence"
    codes = state[f"{_OWN}state"]
    was_open = codes >= WORSE
    any_open = bool(was_open.any())
    armed = baseline.armed >= (VOLUME_ONLY if silence else LARGE_ONLY)
    all_armed = bool(armed.all())
    if not all_armed:  # what cannot be judged yet leaves no trace
        heard = armed | was_open
        tick = Tick(tick.at, tick.cell, np.where(heard, tick.n, 0.0), np.where(heard, tick.bad, 0.0), tick.seconds)

    after: State = dict(state)
    after[f"{_OWN}at"] = np.full(len(codes), float(tick.at))
    if tick.n.any() or getattr(detector, "empty_ticks", False):
        own = {name: array for name, array in state.items() if not name.startswith(_OWN)}
        stepped, evidence = detector.step(own, tick, prepared)
        after.update(stepped)
        after[f"{_OWN}value"] = evidence.value
        _since_onset(after, state, tick, evidence, baseline, was_open if any_open else None, silence=silence)
    value = after[f"{_OWN}value"]

    new = np.where(value >= watch.threshold - WATCH_BELOW, float(WATCH), float(STEADY))
    if not all_armed:
        new = np.where(armed, new, float(LEARNING))
    opens = armed & ~was_open & (value >= watch.threshold)
    if opens.any():
        count = after[f"{_OWN}count"]
        if not silence:
            opens &= np.where(watch.direction > 0, count[1], count[2]) >= LEAST_BAD
        _open(after, np.flatnonzero(opens), tick)
        new = np.where(opens, np.where(watch.direction > 0, float(WORSE), float(BETTER)), new)
    resolved = np.empty(0, dtype=np.int64)
    if any_open or opens.any():
        index = np.flatnonzero(was_open | opens)
        new[index] = codes_open = np.where(watch.direction[index] > 0, float(WORSE), float(BETTER))
        if silence:
            recovered = tick.n[index] > 0
        else:
            recovered = _live(after, index, was_open[index], tick, baseline, watch)
            new[index] = np.where(after[f"{_OWN}live"][MISSING, index] >= STALE_AFTER, float(STALE), codes_open)
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
        silence=silence,
        n=tick.n,
        memory=after,
        threshold=watch.threshold,
        direction=watch.direction,
        zone=watch.zone,
        baseline=baseline,
    )
    return (_anew(after, resolved, detector) if resolved.size else after), judgement


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
    baseline: Baseline,
    was_open: NDArray[np.bool_] | None,
    *,
    silence: bool,
) -> None:
    """Set the onset and the counts since: the detector's own, or those since its evidence was lowest."""
    onset, count = evidence.onset, evidence.since
    added = None
    if count is None:
        added = _counted(tick, baseline)
        lowest = (evidence.value <= state[f"{_OWN}low"]) & ((tick.n > 0) | (evidence.value < state[f"{_OWN}low"]))
        after[f"{_OWN}low"] = np.where(lowest, evidence.value, state[f"{_OWN}low"])
        count = np.where(lowest, 0.0, state[f"{_OWN}count"] + added)
        kept = np.where(lowest, float(tick.at), state[f"{_OWN}onset"])
        onset = np.where(np.isnan(onset), kept, onset)
    if was_open is not None:  # the onset of what is open stays where it was when it opened
        if silence:
            held = was_open & (tick.n > 0)
            count = np.where(held, state[f"{_OWN}count"], count)
        else:
            held = was_open
            count = np.where(
                held, state[f"{_OWN}count"] + (_counted(tick, baseline) if added is None else added), count
            )
        onset = np.where(held, state[f"{_OWN}onset"], onset)
    after[f"{_OWN}onset"] = onset
    after[f"{_OWN}count"] = count


def _counted(tick: Tick, baseline: Baseline) -> Array:
    """Return trials, bad ones and bad ones expected of the tick, shape (3, S)."""
    return np.array((tick.n, tick.bad, tick.n * baseline.rate[tick.cell]))


def _open(after: State, index: NDArray[np.int64], tick: Tick) -> None:
    """Begin what is kept only while a stream is open."""
    live = after[f"{_OWN}live"].copy()
    live[:, index] = 0.0
    live[LO, index] = -np.inf
    for row in (OPENED, LAST, CALM_SINCE):
        live[row, index] = tick.at
    after[f"{_OWN}live"] = live


def _live(
    after: State, index: NDArray[np.int64], was_open: NDArray[np.bool_], tick: Tick, baseline: Baseline, watch: Watch
) -> NDArray[np.bool_]:
    """Carry the streams that are open one tick on; say which of them have recovered."""
    direction = watch.direction[index]
    n, bad = tick.n[index], tick.bad[index]
    rate = baseline.rate[tick.cell, index]
    scatter = baseline.dispersion[:, index]
    some = n > 0
    now = after[f"{_OWN}live"][:, index]

    ticks = (tick.at - after[f"{_OWN}onset"][index]) / tick.seconds
    proven = resolve.proven(after[f"{_OWN}count"][:, index], dispersion.at(scatter, ticks), direction)
    now[LO] = np.maximum(now[LO], proven)
    recovery = resolve.recover(
        now[RECOVERY],
        n,
        bad,
        rate=rate,
        per_tick=baseline.per_tick[index],
        scatter=scatter,
        largest=now[LO],
        min_change=watch.min_change[index],
        direction=direction,
    )
    now[RECOVERY] = np.where(was_open, recovery, 0.0)
    now[LAST] = np.where(some, float(tick.at), now[LAST])
    now[MISSING] = np.where(some, 0.0, now[MISSING] + baseline.volume[tick.cell, index])
    added = np.where(was_open, (n, bad, n * rate), 0.0)
    now[AFTER] += added
    now[CALM] += added
    fallen = (now[RECOVERY] <= 0.0) & some
    now[CALM] = np.where(fallen, 0.0, now[CALM])
    now[CALM_SINCE] = np.where(fallen, float(tick.at), now[CALM_SINCE])
    live = after[f"{_OWN}live"].copy()
    live[:, index] = now
    after[f"{_OWN}live"] = live
    recovered: NDArray[np.bool_] = now[RECOVERY] >= resolve.PROOF
    return recovered


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
