"""The chart of a page as SVG: the rate, the band of what is normal, when it began, when the incident opened. Pure."""

from bellbuoy.sinks.base import Chart
from bellbuoy.sinks.paint import Theme, opening, paint, path, words
from bellbuoy.sinks.scale import Axis, axis, dates
from bellbuoy.sinks.text import month_day, weekday

WIDTH, HEIGHT = 820, 360
LEFT, RIGHT, TOP, BOTTOM = 50.0, 804.0, 78.0, 328.0
BARE_TOP = 14.0

Point = tuple[float, float]


def svg(chart: Chart, theme: Theme = "light") -> str:
    """Return the drawing.

    Args:
        chart: its numbers.
        theme: `light` and `dark` carry colour values, for pictures; `page` carries CSS classes and neither title nor
            background, for an HTML page that brings `paint.stylesheet()`.
    """
    return _Drawing(chart, theme).svg()


class _Drawing:
    """One chart on its way to SVG: the scales, then one method a part, painted from back to front."""

    def __init__(self, chart: Chart, theme: Theme) -> None:
        self.chart = chart
        self.theme = theme
        self.scale: Axis = axis(chart)
        self.top = BARE_TOP if theme == "page" else TOP
        self.height = HEIGHT - (TOP - self.top)
        self.bottom = BOTTOM - (TOP - self.top)
        marks = [at for at in (chart.onset, chart.opened, chart.resolved) if at is not None]
        self.begin = chart.at[0] if chart.at else 0
        self.end = max(
            [*chart.at[-1:], *(at for at in marks if at <= (chart.at or (0,))[-1] + chart.bucket)], default=1
        )

    def svg(self) -> str:
        label = f"{self.chart.title}: {self.chart.subtitle}"
        parts = [opening(WIDTH, self.height, label, self.theme), *self._frame()]
        if any(value is not None for value in self.chart.value):
            parts += [*self._band(), *self._tint(), *self._grid(), *self._normal(), *self._mark_lines(), *self._line()]
            parts += [*self._dots(), *self._notes()]
        else:
            parts.append(self._text("label", (LEFT + RIGHT) / 2, (self.top + self.bottom) / 2, "no data", "middle"))
        return "".join([*parts, "</svg>"])

    def x(self, at: float) -> float:
        share = (at - self.begin) / max(1, self.end - self.begin)
        return LEFT + min(1.0, max(0.0, share)) * (RIGHT - LEFT)

    def y(self, value: float) -> float:
        share = (self.scale.top - value) / (self.scale.top - self.scale.bottom)
        return self.top + min(1.0, max(0.0, share)) * (self.bottom - self.top)

    def _when(self, at: int) -> str:
        name = weekday if self.end - self.begin <= 11 * 86400 else month_day
        return name(at, self.chart.timezone)

    def _text(self, role: str, x: float, y: float, text: str, anchor: str = "start") -> str:
        where = "" if anchor == "start" else f' text-anchor="{anchor}"'
        return f'<text x="{x:.1f}" y="{y:.1f}"{where}{paint(role, self.theme)}>{words(text, 130)}</text>'

    def _frame(self) -> list[str]:
        if self.theme == "page":
            return []
        return [
            f'<rect width="{WIDTH}" height="{self.height:g}"{paint("card", self.theme)}/>',
            self._text("title", 18, 32, self.chart.title),
            self._text("subtitle", 18, 54, self.chart.subtitle),
        ]

    def _grid(self) -> list[str]:
        parts = []
        for tick in self.scale.ticks:
            y = self.y(tick)
            parts.append(f'<path d="M{LEFT:g} {y:.1f}H{RIGHT:g}"{paint("grid", self.theme)}/>')
            parts.append(self._text("label", LEFT - 9, y + 4, self.scale.label(tick), "end"))
        for at, name in dates(self.chart):
            parts.append(self._text("label", min(self.x(at), RIGHT - 22), self.bottom + 20, name, "middle"))
        return parts

    def _edges(self, since: int | None = None) -> list[list[tuple[float, float, float]]]:
        """Return runs of (x, low, high) where the band is known, from `since` on."""
        runs: list[list[tuple[float, float, float]]] = [[]]
        for at, low, high in zip(self.chart.at, self.chart.low, self.chart.high, strict=True):
            if low is None or high is None or (since is not None and at < since):
                runs.append([])
            else:
                runs[-1].append((self.x(at), self.y(low), self.y(high)))
        return [run for run in runs if len(run) > 1]

    def _band(self) -> list[str]:
        return [
            self._area([(x, h) for x, _, h in run], [(x, low) for x, low, _ in run], "band") for run in self._edges()
        ]

    def _tint(self) -> list[str]:
        """Return the alarm's tint: only the area beyond the band, so that neither hides the other."""
        if self.chart.onset is None:
            return []
        end = self.x(self.chart.resolved) if self.chart.resolved is not None else RIGHT
        parts = []
        for run in self._edges(self.chart.onset):
            inside = [place for place in run if place[0] <= end]
            if len(inside) > 1:
                below = self.chart.worse == "below"
                edge = [(x, low if below else high) for x, low, high in inside]
                far = self.bottom if below else self.top
                parts.append(self._area(edge, [(x, far) for x, _ in edge], "tint"))
        return parts

    def _area(self, upper: list[Point], lower: list[Point], role: str) -> str:
        return f'<path d="{path([*upper, *reversed(lower)], closed=True)}"{paint(role, self.theme)}/>'

    def _normal(self) -> list[str]:
        if self.chart.normal is None:
            return []
        y = self.y(self.chart.normal)
        return [f'<path d="M{LEFT:g} {y:.1f}H{RIGHT:g}"{paint("normal", self.theme)}/>']

    def _line(self) -> list[str]:
        """Return the rate; a bucket without trials is a gap, a bucket between gaps is a point."""
        runs: list[list[Point]] = [[]]
        for at, value in zip(self.chart.at, self.chart.value, strict=True):
            if value is None:
                runs.append([])
            else:
                runs[-1].append((self.x(at), self.y(value)))
        parts = [f'<path d="{path(run)}"{paint("line", self.theme)}/>' for run in runs if len(run) > 1]
        alone = [run[0] for run in runs if len(run) == 1]
        return parts + [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.8"{paint("point", self.theme)}/>' for x, y in alone]

    def _dots(self) -> list[str]:
        """Return a dot on each bucket beyond the band on the bad side since the onset."""
        if self.chart.onset is None:
            return []
        size = 3.2 if len(self.chart.at) <= 200 and self.chart.bucket < 86400 else 2.4
        parts = []
        for at, value, low, high in zip(self.chart.at, self.chart.value, self.chart.low, self.chart.high, strict=True):
            edge = low if self.chart.worse == "below" else high
            if at < self.chart.onset - self.chart.bucket / 2 or value is None or edge is None:
                continue
            if value < edge if self.chart.worse == "below" else value > edge:
                parts.append(
                    f'<circle cx="{self.x(at):.1f}" cy="{self.y(value):.1f}" r="{size}"{paint("bad", self.theme)}/>'
                )
        return parts

    def _mark_lines(self) -> list[str]:
        marks = ((self.chart.opened, "opened"), (self.chart.resolved, "resolved"))
        return [
            f'<path d="M{self.x(at):.1f} {self.top:g}V{self.bottom:g}"{paint(role, self.theme)}/>'
            for at, role in marks
            if at is not None and self.begin <= at
        ]

    def _notes(self) -> list[str]:
        parts = []
        if self.chart.onset is not None and self.begin <= self.chart.onset:
            x = self.x(self.chart.onset)
            drawn = path([(x, self.bottom), (x - 5, self.bottom + 8), (x + 5, self.bottom + 8)], closed=True)
            parts.append(f'<path d="{drawn}"{paint("bad", self.theme)}/>')
        for at, role, verb, up in (
            (self.chart.opened, "note", "opened", 10),
            (self.chart.resolved, "oknote", "resolved", 28),
        ):
            if at is None or at < self.begin:
                continue
            x = self.x(at)
            side = (x - 7, "end") if x - LEFT > 150 else (x + 7, "start")
            y = self.bottom - up if self.chart.worse == "below" else self.top + up + 4
            parts.append(self._text(role, side[0], y, f"{verb} {self._when(at)}", side[1]))
        return parts
