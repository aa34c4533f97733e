"""What each detector can see on each series, and when: for `status`, `check`, `backtest` and whoever asks why nothing was told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bellbuoy.config.model import Config
from bellbuoy.detectors import mix, mixture, silence
from bellbuoy.detectors.visible import silent, visible
from bellbuoy.monitor.judging import judgement_rows as rows
from bellbuoy.monitor.judging.calibrate import tails
from bellbuoy.monitor.judging.calibration_rows import calibrations
from bellbuoy.monitor.judging.groups import Basis, Group, groups
from bellbuoy.monitor.judging.hearing import heard
from bellbuoy.monitor.judging.marks import marks, without
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.judging.watchlist import Line, detectors_of, watchlist
from bellbuoy.monitor.store import Store

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Sight:
    """One detector on one series in one direction, as it can see now.

    Attributes:
        detector: name of the entry in the configuration. kind: of it.
        signal, workflow, step, segment: the series.
        direction: +1 watches for more bad, -1 for less.
        armed: it is judged; otherwise it still learns what is normal.
        large_only: bad trials are so rare that only changes to three times the rate and more are judged.
        per_day: trials a day that its baseline expects.
        normal: bad share that is normal; None where none is known, or where the number of trials is judged.
        threshold: nats at which it opens; None without a baseline.
        basis: what the threshold rests on: `budget` alone, `history` (calibrated), or `noise` (history that the detector's model
            does not describe).
        least: the smallest change that is worth telling (`min_change`).
        a_day, three_days, a_week: the smallest lasting change of the bad share (0 to 1) that is expected to be proven within
            so much time; None where no change is, or where it cannot be told beforehand.
        silence_s: seconds of silence after which it is told; None where silence is not what it judges.
    """

    detector: str
    kind: str
    signal: str
    workflow: str
    step: str | None
    segment: str | None
    direction: int
    armed: bool
    least: float
    large_only: bool = False
    per_day: float | None = None
    normal: float | None = None
    threshold: float | None = None
    basis: Basis = "budget"
    a_day: float | None = None
    three_days: float | None = None
    a_week: float | None = None
    silence_s: float | None = None

    @property
    def name(self) -> str:
        """The series, and the direction where it is the other one."""
        text = SeriesKey(self.signal, self.workflow, self.step, self.segment).text()
        return text if self.direction > 0 else f"{text} (less)"

    @property
    def blind(self) -> bool:
        """Whether it judges shares and cannot prove the least change worth telling within a week."""
        return self.armed and self.normal is not None and (self.a_week is None or self.a_week > self.least)


def sights_at(store: Store, config: Config, at: int) -> list[Sight]:
    """Return what the daemon of a store sees at an instant, ordered as it is watched.

    Args:
        store: may be open for reading only.
        config: of the daemon.
        at: epoch seconds; thresholds and baselines are those of the midnight before it.
    """
    midnight = at // DAY * DAY
    lines = watchlist(config.detectors, detectors_of(config.detectors), heard(store, midnight))
    learned = tails(lines, calibrations(store, midnight))
    decided = marks(store, at)
    known = without(rows.baselines(store, midnight), decided, decided.pins(config), int(config.tick))
    made = groups(config, lines, known, {}, midnight, learned)
    return sights(lines, made, int(config.tick))


def sights(lines: Sequence[Line], made: Iterable[Group], tick: int) -> list[Sight]:
    """Return what is seen on every line, in their order.

    Args:
        lines: all that is watched.
        made: those of them that have a baseline, folded together.
        tick: length of a tick, seconds.
    """
    known: dict[Watched, Sight] = {}
    for group in made:
        known.update(_of(group, tick))
    return [known.get(line.watched, Sight(**_names(line), armed=False)) for line in lines]


def _names(line: Line) -> dict[str, Any]:
    series = line.watched.series
    return {
        "detector": line.watched.detector,
        "kind": line.entry.kind,
        "signal": series.signal,
        "workflow": series.workflow,
        "step": series.step,
        "segment": series.segment,
        "direction": line.watched.direction,
        "least": line.entry.min_change,
    }


def _of(group: Group, tick: int) -> dict[Watched, Sight]:
    normal, watch = group.baseline, group.watch
    nothing = np.full(len(group.lines), np.nan)
    changes, ends = [nothing, nothing, nothing], nothing
    prepared = group.prepared.plain if isinstance(group.prepared, mix.Prepared) else group.prepared
    if isinstance(prepared, mixture.Prepared):
        changes = [visible(prepared, normal, watch.threshold, watch.direction, days * DAY / tick) for days in (1, 3, 7)]
    elif isinstance(group.prepared, silence.Prepared):
        ends = silent(group.prepared, watch.threshold) * tick
    share = not group.volume and not getattr(group.detector, "policy", False)
    return {
        line.watched: Sight(
            **_names(line),
            armed=bool(normal.armed[place] > 0),
            large_only=bool(share and 0 < normal.armed[place] < 1),
            per_day=float(normal.per_tick[place] * DAY / tick),
            normal=float(normal.mean[place]) if share else None,
            threshold=float(watch.threshold[place]),
            basis=group.basis(place),
            a_day=_known(changes[0][place]),
            three_days=_known(changes[1][place]),
            a_week=_known(changes[2][place]),
            silence_s=_known(ends[place]),
        )
        for place, line in enumerate(group.lines)
    }


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
