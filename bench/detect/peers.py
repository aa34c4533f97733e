"""The peers that look at every outcome: their month without a change, their settings of equal budget, their changes."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.outcomes import RUN_IN, Outcomes, Peer, Settings
from bellbuoy.bench.detect.scenarios import Cell
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import MONTH, Streams


def calm(peers: Sequence[Peer], null: Streams, size: Size, found: dict[str, Any]) -> dict[str, Settings | None]:
    """Run the peers that look at every outcome; return the settings of each nearest to the budget."""
    if not peers:
        return {}
    some = null.only(np.arange(min(size.outcomes, null.size)))
    outcomes = Outcomes.of(some, size.seed)
    tuned: dict[str, Settings | None] = {}
    months = size.ticks / MONTH
    for peer in peers:
        if not peer.there:
            found["notes"][peer.name] = f"not run: {peer.package} is not installed (pip install 'bellbuoy[bench]')"
            tuned[peer.name] = None
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
        allowed = [row for row in rows[1:] if row["any"] <= 1.0 - figures.CALM]
        chosen = max(allowed or rows[1:], key=lambda row: row["mean"] if allowed else -row["mean"])
        tuned[peer.name] = chosen["settings"]
        found["null"][peer.name] = {
            "usual": {name: value for name, value in rows[0].items() if name != "settings"},
            "usual_at": rows[0]["settings"],
            "equal_at": chosen["settings"],
            "grid": rows[1:],
            "us": rounded(1e6 * spent / len(settings) / ((size.ticks + RUN_IN) * some.size)),
        }
    return tuned


def changed(
    peers: Sequence[Peer],
    tuned: dict[str, Settings | None],
    cell: Cell,
    streams: Streams,
    size: Size,
    own: dict[str, Any],
) -> None:
    """Run them over a change, with their usual settings and those of equal budget."""
    if not any(tuned.values()):
        return
    some = streams.only(np.arange(min(size.outcomes, streams.size)))
    outcomes = Outcomes.of(some, size.seed)
    for peer in peers:
        best = tuned[peer.name]
        if best is None:
            continue
        alarms = peer.alarms(outcomes.bits, [peer.usual, best])
        for which, name in enumerate(("usual", "equal")):
            ticks, early = np.full(some.size, np.nan), np.zeros(some.size, dtype=bool)
            for place, stream in reversed(outcomes.places(alarms, which)):
                if place >= some.change[stream]:
                    ticks[stream] = place - some.change[stream] + 1.0
                elif place >= some.start:
                    early[stream] = True
            own.setdefault(peer.name, {})[name] = figures.delay(
                ticks, early, cell.horizon, some.trials_since_change(cell.horizon)
            ).row()
