"""Pages that people have read: the material of the golden files and of the sinks' tests."""

import math
import random
from dataclasses import replace

from golden_report import BASE, audit, plain

from bellbuoy.sinks.base import Chart, Fact, Link, News, Page, Sentence, Span

HOUR = 3600
ONSET = 1795215600  # Sat 21 Nov 2026 00:00 in Berlin
OPENED = ONSET + 3 * HOUR
KEY = "inc_01JD5"


def bold(text: str) -> Span:
    return Span(text, "bold")


def code(text: str) -> Span:
    return Span(text, "code")


def said(text: str) -> Sentence:
    """Return a sentence from a short notation: *bold*, `code`."""
    spans: list[Span] = []
    style, run = "plain", ""
    for char in text:
        mark = {"*": "bold", "`": "code"}.get(char)
        if mark is None:
            run += char
            continue
        if run:
            spans.append(Span(run, style))
        style, run = ("plain" if style == mark else mark), ""
    return (*spans, Span(run, style)) if run else tuple(spans)


def chart(until: int = OPENED + 6 * HOUR, back: int | None = None) -> Chart:
    """Return seven days by the hour: 94.8 % until the onset, 85.9 % after it, with the night's wider band."""
    chance = random.Random(7)
    first = ONSET - 6 * 24 * HOUR - 12 * HOUR
    at = tuple(range(first, until, HOUR))
    value, low, high = [], [], []
    for start in at:
        night = 0.5 - 0.5 * math.cos((start - ONSET - 4 * HOUR) / (24 * HOUR) * 2 * math.pi)
        width = 0.065 - 0.028 * night
        low.append(0.948 - width + chance.uniform(-0.004, 0.004))
        high.append(min(1.0, 0.948 + 0.75 * width + chance.uniform(-0.003, 0.003)))
        mean = 0.948 if start < ONSET or (back is not None and start >= back) else 0.859
        value.append(min(1.0, mean + chance.gauss(0, 0.32 * width)))
    return Chart(
        title="qualify · success per hour",
        subtitle="94.8 % baseline → 85.9 % since Sat 21 Nov 00:00 · 1,876 trials · band = 99 % of normal hours",
        at=at,
        value=tuple(value),
        low=tuple(low),
        high=tuple(high),
        normal=0.948,
        onset=ONSET,
        opened=OPENED,
        resolved=back,
        timezone="Europe/Berlin",
    )


def opened() -> Page:
    return Page(
        key=KEY,
        version=1,
        change="opened",
        state="open",
        severity="ticket",
        headline="qualify fell from 94.8 % to 85.9 %",
        summary=(
            "OPEN ticket, lead-qualifier: qualify fell from 94.8 % to 85.9 %. "
            "Interactions that end well: 73.6 % → 66.5 %, about 14 more failures an hour."
        ),
        impact=(
            bold("lead-qualifier"),
            plain(", "),
            Span("step 3 of 8", url=f"{BASE}/w/lead-qualifier/s/qualify"),
            *said(
                " · interactions that end well *73.6 % → 66.5 %*, about *14 more failures an hour*. Began *Sat 00:00* "
                "(± 1 h), right after deploy `v41`, which holds *98 %* of the change."
            ),
        ),
        at=OPENED,
        opened_at=OPENED,
        onset=ONSET,
        workflow="lead-qualifier",
        facts=(
            Fact("Success", said("94.8 % → *85.9 %* (−8.9 pt; 95 % interval −10.4 … −7.3)")),
            Fact("Trials", said("1,876 since the onset · 139,620 in the baseline")),
            Fact("Re-ask", said("4.1 % → *11.9 %* ▲")),
            Fact("Handoff", said("6.0 % → 6.3 % (steady)")),
            Fact("Error budget, 30 d", said("61 % spent · burning *5.8×*")),
            Fact("Evidence", said("61.4 nats, threshold 12.9 (2 false pages in 30 d, whole fleet)")),
        ),
        findings=(
            Fact("Where", said("`agent_version=v41` holds 98 % of the change (79.3 % against 94.4 % on `v40`)")),
            Fact("Just before", said("deploy `v41` Fri 23:52 · `pricing-wiki` is 97 d old (limit 30 d)")),
            Fact("Ruled out", said("`crm.write` 99.6 % · `calendar.book` p95 410 ms · mix of intents")),
        ),
        chart=chart(),
        links=(
            Link("Open incident", f"{BASE}/i/{KEY}"),
            Link("12 failed interactions", f"{BASE}/i/{KEY}/samples"),
            Link("Runbook", "https://wiki.example.com/runbooks/qualify"),
        ),
        foot=("step-success",),
        timezone="Europe/Berlin",
        data={"signal": "step_failure", "step": "qualify", "current_rate": 0.141, "baseline_rate": 0.052},
    )


def raised() -> Page:
    at = OPENED + 3 * HOUR
    return replace(
        opened(),
        version=2,
        change="updated",
        severity="page",
        at=at,
        summary=opened().summary.replace("ticket", "page"),
        news=(News(2, at, "ticket → page: the change is at least 5.1 pt (95 % interval)", raised=True),),
    )


def acknowledged() -> Page:
    at = OPENED + 7 * HOUR + 360
    return replace(
        raised(),
        version=3,
        change="acknowledged",
        state="acknowledged",
        at=at,
        foot=("step-success", "acknowledged by dana"),
        news=(News(3, at, "acknowledged by dana: rolling back v41"),),
    )


def resolved() -> Page:
    at = OPENED + 9 * HOUR + 720
    return replace(
        raised(),
        version=4,
        change="resolved",
        state="resolved",
        headline="qualify is back at 94.6 %",
        summary="RESOLVED, lead-qualifier: qualify is back at 94.6 % after 9 h 12 min.",
        at=at,
        resolved_at=at,
        chart=chart(until=ONSET + 18 * HOUR, back=ONSET + 9 * HOUR),
        news=(News(4, at, "resolved: 94.6 %, evidence of recovery past its threshold · open 9 h 12 min"),),
    )


def reopened() -> Page:
    at = OPENED + 10 * HOUR
    return replace(
        raised(),
        version=5,
        change="reopened",
        at=at,
        news=(News(5, at, "reopened: qualify fell again, to 86.2 %", raised=True, reopened=True),),
    )


def slow_drift() -> Page:
    first = ONSET - 83 * 24 * HOUR
    at = tuple(first + 24 * HOUR * n for n in range(84))
    chance = random.Random(11)
    value = tuple(min(1.0, 0.948 - 0.00055 * max(0, n - 12) + chance.gauss(0, 0.004)) for n in range(84))
    return replace(
        opened(),
        key="inc_01JE2",
        severity="ticket",
        headline="qualify drifted from 94.8 % to 90.9 % in ten weeks",
        summary="OPEN ticket, lead-qualifier: qualify drifted from 94.8 % in month one to 90.9 %, about 0.4 pt a week.",
        impact=said(
            "*lead-qualifier*, step 3 of 8 · no single day stands out: *0.4 pt a week* since September, *3.9 pt* in all; "
            "at this pace the objective of 70 % is missed in *5 weeks*."
        ),
        facts=(
            Fact("Success", said("month one 94.8 % → last 28 d *90.9 %* (95 % interval −4.4 … −3.4 pt)")),
            Fact("Pace", said("−0.39 pt a week, no step in it")),
        ),
        findings=(Fact("Ruled out", said("one deploy · one model · mix of intents")),),
        chart=Chart(
            title="qualify · success per day",
            subtitle="94.8 % in month one → 90.9 % in the last 28 days · band = 99 % of normal days",
            at=at,
            value=value,
            low=(0.938,) * 84,
            high=(0.958,) * 84,
            normal=0.948,
            onset=first + 20 * 24 * HOUR,
            opened=ONSET - 5 * 24 * HOUR,
            bucket=24 * HOUR,
            timezone="Europe/Berlin",
        ),
        links=(Link("Open incident", f"{BASE}/i/inc_01JE2"),),
        foot=("month-one",),
    )


def end_to_end() -> Page:
    return replace(
        opened(),
        key="inc_01JF7",
        severity="page",
        headline="lead-qualifier ends well in 66.5 % instead of 73.6 %",
        summary="OPEN page, lead-qualifier: interactions end well in 66.5 % instead of 73.6 %, under the objective of 70 %.",
        impact=said(
            "Every step is within its own band, yet the whole is not: *74 % → 66.5 %*, about *14 more failures an hour*. "
            "`route` and `qualify` fail together more often than alone."
        ),
        findings=(Fact("Where", said("`qualify` −0.9 pt · `route` −1.1 pt · `close` −0.8 pt, none alarming alone")),),
        links=(Link("Open incident", f"{BASE}/i/inc_01JF7"),),
        foot=("end-to-end",),
    )


def silence() -> Page:
    return replace(
        opened(),
        key="inc_01JG3",
        severity="page",
        headline="lead-qualifier went silent: nothing for 42 min",
        summary="OPEN page, lead-qualifier: no interaction for 42 min; at this hour about 58 are normal.",
        impact=said(
            "No interaction for *42 min*; at this hour about *58* are normal. Either calls fail or the log stopped."
        ),
        facts=(Fact("Last event", said("Sat 02:18")), Fact("Expected", said("58 in 42 min (hour profile)"))),
        findings=(Fact("Ruled out", said("the log of other workflows goes on")),),
        chart=replace(
            chart(until=OPENED),
            title="lead-qualifier · interactions per hour",
            subtitle="about 83 an hour at night · nothing since Sat 02:18",
            value=(
                *(
                    float(round(140 + 60 * math.sin(n / 24 * 2 * math.pi - 2) + 9 * (n * 7 % 5 - 2)))
                    for n in range(158)
                ),
                0.0,
            ),
            low=tuple(95 + 60 * math.sin(n / 24 * 2 * math.pi - 2) for n in range(159)),
            high=tuple(185 + 60 * math.sin(n / 24 * 2 * math.pi - 2) for n in range(159)),
            normal=140.0,
            unit="count",
            onset=OPENED - 42 * 60,
        ),
        links=(Link("Open incident", f"{BASE}/i/inc_01JG3"),),
        foot=("silence",),
    )


def own_trouble() -> Page:
    return replace(
        opened(),
        key="inc_01JH9",
        about="bellbuoy",
        severity="page",
        headline="12 % of the messages of agent.interactions cannot be read",
        summary="OPEN page, Bellbuoy: 12 % of the messages of agent.interactions cannot be read since Sat 02:40.",
        impact=said(
            "Verdicts on `lead-qualifier` rest on *88 %* of its messages since *Sat 02:40*. Nothing is lost: they are kept."
        ),
        facts=(
            Fact("Reason", said("`outcome` is not one of the known values")),
            Fact("Kept", said("1,204 dead letters")),
        ),
        findings=(),
        chart=None,
        links=(Link("Open incident", f"{BASE}/i/inc_01JH9"), Link("Dead letters", f"{BASE}/sources")),
        foot=("dead letters",),
    )


def chartless() -> Page:
    return replace(opened(), key="inc_01JK1", chart=None, links=(Link("Open incident", f"{BASE}/i/inc_01JK1"),))


NASTY = (
    "<!channel> @everyone <@U123> <https://evil.example|click> & *bold* _it_ `code` ~s~\u202e\u2066gnp.exe\u0000\x1b[31m"
    '\r\n\u2028# head\n> quote {"json": [1]} ]]> \ud800 👩‍👩‍👧‍👦 e\u0301 '
)


def hostile(size: int = 5000) -> Page:
    """Return a page where every foreign field is as nasty as a log can make it."""
    text = (NASTY * (size // len(NASTY) + 1))[:size]
    spans = (Span(text), Span(text, "bold"), Span(text, "code"), Span(text, url="javascript:alert(1)"))
    facts = tuple(Fact(text, (*spans, Span(text, url="https://e.example/a b|<c>"))) for _ in range(30))
    return replace(
        opened(),
        key="inc_<!here>",
        headline=text,
        summary=text,
        impact=spans,
        workflow=text,
        facts=facts,
        findings=facts,
        chart=replace(chart(), title=text, subtitle=text),
        links=(
            Link(text, "javascript:alert(1)"),
            Link(text, "https://ok.example/" + "x" * 2900),
            Link(text, "https://ok.example/"),
        ),
        foot=(text,) * 20,
        news=tuple(News(n, OPENED, text) for n in range(2, 20)),
        data={"step": text},
    )


def storm() -> Page:
    steps = ("greet", "qualify", "route", "book", "close")
    rows = [
        (
            f"{step} fell from {94 + place % 5}.{place % 10} % to {70 + place}.4 %",
            f"desk-{1 + place // 5}",
            "page" if place < 3 else "ticket",
        )
        for place, step in enumerate(4 * steps)
    ]
    return Page(
        key="storm_5d1f0c22ab",
        version=3,
        change="updated",
        state="open",
        severity="page",
        headline="127 incidents at once",
        summary="OPEN page: 127 incidents at once; 125 of them go on. By workflow: desk-1 40, desk-2 40, desk-3 40, desk-4 7.",
        impact=(
            bold("125 of them"),
            plain(" go on. By workflow: desk-1 40, desk-2 40, desk-3 40, desk-4 7. Look first for what they share."),
        ),
        rows=tuple(
            (Span(headline, url=f"{BASE}/i/inc_{place:02}"), plain(f" · {workflow} · {how}"))
            for place, (headline, workflow, how) in enumerate(rows)
        ),
        more=107,
        at=OPENED + 90,
        opened_at=OPENED,
        links=(Link("All incidents", f"{BASE}/i"),),
        foot=("one message for all: each gets its own when it is taken, gets worse, or is one of few left",),
        news=(News(3, OPENED + 90, "Now 127 incidents, and the worst of them is a page.", raised=True),),
        timezone="Europe/Berlin",
        data={"storm": "storm_5d1f0c22ab", "incidents": 127, "open": 125},
    )


PAGES = {
    "opened": opened,
    "raised": raised,
    "acknowledged": acknowledged,
    "resolved": resolved,
    "slow_drift": slow_drift,
    "end_to_end": end_to_end,
    "silence": silence,
    "own_trouble": own_trouble,
    "chartless": chartless,
    "storm": storm,
    "audit": audit,
}
