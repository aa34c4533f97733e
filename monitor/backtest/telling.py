"""A backtest in words: what would have been told, how often, how soon, and what can be seen."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bellbuoy.monitor.backtest.summary import Story, Summary
from bellbuoy.monitor.explain.sights import table
from bellbuoy.monitor.explain.wording import span, subject
from bellbuoy.sinks.terminal import terminal

MOST_NOTES = 20
PAGE_WIDTH = 80


def told(summary: Summary, *, pages: bool = False) -> Iterator[str]:
    """Yield the lines that tell of a run: its incidents, then what they come to.

    Args:
        summary: of the run.
        pages: draw the page of each incident as it was at its gravest.
    """
    yield from _head(summary)
    for story in summary.stories:
        yield from incident(story, pages=pages)
    if not summary.stories:
        yield "Nothing would have been told."
    yield ""
    yield from _rates(summary)
    yield from _notes(summary)
    if summary.sight:
        yield ""
        yield from table(summary.sight)


def beside(summaries: Sequence[Summary]) -> Iterator[str]:
    """Yield a table of several runs, one a line."""
    width = max(len("settings"), *(len(one.name) for one in summaries))
    yield f"{'settings':<{width}}  incidents  pages/mo  tickets/mo  hours open  told after"
    for one in summaries:
        severities, months = one.severities(), max(one.months, 1e-9)
        delay = one.usual_delay_s()
        yield (
            f"{one.name:<{width}}  {len(one.stories):>9}  {severities['page'] / months:>8.1f}  "
            f"{severities['ticket'] / months:>10.1f}  {one.hours_open():>10,.0f}  "
            f"{'–' if delay is None else span(delay):>10}"
        )


def incident(story: Story, *, pages: bool = False) -> Iterator[str]:
    """Yield the lines that tell of one incident, and its page as it was at its gravest."""
    opened, page = story.opened
    yield f"{story.name}  {minute(opened.at)}  {story.last.severity:<6}  {story.last.workflow}: {page.headline}"
    lead = opened.incident.lead
    told = f"{subject(lead.watched.series)}: {lead.verdict.why}"
    yield f"           {told}"
    parts = []
    if story.delay_s is not None:
        parts.append(f"told {span(story.delay_s)} after it began")
    gravest = story.gravest[0]
    if gravest is not opened:
        parts.append(f"a {gravest.incident.severity} from {minute(gravest.at)} on")
    end = story.last.resolved_at
    parts.append(f"over after {span(end - opened.at)}" if end else "still open at the end")
    yield f"           {', '.join(parts)}"
    if pages:
        yield ""
        yield terminal(story.gravest[1], width=PAGE_WIDTH, colour=False).rstrip("\n")
        yield ""


def minute(at: float) -> str:
    """Return an instant as people read it, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def _head(summary: Summary) -> Iterator[str]:
    days = (summary.until - summary.since) / 86_400
    learning = f", {summary.learning} of them still learning at the end" if summary.learning else ""
    yield (
        f"{days:,.4g} days, {_day(summary.since)} to {_day(summary.until - 1)}: {_count(summary.series, 'series')}, "
        f"watched in {_count(summary.watched, 'way')}{learning}."
    )
    yield ""


def _rates(summary: Summary) -> Iterator[str]:
    severities, months = summary.severities(), max(summary.months, 1e-9)
    counts = ", ".join(
        f"{_count(severities[name], noun)} ({severities[name] / months:.1f} in 30 days)"
        for name, noun in (("page", "page"), ("ticket", "ticket"), ("watch", "incident to watch"))
    )
    yield f"In all {counts}; open for {summary.hours_open():,.0f} h."
    delay = summary.usual_delay_s()
    if delay is not None:
        yield f"Half of them were told within {span(delay)} of their beginning."
    everything = len(summary.stories) / months
    yield (
        f"If nothing was wrong in all that time, these are {everything:.1f} false openings in 30 days"
        + (f"; the budget allows {summary.allowed:.3g}." if summary.allowed is not None else ".")
    )
    if summary.thresholds is not None:
        low, high = (f"{level:.1f}" for level in summary.thresholds)
        yield f"An incident opens at {low if low == high else f'{low} to {high}'} nats of evidence."


def _notes(summary: Summary) -> Iterator[str]:
    if not summary.notes:
        return
    yield ""
    for note in summary.notes[:MOST_NOTES]:
        after = "nothing within a week"
        if note.story is not None:
            after = f"{note.story.name}, {span(note.story.opened[0].at - note.at)} later"
        yield f"after {note.title} ({minute(note.at)}): {after}"
    if len(summary.notes) > MOST_NOTES:
        yield f"… and {len(summary.notes) - MOST_NOTES} more notes"


def _count(number: int, noun: str) -> str:
    plural = noun if number == 1 or noun == "series" else f"{noun}s"
    if noun.startswith("incident") and number != 1:
        plural = noun.replace("incident", "incidents")
    return f"{number:,} {plural}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
