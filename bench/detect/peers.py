"""The peers that look at every outcome: their month without a change, their settings of equal budget, their changes."""

import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.outcomes import RUN_IN, Outcomes, Peer, Settings
from bellbuoy.bench.detect.scenarios import Cell
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import MONTH, Streams

HARDLY: Final = 0.05
"""Share of the series with a false opening in 30 days under which a setting is not tried on changes."""


def calm(peers: Sequence[Peer], null: Streams, size: Size, found: dict[str, Any]) -> dict[str, list[Settings]]:
    """Run them over the month; return the settings of each that keep to the budget, without those that hardly ever fire."""
    if not peers:
        return {}
    some = null.only(np.arange(min(size.outcomes, null.size)))
    outcomes = Outcomes.of(some, size.seed)
    tuned: dict[str, list[Settings]] = {}
    months = size.ticks / MONTH
    for peer in peers:
        if not peer.there:
            found["notes"][peer.name] = f"not run: {peer.package} is not installed (pip install 'bellbuoy[bench]')"
            continue
        settings = [peer.usual, *peer.grid]
        began = time.perf_counter()
        alarms = peer.alarms(outcomes.bits, settings)
        spent = time.perf_counter() - began
        rows = []
        for which, one in enumerate(settings):
            count = np.zeros(some.size)
            for place, stream in outcomes.places(alarms, which):
                count[stream] += place >= some.start
            rows.append({"settings": dict(one), **figures.false(count, months).row()})
        kept = [row for row in rows[1:] if row["any"] <= 1.0 - figures.CALM]
        lively = [row for row in kept if row["any"] >= HARDLY] or sorted(kept, key=lambda row: -row["any"])[:1]
        chosen = lively or sorted(rows[1:], key=lambda row: row["mean"])[:1]
        tuned[peer.name] = [row["settings"] for row in chosen]
        found["null"][peer.name] = {
            "usual": {name: value for name, value in rows[0].items() if name != "settings"},
            "usual_at": rows[0]["settings"],
            "equal_at": tuned[peer.name],
            "grid": rows[1:],
            "us": rounded(1e6 * spent / len(settings) / ((size.ticks + RUN_IN) * some.size)),
        }
    return tuned


def changed(
    peers: Sequence[Peer],
    tuned: dict[str, list[Settings]],
    cell: Cell,
    streams: Streams,
    size: Size,
    own: dict[str, Any],
) -> None:
    """Run them over a change; of the settings within the budget the soonest is told, chosen with hindsight."""
    if not tuned:
        return
    some = streams.only(np.arange(min(size.outcomes, streams.size)))
    outcomes = Outcomes.of(some, size.seed)
    n = some.trials_since_change(cell.horizon)
    for peer in peers:
        if peer.name not in tuned:
            continue
        settings = [peer.usual, *tuned[peer.name]]
        alarms = peer.alarms(outcomes.bits, settings)
        told = []
        for which in range(len(settings)):
            ticks, early = np.full(some.size, np.nan), np.zeros(some.size, dtype=bool)
            for place, stream in reversed(outcomes.places(alarms, which)):
                if place >= some.change[stream]:
                    ticks[stream] = place - some.change[stream] + 1.0
                elif place >= some.start:
                    early[stream] = True
            told.append(figures.delay(ticks, early, cell.horizon, n))
        best = min(range(1, len(settings)), key=lambda which: (np.isnan(told[which].censored), told[which].censored))
        own[peer.name] = {"usual": told[0].row(), "equal": told[best].row(), "equal_at": dict(settings[best])}
