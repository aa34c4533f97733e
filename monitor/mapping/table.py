"""The steps of a map in columns, as wide as there is room: what does not fit beside a step stands below it. Pure."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bellbuoy.config.errors import cells as width_of
from bellbuoy.monitor.mapping import wording
from bellbuoy.monitor.mapping.choosing import Rest
from bellbuoy.monitor.mapping.drawn import Map, MappedStep
from bellbuoy.monitor.mapping.wording import NONE, name, points
from bellbuoy.monitor.web.wording import percent


@dataclass(frozen=True, slots=True)
class _Column:
    """A column.

    Attributes:
        head: what stands above it.
        cells: of the steps, and of the rest where there is one.
        right: numbers stand to the right.
        gives_way: 0: never. 1: a figure that goes below the step where there is no room. 2: words, which go first.
    """

    head: str
    cells: tuple[str, ...]
    right: bool = True
    gives_way: int = 0


def table(drawn: Map, steps: Sequence[MappedStep], rest: Rest | None, columns: int) -> list[str]:
    """Return the lines of the table, at most `columns` wide where that can be."""
    made = _columns(drawn, steps, rest)
    lines: list[str] = []
    for kept in (2, 1, 0):
        lines = _lines(
            [one for one in made if one.gives_way <= kept], [one for one in made if one.gives_way > kept], columns
        )
        if max(map(width_of, lines)) <= columns:
            break
    return lines


def _columns(drawn: Map, steps: Sequence[MappedStep], rest: Rest | None) -> list[_Column]:
    """Return the columns that say something."""

    def each(cell: Callable[[MappedStep], str], last: str = "") -> tuple[str, ...]:
        return (*map(cell, steps), *([last] if rest is not None else []))

    def some(share: float | None) -> str:
        return percent(share) if share else NONE

    made = [
        _Column("#", each(lambda step: str(step.number))),
        _Column(
            "step", each(lambda step: name(step.name), f"{rest.n} more (--all lists them)" if rest else ""), right=False
        ),
        _Column(
            "reach",
            each(
                lambda step: percent(step.reach, 0) if step.events else "never",
                f"≤ {percent(rest.reach, 0)}" if rest else "",
            ),
        ),
        _Column(
            "ok",
            each(
                lambda step: percent(step.ok.rate) if step.ok else "unknown" if step.events else NONE,
                percent(rest.ok) if rest else "",
            ),
        ),
    ]
    if drawn.needed is not None:
        made.append(_Column("needs", each(wording.need)))
    if drawn.compounded is not None:
        gain = points(rest.if_perfect) if rest else ""
        made.append(_Column("if perfect", each(lambda step: points(step.if_perfect), gain)))
    if any(step.at_budget is not None for step in steps):
        made.append(_Column("at budget", each(lambda step: points(step.at_budget))))
    if any((step.runs or 1.0) >= wording.AGAIN for step in steps):
        runs = each(lambda step: NONE if step.runs is None else f"{step.runs:.2f}")
        made.append(_Column("runs", runs, gives_way=1))
    asks = each(lambda step: NONE if step.reask is None else percent(step.reask))
    figures = [
        ("re-ask", asks),
        ("handoff", each(lambda step: some(step.handoff))),
        ("skipped", each(lambda step: some(step.skipped))),
    ]
    made += [_Column(head, told, gives_way=1) for head, told in figures if set(told) - {NONE, ""}]
    words = [
        ("branches taken", each(lambda step: wording.branches(step) or NONE)),
        ("touches", each(lambda step: wording.touches(step, drawn.until) or NONE)),
    ]
    return made + [_Column(head, told, right=False, gives_way=2) for head, told in words if set(told) - {NONE, ""}]


def _lines(beside: Sequence[_Column], below: Sequence[_Column], columns: int) -> list[str]:
    widths = [max(map(width_of, (one.head, *one.cells))) for one in beside]
    rows = [[one.head for one in beside], *map(list, zip(*(one.cells for one in beside), strict=True))]
    lines = []
    for number, row in enumerate(rows):
        told = []
        for column, cell, width in zip(beside, row, widths, strict=True):
            room = " " * (width - width_of(cell))
            told.append(room + cell if column.right else cell + room)
        lines.append("  ".join(told).rstrip())
        if number:
            for sentence in _below(below, number - 1):
                lines += textwrap.wrap(
                    sentence, columns, initial_indent=" " * 6, subsequent_indent=" " * 8, break_on_hyphens=False
                )
    return lines


def _below(columns: Sequence[_Column], place: int) -> list[str]:
    """Return what stands below a step: its figures in one line, its words in one each."""
    said = [(one, one.cells[place]) for one in columns if one.cells[place] not in (NONE, "")]
    figures = ", ".join(f"{one.head} {cell}" for one, cell in said if one.gives_way == 1)
    return [*([figures] if figures else []), *(f"{one.head}: {cell}" for one, cell in said if one.gives_way == 2)]
