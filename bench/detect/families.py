"""A family's month without a change, and its changes, through the product and every other column."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.columns import BUDGET, COLUMNS, Column, Reference, lorden
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.outcomes import PEERS, RUN_IN, Outcomes, Peer, Settings
from bellbuoy.bench.detect.scenarios import Cell, Family
from bellbuoy.bench.detect.shipped import Normals, Run, Way, judged
from bellbuoy.bench.detect.streams import DAY, MONTH, SEED, Streams, made
from bellbuoy.bench.detect.thresholds import thresholds
from bellbuoy.detectors.base import Array, Detector
from bellbuoy.detectors.rate_shift import RateShift

PRODUCT: Final = "product"
SELDOM: Final = 20.0
"""Months of the second budget."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is run.

    Attributes:
        replicates: series of a scenario.
        outcomes: series of the peers that look at every outcome.
        columns: names of the columns; None: all.
        seed: first part of the seeds.
        detector: what is judged with: as shipped.
        ticks: of a month.
        days: of the backtest that is timed.
    """

    replicates: int = 200
    outcomes: int = 48
    columns: frozenset[str] | None = None
    seed: int = SEED
    detector: Detector = field(default_factory=RateShift)
    ticks: int = MONTH
    days: int = 180

    def wants(self, name: str) -> bool:
        """Whether a column is run."""
        return self.columns is None or name in self.columns


def run(family: Family, size: Size) -> dict[str, Any]:
    """Return what every column came to in a family, as JSON keeps it."""
    null = made(family.world, family.number, size.replicates, ticks=size.ticks, seed=size.seed)
    found: dict[str, Any] = {"null": {}, "cells": {cell.name: {} for cell in family.cells}, "notes": {}}
    levels = _product_null(family, null, size, found)
    columns = [one for one in COLUMNS if size.wants(one.name)]
    heights = {one.name: _column_null(one, family, null, found) for one in columns if one.name != "oracle"}
    peers = [one for one in PEERS if family.outcomes and size.wants(one.name)]
    tuned = _peers_null(peers, null, size, found)
    for cell in family.cells:
        own = found["cells"][cell.name]
        streams = made(
            family.world,
            cell.number,
            size.replicates,
            ticks=2 * DAY + cell.horizon,
            change=cell.change,
            seed=size.seed,
        )
        fair = _product_cell(cell, streams, size, levels, own)
        for column in columns:
            if column.name == "oracle":
                if cell.sudden:
                    _oracle(family, cell, null, streams, fair, own)
                continue
            _column_cell(column, cell, streams, heights[column.name], own)
        _peers_cell(peers, tuned, cell, streams, size, own)
    return found


def _product_null(family: Family, null: Streams, size: Size, found: dict[str, Any]) -> float:
    """Judge the month; return the threshold of equal budget."""
    normals = Normals(null)
    learned = thresholds(size.detector, null, BUDGET)
    seldom = BUDGET + float(np.log(SELDOM))
    many = null.size
    ways = [
        Way(np.full(many, BUDGET), learned.opens(BUDGET, many)),
        Way(np.full(many, seldom), learned.opens(seldom, many)),
        Way.of(many, BUDGET, np.inf),
    ]
    runs = judged(size.detector, normals, ways)
    months = size.ticks / MONTH
    level = figures.equal(runs[2].highest)
    found["null"][PRODUCT] = {
        "usual": figures.false(runs[0].openings(), months).row(),
        "usual_at": rounded(float(ways[0].opens.mean())),
        "equal_at": rounded(level),
        "seldom_openings": int(runs[1].openings().sum()),
        "seldom_expected": rounded(many * months / SELDOM),
        "us": rounded(1e6 * runs[0].fold_s / runs[0].ticks / many / len(ways)),
        "learned": {name: rounded(value) for name, value in learned.told.items()},
    }
    found["bounds"] = family.judged
    return level


def _column_null(column: Column, family: Family, null: Streams, found: dict[str, Any]) -> float:
    began = time.perf_counter()
    values = column.statistic(null, Reference.of(null, family.world.bad))
    spent = time.perf_counter() - began
    level = figures.equal(values.max(axis=0))
    months = len(values) / MONTH
    found["null"][column.name] = {
        "usual": figures.false(figures.rising(values >= column.usual), months).row(),
        "usual_at": column.usual,
        "equal_at": rounded(level),
        "us": rounded(1e6 * spent / values.size),
    }
    return level


def _product_cell(
    cell: Cell, streams: Streams, size: Size, level: float, own: dict[str, Any]
) -> dict[str, tuple[Array, NDArray[np.bool_]]]:
    """Judge a change; return delays and early ones as shipped and at equal budget."""
    normals = Normals(streams)
    learned = thresholds(size.detector, streams, BUDGET)
    many = streams.size
    ways = [Way(np.full(many, BUDGET), learned.opens(BUDGET, many)), Way.of(many, BUDGET, level)]
    runs = judged(size.detector, normals, ways, until_open=True)
    told = {}
    for name, one in zip(("usual", "equal"), runs, strict=True):
        ticks, early = one.delays()
        told[name] = (ticks, early)
        own.setdefault(PRODUCT, {})[name] = figures.delay(
            ticks, early, cell.horizon, since(streams, cell.horizon)
        ).row()
    own[PRODUCT]["onset_error"] = rounded(_onset_error(runs[0]))
    return told


def _onset_error(run: Run) -> float:
    """Return the median of the absolute error of the onset, ticks."""
    opened = [one for one in run.happened if one[2] > 0]
    apart = [
        abs(onset - run.change[stream])
        for (place, stream, _), onset in zip(opened, run.onsets, strict=True)
        if place >= run.change[stream]
    ]
    return float(np.median(apart)) if apart else float("nan")


def since(streams: Streams, horizon: int) -> Array:
    """Return the trials of the ticks after each series' change, shape (horizon, R)."""
    rows = streams.change + np.arange(horizon)[:, None]
    return np.asarray(streams.n[rows, np.arange(streams.size)])


def _after(values: NDArray[np.bool_], streams: Streams) -> tuple[Array, NDArray[np.bool_]]:
    """Return delays and early ones of a column that is above its threshold in these ticks."""
    rows = np.arange(len(values))[:, None]
    changed = streams.change - streams.start
    first = figures.first_above(values & (rows >= changed))
    early: NDArray[np.bool_] = np.asarray((values & (rows < changed)).any(axis=0))
    return first - changed + 1.0, early


def _column_cell(column: Column, cell: Cell, streams: Streams, level: float, own: dict[str, Any]) -> None:
    values = column.statistic(streams, Reference.of(streams))
    n = since(streams, cell.horizon)
    for name, height in (("usual", column.usual), ("equal", level)):
        ticks, early = _after(values >= height, streams)
        own.setdefault(column.name, {})[name] = figures.delay(ticks, early, cell.horizon, n).row()


def _oracle(
    family: Family,
    cell: Cell,
    null: Streams,
    streams: Streams,
    fair: dict[str, tuple[Array, NDArray[np.bool_]]],
    own: dict[str, Any],
) -> None:
    """Ask the one who knows both rates, on the same streams; put the product's ratios beside it."""
    (column,) = (one for one in COLUMNS if one.name == "oracle")
    normal, changed = family.world.bad, family.world.bad + cell.change.size
    level = figures.equal(column.statistic(null, Reference.of(null, normal, changed)).max(axis=0))
    ticks, early = _after(column.statistic(streams, Reference.of(streams, normal, changed)) >= level, streams)
    own["oracle"] = {
        "equal": figures.delay(ticks, early, cell.horizon, since(streams, cell.horizon)).row(),
        "equal_at": rounded(level),
    }
    bound = lorden(normal, changed, family.world.volume)
    own["Lorden"] = {"equal": {"mean": rounded(bound)}}
    for name, (own_ticks, own_early) in fair.items():
        both = ~early & ~own_early
        if not both.any():  # no stream is left to compare
            own[PRODUCT].update({f"{name}_to_{what}": None for what in ("oracle", "oracle_error", "lorden")})
            continue
        mine = np.where(np.isnan(own_ticks), cell.horizon, own_ticks)[both]
        theirs = np.where(np.isnan(ticks), cell.horizon, ticks)[both]
        own[PRODUCT][f"{name}_to_oracle"] = rounded(float(mine.mean() / theirs.mean()))
        own[PRODUCT][f"{name}_to_oracle_error"] = rounded(_ratio_error(mine, theirs))
        own[PRODUCT][f"{name}_to_lorden"] = rounded(float(mine.mean() / bound))


def _ratio_error(first: Array, second: Array) -> float:
    """Return the standard error of a ratio of two means over the same streams (delta method)."""
    ratio = first.mean() / second.mean()
    return (
        float((first - ratio * second).std(ddof=1) / np.sqrt(len(first)) / second.mean())
        if len(first) > 1
        else float("nan")
    )


def _peers_null(peers: Sequence[Peer], null: Streams, size: Size, found: dict[str, Any]) -> dict[str, Settings | None]:
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


def _peers_cell(
    peers: Sequence[Peer],
    tuned: dict[str, Settings | None],
    cell: Cell,
    streams: Streams,
    size: Size,
    own: dict[str, Any],
) -> None:
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
                ticks, early, cell.horizon, since(some, cell.horizon)
            ).row()
