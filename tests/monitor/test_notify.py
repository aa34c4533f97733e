"""From the outbox to the sinks: nothing lost, nothing repeated but what may have arrived, order kept."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.records import save_change, save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.notify import Sender
from bellbuoy.monitor.store import Store
from bellbuoy.sinks.base import Page, Refused, Retry, Sent

pytestmark = pytest.mark.long

START = 1_800_000_000
VERDICT = Verdict("worse", START, START - 900, 0.05, 0.12, 0.03, 0.1, 400, 48, 14.2, 12.9, "12 % bad")


def incident(key="inc_1", number=1, severity="ticket", state="open"):
    member = Member(Watched("step-success", SeriesKey("step_failure", "calls", "qualify")), VERDICT, START)
    return Incident(key, "calls", state, severity, (member,), START, START - 900, number)


def page(one, kind="opened"):
    return Page(
        one.id, one.number, kind, one.state, one.severity, f"headline {one.number}", "summary", (), START, START
    )


def write(store, one, at, *, kind="opened", sinks=("slack",), raised=False):
    change = Change(kind, at, one, None, f"reason {one.number}", raised)
    with store.transaction() as tx:
        save_incidents(tx, [one])
        save_change(tx, change, page(one, kind), sinks)


class Scripted:
    """Answers as it is told and remembers what it was given."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.seen = []

    def send(self, shown):
        self.seen.append(shown)
        answer = self.answers.pop(0) if self.answers else "sent"
        if answer == "sent":
            return Sent({"ts": f"1.{len(self.seen)}", "told": str(shown.version)})
        return answer


@pytest.fixture
def store():
    with Store.open(None) as opened:
        yield opened


class Repeating(Scripted):
    """Wants what still holds anew every five minutes."""

    repeat = 300.0


def sender(store, sink, clock=None):
    return Sender(store, "slack", sink, clock or VirtualClock(START), Metrics(), random.Random(1))


def state(store):
    return store.rows("outbox/due", sink="slack", now=START + 10**6, repeats=False)


def test_a_change_is_sent_once(store):
    write(store, incident(), START)
    sink = Scripted()
    one = sender(store, sink)
    assert one.send_one()
    assert not one.send_one()
    assert [(shown.version, shown.attempt, shown.handle) for shown in sink.seen] == [(1, 1, None)]


def test_changes_that_wait_become_one_send_with_all_the_news(store):
    write(store, incident(), START)
    sink = Scripted()
    one = sender(store, sink)
    one.send_one()
    write(store, incident(number=2), START + 1, kind="updated")
    write(store, incident(number=3, severity="page"), START + 2, kind="updated", raised=True)
    one.clock.advance(5)
    assert one.send_one()
    assert not one.send_one()
    last = sink.seen[-1]
    assert (last.version, last.handle) == (3, {"ts": "1.1", "told": "1"})
    assert [(news.number, news.text, news.raised) for news in last.news] == [
        (2, "reason 2", False),
        (3, "reason 3", True),
    ]


def test_retry_after_is_obeyed_to_the_second(store):
    write(store, incident(), START)
    clock = VirtualClock(START)
    one = sender(store, Scripted(Retry(17.0, "rate_limited")), clock)
    assert one.send_one()
    clock.advance(16)
    assert not one.send_one()
    clock.advance(1)
    assert one.send_one()
    assert state(store) == []


def test_back_off_grows_to_five_minutes_and_never_ends(store):
    write(store, incident(), START)
    clock = VirtualClock(START)
    sink = Scripted(*[Retry(None, "unreachable")] * 40)
    one = sender(store, sink, clock)
    waits = []
    while len(sink.seen) < 41:
        before = clock.now()
        while not one.send_one():
            clock.advance(5)
        waits.append(clock.now() - before)
    assert max(waits) <= 305
    assert state(store) == []
    assert sink.seen[-1].attempt == 1, "what never left is no second attempt"


def test_a_send_without_an_answer_may_have_arrived_so_the_sink_is_told(store):
    write(store, incident(), START)
    clock = VirtualClock(START)
    sink = Scripted(Retry(None, "no_answer"))
    one = sender(store, sink, clock)
    one.send_one()
    clock.advance(60)
    one.send_one()
    assert [shown.attempt for shown in sink.seen] == [1, 2]


def test_progress_of_a_failed_send_is_kept(store):
    write(store, incident(), START)
    clock = VirtualClock(START)
    sink = Scripted(Retry(1.0, "server_error", {"ts": "9.9", "told": "0"}))
    one = sender(store, sink, clock)
    one.send_one()
    clock.advance(2)
    one.send_one()
    assert sink.seen[1].handle == {"ts": "9.9", "told": "0"}


def test_refused_is_not_tried_again_until_there_is_news(store):
    write(store, incident(), START)
    sink = Scripted(Refused("auth", "the token was revoked"))
    one = sender(store, sink)
    assert one.send_one()
    assert not one.send_one()
    write(store, incident(number=2), START, kind="updated")
    assert one.send_one()


def test_pages_overtake_tickets(store):
    write(store, incident("inc_a"), START)
    write(store, incident("inc_b", severity="page"), START + 1)
    sink = Scripted()
    one = sender(store, sink, VirtualClock(START + 5))
    one.send_one()
    one.send_one()
    assert [shown.key for shown in sink.seen] == ["inc_b", "inc_a"]


def test_what_nobody_was_told_of_goes_before_what_is_told_further(store):
    sink = Scripted()
    one = sender(store, sink)
    write(store, incident("inc_1", severity="page"), START)
    assert one.send_one()
    write(store, incident("inc_1", number=2, severity="page"), START + 1, kind="updated")
    write(store, incident("inc_2", severity="page"), START + 2)
    write(store, incident("inc_3"), START + 2)
    one.clock.advance(5)
    while one.send_one():
        pass
    assert [(shown.key, shown.version) for shown in sink.seen[1:]] == [("inc_2", 1), ("inc_1", 2), ("inc_3", 1)]


def test_a_digest_always_tells_of_what_nobody_was_told_of(store):
    write(store, incident("inc_1", severity="page"), START)
    told = {
        "sink": "slack",
        "state": "due",
        "wanted": 2,
        "sent": 1,
        "due_at": START * 10**6,
        "wanted_at": (START - 9) * 10**6,
    }
    with store.transaction() as tx:
        tx.insert(
            "storms", [{"id": "storm_1", "sink": "slack", "began_at": START * 10**6, "severity": "page", "raised": 0}]
        )
        tx.insert("outbox", [{"incident": "storm_1", "tries": 0, "attempt": 0, "sending": False, **told}])
    assert state(store)[0]["incident"] == "storm_1"


def test_a_sink_that_showed_an_incident_hears_of_its_end_even_when_no_route_leads_there(store):
    write(store, incident(), START)
    sink = Scripted()
    one = sender(store, sink)
    one.send_one()
    write(store, incident(number=2, state="resolved"), START, kind="resolved", sinks=())
    assert one.send_one()
    assert sink.seen[-1].state == "resolved"


class Crash(BaseException):
    """The process is gone."""


class Receiver:
    """A receiver that keeps what arrived, with a sink in front that dies or fails at will."""

    def __init__(self, script):
        self.script = list(script)
        self.messages = {}
        self.posts = 0
        self.ambiguous = 0

    def send(self, shown):
        fault = self.script.pop(0) if self.script else "ok"
        if fault == "refuse":
            return Retry(None, "unreachable")
        if fault == "before":
            raise Crash
        arrived = shown.handle and self.messages.get(shown.handle["id"])
        if not arrived:
            self.posts += 1
            shown_handle = {"id": str(self.posts)}
        else:
            shown_handle = shown.handle
            assert shown.version >= self.messages[shown.handle["id"]], "an older state never comes after a newer one"
        self.messages[shown_handle["id"]] = shown.version
        if fault == "after":
            self.ambiguous += 1
            raise Crash
        if fault == "lost":
            self.ambiguous += 1
            return Retry(None, "no_answer")
        return Sent(shown_handle)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(
    st.lists(st.sampled_from(["ok", "refuse", "before", "after", "lost"]), max_size=12),
    st.lists(st.booleans(), min_size=1, max_size=6),
)
def test_whatever_fails_and_dies_the_last_state_arrives_and_extra_posts_are_ambiguous_ones(script, news):
    with Store.open(None) as store:
        clock = VirtualClock(START)
        receiver = Receiver(script)
        one = sender(store, receiver, clock)
        for number, _ in enumerate(news, 1):
            write(store, incident(number=number), int(clock.now()), kind="opened" if number == 1 else "updated")
            for _ in range(3):
                clock.advance(1)
                try:
                    one.send_one()
                except Crash:
                    one = sender(store, receiver, clock)
        for _ in range(20):  # twelve may fail
            clock.advance(301)
            try:
                one.send_one()
            except Crash:
                one = sender(store, receiver, clock)
        assert state(store) == []
        assert max(receiver.messages.values()) == len(news)
        assert receiver.posts <= 1 + receiver.ambiguous


def test_a_refused_page_is_due_again_at_the_next_start(store):
    write(store, incident(), START)
    sink = Scripted(Refused("auth", "the token was revoked"))
    one = sender(store, sink)
    one.send_one()
    assert store.rows("outbox/refused_now") == [{"sink": "slack", "pages": 1, "reason": "auth"}]
    with store.transaction() as tx:
        tx.run("outbox/again", sink=None, now=START)
    assert one.send_one()
    assert store.rows("outbox/refused_now") == []


def after(one, seconds):
    """Let so many seconds pass and tell whether something is sent then."""
    one.clock.advance(seconds)
    return one.send_one()


def test_what_still_holds_is_repeated_for_a_sink_that_wants_it_until_it_is_over(store):
    write(store, incident(), START)
    sink = Repeating()
    one = sender(store, sink)
    assert one.send_one()
    assert [after(one, seconds) for seconds in (299, 1, 299, 1)] == [False, True, False, True]
    assert [shown.version for shown in sink.seen] == [1, 1, 1]
    assert [shown.tried_at - START for shown in sink.seen] == [0, 300, 600]
    assert sink.seen[-1].handle == {"ts": "1.2", "told": "1"}
    assert one.metrics.registry.get_sample_value("bellbuoy_page_delay_seconds_count", {"sink": "slack"}) == 1
    write(store, incident(number=2, state="resolved"), int(one.clock.now()), kind="resolved")
    assert one.send_one()
    assert not after(one, 1000)
    assert sink.seen[-1].state == "resolved"


def test_a_sink_that_wants_no_repeats_gets_none(store):
    write(store, incident(), START)
    one = sender(store, Scripted())
    assert one.send_one()
    assert not after(one, 1000)


def test_news_of_an_incident_do_not_wait_for_its_repeat_and_bring_no_old_news(store):
    write(store, incident(), START)
    sink = Repeating()
    one = sender(store, sink)
    one.send_one()
    write(store, incident(number=2), START + 1, kind="updated")
    one.clock.advance(1)
    assert one.send_one()
    assert [news.number for news in sink.seen[-1].news] == [2]
    assert after(one, 300)
    assert (sink.seen[-1].version, sink.seen[-1].news) == (2, ())


def test_a_repeat_that_fails_is_tried_again_and_never_holds_up_the_pages(store):
    write(store, incident(), START)
    sink = Repeating("sent", Retry(20.0, "server_error"), "sent")
    one = sender(store, sink)
    one.send_one()
    assert after(one, 300)
    assert store.rows("outbox/waiting") == [], "nothing that a person has not been told"
    assert not after(one, 19)
    assert after(one, 1)
    assert [shown.handle["ts"] for shown in sink.seen[1:]] == ["1.1", "1.1"]


def test_a_repeat_that_is_refused_is_asked_for_again_at_the_next(store):
    write(store, incident(), START)
    sink = Repeating("sent", Refused("not_found", "the address is wrong"))
    one = sender(store, sink)
    one.send_one()
    assert after(one, 300)
    assert store.rows("outbox/refused_now") == [{"sink": "slack", "pages": 1, "reason": "not_found"}]
    assert not after(one, 299)
    assert after(one, 1)
    assert store.rows("outbox/refused_now") == []


def test_after_a_long_stop_what_still_holds_is_repeated_at_once(store):
    write(store, incident(), START)
    clock = VirtualClock(START)
    sender(store, Repeating(), clock).send_one()
    clock.advance(7200)
    assert sender(store, Repeating(), clock).send_one()
