"""A map as text: a line a step, its figures in columns, and below it what the steps come to. Pure."""

import textwrap
from typing import Final

from bellbuoy.monitor.mapping import wording
from bellbuoy.monitor.mapping.choosing import chosen
from bellbuoy.monitor.mapping.drawn import Map
from bellbuoy.monitor.mapping.learned import block
from bellbuoy.monitor.mapping.table import table
from bellbuoy.monitor.mapping.wording import name
from bellbuoy.monitor.web.wording import percent

WIDEST: Final = 132
"""Columns of a map that goes to no terminal."""
NAMED: Final = 5
"""Names that a sentence lists."""


def text(drawn: Map, columns: int = WIDEST, *, whole: bool = False) -> str:
    """Return a map as text.

    Args:
        drawn: the map.
        columns: of the terminal.
        whole: draw every step, however many there are.
    """
    title = f"{name(drawn.workflow)} · {name(drawn.title)}" if drawn.title else name(drawn.workflow)
    lines = _wrapped(f"{title}   {wording.head(drawn)}", columns)
    lines += _wrapped(wording.objective(drawn), columns)
    if not drawn.steps:
        lines += [
            "",
            *([_observed(drawn)] if drawn.observed else []),
            "no step was seen in this span, and none is declared",
        ]
        return "\n".join(lines) + "\n"
    steps, rest = chosen(drawn, whole=whole)
    lines += ["", *table(drawn, steps, rest, columns), ""]
    for sentence in _sentences(drawn):
        lines += _wrapped(sentence, columns)
    if not drawn.declared:
        kept = "" if drawn.order_kept is None else f" ({percent(drawn.order_kept, 0)} of all pairs of steps did)"
        learned = f"no steps are declared; this is the order in which most interactions ran them{kept}:"
        lines += ["", *_wrapped(learned, columns), *block(drawn, steps, rest)]
    return "\n".join(lines) + "\n"


def _wrapped(sentence: str, columns: int) -> list[str]:
    return textwrap.wrap(sentence, columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _observed(drawn: Map) -> str:
    return f"observed    {wording.rate(drawn.observed)}   of {drawn.ended:,} interactions whose end is known"


def _sentences(drawn: Map) -> list[str]:
    told = [
        f"compounded  {wording.rate(drawn.compounded)}   what the rates of the steps multiply to"
        if drawn.compounded
        else "",
        _observed(drawn) if drawn.observed else "",
        wording.difference(drawn),
        wording.lever(drawn),
        wording.unseen_loss(drawn),
        wording.lost_after(drawn, NAMED),
    ]
    back = _ways_back(drawn)
    if back:
        told.append("ways back: " + ", ".join(back))
    return [one for one in [*told, *wording.notes(drawn, NAMED)] if one]


def _ways_back(drawn: Map) -> list[str]:
    place = {step.name: number for number, step in enumerate(drawn.steps)}
    found = [
        f"{name(one.source)} → {name(one.target)} {percent(one.share, 0)}"
        for one in drawn.edges
        if one.source in place and one.target in place and place[one.target] < place[one.source]
    ]
    return found[:NAMED] + ([f"{len(found) - NAMED} more"] if len(found) > NAMED else [])
