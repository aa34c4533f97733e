"""Storms beside mutes, outages and a clock that is put back: each storm ends, and nobody is called for nothing."""

import pytest
from storm_world import DAY, World, names

from bellbuoy.monitor.store import Store
from bellbuoy.monitor.storms import EDIT_S, OWN_AFTER_S
from bellbuoy.sinks.base import Retry, Secret
from bellbuoy.sinks.slack import Slack, Storm
from bellbuoy.sinks.testing_receiver import Receiver


@pytest.fixture
def world():
    with Store.open(None) as store:
        yield World(store)


def test_what_is_muted_is_in_no_storm(world):
    world.silence("mail", 3600)
    world.open(*names(4))
    world.open("inc_m1", "inc_m2", workflow="mail")
    assert world.send() == names(4)
    world.open(*names(4, 4))
    world.send()
    assert len(world.digest.rows) == 4


def test_a_storm_whose_incidents_end_while_they_are_muted_ends_and_the_next_one_is_a_new_message(world):
    world.open(*names(8))
    (first,) = world.send()
    world.silence("calls", 3600)
    world.end(*names(8))
    world.later(EDIT_S)
    assert (world.digest.key, world.digest.state) == (first, "resolved")
    world.later(2 * DAY)
    world.open(*names(50, 100))
    (second,) = world.send()
    assert second != first
    assert (world.digest.change, world.digest.handle) == ("opened", None)


def test_what_a_mute_kept_back_is_a_storm_when_it_ends(world):
    world.silence("calls", 3600)
    world.open(*names(20))
    assert world.send() == []
    assert [key[:5] for key in world.later(3600)] == ["storm"]
    assert world.digest.headline == "20 incidents at once"


def test_what_waited_while_the_sink_was_down_is_a_storm_and_its_sink_is_well_again(world):
    world.sender.undelivered_after = 60.0
    world.sink.answers = [Retry(None, "unreachable")] * 1000
    for place in range(30):
        world.open(*names(1, place))
        world.later(30)
    assert world.sender.failing_since(world.clock.now()) is not None
    world.sink.answers = []
    before = len(world.sink.seen)
    world.later(600)
    own = {page.key for page in world.sink.seen[before:] if not page.rows}
    assert len(own) <= world.limit.incidents
    assert world.digest.data["incidents"] + len(own) == 30
    assert world.sender.failing_since(world.clock.now() + DAY) is None


def test_a_clock_that_is_put_back_makes_no_storm(world):
    world.open(*names(8))
    world.send()
    world.clock.at -= DAY
    world.open("inc_after")
    assert world.send() == ["inc_after"]
    world.end("inc_00001")
    assert [key[:5] for key in world.later(OWN_AFTER_S)] == ["storm"]


def test_a_storm_that_began_long_ago_takes_no_new_ones_in(world):
    world.open(*names(8), severity="page")
    (first,) = world.send()
    world.later(2 * OWN_AFTER_S)
    world.open(*names(50, 100), severity="page")
    second = [key for key in world.send() if key != first]
    assert len(second) == 1
    assert world.digest.change == "opened"


def test_nobody_is_called_by_a_digest_of_what_is_muted(world):
    world.sink.answers = [Retry(60.0, "rate_limited")]
    world.open(*names(8))
    world.send()
    world.silence("calls", 7200)
    assert world.later(3600) == []
    assert [key[:5] for key in world.later(3600)][-1:] == ["storm"]


def test_what_is_muted_and_gets_worse_raises_no_digest(world):
    world.open(*names(8))
    world.open("inc_mail", workflow="mail")
    world.send()
    world.silence("mail", 7200)
    world.change("inc_mail", severity="page")
    world.later(EDIT_S)
    assert world.digest.news == ()
    assert world.digest.severity == "ticket"


def test_a_page_that_a_storm_told_is_not_late(world):
    world.open(*names(8))
    world.send()
    world.end(*names(4))
    world.later(OWN_AFTER_S)
    found = world.sender.metrics.page_delay.labels("slack")
    assert found._sum.get() < EDIT_S + 5


def test_a_change_that_comes_while_another_is_looked_at_is_not_lost(world):
    world.open(*names(6))
    world.send()
    for name in names(6):
        world.end(name)
        world.sender.storms.settle(world.clock.now())
    world.later(EDIT_S)
    assert world.digest.state == "resolved"


def test_a_page_that_may_have_arrived_before_a_mute_is_ended_after_it(world):
    world.sink.answers = [Retry(None, "no_answer")]
    world.open("inc_1")
    world.send()
    world.silence("calls", 3600)
    world.end("inc_1")
    assert world.later(600) == []
    assert world.later(3600) == ["inc_1"]
    assert (world.sink.seen[-1].state, world.sink.seen[-1].attempt) == ("resolved", 2)


def test_by_a_webhook_a_digest_is_posted_when_it_begins_and_is_over_and_not_at_each_change():
    with Store.open(None) as store, Receiver() as receiver:
        world = World(store, sink=Slack(webhook_url=Secret(f"{receiver.url}hook")))
        world.open(*names(8))
        while world.sender.send_one():
            pass
        for name in names(3):
            world.end(name)
            world.clock.advance(EDIT_S)
            while world.sender.send_one():
                pass
        assert receiver.messages == 1
        world.end(*names(5, 3))
        world.clock.advance(EDIT_S)
        while world.sender.send_one():
            pass
        assert receiver.messages == 2


@pytest.mark.parametrize("storm", [Storm(incidents=0), Storm(within=0.0)])
def test_a_storm_of_nothing_is_refused(storm):
    with pytest.raises(ValueError, match="1 at least"):
        Slack(webhook_url=Secret("https://hooks.example.com/x"), storm=storm)
