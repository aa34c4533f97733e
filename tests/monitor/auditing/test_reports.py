"""The audit on a timetable: when it is due, that it is told once and after all pages, and what a chat is given."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from lived import LIVED, events, incident, lived
from walked import LEAST, stored
from worlds import UNTIL, watch

from bellbuoy.config.load import load_text
from bellbuoy.config.timetable import parse_time
from bellbuoy.monitor.auditing.auditing import audits
from bellbuoy.monitor.auditing.report import Change as DueChange
from bellbuoy.monitor.auditing.reports import Reports, last, page_of
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.judging.incidents import Change
from bellbuoy.monitor.judging.records import incident as incident_of
from bellbuoy.monitor.judging.records import save_change
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.notify import Sender
from bellbuoy.sinks.base import Page, Refused, Retry, Sent
from bellbuoy.sinks.pagerduty import action
from bellbuoy.sinks.render import message
from bellbuoy.sinks.terminal import terminal

pytestmark = pytest.mark.store
DAY = 86_400
WEEKLY = LEAST + LIVED + "audit: { every: 'Mon 08:00', to: [out] }\nserver: { timezone: Europe/Berlin }\n"
MONDAY = int(datetime(2026, 12, 21, 8, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())


@pytest.mark.parametrize(
    ("every", "now", "then"),
    [
        ("Mon 08:00", "2026-11-23T08:00", "2026-11-23T08:00"),
        ("Mon 08:00", "2026-11-23T07:59", "2026-11-16T08:00"),
        ("Mon 08:00", "2026-11-29T23:00", "2026-11-23T08:00"),
        ("daily 06:30", "2026-11-23T06:29", "2026-11-22T06:30"),
        ("Tue,Fri 12:00", "2026-11-26T00:00", "2026-11-24T12:00"),
        ("Sun 02:30", "2026-03-29T12:00", "2026-03-29T03:30"),
        ("Sun 02:30", "2026-10-25T12:00", "2026-10-25T02:30"),
    ],
)
def test_it_is_due_by_the_clock_on_the_wall(every, now, then):
    zone = ZoneInfo("Europe/Berlin")
    found = last(parse_time(every), datetime.fromisoformat(now).replace(tzinfo=zone).timestamp(), "Europe/Berlin")
    assert datetime.fromtimestamp(found, zone).strftime("%Y-%m-%dT%H:%M") == then


class Recording:
    """Takes every page, or answers as it is told."""

    edits = threads = True

    def __init__(self, *answers):
        self.answers, self.seen = list(answers), []

    def send(self, page):
        self.seen.append(page)
        return self.answers.pop(0) if self.answers else Sent({"ts": page.key})


@pytest.fixture
def world():
    """A store in which much is wrong, and a configuration that tells the audit every week."""
    config = load_text(WEEKLY)
    with stored(events(), config) as store:
        watch(store)
        yield store, config


def sender(store, reports, sink, now):
    return Sender(store, "out", sink, VirtualClock(float(now)), Metrics(), random.Random(1), reports=reports.page)


def drained(sender):
    while sender.send_one():
        pass
    return sender.sink.seen


def test_it_is_asked_for_once_when_its_time_comes_and_made_up_for_when_it_was_missed(world):
    store, config = world
    reports, sink = Reports(store, config), Recording()
    assert not reports.ask(MONDAY - 3 * DAY), "nothing is due before the first look"
    assert not reports.ask(MONDAY - 1)
    assert drained(sender(store, reports, sink, MONDAY)) == []
    assert reports.ask(MONDAY + 20)
    assert not reports.ask(MONDAY + 40)
    (page,) = drained(sender(store, reports, sink, MONDAY + 60))
    assert (page.key, page.about, page.at) == (f"audit_{MONDAY}", "audit", MONDAY)
    assert drained(sender(store, reports, sink, MONDAY + 90)) == [page]
    late = Reports(store, config)
    assert late.ask(MONDAY + 20 * DAY)
    assert not late.ask(MONDAY + 20 * DAY + 20)
    assert [one.key for one in drained(sender(store, late, sink, MONDAY + 20 * DAY))] == [
        f"audit_{MONDAY}",
        f"audit_{MONDAY + 14 * DAY}",
    ], "of several that were missed the last"


def test_what_is_asked_for_survives_the_process_and_is_tried_until_it_is_taken(world):
    store, config = world
    first = Reports(store, config)
    first.ask(MONDAY - DAY)
    first.ask(MONDAY)
    sink = Recording(Retry(30.0, "unreachable"), Refused("auth", "no"))
    anew = Reports(store, config)
    assert sender(store, anew, sink, MONDAY).send_one()
    assert not sender(store, anew, sink, MONDAY + 20).send_one()
    assert sender(store, anew, sink, MONDAY + 31).send_one()
    assert not sender(store, anew, sink, MONDAY + 999).send_one()
    assert sink.seen[0].headline == first.page(f"audit_{MONDAY}").headline
    assert [one.attempt for one in sink.seen] == [1, 1]


def test_pages_go_before_it(world):
    store, config = world
    reports, sink = Reports(store, config), Recording()
    reports.ask(MONDAY - DAY)
    reports.ask(MONDAY)
    incident(store, "inc_9", "qualify", at=MONDAY + 60)
    found = replace(_incident(store, "inc_9"), number=2)
    told = Page("inc_9", 2, "updated", "open", "page", "it fell", "it fell", (), MONDAY + 60, MONDAY + 60)
    with store.transaction() as tx:
        save_change(tx, Change("updated", MONDAY + 60, found, None, "why", raised=False), told, ["out"])
    assert [page.key for page in drained(sender(store, reports, sink, MONDAY + 90))] == ["inc_9", f"audit_{MONDAY}"]


VERDICT = {"state": "worse", "at": 1, "onset": 1, "n": 1, "bad": 1, "evidence": 1.0, "threshold": 1.0, "why": ""}
VERDICT |= {"baseline_rate": 0.1, "current_rate": 0.2, "change_low": 0.1, "change_high": 0.2}


def _incident(store, key):
    with store.transaction() as tx:
        tx.cursor.execute("UPDATE incident_members SET verdict = ? WHERE incident = ?", [json.dumps(VERDICT), key])
    return incident_of(store, key)


def test_a_chat_is_given_what_to_do_first():
    with lived() as (store, config):
        told = config.model_copy(
            update={"server": config.server.model_copy(update={"public_url": "https://b.example.com"})}
        )
        page = Reports(store, told).page(f"audit_{UNTIL}")
    assert page.headline == "Audit: 2 to harden, 2 to kill, 1 to keep"
    assert [fact.label for fact in page.findings] == [
        "harden qualify", "harden close", "kill survey", "kill source handbook",
    ]  # fmt: skip
    assert (
        page.findings[0]
        .value[0]
        .text.startswith("86.0 % [83.6, 88.2], needs 94.7 %; worth +8.5 points end to end; 86.0 % is below")
    )
    assert page.summary.endswith("1 to keep. Nothing changed since a week before.")
    assert page.links[0].url == "https://b.example.com/audit/calls"
    said = message(page, mention="", pressable=True)
    kinds = [block["type"] for block in said["blocks"]]
    assert kinds == ["header", "section", "section", "actions", "context"]
    (button,) = said["blocks"][3]["elements"]
    assert button["url"] == "https://b.example.com/audit/calls"
    assert action(page) == "resolve", "nobody is called"
    shown = terminal(page, 88, colour=False)
    assert "📋 Audit: 2 to harden, 2 to kill, 1 to keep" in shown
    assert datetime.fromtimestamp(UNTIL, UTC).strftime("up to %a %d %b %H:%M") in shown


def test_without_the_key_nothing_is_ever_due(world):
    store, config = world
    reports = Reports(store, config.model_copy(update={"audit": None}))
    assert not reports.ask(MONDAY)
    assert not reports.ask(MONDAY + 30 * DAY)


def test_what_changed_is_named_and_workflows_are_told_apart():
    with lived() as (store, config):
        (found,) = audits(store, config, "calls", UNTIL - 28 * DAY, UNTIL, 0)
    changed = replace(found, changes=(DueChange("step", "qualify", "keep", "harden"),) * 7)
    other = replace(found, map=replace(found.map, workflow="<tickets>"), lines=found.lines[-1:])
    page = page_of([changed, other], UNTIL, "https://b.example.com", "UTC")
    assert "Since a week before: qualify: keep → harden; qualify" in page.summary
    assert page.summary.endswith(" and 2 more.")
    assert page.findings[0].label == "harden calls / qualify"
    assert page.links[0].url == "https://b.example.com/audit"
    assert page.headline == "Audit: 2 to harden, 2 to kill, 2 to keep"
    assert page_of([], UNTIL, None, "UTC").headline == "Audit: nothing to judge"
