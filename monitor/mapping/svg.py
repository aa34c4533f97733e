"""A map as a picture: a row a step, its figures beside it, and arcs where interactions went another way. Pure."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from bellbuoy.monitor.mapping import wording
from bellbuoy.monitor.mapping.choosing import Rest, chosen
from bellbuoy.monitor.mapping.drawn import Map, MappedStep
from bellbuoy.monitor.web.wording import percent
from bellbuoy.sinks.paint import PALETTE, Theme, opening, paint, words

WIDTH: Final = 1000
TOP, ROW = 116, 34
SPINE: Final = 132
"""Where the steps stand, one below the other; the arcs are to the left of it."""
NAME, RUNS, REACH, OK, NEEDS, GAIN, SIDE = 152, 338, 352, 520, 534, 632, 748
BAR: Final = 64
GAINS: Final = 62
ARCS: Final = 9
"""Arcs that are drawn: the most used ones."""
LINE: Final = 19
LETTERS: Final = 138
"""Characters of a line at the foot."""


def svg(drawn: Map, theme: Theme = "light", *, whole: bool = False) -> str:
    """Return a drawing that stands alone.

    Args:
        drawn: the map.
        theme: light or dark.
        whole: draw every step, however many there are.
    """
    steps, rest = chosen(drawn, whole=whole)
    foot = [line for sentence in _foot(drawn, steps) for line in textwrap.wrap(sentence, LETTERS)]
    below = TOP + ROW * (len(steps) + (rest is not None))
    height = below + 112 + LINE * len(foot)
    label = (
        f"{wording.name(drawn.workflow)}, {wording.head(drawn)}: {wording.difference(drawn)}. {wording.lever(drawn)}"
    )
    parts = [
        opening(WIDTH, height, label, theme),
        f'<rect width="{WIDTH}" height="{height}" rx="10"{paint("card", theme)}/>',
    ]
    parts += _title(drawn, theme)
    parts += _heads(drawn, theme)
    parts += _ways(drawn, steps, theme)
    most = max((step.if_perfect or 0.0 for step in steps), default=0.0)
    for number, step in enumerate(steps):
        parts += _step(drawn, step, TOP + ROW * number, most, theme)
    if rest is not None:
        parts += _rest(rest, TOP + ROW * len(steps), theme)
    parts += _whole(drawn, below + 26, theme)
    parts += [
        _text(24, below + 108 + LINE * number, line, "label", theme, most=LETTERS + 2)
        for number, line in enumerate(foot)
    ]
    return "".join([*parts, "</svg>"]) + "\n"


def _foot(drawn: Map, steps: Sequence[MappedStep]) -> list[str]:
    told = [wording.difference(drawn), wording.lever(drawn), wording.unseen_loss(drawn), wording.lost_after(drawn, 5)]
    told += wording.notes(drawn, 5)
    told.append("↓ left steps out, ↑ went back: shares of the interactions" if _strays(drawn, steps) else "")
    below = any(step.at_budget is not None for step in steps)
    told.append("red in a gain: what the rate that the step needs would bring" if below else "")
    return [f"{one[0].upper()}{one[1:]}." for one in told if one]


def _strays(drawn: Map, steps: Sequence[MappedStep]) -> bool:
    """Tell whether a way leads elsewhere than to the next step."""
    place = {step.name: number for number, step in enumerate(steps)}
    ways = [(place.get(one.source or ""), place.get(one.target or "")) for one in drawn.edges]
    return any(a is not None and b is not None and b not in {a, a + 1} for a, b in ways)


def _title(drawn: Map, theme: Theme) -> Iterator[str]:
    title = wording.name(drawn.title or drawn.workflow)
    under = wording.head(drawn)
    under = f"{wording.name(drawn.workflow)} · {under}" if drawn.title else under
    yield _text(24, 34, title, "title", theme)
    yield _text(24, 54, under, "subtitle", theme)
    yield _text(24, 72, wording.objective(drawn), "subtitle", theme, most=LETTERS)


def _heads(drawn: Map, theme: Theme) -> Iterator[str]:
    y = TOP - 18
    yield _text(NAME, y, "step", "label", theme)
    yield _text(REACH, y, "reach", "label", theme)
    if any((step.runs or 0) >= wording.AGAIN for step in drawn.steps):
        yield _text(RUNS, y, "runs", "label", theme, anchor="end")
    yield _text(OK, y, "ok", "label", theme, anchor="end")
    if drawn.needed is not None:
        yield _text(NEEDS, y, f"needs {percent(drawn.needed)}", "label", theme)
    if drawn.compounded is not None:
        yield _text(GAIN, y, "gain if perfect", "label", theme)
    yield _text(SIDE, y, "branches, what it touches", "label", theme)


def _ways(drawn: Map, steps: tuple[MappedStep, ...], theme: Theme) -> Iterator[str]:
    """Yield the ways: along the spine to the next step, and arcs where steps are left out (solid) or run again (dashed)."""
    place = {step.name: number for number, step in enumerate(steps)}
    colours = PALETTE["dark" if theme == "dark" else "light"]
    arcs: list[float] = []
    for one in drawn.edges:
        if one.source not in place or one.target not in place:
            continue
        begin, end = place[one.source], place[one.target]
        if end == begin + 1:
            above, under = _middle(begin) + 7, _middle(end) - 7
            yield f'<path d="M{SPINE} {above}V{under}" fill="none" stroke="{colours["base"]}" stroke-width="{1.0 + 5.0 * one.share:.1f}" stroke-opacity=".55"/>'
        elif end != begin and len(arcs) < ARCS:
            arcs.append(_free((_middle(begin) + _middle(end)) / 2, arcs))
            yield from _arc(begin, end, one.share, arcs[-1], colours, theme)


def _free(y: float, taken: list[float]) -> float:
    """Return the place nearest to `y` where a word meets no other one."""
    tries = (y + way * step * 13 for step in range(len(taken) + 1) for way in (1, -1))
    return next(one for one in tries if all(abs(one - other) >= 13 for other in taken))


def _arc(begin: int, end: int, share: float, middle: float, colours: dict[str, str], theme: Theme) -> Iterator[str]:
    back = end < begin
    above, under, thick = _middle(begin), _middle(end), 1.0 + 5.0 * share
    out = min(92.0, 22.0 + 13.0 * abs(end - begin))
    x = SPINE - 8
    dash = ' stroke-dasharray="5 4"' if back else ""
    colour = colours["muted" if back else "base"]
    d = f"M{x} {above}C{x - out:.0f} {above} {x - out:.0f} {under} {x} {under}"
    yield f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{thick:.1f}" stroke-opacity=".6"{dash}/>'
    yield f'<path d="M{x - 5} {under - 4}L{x + 2} {under}L{x - 5} {under + 4}Z" fill="{colour}"/>'
    text = ("↑ " if back else "↓ ") + percent(share, 0)
    yield _text(x - 0.75 * out - 4, middle + 4, text, "label", theme, anchor="end")


def _middle(row: int) -> float:
    return TOP + ROW * row + 12


def _step(drawn: Map, step: MappedStep, top: float, most: float, theme: Theme) -> Iterator[str]:
    y = top + 16
    below, seen = step.standing == "below", step.events > 0
    yield f'<circle cx="{SPINE}" cy="{top + 12}" r="6"{paint("bad" if below else "point" if seen else "kept", theme)}/>'
    label = wording.name(step.name) + (" (optional)" if step.optional and drawn.declared else "")
    label = label if len(label) <= 22 else label[:21] + "…"
    yield _text(NAME, y, label, "point", theme, size=13)
    if not seen:
        yield _text(REACH, y, "never seen", "label", theme)
        return
    if step.runs is not None and step.runs >= wording.AGAIN:
        yield _text(RUNS, y, f"×{step.runs:.1f}", "label", theme, anchor="end")
    yield from _bar(REACH, top + 6, step.reach, theme)
    yield _text(REACH + BAR + 6, y, percent(step.reach, 0), "label", theme)
    yield _text(
        OK,
        y,
        percent(step.ok.rate) if step.ok else "unknown",
        "bad" if below else "point",
        theme,
        anchor="end",
        size=13,
    )
    if step.standing is not None:
        need = wording.need(step)
        yield _text(NEEDS, y, f"▼ {need}" if below else need, "bad" if below else "label", theme, size=12)
    if step.if_perfect is not None and step.if_perfect > 0:
        long = GAINS * step.if_perfect / most
        yield f'<rect x="{GAIN}" y="{top + 6}" width="{long:.1f}" height="12" rx="2"{paint("kept", theme)}/>'
        if step.at_budget is not None:
            part = GAINS * step.at_budget / most
            yield f'<rect x="{GAIN}" y="{top + 6}" width="{part:.1f}" height="12" rx="2"{paint("bad", theme)}/>'
        yield _text(GAIN + long + 6, y, wording.points(step.if_perfect), "label", theme)
    yield from _side(step, drawn.until, top, theme)


def _side(step: MappedStep, now: int, top: float, theme: Theme) -> Iterator[str]:
    told = [one for one in (wording.branches(step), wording.touches(step, now)) if one]
    for number, line in enumerate(told):
        y = top + 16 if len(told) == 1 else top + 9 + 14 * number
        yield _text(SIDE, y, line if len(line) <= 44 else line[:43] + "…", "label", theme, size=11)


def _rest(rest: Rest, top: float, theme: Theme) -> Iterator[str]:
    y = top + 16
    yield _text(NAME, y, f"{rest.n} more steps", "label", theme, size=13)
    yield from _bar(REACH, top + 6, rest.reach, theme)
    yield _text(REACH + BAR + 6, y, f"≤ {percent(rest.reach, 0)}", "label", theme)
    yield _text(OK, y, percent(rest.ok), "label", theme, anchor="end", size=13)
    if rest.if_perfect is not None:
        yield _text(GAIN, y, f"{wording.points(rest.if_perfect)} together", "label", theme)


def _whole(drawn: Map, top: float, theme: Theme) -> Iterator[str]:
    """Yield the two rates end to end, on one scale from 0 to 100 %, with the objective."""
    yield f'<path d="M24 {top - 14}H{WIDTH - 24}"{paint("grid", theme)}/>'
    left, long = NAME, 400.0
    rates = (
        ("compounded", drawn.compounded, "what the rates of the steps multiply to"),
        ("observed", drawn.observed, f"of {drawn.ended:,} interactions whose end is known"),
    )
    for number, (label, rate, about) in enumerate(rates):
        y = top + 22 * number
        yield _text(24, y + 10, label, "point", theme, size=13)
        if rate is None:
            yield _text(left, y + 10, "not known", "label", theme)
            continue
        yield f'<rect x="{left}" y="{y}" width="{long}" height="12" rx="2"{paint("grid", theme)} fill="none"/>'
        yield f'<rect x="{left}" y="{y}" width="{long * rate.rate:.1f}" height="12" rx="2"{paint("kept", theme)}/>'
        low, high = left + long * rate.low, left + long * rate.high
        yield f'<path d="M{low:.1f} {y + 6}H{high:.1f}M{low:.1f} {y + 2}V{y + 10}M{high:.1f} {y + 2}V{y + 10}"{paint("line", theme)}/>'
        yield _text(left + long + 12, y + 10, wording.rate(rate), "point", theme, size=13)
        yield _text(left + long + 164, y + 10, about, "label", theme)
    if drawn.objective is not None:
        x = left + long * drawn.objective
        yield f'<path d="M{x:.1f} {top - 5}V{top + 41}"{paint("normal", theme)}/>'
        yield _text(x, top + 54, f"objective {percent(drawn.objective)}", "label", theme, anchor="middle")


def _bar(x: float, y: float, share: float, theme: Theme) -> Iterator[str]:
    yield f'<rect x="{x}" y="{y}" width="{BAR}" height="12" rx="2"{paint("grid", theme)} fill="none"/>'
    if share > 0:
        yield f'<rect x="{x}" y="{y}" width="{max(1.0, BAR * min(1.0, share)):.1f}" height="12" rx="2"{paint("kept", theme)}/>'


def _text(
    x: float, y: float, text: str, role: str, theme: Theme, *, anchor: str = "start", size: float = 0, most: int = 80
) -> str:
    if not text:
        return ""
    big = f' font-size="{size:g}"' if size else ""
    turn = "" if anchor == "start" else f' text-anchor="{anchor}"'
    dressed = paint(role, theme)
    if size and "font-size" in dressed:
        dressed = " ".join(one for one in dressed.split(" ") if not one.startswith("font-size"))
    return f'<text x="{x:.1f}" y="{y:.1f}"{turn}{dressed}{big}>{words(text, most)}</text>'
