"""A sink that takes no pages: the next route is told, and so is whoever runs Bellbuoy."""

import random
from dataclasses import replace

import pytest

from bellbuoy.config.load import load_text
from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.ourselves import Ourselves
from bellbuoy.monitor.judging.records import save_change, save_incidents
from bellbuoy.monitor.judging.routes import next_sinks
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.notify import Sender
from bellbuoy.monitor.silences import Silences
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.undelivered import troubles
from bellbuoy.sinks.base import Page, Refused, Retry, Sent

START = 1_800_000_000
VERDICT = Verdict("worse", START, START - 900, 0.05, 0.12, 0.03, 0.1, 400, 48, 14.2, 12.9, "12 % bad")
LIMIT = 900.0
GONE = Refused("channel_not_found", "no such channel")
NO_ANSWER = Retry(None, "unreachable")


def config(*routes):
    return load_text(
        "version: 1\nsources: [{ files: { path: none.jsonl } }]\n"
        "sinks: { slack: { console: {} }, pager: { console: {} }, mail: { console: {} } }\n"
        f"routes: [{', '.join(routes)}]\n"
    )


PAGES = "{ when: { severity: page }, to: [slack] }"
BOTH = "{ to: [slack, pager] }"
REST = "{ to: [mail] }"


def incident(key="inc_1", severity="page", state="open"):
    member = Member(Watched("step-success", SeriesKey("step_failure", "calls", "qualify")), VERDICT, START)
    return Incident(key, "calls", state, severity, (member,), START, START - 900, 1)


@pytest.mark.parametrize(
    ("routes", "sink", "found"),
    [
        ((PAGES, REST), "slack", ["mail"]),
        ((PAGES, BOTH, REST), "slack", ["pager"]),
        ((PAGES, "{ to: [slack] }", REST), "slack", ["mail"]),
        ((BOTH, REST), "pager", ["mail"]),
        ((REST, PAGES), "slack", []),
        ((PAGES, "{ when: { severity: ticket }, to: [pager] }", REST), "slack", ["mail"]),
        ((PAGES, REST), "mail", []),
        (("{ when: { severity: page }, to: [slack], continue: true }", "{ to: [pager] }"), "slack", ["pager"]),
    ],
)
def test_the_next_route_is_the_next_that_matches_and_has_another_sink(routes, sink, found):
    assert next_sinks(config(*routes).routes, incident(), "agents", sink) == found


class Scripted:
    edits = True

    def __init__(self, *answers):
        self.answers = list(answers)
        self.seen = []

    def send(self, page):
        self.seen.append((page.key, page.version))
        return self.answers.pop(0) if self.answers else Sent({"ts": "1"})


class World:
    """Three sinks over one store; `slack` answers as it is told."""

    def __init__(self, store, *answers, routes=(PAGES, REST)):
        self.store, self.clock, self.config = store, VirtualClock(START), config(*routes)
        self.sinks = {"slack": Scripted(*answers), "pager": Scripted(), "mail": Scripted()}
        self.senders = {
            name: Sender(
                store, name, sink, self.clock, Metrics(), random.Random(1),
                routes=self.config.routes, undelivered_after=LIMIT,
            )
            for name, sink in self.sinks.items()
        }  # fmt: skip
        self.ourselves = Ourselves(store, self.config)

    def change(self, one, kind="opened", number=1, sinks=("slack",)):
        one = replace(one, number=number)
        page = Page(one.id, number, kind, one.state, one.severity, "headline", "summary", (), START, START)
        with self.store.transaction() as tx:
            save_incidents(tx, [one])
            save_change(tx, Change(kind, int(self.clock.now()), one, None, "reason", raised=False), page, sinks)

    def send(self):
        for sender in self.senders.values():
            for _ in range(50):
                if not sender.send_one():
                    break
            else:
                pytest.fail(f"{sender.name} sends without an end")

    def troubles(self):
        now = self.clock.now()
        failing = {name: since for name, one in self.senders.items() if (since := one.failing_since(now)) is not None}
        return troubles(self.store, self.sinks, failing, now)


@pytest.fixture
def store():
    with Store.open(None) as opened:
        yield opened


def test_what_a_sink_refuses_is_shown_by_the_next_route_with_all_that_follows(store):
    world = World(store, GONE)
    world.change(incident())
    world.send()
    assert world.sinks["mail"].seen == [("inc_1", 1)]
    assert world.sinks["pager"].seen == []
    world.change(incident(), "updated", 2)
    world.send()
    assert world.sinks["mail"].seen == [("inc_1", 1), ("inc_1", 2)]
    assert world.sinks["slack"].seen == [("inc_1", 1), ("inc_1", 2)], "it is asked again with the next change"


def test_it_is_an_incident_of_our_own_which_ends_when_it_takes_pages_again(store):
    world = World(store, GONE, GONE)
    for key in ("inc_1", "inc_2"):
        world.change(incident(key))
    world.send()
    [trouble] = world.troubles()
    assert (trouble.key, trouble.severity, trouble.headline) == ("sink:slack", "page", "the sink slack refuses pages")
    assert trouble.reason == "2 not shown there (channel_not_found)"
    [opened] = world.ourselves.look([trouble], world.clock.now())
    assert opened.kind == "opened"
    world.change(incident("inc_3"))
    world.send()
    tried = [key for key, _ in world.sinks["slack"].seen]
    assert tried[:2] == ["inc_1", "inc_2"]
    assert sorted(tried[2:]) == sorted([opened.incident.id, "inc_1", "inc_2", "inc_3"]), "one taken frees the rest"
    assert world.troubles() == []


def test_a_page_that_is_refused_for_itself_is_tried_once_for_each_that_is_taken(store):
    world = World(store, GONE, Sent({}), GONE)
    world.change(incident())
    world.send()
    world.change(incident("inc_2"))
    world.send()
    assert [key for key, _ in world.sinks["slack"].seen] == ["inc_1", "inc_2", "inc_1"]
    assert [one.key for one in world.troubles()] == ["sink:slack"]


def test_a_sink_that_does_not_answer_is_passed_by_after_a_while_and_tried_on(store):
    world = World(store, *[NO_ANSWER] * 100)
    world.change(incident())
    while world.clock.now() < START + LIMIT:
        world.send()
        assert (world.sinks["mail"].seen, world.troubles()) == ([], [])
        world.clock.advance(30)
    while not world.sinks["mail"].seen:
        world.send()
        world.clock.advance(30)
    assert world.clock.now() - START <= LIMIT + 330, "at its next try"
    [trouble] = world.troubles()
    assert trouble.headline == "the sink slack takes no pages"
    tried = len(world.sinks["slack"].seen)
    world.sinks["slack"].answers = []
    world.clock.advance(400)
    world.send()
    assert len(world.sinks["slack"].seen) == tried + 1
    assert len(world.sinks["mail"].seen) == 1, "once"
    assert world.troubles() == []


def test_what_is_muted_while_it_is_tried_is_no_trouble(store):
    world = World(store, *[NO_ANSWER] * 100)
    world.change(incident())
    world.send()
    Silences(store, world.config, world.clock).put_on("inc_1", 3600, "kim", "known")
    world.clock.advance(LIMIT + 400)
    world.send()
    assert world.troubles() == []
    assert world.sinks["mail"].seen == []


def test_what_is_over_is_handed_to_nobody(store):
    world = World(store, GONE)
    world.change(replace(incident(state="resolved"), resolved_at=START), "resolved")
    world.send()
    assert world.sinks["mail"].seen == []


def test_without_another_route_it_waits_where_it_is(store):
    world = World(store, GONE, routes=("{ to: [slack] }",))
    world.change(incident())
    world.send()
    assert [one.key for one in world.troubles()] == ["sink:slack"]
    assert store.rows("outbox/sinks", incident="inc_1") == [{"sink": "slack"}]


def test_a_sink_that_is_configured_no_more_is_no_trouble(store):
    world = World(store, GONE)
    world.change(incident())
    world.send()
    assert troubles(store, ["mail"], {}, START) == []
