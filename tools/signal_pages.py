"""The page of the signals, from their table."""

from collections.abc import Iterator

from signal_examples import TEXT, example

from bellbuoy.config.load import load_text
from bellbuoy.config.signals import BUILT_IN, Level, Signal

LEVELS: dict[Level, tuple[str, str]] = {
    "step": ("Steps", "A series for each step of a workflow."),
    "interaction": ("Whole interactions", "A series for each workflow."),
    "integration": ("Integrations", "A series for each system that steps call (`integration.system`)."),
    "source": ("Sources of knowledge", "A series for each source; each one that an event names is a trial of its own."),
    "action": ("Actions", "A series for each class of action (`action.class`)."),
}
JUDGED = {
    "rate": "by detectors",
    "never": "the first bad one is a page, without statistics and without a detector",
    "state": "the first bad one is a ticket, without statistics and without a detector",
}
HEAD = """# Signals

A signal is a pair of predicates over [events](events.md): which of them are trials, and which of the trials are bad. More is always
worse. Every signal here is counted, in minutes, as events arrive; a detector judges it when the configuration names it, and those
marked ● are judged by default ([config/default.yaml](../config/default.yaml)). One of your own is two predicates under `signals:`.

Only production counts: events with `demo: true` or another `environment` are kept and counted nowhere. `skipped`, `cancelled` and
`unknown` are no trials of a failure.

`trials` is the view to explore them: a row for each trial of each signal, `detail` saying of what kind it is.

What each finds, and how soon, is shown in [quiet-failures.md](quiet-failures.md). How a page about each begins stands below, with numbers
that are made up; [pages.md](pages.md) shows whole ones.
"""


def signals() -> str:
    """Return docs/signals.md."""
    return "\n".join([HEAD, *_overview(), *(line for level in LEVELS for line in _level(level))])


def _watched() -> set[str]:
    return {one.signal for one in load_text(TEXT).detectors}


def _overview() -> Iterator[str]:
    watched = _watched()
    yield "| signal | says | log |\n|---|---|---|"
    for one in BUILT_IN:
        mark = " ●" if one.name in watched else ""
        yield f"| [`{one.name}`](#{one.name}){mark} | {one.words.judged} | {one.about.log} |"
    yield ""


def _level(level: Level) -> Iterator[str]:
    title, text = LEVELS[level]
    yield f"## {title}\n\n{text}\n"
    for one in BUILT_IN:
        if one.level == level:
            yield from _signal(one)


def _signal(one: Signal) -> Iterator[str]:
    yield f"### {one.name}\n\n{one.about.means}\n"
    yield f"- trial: `{one.trial}`"
    if one.bad is not None:
        yield f"- bad: `{one.bad}`"
    yield f"- judged: {JUDGED[one.judged]}"
    yield f"- log: {one.about.log}"
    yield f"- it cannot see: {one.about.blind}"
    what = "step, " if level_has_names(one) else ""
    detail = "detail, " if one.detail else ""
    bad = ", count(*) FILTER (bad) AS bad" if one.bad is not None else ""
    yield (
        f"\n```sql\nSELECT {what}{detail}count(*) AS n{bad}\nFROM trials WHERE signal = '{one.name}'\n"
        "GROUP BY ALL ORDER BY n DESC\n```\n"
    )
    yield f"A page of it begins:\n\n{example(one)}\n"


def level_has_names(one: Signal) -> bool:
    """Tell whether the series of a signal have a step part."""
    return one.level != "interaction"
