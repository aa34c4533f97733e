"""Presses: through the one door, once each, and answered to the one who pressed."""

import threading
from dataclasses import replace

import pytest

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.normal import NotDecided
from bellbuoy.monitor.judging.records import save_change, save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.presses import MOST_WAITING, Hands, Presses
from bellbuoy.monitor.silences import NotSilenced
from bellbuoy.monitor.store import Store, StoreExhausted
from bellbuoy.monitor.stories import NotTold
from bellbuoy.sinks.base import Page
from bellbuoy.sinks.outgoing import Failed

START = 1_795_215_600  # Sat 21 Nov 2026 00:00 in Berlin
VERDICT = Verdict("worse", START, START - 900, 0.05, 0.12, 0.03, 0.1, 400, 48, 14.2, 12.9, "12 % bad")
MEMBER = Member(Watched("step-success", SeriesKey("step_failure", "calls", "qualify")), VERDICT, START)
KEY, CHANNEL, DANA = "inc_1", "C0AGENTS", "U02DANA"


def write(store, number=1, kind="opened", state="open", *, sink="slack", at=START):
    one = Incident(KEY, "calls", state, "ticket", (MEMBER,), START, START - 900, number)
    if state == "resolved":
        one = replace(one, resolved_at=at)
    page = Page(KEY, number, kind, state, "ticket", "headline", "summary", (), START, START)
    with store.transaction() as tx:
        save_incidents(tx, [one])
        save_change(tx, Change(kind, at, one, None, f"reason {number}"), page, (sink,))
        handle = f'{{"channel":"{CHANNEL}","ts":"1.0"}}'
        tx.run("outbox/sent", incident=KEY, sink=sink, number=number, handle=handle, again=at)


class Doors:
    """Remembers what was decided, and by whom; refuses where it is told to."""

    def __init__(self):
        self.done = []
        self.error = None

    def _do(self, *what):
        if self.error is not None:
            raise self.error
        self.done.append(what)
        return f"done: {what[0]}"

    def acknowledge(self, key, who, why=None):
        return self._do("ack", key, who)

    def put_on(self, selector, seconds, who, why):
        return "sil_1", self._do("silence", selector, seconds, who)

    def decide(self, asked):
        return self._do(asked.kind, asked.incident, asked.who)


class Sink:
    pressable, app_token, signing_secret = True, None, None

    def __init__(self):
        self.answers = []
        self.forbidden = None
        self.error = self.unheard = None

    def socket(self):
        return None

    def forbids(self, user):
        if self.error is not None:
            raise self.error
        return self.forbidden

    def answer(self, press, text):
        self.answers.append((press.user, text))
        if self.unheard is not None:
            raise self.unheard


def payload(action="ack", version=1, *, choice=None, user=DANA, key=KEY, channel=CHANNEL, at="1.1"):
    told = {"action_id": action, "block_id": f"act:{key}:{version}", "action_ts": at}
    told |= {} if choice is None else {"selected_option": {"value": choice}}
    return {
        "type": "block_actions",
        "user": {"id": user, "username": "dana"},
        "channel": {"id": channel},
        "actions": [told],
    }


class World:
    def __init__(self, store, zone="Europe/Berlin"):
        self.store = store
        self.doors, self.sink, self.metrics = Doors(), Sink(), Metrics()
        self.clock = VirtualClock(START + 1800)
        hands = Hands(self.doors, self.doors, self.doors)
        self.presses = Presses(store, {"slack": self.sink}, hands, zone, self.clock, self.metrics)

    def press(self, *arguments, **named):
        """Let one press be told and done; return what was said to the one who pressed."""
        self.tell(payload(*arguments, **named))
        return self.sink.answers[-1][1]

    def tell(self, *payloads):
        for one in payloads:
            assert self.presses.take(one)
        self.run()

    def run(self):
        stop = threading.Event()
        stop.set()
        self.presses.run(stop)
        self.presses._closed = False

    def count(self, result):
        found = self.metrics.slack_presses.collect()[0].samples
        return sum(one.value for one in found if one.name.endswith("_total") and one.labels["result"] == result)


@pytest.fixture
def world():
    with Store.open(None) as opened:
        write(opened)
        yield World(opened)


def test_each_button_goes_through_its_door(world):
    assert world.press("ack") == "done: ack"
    assert world.press("silence", choice="8h", at="1.2") == "done: silence"
    assert world.press("expected", at="1.3") == "done: accept"
    who = "slack:U02DANA/dana"
    assert world.doors.done == [("ack", KEY, who), ("silence", KEY, 8 * 3600, who), ("accept", KEY, who)]
    assert {user for user, _ in world.sink.answers} == {DANA}
    assert world.count("done") == 3


@pytest.mark.parametrize(
    ("now", "zone", "hours"),
    [
        (START + 9 * 3600, "Europe/Berlin", 24),
        (START + 1800, "Europe/Berlin", 32.5),
        (START + 1800, "America/New_York", 14.5),  # there it is Friday evening
        (1_774_710_000, "Europe/Berlin", 16),  # Sat 28 Mar 2026 16:00; an hour is left out in the night
    ],
)
def test_tomorrow_at_nine_is_meant_where_the_server_is(world, now, zone, hours):
    there = World(world.store, zone)
    there.clock.at = now
    there.press("silence", choice="tomorrow")
    assert there.doors.done[0][2] == hours * 3600


def test_a_press_that_is_told_again_is_done_once(world):
    world.tell(payload(), payload())
    world.tell(payload())
    assert len(world.doors.done) == len(world.sink.answers) == 1


def test_a_link_decides_nothing_and_is_well(world):
    world.tell(payload("link:0"), {"type": "view_closed"}, {})
    assert (world.doors.done, world.sink.answers) == ([], [])


def test_an_incident_that_is_over_is_told_to_the_one_who_pressed(world):
    write(world.store, 2, "resolved", "resolved", at=START + 12 * 3600 + 720)
    for action, choice in (("ack", None), ("silence", "1h"), ("expected", None)):
        said = world.press(action, choice=choice, at=action)
        assert said == f"{KEY} is already resolved, since Sat 21 Nov 12:12"
    assert world.doors.done == []
    assert world.count("declined") == 3


def test_what_is_expected_is_what_was_seen(world):
    write(world.store, 2, "acknowledged", "acknowledged")
    assert world.press("expected", 1) == "done: accept", "what is bad is the same"
    write(world.store, 3, "updated", "acknowledged")
    said = world.press("expected", 2, at="1.2")
    assert "changed since this was drawn: reason 3" in said
    assert world.press("silence", 2, choice="1h", at="1.3") == "done: silence"
    assert world.press("expected", 3, at="1.4") == "done: accept"


@pytest.mark.parametrize("changed", [{"key": "inc_2"}, {"channel": "C0OTHER"}])
def test_a_message_that_is_not_ours_decides_nothing(world, changed):
    assert "not shown here" in world.press("ack", **changed)
    assert world.doors.done == []


def test_who_may_not_press_is_told_so(world):
    world.sink.forbidden = "you may not"
    assert world.press("ack") == "you may not"
    assert world.doors.done == []
    assert world.count("forbidden") == 1


def test_where_nobody_can_say_who_may_nobody_may(world):
    world.sink.error = Failed("auth", "missing_scope")
    assert "nobody can say whether you may" in world.press("ack")
    assert world.doors.done == []


@pytest.mark.parametrize(
    ("error", "said", "result"),
    [
        (NotDecided("it is pinned"), "it is pinned", "declined"),
        (NotSilenced("it lasts too long"), "it lasts too long", "declined"),
        (NotTold("it is over"), "it is over", "declined"),
        (StoreExhausted("disk full"), "nothing can be written at present", "failed"),
        (ZeroDivisionError("secret detail"), "the log of Bellbuoy says why", "failed"),
    ],
)
def test_what_cannot_be_done_is_told_and_the_next_press_is_done(world, error, said, result):
    world.doors.error = error
    assert said in world.press("ack")
    assert world.count(result) == 1
    world.doors.error = None
    assert world.press("ack", at="1.2") == "done: ack"


@pytest.mark.parametrize("error", [Failed("no_answer", "Slack hangs"), ZeroDivisionError("as a plug-in may")])
def test_one_who_cannot_be_answered_stops_nobody(world, error, caplog):
    world.sink.unheard = error
    world.tell(payload(), payload("expected", at="1.2"))
    assert [what for what, *_ in world.doors.done] == ["ack", "accept"]
    assert caplog.text.count("could not be answered") == 2


def test_too_many_presses_are_not_taken(world):
    taken = [world.presses.take(payload(at=str(n))) for n in range(MOST_WAITING + 2)]
    assert taken == [True] * MOST_WAITING + [False] * 2
    world.run()
    assert len(world.doors.done) == MOST_WAITING
    assert world.presses.take(payload(at=str(MOST_WAITING))), "what was not taken may come again"


def test_what_waits_at_the_end_is_done_and_nothing_more_is_taken(world):
    assert world.presses.take(payload())
    stop = threading.Event()
    stop.set()
    world.presses.run(stop)
    assert len(world.doors.done) == 1
    assert not world.presses.take(payload(at="1.2"))
