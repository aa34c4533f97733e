"""What each detector can see on each series, and when: for `status`, `check`, `backtest` and whoever asks why nothing was told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bellbuoy.detectors import mixture, silence
from bellbuoy.detectors.visible import silent, visible
from bellbuoy.monitor.judging.groups import Group
from bellbuoy.monitor.judging.watched import Watched
from bellbuoy.monitor.judging.watchlist import Line

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Sight:
    """One detector on one series in one direction, as it can see now.

    Attributes:
        watched: its names.
        armed: it is judged; otherwise it still learns what is normal.
        large_only: bad trials are so rare that only changes to three times the rate and more are judged.
        per_day: trials a day that its baseline expects.
        normal: bad share that is normal; None where none is known, or where the number of trials is judged.
        threshold: nats at which it opens; None without a baseline.
        a_day, three_days: the smallest lasting change of the bad share (0 to 1) that is expected to be proven within so
            much time; None where no change is, or where it cannot be told beforehand.
        silence_s: seconds of silence after which it is told; None where silence is not what it judges.
    """

    watched: Watched
    armed: bool
    large_only: bool = False
    per_day: float | None = None
    normal: float | None = None
    threshold: float | None = None
    a_day: float | None = None
    three_days: float | None = None
    silence_s: float | None = None


def sights(lines: Sequence[Line], groups: Iterable[Group], tick: int) -> list[Sight]:
    """Return what is seen on every line, in their order.

    Args:
        lines: all that is watched.
        groups: those of them that have a baseline, folded together.
        tick: length of a tick, seconds.
    """
    known: dict[Watched, Sight] = {}
    for group in groups:
        known.update(_of(group, tick))
    return [known.get(line.watched, Sight(line.watched, armed=False)) for line in lines]


def _of(group: Group, tick: int) -> dict[Watched, Sight]:
    normal, watch = group.baseline, group.watch
    nothing = np.full(len(group.lines), np.nan)
    changes, ends = [nothing, nothing], nothing
    if isinstance(group.prepared, mixture.Prepared):
        changes = [
            visible(group.prepared, normal, watch.threshold, watch.direction, days * DAY / tick) for days in (1, 3)
        ]
    elif isinstance(group.prepared, silence.Prepared):
        ends = silent(group.prepared, watch.threshold) * tick
    share = not group.volume
    return {
        line.watched: Sight(
            watched=line.watched,
            armed=bool(normal.armed[place] > 0),
            large_only=bool(share and 0 < normal.armed[place] < 1),
            per_day=float(normal.per_tick[place] * DAY / tick),
            normal=float(normal.mean[place]) if share else None,
            threshold=float(watch.threshold[place]),
            a_day=_known(changes[0][place]),
            three_days=_known(changes[1][place]),
            silence_s=_known(ends[place]),
        )
        for place, line in enumerate(group.lines)
    }


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
