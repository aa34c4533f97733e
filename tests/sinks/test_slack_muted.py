"""While an incident is muted its Slack message is edited, and nobody hears of it; what nobody takes is reminded of otherwise."""

from dataclasses import replace

import golden_pages as golden
from test_slack_sink import MENTION, mentions, sink, tell

from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.slack import Slack


def muted(page):
    return replace(page, muted=True, news=())


def test_the_message_is_edited_and_nothing_new_appears(fake_slack):
    handle = tell(sink(fake_slack), golden.opened())
    tell(sink(fake_slack), muted(golden.raised()), muted(golden.acknowledged()), handle=handle)
    (message,) = fake_slack.posts
    assert message.edits == 2
    assert fake_slack.replies == []
    assert mentions(fake_slack) == 0


def test_what_was_not_said_is_said_in_the_thread_afterwards_with_the_call(fake_slack):
    handle = tell(sink(fake_slack), golden.opened())
    handle = tell(sink(fake_slack), muted(golden.raised()), handle=handle)
    tell(sink(fake_slack), golden.raised(), handle=handle)
    (message,) = fake_slack.posts
    (reply,) = fake_slack.replies
    assert message.edits == 1
    assert reply.metadata["event_payload"]["told"] == 2
    assert (reply.broadcast, MENTION in reply.text) == (True, True)


def test_a_message_that_somebody_deleted_is_not_made_anew_until_people_may_be_called(fake_slack):
    handle = tell(sink(fake_slack), golden.opened())
    fake_slack.lost["chat.update"] = ["message_not_found"] * 2
    handle = tell(sink(fake_slack), muted(golden.raised()), handle=handle)
    assert len(fake_slack.posts) == 1
    tell(sink(fake_slack), replace(golden.raised(), news=()), handle=handle)
    assert len(fake_slack.posts) == 2


def repeated(page, **more):
    return replace(page, news=(), tried_at=page.opened_at + 4 * 3600, **more)


def test_what_nobody_has_taken_is_reminded_of_in_the_thread_and_calls_nobody(fake_slack):
    handle = tell(sink(fake_slack), golden.opened())
    tell(sink(fake_slack), repeated(golden.opened()), handle=handle)
    (reply,) = fake_slack.replies
    assert reply.text.endswith("Still open after 4 h, and nobody has taken it.")
    assert (reply.broadcast, mentions(fake_slack)) == (False, 0)
    (message,) = fake_slack.posts
    assert message.edits == 0


def test_nothing_is_reminded_of_that_is_taken_muted_over_or_may_have_arrived(fake_slack):
    slack = sink(fake_slack)
    handle = tell(slack, golden.opened())
    tell(slack, repeated(golden.opened(), muted=True), repeated(golden.opened(), attempt=2), handle=handle)
    assert fake_slack.replies == []
    for page in (golden.acknowledged(), golden.resolved()):
        handle = tell(slack, page, handle=handle)
        before = len(fake_slack.replies)
        tell(slack, repeated(page), handle=handle)
        assert len(fake_slack.replies) == before


def test_a_reminder_under_a_message_that_is_gone_is_none(fake_slack):
    handle = tell(sink(fake_slack), golden.opened())
    fake_slack.lost["chat.postMessage"] = ["thread_not_found"]
    tell(sink(fake_slack), repeated(golden.opened()), handle=handle)
    assert (len(fake_slack.posts), fake_slack.replies) == (1, [])


def test_a_webhook_reminds_of_nothing_and_zero_is_none():
    assert sink_of(webhook_url=Secret("https://hooks.example.com/x"), bot_token=None).repeat == 0.0
    assert sink_of(remind=0.0).repeat == 0.0
    assert sink_of(remind=60.0).repeat == 60.0


def sink_of(**settings):
    return Slack(**{"channel": "#a", "bot_token": Secret("x"), **settings})
