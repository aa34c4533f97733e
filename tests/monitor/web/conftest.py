"""A door with made-up answers, and a client that asks the app without a network."""

import asyncio
import dataclasses
import random
import sys
from pathlib import Path

import httpx
import msgspec
import pyarrow as pa
import pytest
from prometheus_client import CollectorRegistry, Gauge

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.auditing.report import Audit
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.records import save_change, save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.mapping.mapping import NotMapped
from bellbuoy.monitor.web.app import create_app
from bellbuoy.monitor.web.door import (
    Answer,
    Check,
    Delivery,
    Health,
    IncidentRow,
    IncidentView,
    Overview,
    Query,
    QueryRefused,
    SourceRow,
    Status,
    StepRow,
    StoreState,
    Trend,
    WorkflowRow,
    WorkflowView,
)
from bellbuoy.sinks.base import Chart, Fact, Link, News, Page, Secret, Span

sys.path.insert(0, str(Path(__file__).parent))

NOW = 1_795_262_400.0
DAY = 86400

# name, success, normal, entered, lost, re-ask, handoff
STEPS = (
    ("greet", 0.995, 0.995, 10_000, 48, 0.004, 0.001),
    ("identify_intent", 0.972, 0.972, 9_950, 270, 0.021, 0.008),
    ("qualify", 0.859, 0.948, 9_680, 1_360, 0.119, 0.063),
    ("off_script", 0.899, 0.902, 3_100, 300, 0.062, 0.041),
    ("hold_state", 0.961, 0.961, 8_020, 310, 0.033, 0.006),
    ("route", 0.955, 0.955, 7_710, 340, None, 0.019),
    ("execute_action", 0.978, 0.978, 7_370, 160, None, 0.007),
    ("close", 0.991, 0.991, 7_210, 65, None, 0.002),
)


def trend(success, normal, seed):
    dice = random.Random(seed)
    value = [None if at == 9 else (normal if at < 36 else success) + dice.uniform(-0.012, 0.012) for at in range(42)]
    return Trend(tuple(value), (normal - 0.02,) * 42, (min(1.0, normal + 0.02),) * 42)


def chart():
    dice = random.Random(1)
    at = tuple(int(NOW) - 7 * DAY + hour * 3600 for hour in range(168))
    value = tuple((0.948 if place < 150 else 0.86) + dice.uniform(-0.025, 0.025) for place in range(168))
    return Chart(
        "qualify · success per hour",
        "94.8 % → 85.9 % since Fri 21:00 · 295 runs",
        at,
        value,
        (0.915,) * 168,
        (0.98,) * 168,
        0.948,
        onset=at[150],
        opened=at[153],
    )


def incident_row(**changes):
    row = IncidentRow(
        "inc-4f21",
        "qualify fell from 94.8 % to 85.9 %",
        "open",
        "page",
        "lead-qualifier",
        int(NOW) - 3 * 3600,
        "qualify",
        impact="14 more interactions an hour end badly than usual",
    )
    return dataclasses.replace(row, **changes)


def workflow(**changes):
    view = WorkflowView(
        "lead-qualifier",
        "Inbound lead voice agent",
        NOW - DAY,
        NOW,
        began=10_000,
        ended=9_980,
        well=0.665,
        well_low=0.656,
        well_high=0.674,
        well_before=0.736,
        objective=0.7,
        budget_left=0.39,
        steps=tuple(
            StepRow(
                name,
                entered,
                lost,
                success,
                normal,
                optional=name == "off_script",
                reask=reask,
                handoff=handoff,
                trend=trend(success, normal, seed),
                state="worse" if name == "qualify" else "steady",
                incident="inc-4f21" if name == "qualify" else None,
            )
            for seed, (name, success, normal, entered, lost, reask, handoff) in enumerate(STEPS)
        ),
        state="worse",
        why="33.5 % of 9,980 interactions failed since Fri 21:00, 26.4 % is normal.",
        incidents=(
            incident_row(),
            incident_row(
                key="inc-1a02",
                headline="re-asks in off_script rose from 6.0 % to 9.1 %",
                state="resolved",
                severity="ticket",
                step="off_script",
                opened_at=int(NOW) - 9 * DAY,
                resolved_at=int(NOW) - 8 * DAY,
                impact="",
            ),
        ),
        chart=chart(),
        queries=(
            Query("Success of a step", "select step, count(*) filter (outcome = 'success') / count(*)\nfrom events"),
        ),
    )
    return dataclasses.replace(view, **changes)


def overview(**changes):
    view = Overview(
        NOW - DAY,
        NOW,
        (
            incident_row(),
            incident_row(
                key="inc-77",
                headline="re-asks in greet rose from 0.4 % to 2.9 %",
                state="acknowledged",
                severity="ticket",
                step="greet",
                impact="",
            ),
        ),
        (
            WorkflowRow(
                "lead-qualifier",
                "Inbound lead voice agent",
                9_980,
                0.665,
                0.736,
                trend(0.665, 0.736, 5),
                "worse",
                "",
                0.39,
            ),
            WorkflowRow("refunds", "", 412, 0.981, None, Trend(), "learning"),
            WorkflowRow("night-shift", "Calls after hours", 0, None, 0.9, Trend(), "stale"),
        ),
        (
            SourceRow("kafka", "reading", "", "0 messages", NOW - 0.4, 3),
            SourceRow("files", "paused", "the store is full", "12.1 MiB", NOW - 7200),
        ),
        StoreState(writable=True, size_bytes=734_003_200, events=1_203_551),
    )
    return dataclasses.replace(view, **changes)


def incident(**changes):
    page = Page(
        key="inc-4f21",
        version=3,
        change="updated",
        state="open",
        severity="page",
        headline="qualify fell from 94.8 % to 85.9 %",
        summary="lead-qualifier / qualify: success fell from 94.8 % to 85.9 % since Fri 21:00.",
        impact=(
            Span("14 more interactions an hour", "bold"),
            Span(" end badly than usual: of 100 that begin, 7 fewer end well."),
        ),
        at=int(NOW),
        opened_at=int(NOW) - 3 * 3600,
        onset=int(NOW) - 6 * 3600,
        workflow="lead-qualifier",
        facts=(
            Fact("Success", (Span("94.8 %"), Span(" → "), Span("85.9 %", "bold"))),
            Fact("Evidence", (Span("19.2 of 12.9 nats"),)),
            Fact("Runs", (Span("295 since the onset"),)),
            Fact("95 % interval of the change", (Span("−13.1 to −4.7 pt"),)),
        ),
        findings=(
            Fact("Where", (Span("agent_version=v41", "code"), Span(" holds 98 % of the change"))),
            Fact("Just before", (Span("deploy of v41 ", url="https://ci.example.com/41"), Span("Fri 20:52"))),
            Fact("Ruled out", (Span("crm.write, calendar.book, mix of intents"),)),
        ),
        chart=chart(),
        links=(Link("Runbook", "https://wiki.example.com/qualify"), Link("Trap", "javascript:alert(1)")),
        foot=("step-success · rate_shift",),
    )
    return IncidentView(
        dataclasses.replace(page, **changes),
        (
            News(1, int(NOW) - 3 * 3600, "opened as ticket"),
            News(2, int(NOW) - 3600, "raised to page: the lower end of the change passed 5 points", raised=True),
        ),
        (
            Delivery("reliability", "sent", int(NOW) - 3500),
            Delivery("pager", "refused", None, "the routing key is not known"),
        ),
        (Query("Slices", "select agent_version, count(*) from events group by 1"),),
    )


@dataclasses.dataclass
class Server:
    listen: str = "127.0.0.1:8420"
    public_url: str | None = "https://bellbuoy.example.com"
    token: Secret | None = None
    timezone: str = "Europe/Berlin"


def audit():
    """Return an audit as it was found once, of a workflow with which many things are wrong."""
    file = Path(__file__).parents[2] / "golden" / "audit" / "lived.json"
    return msgspec.json.decode(file.read_bytes(), type=Audit)


class FakeDoor:
    def __init__(self, **server):
        self.server = Server(**server)
        self.registry = CollectorRegistry()
        Gauge("bellbuoy_build_info", "Version.", registry=self.registry).set(1)
        self.workflows = {name: workflow(name=name) for name in ("lead-qualifier", "refunds", "night-shift")}
        self.view = overview()
        self.cases = {key: incident(key=key) for key in ("inc-4f21", "inc-77", "inc-1a02")}
        self.state = Status(NOW, NOW - 12, 2, 212.0, 0.4)
        self.findings = Health(
            (Check("ticks", good=True),), (Check("store", good=True), Check("sources", good=True)), ()
        )
        self.asked = []
        self.questions = []

    def status(self):
        return self.state

    def overview(self):
        return self.view

    def names(self):
        return sorted(self.workflows)

    def workflow(self, name):
        return self.workflows.get(name)

    def incidents(self, limit):
        return self.view.incidents[:limit]

    def incident(self, key):
        return self.cases.get(key)

    def audits(self, workflow, span_s, until, back_s):
        if workflow not in self.workflows:
            raise NotMapped(f"no workflow is named {workflow!r}")
        found = audit()
        return (dataclasses.replace(found, map=dataclasses.replace(found.map, workflow=workflow)),)

    def health(self):
        return self.findings

    def ask(self, asked):
        sql = asked.sql
        self.asked.append(sql)
        self.questions.append(asked)
        if "secret" in sql:
            raise QueryRefused("no table is named 'secret'; there are events, interactions, minutes")
        if "busy" in sql:
            raise QueryRefused("2 queries run and 8 wait; ask again", 429)
        if "bug" in sql:
            raise RuntimeError("internal words that nobody should read")
        return Answer(
            pa.table({"step": ["greet", None], "n": [3, 4]}),
            truncated="limit" in sql,
            note="",
            took_ms=12.34,
            as_of=NOW - 12,
            types=("VARCHAR", "BIGINT"),
        )


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def ask():
    """Ask an app over a door: ask(door, path, method=…, host=…, **httpx settings)."""

    def one(door, path, method="GET", host="127.0.0.1:8420", **settings):
        async def go():
            transport = httpx.ASGITransport(create_app(door), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
                headers = {"accept": "text/html", **settings.pop("headers", {})}
                return await client.request(method, path, headers=headers, **settings)

        return asyncio.run(go())

    return one


@pytest.fixture
def keep():
    """Write an incident of calls/qualify into a store: keep(store, key, state, at, resolved_at=None)."""

    def kept(store, key, state, at, resolved_at=None):
        verdict = Verdict("worse", at, at - 900, 0.05, 0.12, 0.03, 0.1, 400, 48, 14.2, 12.9, "12 % bad")
        member = Member(Watched("steps", SeriesKey("step_failure", "calls", "qualify")), verdict, at, resolved_at)
        one = Incident(key, "calls", state, "ticket", (member,), at, at - 900, 1, resolved_at)
        page = Page(key, 1, "opened", state, "ticket", "qualify fell", "OPEN ticket", (), at, at, workflow="calls")
        with store.transaction() as tx:
            save_incidents(tx, [one])
            save_change(tx, Change("opened", at, one, None, "12 % bad", raised=True), page, ("out",))

    return kept
