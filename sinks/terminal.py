"""How a page reads on a terminal: the same parts in the same order as the Slack message. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from bellbuoy.sinks.base import Fact, Page, Sentence, Span
from bellbuoy.sinks.terminal_chart import chart_lines
from bellbuoy.sinks.text import clean, moment, safe_url, weekday
from bellbuoy.sinks.wording import lasted, remarks

BULLET = {"open": "🔴", "acknowledged": "🟡", "resolved": "🟢"}
BAR = {"open": "31", "acknowledged": "33", "resolved": "32"}
_UNITS = frozenset({"%", "pt", "d", "h", "min", "s", "ms", "nats"})
_STYLES = {"plain": "", "bold": "1", "code": "36"}

Word = tuple[str, str]
"""A word and the ANSI code of its style."""


def terminal(page: Page, width: int = 88, colour: bool = True) -> str:
    """Return the page as lines of text, at most `width` columns wide, with a line feed at the end.

    Args:
        page: what to show.
        width: columns of the terminal; 40 are the least, more than 104 are not used.
        colour: whether ANSI colours are wanted; without them emphasis is left out.
    """
    inner = max(40, min(width, 104)) - 2
    lines: list[str] = []
    tool = " 🔧" if page.about == "bellbuoy" else ""
    bullet = "📋" if page.about == "audit" else BULLET[page.state]
    lines += _wrapped([Span(f"{bullet}{tool} {clean(page.headline, 150)}", "bold")], inner, colour)
    if page.impact:
        lines += ["", *_wrapped(_limited(page.impact, 800), inner, colour)]
    lines += _chart(page, inner, colour)
    lines += _facts(page.facts, inner, colour)
    lines += _findings(page.findings, inner, colour)
    lines += _links(page, inner, colour)
    lines += ["", *_wrapped([Span(_foot(page), "plain")], inner, colour, "2")]
    for news in sorted(page.news, key=lambda item: item.number):
        told: Sentence = (Span(weekday(news.at, page.timezone), "bold"), Span(f"  {clean(news.text, 600)}"))
        first, *rest = _wrapped(told, inner - 2, colour)
        lines += [_paint("└", "2", colour) + f" {first}", *(f"  {line}" for line in rest)]
    bar = _paint("▌", BAR[page.state], colour)
    return "".join(f"{bar} {line}".rstrip() + "\n" for line in lines)


def columns(text: str) -> int:
    """Return how many terminal columns the text takes: emoji and East Asian characters take two."""
    return sum(
        0
        if unicodedata.combining(char) or char in "\u200d\ufe0f"
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )


def narrow(text: str, width: int) -> str:
    """Return foreign text cleaned and cut with "…" to `width` columns."""
    kept = clean(text, width)
    while columns(kept) > width:
        kept = clean(kept, len(kept) - 1)
    return kept


def _paint(text: str, style: str, colour: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if colour and style and text else text


def _words(sentence: Iterable[Span]) -> Iterator[Word]:
    for span in sentence:
        style = "4" if span.url else _STYLES[span.style]
        for part in re.findall(r" +|[^ ]+", clean(span.text, 2000)):
            yield part, style


def _wrapped(sentence: Iterable[Span], width: int, colour: bool, style: str = "") -> list[str]:
    """Return the sentence broken at spaces; pieces that touch stay together, longer words than a line are cut."""
    lines: list[list[Word]] = [[]]
    room = width
    for cluster in _clusters(sentence):
        need = sum(columns(text) for text, _ in cluster)
        blank = cluster[0][0].isspace()
        if need > room and lines[-1]:
            lines.append([])
            room = width
        if blank and not lines[-1]:
            continue
        for piece in _fitting(cluster, width) if need > width else cluster:
            lines[-1].append(piece)
        room -= min(need, width)
    for line in lines:
        while line and line[-1][0].isspace():
            line.pop()
    return ["".join(_paint(text, own or style, colour) for text, own in line) for line in lines]


def _clusters(sentence: Iterable[Span]) -> list[list[Word]]:
    """Return runs of spaces and runs of touching words ("**x**," is one), in order; a number keeps its unit."""
    made: list[list[Word]] = []
    for text, style in _words(sentence):
        blank = text.isspace()
        if made and not blank and not made[-1][-1][0].isspace():
            made[-1].append((text, style))
        elif len(made) > 1 and not blank and text.rstrip(".,;)") in _UNITS and made[-2][-1][0][-1].isdecimal():
            space = made.pop()
            made[-1] += [*space, (text, style)]
        else:
            made.append([(text, style)])
    return made


def _fitting(cluster: list[Word], width: int) -> list[Word]:
    fitting: list[Word] = []
    room = width
    for text, style in cluster:
        if columns(text) > room:
            fitting.append((narrow(text, max(1, room)), style))
            break
        fitting.append((text, style))
        room -= columns(text)
    return fitting


def _chart(page: Page, width: int, colour: bool) -> list[str]:
    if page.chart is None:
        return []
    drawn = chart_lines(page.chart, width)
    if not drawn:
        return []
    title = _paint(narrow(page.chart.title, width), "1", colour)
    subtitle = _wrapped([Span(page.chart.subtitle)], width, colour, "2")
    return ["", title, *subtitle, *("".join(_runs(cells, colour)) for cells in drawn)]


def _runs(cells: list[Word], colour: bool) -> Iterator[str]:
    """Yield painted text, one escape sequence for neighbours of one style."""
    run, style = "", ""
    for text, own in [*cells, ("", "end")]:
        if own != style:
            yield _paint(run, style, colour)
            run, style = "", own
        run += text
    yield run


def _facts(facts: tuple[Fact, ...], width: int, colour: bool) -> list[str]:
    if not facts:
        return []
    name = min(22, max(columns(narrow(fact.label, 22)) for fact in facts))
    return ["", *(line for fact in facts[:10] for line in _labelled(fact, name, width, colour))]


def _findings(findings: tuple[Fact, ...], width: int, colour: bool) -> list[str]:
    if not findings:
        return []
    name = min(22, max(columns(narrow(fact.label, 22)) for fact in findings))
    return ["", *(line for fact in findings[:5] for line in _labelled(fact, name, width, colour))]


def _labelled(fact: Fact, name: int, width: int, colour: bool) -> list[str]:
    label = narrow(fact.label, 22)
    head = _paint(label, "1", colour) + " " * (name - columns(label) + 2)
    first, *rest = _wrapped(_limited(fact.value, 400), width - name - 2, colour)
    return [head + first, *(" " * (name + 2) + line for line in rest)]


def _limited(sentence: Sentence, limit: int) -> Iterator[Span]:
    """Yield the sentence's spans until `limit` characters are used, the last one cut."""
    room = limit
    for span in sentence:
        text = clean(span.text, max(1, room))
        yield Span(text, span.style, span.url)
        room -= len(text)
        if room <= 0:
            return


def _links(page: Page, width: int, colour: bool) -> list[str]:
    shown = [(narrow(link.label, 22), url) for link in page.links[:5] if (url := safe_url(link.url))]
    if not shown or (page.state == "resolved" and page.about != "audit"):
        return []
    name = max(columns(label) for label, _ in shown)
    return [
        "",
        *(
            f"→ {_paint(label, '1', colour)}{' ' * (name - columns(label))}  {_paint(url, '36', colour)}"
            for label, url in shown
            if len(url) <= max(width, 400)
        ),
    ]


def _foot(page: Page) -> str:
    parts = [clean(remark, 200) for remark in remarks(page)[:8]]
    if page.about == "audit":
        return " · ".join([*parts, f"up to {moment(page.at, page.timezone)}"])
    parts.append(f"opened {moment(page.opened_at, page.timezone)}")
    if page.state == "resolved" and page.resolved_at is not None:
        parts.append(f"resolved {moment(page.resolved_at, page.timezone)}")
    parts += [lasted(page) or "", clean(page.key, 100)]
    return " · ".join(part for part in parts if part.strip())
