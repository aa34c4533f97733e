"""One connection to the Slack app: heard again after each loss, later each time, and seen in a metric."""

import logging
import random
import threading
from types import SimpleNamespace

import pytest

from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.listening import LASTED_S, LONGEST_RETRY_S, Listener, listeners
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.outgoing import Failed
from bellbuoy.sinks.slack import Slack


class Clock(VirtualClock):
    """Remembers how long was waited."""

    def __init__(self):
        super().__init__(1_795_000_000)
        self.waits = []

    def wait(self, event, seconds):
        self.waits.append(seconds)
        return super().wait(event, seconds)


class Line:
    """A line that does what a script says, then stops."""

    def __init__(self, clock, *script):
        self.clock = clock
        self.script = list(script)
        self.shown = []

    def listen(self, take, stop, greeted):
        if not self.script:
            stop.set()
            return "stopping"
        return self.script.pop(0)(greeted)


def lost(seconds=0, why="the connection was cut", connections=1):
    """Return a connection that is greeted, holds so long and is lost."""

    def act(greeted):
        greeted(connections)
        act.clock.advance(seconds)
        return why

    return act


def failing(reason, why="", after=None):
    def act(greeted):
        raise Failed(reason, why, after)

    return act


def heard(*script):
    """Let a listener run through a script; return it and its clock."""
    clock = Clock()
    for act in script:
        act.clock = clock
    listener = Listener(["a", "b"], Line(clock, *script), lambda payload: True, clock, Metrics(), random.Random(1))
    listener.run(threading.Event())
    return listener, clock


def test_the_pauses_grow_and_are_bounded():
    _, clock = heard(*[failing("unreachable")] * 10)
    assert all(longest / 2 <= wait <= longest for wait, longest in zip(clock.waits, [2, 4, 8, 16, 32], strict=False))
    assert max(clock.waits) <= LONGEST_RETRY_S
    assert min(clock.waits[6:]) >= LONGEST_RETRY_S / 2


def test_a_greeting_alone_does_not_end_the_backing_off():
    _, clock = heard(*[lost()] * 6)
    assert clock.waits[5] >= 16, "one that is ended as soon as it is greeted would be asked for without end"


def test_after_a_connection_that_held_the_next_try_comes_soon():
    _, clock = heard(*[failing("server_error")] * 5, lost(LASTED_S))
    assert clock.waits[-1] <= 1


def test_slack_is_not_asked_earlier_than_it_says():
    _, clock = heard(failing("rate_limited", after=30.0))
    assert clock.waits == [30.0]


def test_a_bug_in_the_line_stops_nothing_else(caplog):
    def broken(greeted):
        raise ZeroDivisionError

    _, clock = heard(broken, lost())
    assert "has a bug" in caplog.text
    assert len(clock.waits) == 2


@pytest.mark.parametrize("script", [[lost()], [failing("unreachable")]])
def test_the_metric_says_when_it_is_not_heard(script):
    listener, _ = heard(*script)
    shown = listener.metrics.slack_socket_connected
    assert [shown.labels(name)._value.get() for name in "ab"] == [0, 0]
    listener._greeted(1)
    assert [shown.labels(name)._value.get() for name in "ab"] == [1, 1]


def test_a_loss_is_told_once_until_it_is_over(caplog):
    caplog.set_level(logging.INFO)
    heard(*[failing("unreachable", "no way")] * 3, lost(), failing("auth", "bad token"))
    told = [record.message for record in caplog.records]
    assert [text.rsplit(": ", 1)[-1] for text in told] == [
        "no way",
        "buttons in Slack are heard sinks=a,b",
        "the connection was cut",
        "bad token",
    ]


def test_another_program_at_the_same_app_is_told_of(caplog):
    def followed(greeted):
        greeted(1)
        greeted(2)  # its own, which follows
        return "over"

    heard(followed)
    assert "another program" not in caplog.text
    heard(lost(connections=2))
    assert "another program hears it too" in caplog.text


def test_sinks_that_share_an_app_share_its_connection():
    def slack(token):
        return Slack(
            channel="C0", bot_token=Secret("xoxb"), app_token=token and Secret(token), signing_secret=Secret("s")
        )

    sinks = {"a": slack("x"), "b": slack("y"), "c": slack("x"), "d": slack(None)}
    made = listeners(SimpleNamespace(sinks=sinks, take=None), Clock(), Metrics())
    assert [one.sinks for one in made] == [["a", "c"], ["b"]]
