"""What several sinks say in the same words: plain sentences, findings, remarks, duration, the chart in one sentence."""

from bellbuoy.sinks.base import Page, Sentence
from bellbuoy.sinks.text import clean, duration, moment, safe_url


def plain(sentence: Sentence, limit: int) -> str:
    """Return a sentence without its styles and links, at most `limit` characters."""
    return clean("".join(span.text for span in sentence), limit)


def told(page: Page, most: int, limit: int) -> dict[str, str]:
    """Return facts and findings as plain text by label: the first `most` of them, each at most `limit` characters."""
    return {clean(fact.label, 100): plain(fact.value, limit) for fact in (*page.facts, *page.findings)[:most]}


def alt_text(page: Page) -> str:
    """Return in one sentence what the chart shows."""
    chart = page.chart
    if chart is None:
        return ""
    since = f", onset {moment(chart.onset, chart.timezone)}" if chart.onset else ""
    return clean(f"{chart.title}: {chart.subtitle}{since}", 1900)


def open_link(page: Page) -> str | None:
    """Return the address of the incident's own page, if one of the links leads there."""
    return next((safe_url(link.url) for link in page.links if page.key and page.key in link.url), None)


def remarks(page: Page) -> list[str]:
    """Return what stands at the foot before the dates: severity, then the page's own remarks."""
    return list(page.foot) if page.about == "audit" else [page.severity, *page.foot]


def lasted(page: Page) -> str | None:
    """Return how long the incident was open, once it is resolved."""
    if page.state != "resolved" or page.resolved_at is None:
        return None
    return f"open {duration(page.resolved_at - page.opened_at)}"
