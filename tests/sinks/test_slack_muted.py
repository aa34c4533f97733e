"""While an incident is muted its Slack message is edited, and nobody hears of it; what was not said is said afterwards."""

from dataclasses import replace

import golden_pages as golden
from test_slack_sink import MENTION, mentions, sink, tell


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
