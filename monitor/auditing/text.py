"""An audit as text: a line a step with what is found of it below, then what is seen, staged runs, gates and lengths. Pure."""

import textwrap
from collections.abc import Sequence

from bellbuoy.config.errors import cells as width_of
from bellbuoy.monitor.auditing import telling
from bellbuoy.monitor.auditing.report import Audit, Line
from bellbuoy.monitor.auditing.wording import day, name
from bellbuoy.monitor.mapping import wording as mapped
from bellbuoy.monitor.mapping.text import WIDEST


def text(audit: Audit, columns: int = WIDEST, *, whole: bool = False) -> str:
    """Return an audit as text.

    Args:
        audit: the audit.
        columns: of the terminal.
        whole: list every line, however many there are.
    """
    drawn = audit.map
    title = f"{name(drawn.workflow)} · {name(drawn.title)}" if drawn.title else name(drawn.workflow)
    lines = _wrapped(f"{title}   {mapped.head(drawn)}", columns)
    lines += _wrapped(mapped.objective(drawn), columns)
    lines += _wrapped(telling.ends(audit), columns)
    lines += _wrapped(telling.counted(audit), columns)
    if audit.changes:
        lines += ["", f"changed since {day(audit.compared or 0)}"]
        lines += [f"  {one}" for one in telling.changes(audit)]
    lines += ["", *_lines(audit.lines, columns, whole=whole)] if audit.lines else []
    for head, sentences in telling.sections(audit):
        lines += ["", head]
        for sentence in sentences:
            lines += textwrap.wrap(
                sentence, columns, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
            )
    return "\n".join(lines) + "\n"


def _wrapped(sentence: str, columns: int) -> list[str]:
    return textwrap.wrap(sentence, columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _lines(lines: Sequence[Line], columns: int, *, whole: bool) -> list[str]:
    shown, together = telling.listed(lines, None if whole else telling.LISTED)
    verdict = max((width_of(telling.VERDICTS[line.verdict]) for line in shown), default=0)
    label = max((width_of(telling.label(line.kind, line.name)) for line in shown), default=0)
    label = min(label, columns // 3)
    told = []
    for line in shown:
        own = telling.label(line.kind, line.name)
        head = _filled(telling.VERDICTS[line.verdict], verdict) + "  " + _filled(own, label)
        indent = " " * (verdict + 2)
        told += textwrap.wrap(f"{head}  {line.says}", columns, subsequent_indent=indent + "  ", break_on_hyphens=False)
        for one in line.findings:
            told += textwrap.wrap(
                f"{_filled(one.rule, 3)} {one.says}: {one.do}",
                columns,
                initial_indent=indent,
                subsequent_indent=indent + "    ",
                break_on_hyphens=False,
            )
    for sentence in together:
        told += _wrapped(sentence, columns)
    return told


def _filled(words: str, width: int) -> str:
    return words + " " * max(0, width - width_of(words))
