"""Pages of one made-up incident, for the battery: plain, hostile and far too large."""

from dataclasses import replace

from bellbuoy.sinks.base import Chart, Fact, Link, News, Page, Span

AT = 1_795_226_400
KEY = "inc_battery"

NASTY = (
    '<!channel> @everyone <@U123> <https://evil.example|click> & *bold* `code` | {"json": [1]} ]]> \\\\ %s {0} '
    "\u202egnp.exe\u2066 \x00\x1b[31m\r\n# head \u2028 👩‍👩‍👧‍👦 e\u0301 "
)
"""What a log may hold in a name: markup, calls, control and bidi characters, a family of emoji."""


def story() -> list[Page]:
    """Return the incident's pages in order: opened, raised, acknowledged, resolved, reopened."""
    first = Page(
        key=KEY,
        version=1,
        change="opened",
        state="open",
        severity="ticket",
        headline="qualify fell from 94.8 % to 85.9 %",
        summary="OPEN ticket, lead-qualifier: qualify fell from 94.8 % to 85.9 %.",
        impact=(Span("lead-qualifier", "bold"), Span(" loses "), Span("14", "bold"), Span(" more an hour.")),
        at=AT,
        opened_at=AT,
        onset=AT - 10_800,
        workflow="lead-qualifier",
        facts=(Fact("Trials", (Span("1,876 since the onset"),)),),
        findings=(Fact("Where", (Span("v41", "code"), Span(" holds 98 % of the change"))),),
        chart=_chart(),
        links=(Link("Open incident", f"https://bellbuoy.example.com/i/{KEY}"),),
        foot=("step-success",),
    )
    raised = replace(
        first,
        version=2,
        change="updated",
        severity="page",
        at=AT + 600,
        news=(News(2, AT + 600, "ticket → page", raised=True),),
    )
    taken = replace(
        raised,
        version=3,
        change="acknowledged",
        state="acknowledged",
        at=AT + 900,
        news=(News(3, AT + 900, "taken by dana"),),
    )
    over = replace(
        taken,
        version=4,
        change="resolved",
        state="resolved",
        at=AT + 1800,
        resolved_at=AT + 1800,
        news=(News(4, AT + 1800, "resolved"),),
    )
    again = replace(
        raised,
        version=5,
        change="reopened",
        at=AT + 2400,
        resolved_at=None,
        news=(News(5, AT + 2400, "fell again", raised=True, reopened=True),),
    )
    return [first, raised, taken, over, again]


def hostile(size: int = 5000) -> Page:
    """Return the opened page with `size` characters of what is nasty in every foreign field."""
    text = (NASTY * (size // len(NASTY) + 1))[:size]
    spans = (Span(text), Span(text, "bold"), Span(text, "code"), Span(text, url="javascript:alert(1)"))
    facts = tuple(Fact(text, spans) for _ in range(12))
    first = story()[0]
    return replace(
        first,
        headline=text,
        summary=text,
        impact=spans,
        workflow=text,
        facts=facts,
        findings=facts,
        chart=replace(_chart(), title=text, subtitle=text),
        links=(Link(text, "javascript:alert(1)"), Link(text, "https://ok.example/")),
        foot=(text, text),
        data={"step": text, text: [text]},
    )


def _chart() -> Chart:
    hours = range(48)
    return Chart(
        title="qualify · success per hour",
        subtitle="94.8 % → 85.9 %",
        at=tuple(AT - 3600 * (47 - n) for n in hours),
        value=tuple(0.95 if n < 44 else 0.86 for n in hours),
        low=(0.9,) * 48,
        high=(0.99,) * 48,
        normal=0.948,
        onset=AT - 10_800,
        opened=AT,
    )
