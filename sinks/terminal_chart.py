"""The chart of a page on a terminal: the rate in braille dots over the shaded band of what is normal. Pure."""

import math
from dataclasses import replace

from bellbuoy.sinks.base import Chart
from bellbuoy.sinks.scale import Axis, axis, dates

GUTTER = 8
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
BAD, GOOD, LINE, BAND, FAINT = "31", "32", "1", "34", "2"

Cell = tuple[str, str]
"""A character and the ANSI code of its style."""


def chart_lines(chart: Chart, width: int) -> list[list[Cell]]:
    """Return the lines of the chart as styled cells, `width` columns at most; empty without any value."""
    values = [value for value in chart.value if value is not None]
    columns = min(width - GUTTER, 96)
    if not values or columns < 16:
        return []
    scale, rows = _evenly(axis(chart, ticks=5))
    grid = _band(chart, scale, columns, rows)
    _dots(chart, scale, columns, grid)
    lines: list[list[Cell]] = []
    labels = {_row(scale, tick, rows): scale.label(tick) for tick in scale.ticks}
    for row, cells in enumerate(grid):
        label = labels.get(row, "")
        lines.append([(f"{label:>{GUTTER - 2}} ", FAINT), ("┤" if label else "│", FAINT), *cells])
    lines.append(_days(chart, columns))
    marks = _marks(chart, columns)
    return [*lines, marks] if marks else lines


def _evenly(scale: Axis) -> tuple[Axis, int]:
    """Return the axis with its bottom moved so that every tick begins a row, and the number of rows."""
    if len(scale.ticks) < 2:
        return scale, 8
    step = scale.ticks[1] - scale.ticks[0]
    steps = (scale.top - scale.bottom) / step
    apart = 2 if steps > 3.5 else 3 if steps > 2.6 else 4
    rows = math.ceil(steps * apart - 1e-6) + (0 if scale.bottom < scale.ticks[0] - 1e-9 else 1)
    return replace(scale, bottom=scale.top - rows * step / apart), rows


def _row(scale: Axis, value: float, rows: int) -> int:
    share = (scale.top - value) / (scale.top - scale.bottom)
    return min(rows - 1, max(0, int(share * rows + 1e-6)))


def _column(chart: Chart, columns: int, at: float) -> int:
    begin, end = chart.at[0], chart.at[-1] + chart.bucket
    return min(columns - 1, max(0, int((at - begin) / (end - begin) * columns)))


def _bucket(chart: Chart, parts: int, part: int) -> range:
    """Return the places of the buckets that fall into the part, at least one."""
    count = len(chart.at)
    first = part * count // parts
    return range(first, max(first + 1, (part + 1) * count // parts))


def _mean(values: tuple[float | None, ...], places: range) -> float | None:
    known = [value for place in places if (value := values[place]) is not None]
    return sum(known) / len(known) if known else None


def _shown(chart: Chart, places: range) -> float | None:
    """Return the mean of the buckets; since the onset the worst of them, so that a fall is not averaged away."""
    known = [value for place in places if (value := chart.value[place]) is not None]
    if not known or chart.onset is None or chart.at[places[-1]] + chart.bucket <= chart.onset:
        return _mean(chart.value, places)
    return min(known) if chart.worse == "below" else max(known)


def _band(chart: Chart, scale: Axis, columns: int, rows: int) -> list[list[Cell]]:
    grid: list[list[Cell]] = [[(" ", "")] * columns for _ in range(rows)]
    for column in range(columns):
        places = _bucket(chart, columns, column)
        low, high = _mean(chart.low, places), _mean(chart.high, places)
        if low is None or high is None:
            continue
        for row in range(_row(scale, high, rows), _row(scale, low, rows) + 1):
            grid[row][column] = ("░", BAND)
    return grid


def _dots(chart: Chart, scale: Axis, columns: int, grid: list[list[Cell]]) -> None:
    """Draw the line into the grid; where it is on the bad side of the band it is red."""
    before: int | None = None
    for dot in range(2 * columns):
        places = _bucket(chart, 2 * columns, dot)
        value = _shown(chart, places)
        if value is None:
            before = None
            continue
        share = (scale.top - value) / (scale.top - scale.bottom)
        height = min(4 * len(grid) - 1, max(0, int(share * 4 * len(grid))))
        style = BAD if _bad(chart, value, places) else LINE
        start = height if before is None else before
        step = 1 if height >= start else -1
        for y in range(start, height + step, step):
            _set(grid, y, dot, style)
        before = height


def _bad(chart: Chart, value: float, places: range) -> bool:
    if chart.onset is None or chart.at[places[-1]] + chart.bucket <= chart.onset:
        return False
    edge = _mean(chart.low if chart.worse == "below" else chart.high, places)
    return edge is not None and (value < edge if chart.worse == "below" else value > edge)


def _set(grid: list[list[Cell]], y: int, dot: int, style: str) -> None:
    row, column = y // 4, dot // 2
    char, old = grid[row][column]
    bits = ord(char) - 0x2800 if 0x2800 <= ord(char) <= 0x28FF else 0
    keep = BAD if old == BAD else style
    grid[row][column] = (chr(0x2800 + (bits | _DOTS[y % 4][dot % 2])), keep)


def _days(chart: Chart, columns: int) -> list[Cell]:
    """Return the line of dates, each under its midnight, as many as fit."""
    text = [" "] * columns
    last = -2
    for at, label in dates(chart):
        column = min(_column(chart, columns, at), columns - len(label))
        if column > last + 1:
            text[column : column + len(label)] = label
            last = column + len(label)
    return [(" " * (GUTTER - 1), ""), (" ", ""), ("".join(text).rstrip(), FAINT)]


def _marks(chart: Chart, columns: int) -> list[Cell]:
    """Return the line that names the onset, the opening and the recovery under the axis."""
    marks = [
        (chart.onset, "▲", "began", BAD),
        (chart.opened, "┃", "opened", BAD),
        (chart.resolved, "▲", "resolved", GOOD),
    ]
    end = chart.at[-1] + chart.bucket
    placed = [
        (_column(chart, columns, at), sign, name, style)
        for at, sign, name, style in marks
        if at is not None and chart.at[0] <= at <= end
    ]
    if not placed:
        return []
    cells: list[Cell] = [(" ", "")] * columns
    for column, sign, _, style in placed:
        cells[column] = (sign, style)
    named = list(cells)
    if not all(_write(named, (column + 2, column - 1 - len(name)), name) for column, _, name, _ in placed):
        named = cells
        legend = "  ".join(f"{sign} {name}" for _, sign, name, _ in placed)
        _write(named, (placed[0][0] - len(legend) - 2, placed[-1][0] + 3), legend)
    return [(" " * GUTTER, ""), *named]


def _write(cells: list[Cell], starts: tuple[int, ...], text: str) -> bool:
    """Write the text at the first start where it fits between what is there; false where it fits nowhere."""
    for start in starts:
        place = cells[max(0, start) : start + len(text)]
        if start >= 0 and len(place) == len(text) and all(char == " " for char, _ in place):
            cells[start : start + len(text)] = [(char, BAD if char in "▲┃" else FAINT) for char in text]
            return True
    return False
