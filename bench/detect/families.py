"""A family's month without a change, and its changes, through the product and every other column."""

import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bellbuoy.bench.detect import figures, peers
from bellbuoy.bench.detect.columns import BUDGET, COLUMNS, Column, Reference, lorden
from bellbuoy.bench.detect.figures import rounded
from bellbuoy.bench.detect.outcomes import PEERS
from bellbuoy.bench.detect.scenarios import Cell, Family
from bellbuoy.bench.detect.shipped import Normals, Run, Way, judged
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import DAY, MONTH, Streams, made
from bellbuoy.bench.detect.thresholds import thresholds
from bellbuoy.detectors.base import Array

PRODUCT: Final = "product"
MONTHS_OF_ORACLE: Final = 5
"""Months a series from which the oracle's threshold comes."""
SELDOM: Final = 20.0
"""Months of the second budget."""


def run(family: Family, size: Size) -> dict[str, Any]:
    """Return what every column came to in a family, as JSON keeps it."""
    null = made(family.world, family.number, size.replicates, ticks=size.ticks, seed=size.seed)
    found: dict[str, Any] = {"null": {}, "cells": {cell.name: {} for cell in family.cells}, "notes": {}}
    levels = _product_null(family, null, size, found)
    columns = [one for one in COLUMNS if size.wants(one.name)]
    heights = {one.name: _column_null(one, family, null, found) for one in columns if one.name != "oracle"}
    chosen = [one for one in PEERS if family.outcomes and size.wants(one.name)]
    tuned = peers.calm(chosen, null, size, found)
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
                    _oracle(family, cell, streams, size, fair, own)
                continue
            _column_cell(column, cell, streams, heights[column.name], own)
        peers.changed(chosen, tuned, cell, streams, size, own)
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
            ticks, early, cell.horizon, streams.trials_since_change(cell.horizon)
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


def _after(values: NDArray[np.bool_], streams: Streams) -> tuple[Array, NDArray[np.bool_]]:
    """Return delays and early ones of a column that is above its threshold in these ticks."""
    rows = np.arange(len(values))[:, None]
    changed = streams.change - streams.start
    first = figures.first_above(values & (rows >= changed))
    early: NDArray[np.bool_] = np.asarray((values & (rows < changed)).any(axis=0))
    return first - changed + 1.0, early


def _column_cell(column: Column, cell: Cell, streams: Streams, level: float, own: dict[str, Any]) -> None:
    values = column.statistic(streams, Reference.of(streams))
    n = streams.trials_since_change(cell.horizon)
    for name, height in (("usual", column.usual), ("equal", level)):
        ticks, early = _after(values >= height, streams)
        own.setdefault(column.name, {})[name] = figures.delay(ticks, early, cell.horizon, n).row()


def _oracle(
    family: Family,
    cell: Cell,
    streams: Streams,
    size: Size,
    fair: dict[str, tuple[Array, NDArray[np.bool_]]],
    own: dict[str, Any],
) -> None:
    """Ask the one who knows both rates, on the same streams; put the product's ratios beside it.

    Its threshold comes from more months than the others', for it is what all is measured by; it needs no history.
    """
    (column,) = (one for one in COLUMNS if one.name == "oracle")
    normal, changed = family.world.bad, family.world.bad + cell.change.size
    many = MONTHS_OF_ORACLE * size.replicates
    months = made(family.world, family.number, many, ticks=size.ticks, history=0, first=size.replicates, seed=size.seed)
    knows = Reference(np.zeros(many), np.zeros(many), np.full(many, normal), changed, normal)
    level = figures.equal(column.statistic(months, knows).max(axis=0))
    ticks, early = _after(column.statistic(streams, Reference.of(streams, normal, changed)) >= level, streams)
    own["oracle"] = {
        "equal": figures.delay(ticks, early, cell.horizon, streams.trials_since_change(cell.horizon)).row(),
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
