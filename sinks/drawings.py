"""Small drawings for pages: the sparkline of a rate in its band, and the column of the funnel. Pure."""

from collections.abc import Sequence

from bellbuoy.sinks.paint import Theme, opening, paint, path


def sparkline(
    values: Sequence[float | None],
    low: Sequence[float | None] = (),
    high: Sequence[float | None] = (),
    *,
    label: str,
    bad: bool = False,
    width: float = 120,
    height: float = 26,
    theme: Theme = "page",
) -> str:
    """Return a line of `values` over its band, without axes.

    Args:
        values: one a bucket, in any unit; None leaves a gap.
        low: lower edge of the band, as long as `values`, or empty.
        high: upper edge of the band, as long as `values`, or empty.
        label: what the line shows, for those who cannot see it.
        bad: whether the series is in an incident: the line is red, beside the word that the page writes.
        width: of the drawing.
        height: of the drawing.
        theme: as for `chart.svg`.
    """
    known = [value for row in (values, low, high) for value in row if value is not None]
    least, most = (min(known), max(known)) if known else (0.0, 1.0)
    spread = (most - least) or 1.0
    count = max(1, len(values) - 1)

    def place(index: int, value: float) -> tuple[float, float]:
        return 1 + index / count * (width - 2), 2 + (most - value) / spread * (height - 4)

    parts = [opening(width, height, label, theme)]
    for run in _runs(low if len(high) == len(low) else (), high):
        upper = [place(index, b) for index, _, b in run]
        lower = [place(index, a) for index, a, _ in reversed(run)]
        parts.append(f'<path d="{path([*upper, *lower], closed=True)}"{paint("band", theme)}/>')
    role = "badline" if bad else "line"
    for run in _runs(values, values):
        points = [place(index, value) for index, value, _ in run]
        if len(points) > 1:
            parts.append(f'<path d="{path(points)}"{paint(role, theme)}/>')
        else:
            x, y = points[0]
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.5"{paint("bad" if bad else "point", theme)}/>')
    return "".join([*parts, "</svg>"])


def _runs(first: Sequence[float | None], second: Sequence[float | None]) -> list[list[tuple[int, float, float]]]:
    """Return runs of neighbours where both are known, each with its index."""
    runs: list[list[tuple[int, float, float]]] = [[]]
    for index, (one, two) in enumerate(zip(first, second, strict=False)):
        if one is None or two is None:
            runs.append([])
        else:
            runs[-1].append((index, one, two))
    return [run for run in runs if run]


def losses(arriving: float, remaining: float, usual: float) -> tuple[float, float]:
    """Return the step's loss parted into the usual one and the one beyond the baseline.

    Args:
        arriving: interactions on track before the step, of 100.
        remaining: interactions on track after it, of 100.
        usual: share of the arriving ones that the baseline loses here, 0 to 1.

    Returns:
        Both losses, of 100; together they are `arriving - remaining`, never under 0.
    """
    lost = max(0.0, arriving - remaining)
    expected = min(lost, max(0.0, arriving * usual))
    return expected, lost - expected


def wedge(
    arriving: float,
    remaining: float,
    usual: float,
    *,
    label: str,
    width: float = 120,
    height: float = 112,
    theme: Theme = "page",
) -> str:
    """Return one column of the funnel on the full scale from 0 to 100.

    What stays on track stands below, the usual loss is a pale wedge above it, the loss beyond the baseline a solid one
    between the two.

    Args:
        arriving: interactions on track before the step, of 100.
        remaining: interactions on track after it, of 100.
        usual: share of the arriving ones that the baseline loses here, 0 to 1.
        label: the column in one sentence, for those who cannot see it.
        width: of the drawing.
        height: of the drawing; 100 interactions fill it but for a margin of two.
        theme: as for `chart.svg`.
    """
    before = min(100.0, max(0.0, arriving))
    after = min(before, max(0.0, remaining))
    expected, beyond = losses(before, after, usual)

    def y(value: float) -> float:
        return 2 + (100.0 - value) / 100.0 * (height - 2)

    parts = [opening(width, height, label, theme)]
    kept = [(0.0, y(before)), (width, y(after)), (width, height), (0.0, height)]
    parts.append(f'<path d="{path(kept, closed=True)}"{paint("kept", theme)}/>')
    if expected > 0:
        pale = [(0.0, y(before)), (width, y(before)), (width, y(before - expected))]
        parts.append(f'<path d="{path(pale, closed=True)}"{paint("loss", theme)}/>')
    if beyond > 0:
        solid = [(0.0, y(before)), (width, y(before - expected)), (width, y(after))]
        parts.append(f'<path d="{path(solid, closed=True)}"{paint("bad", theme)}/>')
    parts.append(f'<path d="{path([(0.0, y(before)), (width, y(after))])}"{paint("edge", theme)}/>')
    return "".join([*parts, "</svg>"])
