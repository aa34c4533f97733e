"""A baseline as people look at it: what is normal, how sure that is, what it was learned from, who decided about it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bellbuoy.config.model import Config
from bellbuoy.detectors.base import BLOCKS
from bellbuoy.monitor.judging.judgement_rows import baselines
from bellbuoy.monitor.judging.marks import marks, without
from bellbuoy.monitor.judging.watchlist import Line, forbids
from bellbuoy.monitor.store import Store

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about a baseline; see `bellbuoy.monitor.judging.marks.Mark`."""

    kind: str
    since: int
    until: int | None
    who: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One baseline of one series.

    Attributes:
        series: as it is named on the command line, with the signal.
        name: of the baseline.
        detectors: that compare with it.
        armed: it is judged by; False: it still learns. None: nothing was learned yet, all that follows is None too.
        mean: bad share that is normal. low, high: the same in the best and the worst hour.
        margin: how far from it normal reaches, a share.
        per_day: trials a day. trials, bad: learned from.
        since, until: span learned from, epoch seconds.
        an_hour, a_day: how much more an hour's and a day's counts scatter than chance alone explains: 1 is chance.
        pinned: its span is fixed.
        decided: what somebody decided about it, the newest; None: nobody did.
    """

    series: str
    name: str
    detectors: tuple[str, ...]
    armed: bool | None = None
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float | None = None
    per_day: float | None = None
    trials: int | None = None
    bad: int | None = None
    since: int | None = None
    until: int | None = None
    an_hour: float | None = None
    a_day: float | None = None
    pinned: bool = False
    decided: Decision | None = None


def shown(store: Store, config: Config, lines: Sequence[Line], at: int) -> list[Shown]:
    """Return the baselines of lines as they are in force at an instant, ordered by series and name; what must not be has none.

    Args:
        store: may be open for reading only.
        config: of its daemon.
        lines: whose baselines.
        at: epoch seconds.
    """
    decided = marks(store, at)
    begins, pins = decided.begins(), decided.pins(config)
    known = without(baselines(store, at // DAY * DAY), decided, pins, int(config.tick))
    pinned = {one.name: one for one in decided.all if one.name is not None}
    lines = [line for line in lines if not forbids(line.detector)]
    names = sorted({(line.watched.series.text(), line.baseline) for line in lines})
    keys = {line.watched.series.text(): line.watched.series for line in lines}
    made = []
    for text, name in names:
        key = keys[text]
        own = [line for line in lines if line.watched.series == key and line.baseline == name]
        mark = pinned.get(name) or (begins.get(key) if name not in pins else None)
        told = None if mark is None else Decision(mark.kind, mark.since, mark.until, mark.who, mark.why)
        one = Shown(text, name, tuple(dict.fromkeys(line.watched.detector for line in own)), decided=told)
        normal = known.get((name, key))
        if normal is None:
            made.append(one)
            continue
        made.append(
            Shown(
                one.series,
                one.name,
                one.detectors,
                armed=bool(normal.armed[0] > 0),
                mean=float(normal.mean[0]),
                low=float(normal.rate.min()),
                high=float(normal.rate.max()),
                margin=float(normal.margin[0]),
                per_day=float(normal.per_tick[0] * DAY / config.tick),
                trials=int(normal.trials[0]),
                bad=int(normal.bad[0]),
                since=_instant(normal.since[0]),
                until=_instant(normal.until[0]),
                an_hour=float(normal.dispersion[BLOCKS.index(12), 0]),
                a_day=float(normal.dispersion[BLOCKS.index(288), 0]),
                pinned=name in pins,
                decided=told,
            )
        )
    return made


def _instant(seconds: float) -> int | None:
    return int(seconds) if np.isfinite(seconds) else None
