"""How a page about each signal begins: the page that the product writes, of numbers that are made up."""

from datetime import UTC, datetime
from functools import cache

from bellbuoy.config.load import load_text
from bellbuoy.config.signals import Signal
from bellbuoy.detectors.base import Measure, Verdict
from bellbuoy.detectors.interval import jeffreys
from bellbuoy.monitor.explain.page import Context, Nothing, explain
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.sinks.base import Severity

AT = int(datetime(2026, 6, 14, 3, 10, tzinfo=UTC).timestamp())
ONSET = AT - 105 * 60
N, BAD, USUAL = 412, 52, 0.041
NAMES = {
    "step": "qualify",
    "interaction": None,
    "integration": "crm.write",
    "source": "pricing-wiki",
    "action": "money",
}
TEXT = (
    "version: 1\nsources: [{ files: { path: ./x.jsonl } }]\nsinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\n"
)


def example(one: Signal) -> str:
    """Return headline and impact of the page that opens an incident of a signal, as a quotation."""
    measure, severity = _measure(one)
    name = "upsell" if one.name == "unknown_step" else NAMES[one.level]
    series = SeriesKey(one.name, "lead-qualifier", name, None)
    member = Member(
        Watched("example", series, -1 if measure in ("silence", "volume") else 1), _verdict(measure, severity), AT
    )
    incident = Incident("example", "lead-qualifier", "open", severity, (member,), AT, ONSET, number=1)
    page = explain(Nothing(), _context(), Change("opened", AT, incident, None, member.verdict.why), "default")
    said = "".join(f"**{span.text}**" if span.style == "bold" else span.text for span in page.impact)
    return f"> **{page.headline}**\\\n> {said}"


def _measure(one: Signal) -> tuple[Measure, Severity]:
    if one.judged != "rate":
        return "never", "page" if one.judged == "never" else "ticket"
    if one.bad is None:
        return ("silence", "page") if one.level == "interaction" else ("volume", "ticket")
    return "share", "page"


def _verdict(measure: Measure, severity: Severity) -> Verdict:
    low, high = jeffreys(N, BAD, 1.0, 0.95)
    numbers: dict[Measure, tuple[float, float, float, float, int, int]] = {
        "share": (USUAL, BAD / N, low - USUAL, high - USUAL, N, BAD),
        "never": (0.0, 3 / N, 0.0, 3 / N, N, 3),
        "silence": (9.2, 0.0, -1.0, -1.0, 0, 0),
        "volume": (9.2, 3.1, -0.75, -0.55, 65, 65),
    }
    why = {
        "silence": "no trial since 01:25, 193 were expected",
        "volume": "3.1 trials a tick since 01:25, 9.2 are normal",
    }
    return Verdict("worse", AT, ONSET, *numbers[measure], 12.0, 9.0, why.get(measure, ""), measure, severity, severity)


@cache
def _context() -> Context:
    return Context.of(load_text(TEXT))
