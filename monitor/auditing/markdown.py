"""An audit as Markdown, for a ticket or a repository. Pure."""

import re

from bellbuoy.monitor.auditing import telling
from bellbuoy.monitor.auditing.report import Audit
from bellbuoy.monitor.auditing.wording import day, name
from bellbuoy.monitor.mapping import wording as mapped


def markdown(audit: Audit, *, whole: bool = False) -> str:
    """Return an audit as Markdown.

    Args:
        audit: the audit.
        whole: list every line, however many there are.
    """
    drawn = audit.map
    title = f" · {name(drawn.title)}" if drawn.title else ""
    lines = [f"# {escaped(name(drawn.workflow) + title)}", "", f"**{escaped(telling.counted(audit))}**", ""]
    head = [mapped.head(drawn), mapped.objective(drawn), telling.ends(audit)]
    lines += [f"- {escaped(one)}" for one in head if one]
    if audit.changes:
        lines += ["", f"## Changed since {day(audit.compared or 0)}", ""]
        lines += [f"- {escaped(one)}" for one in telling.changes(audit)]
    if audit.lines:
        lines += ["", "## Keep, harden or kill", ""]
    shown, together = telling.listed(audit.lines, None if whole else telling.LISTED)
    for line in shown:
        what = f"**{telling.VERDICTS[line.verdict]} {escaped(telling.label(line.kind, line.name))}**"
        lines.append(f"- {what}: {escaped(line.says)}")
        lines += [f"  - {one.rule} {escaped(one.says)}: *{escaped(one.do)}*" for one in line.findings]
    lines += [f"- {escaped(sentence)}" for sentence in together]
    for heading, sentences in telling.sections(audit):
        lines += [
            "",
            f"## {heading[0].upper()}{heading[1:]}",
            "",
            *(f"- {escaped(sentence)}" for sentence in sentences),
        ]
    return "\n".join(lines) + "\n"


def escaped(sentence: str) -> str:
    """Return a sentence in which only what stands between backticks is markup."""
    parts = sentence.split("`")
    return "`".join(
        part if place % 2 and place + 1 < len(parts) else re.sub(r"([\\*_\[\]<>|#~!$])", r"\\\1", part)
        for place, part in enumerate(parts)
    )
