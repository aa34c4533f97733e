"""The value axis that every drawing of a chart shares: where it begins and ends, its ticks and their words."""

import math
from dataclasses import dataclass

from bellbuoy.sinks.base import Chart
from bellbuoy.sinks.text import day, local, month_day

_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)


@dataclass(frozen=True, slots=True)
class Axis:
    """From `bottom` to `top`, with `ticks` in between; `unit` as in the chart."""

    bottom: float
    top: float
    ticks: tuple[float, ...]
    unit: str

    def label(self, value: float) -> str:
        """Return "95 %", "99.5 %" or "1,200"."""
        if self.unit == "count":
            return f"{value:,.0f}"
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else 0.01
        return f"{value * 100:.{0 if step >= 0.0099 else 1}f} %"


def axis(chart: Chart, ticks: int = 6) -> Axis:
    """Return an axis that holds line, band and mean with some air on the bad side, about `ticks` ticks.

    A share never leaves 0 to 1; a count never falls under 0.
    """
    known = [v for row in (chart.value, chart.low, chart.high) for v in row if v is not None and math.isfinite(v)]
    known += [chart.normal] if chart.normal is not None else []
    least, most = (min(known), max(known)) if known else (0.0, 1.0)
    spread = max(most - least, 0.004 if chart.unit == "share" else 1.0)
    least, most = least - (0.3 if chart.worse == "below" else 0.05) * spread, most + 0.05 * spread
    if chart.unit == "share":
        least, most = max(0.0, least), min(1.0, most)
        step = next((s for s in _STEPS if (most - least) / s <= ticks), 0.5)
    else:
        least = max(0.0, least)
        power = 10.0 ** math.floor(math.log10((most - least) / ticks))
        step = max(1.0, next(power * m for m in (1, 2, 5, 10, 20) if (most - least) / (power * m) <= ticks))
    top = math.ceil(most / step - 1e-9) * step
    first = math.ceil(least / step - 1e-9)
    marks = tuple(round(place * step, 6) for place in range(first, round(top / step) + 1))
    return Axis(min(least, marks[0]), max(top, marks[-1]), marks, chart.unit)


def dates(chart: Chart, most: int = 8) -> list[tuple[int, str]]:
    """Return about `most` beginnings of days in the chart's time zone with their labels.

    Up to ten days are named "Sat 21", longer charts "21 Nov". A day begins at its first bucket.
    """
    starts: list[int] = []
    previous = None
    for at in chart.at:
        date = local(at, chart.timezone).date()
        if previous is not None and date != previous:
            starts.append(at)
        previous = date
    short = len(starts) <= 10
    every = max(1, -(-len(starts) // most))
    label = day if short else month_day
    return [(at, label(at, chart.timezone)) for at in starts[::every]]
