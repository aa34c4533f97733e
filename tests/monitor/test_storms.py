"""Storms: many new incidents at once are one message, and none of them is lost in it."""

import random
from itertools import pairwise

import pytest
from storm_world import START, World, names

from bellbuoy.monitor.cli import telling
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.storms import EDIT_S, LOOK_S, OWN_AFTER_S
from bellbuoy.sinks.base import Refused, Retry
from bellbuoy.sinks.slack import Storm


@pytest.fixture
def world():
    with Store.open(None) as store:
        yield World(store)


def test_as_many_as_the_limit_have_a_message_each(world):
    world.open(*names(5))
    assert world.send() == names(5)


def test_more_than_the_limit_are_one_message(world):
    world.open(*names(4))
    world.open("inc_page", "inc_other", severity="page", workflow="mail")
    (key,) = world.send()
    page = world.digest
    assert key.startswith("storm_")
    assert (page.change, page.state, page.severity, page.version) == ("opened", "open", "page", 1)
    assert page.headline == "6 incidents at once"
    assert page.summary == "OPEN page: 6 incidents at once; 6 of them go on. By workflow: calls 4, mail 2."
    assert [row[0].text for row in page.rows] == [
        "inc_other fell", "inc_page fell", *(f"{name} fell" for name in names(4))
    ]  # fmt: skip
    assert page.rows[0][0].url == "https://b.example.com/i/inc_other"
    assert [link.url for link in page.links] == ["https://b.example.com/i"]
    told = world.store.cursor().execute("SELECT state, reason FROM deliveries WHERE incident LIKE 'inc%'").fetchall()
    assert told == [("held", f"told in {key}")] * 6


def test_those_that_come_one_by_one_are_a_storm_from_the_sixth_on(world):
    for place in range(5):
        world.open(f"inc_{place}")
        assert world.send() == [f"inc_{place}"]
        world.clock.advance(20)
    world.open("inc_5")
    assert world.send()[0].startswith("storm_")
    assert len(world.digest.rows) == 1
    assert world.digest.headline == "one more incident, after many"
    world.clock.advance(EDIT_S)
    world.open("inc_6")
    world.send()
    assert len(world.digest.rows) == 2
    world.clock.advance(200)
    world.open("inc_7")
    assert world.send() == ["inc_7"]


def test_ten_thousand_at_once_are_few_messages_and_all_are_counted(world):
    rows = names(10_000)
    world.open(rows[0])
    with world.store.transaction() as tx:  # as the judging would write them, at once
        for table, column in (("incidents_raw", "id"), ("changes_raw", "incident"), ("outbox", "incident")):
            tx.cursor.execute(
                f"INSERT INTO {table} SELECT t.* REPLACE ('inc_' || lpad(range::VARCHAR, 5, '0') AS {column}) FROM {table} AS t, range(1, 10_000)"
            )
    world.send()
    for _ in range(200):
        world.later(10)
    storm = [page for page in world.sink.seen if page.rows]
    assert len(world.sink.seen) <= 10
    assert (storm[-1].headline, len(storm[-1].rows), storm[-1].more) == ("10,000 incidents at once", 20, 9_980)


def test_digest_is_edited_at_most_every_half_minute_and_ends_true(world):
    world.open(*names(8))
    world.send()
    at = [world.clock.now()]
    for place, name in enumerate(names(8)):
        world.change(name, "resolved", state="resolved", resolved_at=int(world.clock.now()))
        if world.send():
            at.append(world.clock.now())
        if world.later(7):
            at.append(world.clock.now())
        assert len(world.sink.seen) <= 2 + place
    if world.later(EDIT_S):
        at.append(world.clock.now())
    assert all(second - first >= EDIT_S for first, second in pairwise(at))
    last = world.digest
    assert (last.change, last.state) == ("resolved", "resolved")
    assert last.headline == "8 incidents at once, all over"
    assert last.summary.startswith("OVER ticket: 8 incidents at once, all over; none of them goes on.")
    assert {page.key for page in world.sink.seen} == {last.key}
    assert world.later(10 * OWN_AFTER_S) == []


def test_what_is_taken_or_gets_worse_has_a_message_of_its_own(world):
    world.open(*names(8))
    world.send()
    world.change("inc_00003", "acknowledged", state="acknowledged", acknowledged_at=START, acknowledged_by="anna")
    assert world.send() == ["inc_00003"]
    world.change("inc_00004", severity="page")
    assert world.send()[0] == "inc_00004"
    world.change("inc_00004")
    assert world.later(1) == ["inc_00004"]
    world.later(EDIT_S)
    page = world.digest
    assert (page.severity, page.headline) == ("page", "8 incidents at once")
    assert [news.raised for shown in world.sink.seen if shown.rows for news in shown.news] == [True]
    world.change("inc_00005", severity="page")  # the digest has called people for that already
    assert world.send() == ["inc_00005"]
    world.later(EDIT_S)
    assert world.digest.news == ()


def test_the_few_that_are_left_have_messages_of_their_own_after_half_an_hour(world):
    world.open(*names(8))
    world.send()
    for name in names(4):
        world.change(name, "resolved", state="resolved", resolved_at=int(world.clock.now()))
    world.later(EDIT_S)
    assert {page.key[:5] for page in world.sink.seen} == {"storm"}
    sent = world.later(OWN_AFTER_S)
    assert sent[:4] == names(4, 4)
    world.later(EDIT_S)
    assert world.digest.state == "resolved"
    for name in names(4, 4):
        world.change(name, "resolved", state="resolved", resolved_at=int(world.clock.now()))
    assert sorted(world.later(1)) == names(4, 4)


def test_while_many_are_left_they_stay_in_the_digest(world):
    world.open(*names(8))
    world.send()
    assert world.later(OWN_AFTER_S) == []
    for name in names(2):
        world.change(name, "resolved", state="resolved", resolved_at=int(world.clock.now()))
    assert [key[:5] for key in world.send()] == ["storm"]
    assert world.later(LOOK_S) == []
    world.change("inc_00002", "resolved", state="resolved", resolved_at=int(world.clock.now()))
    world.send()
    assert [key for key in world.later(LOOK_S) if key.startswith("inc")] == names(5, 3)


def test_a_restart_goes_on_with_the_storm(world):
    world.open(*names(8))
    (storm,) = world.send()
    world.start()
    world.change("inc_00003", "acknowledged", state="acknowledged", acknowledged_at=START, acknowledged_by="anna")
    assert world.send() == ["inc_00003", storm]
    assert world.digest.handle == {"ts": storm, "version": "1"}


def test_ending_many_costs_a_look_and_not_one_for_each(world):
    world.open(*names(300))
    world.send()
    world.end(*names(300))
    asked = []
    rows = world.store.rows
    world.store.rows = lambda name, **asks: asked.append(name) or rows(name, **asks)
    world.later(EDIT_S)
    assert world.digest.state == "resolved"
    assert len(asked) < 60


def test_a_digest_that_is_refused_gives_its_incidents_to_the_next_route(world):
    from bellbuoy.config.load import load_text

    routes = load_text(
        "version: 1\nsources: [{ files: { path: none.jsonl } }]\nsinks: { slack: { console: {} }, mail: { console: {} } }\n"
        "routes: [{ when: { severity: ticket }, to: [slack] }, { to: [mail] }]\n"
    ).routes
    world.sender.routes = routes
    world.sink.answers = [Refused("not_found", "no such channel")]
    world.open(*names(6))
    world.send()
    asked = world.store.cursor().execute("SELECT incident FROM deliveries WHERE sink = 'mail' ORDER BY ALL").fetchall()
    assert [key for (key,) in asked] == names(6)


def test_a_digest_that_may_have_arrived_is_tried_again_as_such(world):
    world.sink.answers = [Retry(None, "no_answer")]
    world.open(*names(6))
    world.send()
    world.later(600)
    assert [(page.version, page.attempt) for page in world.sink.seen] == [(1, 1), (1, 2)]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_every_incident_is_told_and_the_last_state_is_shown(seed):
    chance = random.Random(seed)
    with Store.open(None) as store:
        world = World(store, Storm(incidents=chance.choice([1, 2, 5]), within=chance.choice([30.0, 120.0])))
        for place in range(chance.randrange(1, 30)):
            move = chance.random()
            going = [key for key, one in world.incidents.items() if one.state != "resolved"]
            if move < 0.5 or not going:
                world.open(*names(chance.randrange(1, 12), 20 * place), severity=chance.choice(["ticket", "page"]))
            elif move < 0.7:
                end = int(world.clock.now())
                for key in chance.sample(going, chance.randrange(1, 1 + len(going))):
                    world.change(key, "resolved", state="resolved", resolved_at=end)
            elif move < 0.85:
                world.change(chance.choice(going), severity="page")
            else:
                world.start()
            if chance.random() < 0.2:
                world.sink.answers = [Retry(5.0, "rate_limited")]
            world.later(chance.choice([1, 10, 40, 200, 2000]))
        for _ in range(20):
            world.later(LOOK_S)
        shown = {page.key: page for page in world.sink.taken}  # what was not taken is shown nowhere
        told = dict(store.cursor().execute("SELECT incident, storm FROM storm_members").fetchall())
        for key, one in world.incidents.items():
            assert key in shown or told[key] in shown, "an incident was told nowhere"
            if key in shown:
                assert (shown[key].version, shown[key].state) == (one.number, one.state)
        for storm in set(told.values()):
            inside = [one for key, one in world.incidents.items() if told.get(key) == storm]
            left = [one for one in inside if one.state != "resolved" and one.id not in shown]
            assert (shown[storm].state == "open") == bool(left)
            assert shown[storm].data["incidents"] == len(inside)
            assert shown[storm].severity == ("page" if any(one.severity == "page" for one in inside) else "ticket")
        versions = {}
        for page in world.sink.seen:
            assert page.version >= versions.get(page.key, 0), "an older state came after a newer one"
            versions[page.key] = page.version


def test_the_story_of_an_incident_says_that_a_storm_tells_it(world):
    world.open(*names(6))
    (storm,) = world.send()
    world.change("inc_00001", "resolved", state="resolved", resolved_at=START)
    world.send()
    for key, said in (
        ("inc_00000", f"; told in {storm}, one message for many"),
        ("inc_00001", f"; told in {storm}, and over"),
    ):
        story = {
            "incident": {"timezone": "UTC"},
            "changes": [{}],
            "deliveries": world.store.rows("people/deliveries", incident=key),
        }
        assert list(telling._told(story, START)) == [f"  slack shows nothing yet{said}"]
