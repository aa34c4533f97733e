"""The Slack sink against our fake: one message an incident, fallbacks, partial work, ambiguity."""

import json
from dataclasses import replace

import golden_pages as golden
import pytest
from fake_slack import CHANNEL, FakeSlack

from bellbuoy.sinks.base import News, Page, Receipt, Refused, Retry, Secret, Sent, Sink
from bellbuoy.sinks.slack import Slack
from bellbuoy.sinks.testing_receiver import Fault

MENTION = "<!subteam^S012ABC>"
STORY = (golden.opened, golden.raised, golden.acknowledged, golden.resolved)


class AtOnce(Slack):
    """Notes its waits and does not wait."""

    waits: list[float] = []  # noqa: RUF012 - shared on purpose: the class is the only thing that `wait` knows

    @staticmethod
    def wait(seconds: float) -> None:
        AtOnce.waits.append(seconds)


def sink(slack: FakeSlack, **settings) -> Slack:
    base = {
        "channel": CHANNEL,
        "bot_token": Secret(slack.token),
        "api_url": slack.api_url,
        "mention": {"page": MENTION},
    }
    return AtOnce(**{**base, **settings})


def sent(receipt: Receipt) -> dict[str, str]:
    assert isinstance(receipt, Sent), receipt
    return receipt.handle


def tell(slack: Sink, *pages: Page, handle: dict[str, str] | None = None) -> dict[str, str]:
    for page in pages:
        handle = sent(slack.send(replace(page, handle=handle)))
    return handle


def mentions(slack: FakeSlack) -> int:
    calls = [call for call in slack.calls if call.method.startswith("chat.")]
    return sum(MENTION in json.dumps(call.arguments) for call in calls)


def test_one_message_is_edited_and_every_change_is_told_in_its_thread(fake_slack):
    handle = tell(sink(fake_slack), *(make() for make in STORY))
    (message,) = fake_slack.posts
    assert message.edits == 3
    assert "is back at 94.6\u00a0%" in message.blocks[0]["text"]["text"]
    assert not [block for block in message.blocks if block["type"] == "actions"]
    assert [reply.metadata["event_payload"]["told"] for reply in fake_slack.replies] == [2, 3, 4]
    assert all(reply.thread_ts == message.ts for reply in fake_slack.replies)
    assert handle["channel"] == CHANNEL
    assert handle["told"] == handle["version"] == "4"


def test_people_are_called_once_when_the_severity_is_reached(fake_slack):
    handle = tell(sink(fake_slack), golden.opened())
    assert mentions(fake_slack) == 0
    again = replace(golden.raised(), version=3, news=(News(3, 1795300000, "ticket → page again", raised=True),))
    handle = tell(sink(fake_slack), golden.raised(), again, golden.resolved(), handle=handle)
    assert mentions(fake_slack) == 1
    assert [(reply.broadcast, MENTION in reply.text) for reply in fake_slack.replies] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    assert "paged Sat" in fake_slack.posts[0].blocks[-1]["elements"][0]["text"]


def test_an_incident_that_opens_as_a_page_calls_in_its_message(fake_slack):
    tell(sink(fake_slack), replace(golden.opened(), severity="page"), golden.raised())
    assert mentions(fake_slack) == 1
    assert not any(reply.broadcast for reply in fake_slack.replies)


def test_the_chart_is_drawn_anew_only_when_state_or_severity_changes(fake_slack):
    slack = sink(fake_slack)
    handle = tell(slack, golden.opened())
    tick = replace(golden.opened(), version=2, change="updated", chart=golden.chart(until=golden.OPENED + 9 * 3600))
    tell(slack, tick, replace(golden.raised(), version=3, chart=tick.chart), golden.resolved(), handle=handle)
    assert fake_slack.count("files.completeUploadExternal") == 3
    image = fake_slack.posts[0].blocks[2]
    assert image["slack_file"]["id"] == "F000000002"
    assert fake_slack.files["F000000002"].body.startswith(b"\x89PNG")


def test_an_image_is_waited_for_until_slack_has_processed_it(fake_slack):
    AtOnce.waits.clear()
    fake_slack.looks = 4
    tell(sink(fake_slack), golden.opened())
    assert AtOnce.waits == [0.5] * 3
    assert fake_slack.posts[0].blocks[2]["type"] == "image"


def test_an_image_that_never_gets_ready_is_left_out_after_ten_seconds(fake_slack):
    AtOnce.waits.clear()
    fake_slack.looks = 10_000
    tell(sink(fake_slack), golden.opened())
    assert 9 <= sum(AtOnce.waits) <= 10
    assert "image" not in {block["type"] for block in fake_slack.posts[0].blocks}


@pytest.mark.parametrize("path", ["getUploadURL", "/upload/", "completeUpload", "files.info"])
def test_a_failed_upload_costs_the_image_and_nothing_else(fake_slack, path):
    fake_slack.fail(Fault(status=500, path=path))
    handle = tell(sink(fake_slack), golden.opened())
    assert [block["type"] for block in fake_slack.posts[0].blocks] == [
        "header",
        "section",
        "container",
        "actions",
        "context",
    ]
    tell(sink(fake_slack), replace(golden.acknowledged(), news=()), handle=handle)
    assert "image" in {block["type"] for block in fake_slack.posts[0].blocks}, "tried again when the state changed"


def test_without_the_right_to_upload_it_is_not_tried_on_every_tick(fake_slack):
    fake_slack.scopes.discard("files:write")
    slack = sink(fake_slack)
    handle = tell(slack, golden.opened())
    before = len(fake_slack.requests)
    tell(slack, replace(golden.opened(), version=2, change="updated"), handle=handle)
    assert len(fake_slack.requests) - before == 1


def test_a_refused_container_goes_to_the_thread(fake_slack):
    fake_slack.refused = {"container"}
    slack = sink(fake_slack)
    receipt = slack.send(golden.opened())
    assert receipt == Retry(1.0, "rate_limited", receipt.handle), "its own pace: one message a second"
    handle = tell(slack, golden.opened(), handle=receipt.handle)
    assert [block["type"] for block in fake_slack.posts[0].blocks] == [
        "header",
        "section",
        "image",
        "actions",
        "context",
    ]
    (reply,) = fake_slack.replies
    assert "Success" in json.dumps(reply.blocks)
    tell(slack, golden.raised(), handle=handle)
    assert len(fake_slack.replies) == 2


def test_a_workspace_that_takes_no_blocks_gets_the_sentence(fake_slack):
    fake_slack.refused = {"*"}
    slack = sink(fake_slack)
    first = slack.send(golden.opened())
    assert isinstance(first, Retry)
    handle = tell(slack, golden.opened(), handle=first.handle)
    assert fake_slack.posts[0].blocks == []
    assert fake_slack.posts[0].text.startswith("OPEN ticket, lead-qualifier: qualify fell")
    before = len(fake_slack.requests)
    tell(slack, replace(golden.raised(), news=()), handle=handle)
    assert len(fake_slack.requests) - before == 1, "what was refused is not offered again"


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_a_message_that_cannot_be_edited_is_posted_anew_with_a_link(fake_slack, code):
    slack = sink(fake_slack)
    handle = tell(slack, golden.opened())
    fake_slack.lost["chat.update"] = [code]
    again = tell(slack, replace(golden.acknowledged(), news=()), handle=handle)
    assert len(fake_slack.posts) == 2
    assert again["ts"] == fake_slack.posts[1].ts != handle["ts"]
    assert "earlier message" in json.dumps(fake_slack.posts[1].blocks)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("channel_not_found", "not_found"),
        ("not_in_channel", "not_found"),
        ("is_archived", "not_found"),
        ("invalid_auth", "auth"),
        ("token_revoked", "auth"),
        ("missing_scope", "auth"),
        ("msg_too_long", "too_large"),
        ("restricted_action", "blocked"),
        ("something_new", "invalid_page"),
    ],
)
def test_what_slack_refuses_for_good_is_refused_with_a_way_out(fake_slack, code, reason):
    fake_slack.lost["chat.postMessage"] = [code]
    receipt = sink(fake_slack).send(golden.opened())
    assert isinstance(receipt, Refused)
    assert receipt.reason == reason
    assert receipt.why.startswith(f"{CHANNEL}: Slack answered {code}")


@pytest.mark.parametrize("code", ["internal_error", "service_unavailable", "ratelimited"])
def test_what_passes_is_tried_again(fake_slack, code):
    fake_slack.lost["chat.postMessage"] = [code]
    assert isinstance(sink(fake_slack).send(golden.opened()), Retry)


@pytest.mark.parametrize("body", [b"", b"<html>proxy</html>", b"[]", b'{"ok": false}', b"\xff\xfe"])
def test_an_answer_that_cannot_be_read_may_mean_that_it_arrived(fake_slack, body):
    fake_slack.fail(Fault(status=200, body=body))
    receipt = sink(fake_slack).send(golden.opened())
    assert isinstance(receipt, Retry)
    assert receipt.reason == "no_answer"


def test_a_lost_answer_to_the_first_post_is_looked_for_and_adopted(fake_slack):
    slack = sink(fake_slack)
    fake_slack.fail(Fault("reset_after"))
    lost = slack.send(golden.opened())
    assert isinstance(lost, Retry)
    assert lost.reason == "no_answer"
    handle = tell(slack, replace(golden.opened(), attempt=2), handle=lost.handle)
    assert len(fake_slack.posts) == 1
    assert handle["ts"] == fake_slack.posts[0].ts
    tell(slack, golden.raised(), handle=handle)
    assert (len(fake_slack.posts), fake_slack.posts[0].edits) == (1, 1)


def test_an_adopted_message_of_an_older_version_is_brought_up_to_date(fake_slack):
    slack = sink(fake_slack)
    fake_slack.fail(Fault("reset_after"))
    lost = slack.send(golden.opened())
    tell(slack, replace(golden.raised(), attempt=2), handle=lost.handle)
    assert (len(fake_slack.posts), fake_slack.posts[0].edits, len(fake_slack.replies)) == (1, 1, 1)
    assert mentions(fake_slack) == 1


def test_a_crash_before_the_receipt_leaves_no_handle_and_still_no_second_message(fake_slack):
    slack = sink(fake_slack)
    tell(slack, golden.opened())
    tell(slack, replace(golden.opened(), attempt=2), handle=None)
    assert len(fake_slack.posts) == 1


def test_without_the_right_to_read_the_channel_there_is_one_duplicate_at_most(fake_slack):
    fake_slack.scopes.discard("channels:history")
    slack = sink(fake_slack)
    fake_slack.fail(Fault("reset_after"))
    lost = slack.send(golden.opened())
    tell(slack, replace(golden.opened(), attempt=2), handle=lost.handle)
    assert [post.metadata["event_payload"]["attempt"] for post in fake_slack.posts] == [1, 2]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault("reset_after"), "no_answer"), (Fault("reset_before"), "no_answer"), (Fault(status=500), "server_error")],
)
def test_a_failed_reply_is_told_once_and_the_edit_is_not_repeated(fake_slack, fault, reason):
    slack = sink(fake_slack)
    handle = tell(slack, golden.opened())
    fake_slack.fail(fault)
    half = slack.send(replace(golden.raised(), handle=handle))
    assert isinstance(half, Retry)
    assert half.reason == reason
    assert half.handle["version"] == "2"
    tell(slack, replace(golden.raised(), attempt=2 if reason == "no_answer" else 1), handle=half.handle)
    assert (fake_slack.posts[0].edits, len(fake_slack.replies)) == (1, 1)


def test_several_changes_that_waited_become_one_edit_and_one_reply(fake_slack):
    slack = sink(fake_slack)
    handle = tell(slack, golden.opened())
    page = replace(golden.resolved(), news=golden.raised().news + golden.acknowledged().news + golden.resolved().news)
    tell(slack, page, handle=handle)
    (reply,) = fake_slack.replies
    assert reply.text.count("\n") == 2
    assert fake_slack.posts[0].edits == 1


def test_a_first_message_with_news_keeps_the_pace_of_the_channel(fake_slack):
    slack = sink(fake_slack)
    first = slack.send(golden.raised())
    assert isinstance(first, Retry)
    assert (first.after, first.reason) == (1.0, "rate_limited")
    tell(slack, golden.raised(), handle=first.handle)
    assert (len(fake_slack.posts), fake_slack.posts[0].edits, len(fake_slack.replies)) == (1, 0, 1)
    assert mentions(fake_slack) == 1


def test_retry_after_is_handed_on(fake_slack):
    fake_slack.fail(Fault(status=429, headers={"Retry-After": "30"}, path="chat.postMessage"))
    receipt = sink(fake_slack).send(golden.opened())
    assert isinstance(receipt, Retry)
    assert receipt.after == 30.0
    assert receipt.handle["file"] == "F000000000", "the picture that is already there is not uploaded again"
    tell(sink(fake_slack), golden.opened(), handle=receipt.handle)
    assert fake_slack.count("files.completeUploadExternal") == 1


def test_a_redirect_does_not_carry_the_token_away(fake_slack):
    with FakeSlack(None) as thief:
        fake_slack.fail(Fault(status=302, headers={"Location": f"{thief.api_url}chat.postMessage"}))
        receipt = sink(fake_slack, chart="none").send(golden.opened())
        assert thief.requests == []
    assert isinstance(receipt, Refused)


def test_hostile_text_calls_nobody_and_fits(fake_slack):
    slack = sink(fake_slack)
    first = slack.send(golden.hostile())
    assert isinstance(first, Retry)
    tell(slack, golden.hostile(), handle=first.handle)
    assert mentions(fake_slack) == 0
    assert fake_slack.findings == []


def test_a_mention_that_is_no_mention_is_shown_as_text(fake_slack):
    slack = sink(fake_slack, mention={"ticket": "<https://evil.example|all> & co"})
    tell(slack, golden.opened())
    assert "&lt;https://evil" in fake_slack.posts[0].blocks[-1]["elements"][0]["text"]


def test_probe_asks_without_being_seen(fake_slack):
    assert sink(fake_slack).probe() is None
    assert "invalid_auth" in sink(fake_slack, bot_token=Secret("xoxb-wrong")).probe()
    assert fake_slack.posts == []


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"channel": "#a"},
        {"bot_token": Secret("x")},
        {"webhook_url": Secret("x"), "mention": {"all": "<!here>"}},
        {"channel": "#a", "bot_token": Secret("x"), "api_url": "slack.com"},
    ],
)
def test_settings_that_cannot_send_are_refused(settings):
    with pytest.raises(ValueError, match="slack"):
        Slack(**settings)


def test_a_webhook_in_place_of_a_token_posts_each_change():
    with FakeSlack(None) as receiver:
        slack = Slack(webhook_url=Secret(f"{receiver.url}upload/secret-path"), mention={"page": MENTION})
        receiver.files["secret-path"] = type("Hook", (), {})()
        handle = tell(slack, *(make() for make in STORY))
        said = [json.loads(request.body) for request in receiver.requests]
    assert len(said) == 4
    assert handle == {"version": "4"}
    assert [MENTION in json.dumps(each) for each in said] == [False, True, False, False]
    assert (slack.edits, slack.threads, slack.images) == (False, False, False)
    assert "secret-path" not in repr(slack)


def test_what_is_bad_again_calls_again(fake_slack):
    handle = tell(sink(fake_slack), golden.opened(), golden.raised())
    assert mentions(fake_slack) == 1
    handle = tell(sink(fake_slack), golden.resolved(), golden.reopened(), handle=handle)
    assert mentions(fake_slack) == 2
    assert (fake_slack.replies[-1].broadcast, MENTION in fake_slack.replies[-1].text) == (True, True)
    later = replace(golden.reopened(), version=6, change="updated", news=(News(6, 1795400000, "more of it"),))
    tell(sink(fake_slack), later, handle=handle)
    assert mentions(fake_slack) == 2


def test_who_is_called_by_the_message_is_not_called_by_its_thread(fake_slack):
    """The first that this channel sees of an incident may be that it was reopened."""
    first = sink(fake_slack).send(golden.reopened())
    assert isinstance(first, Retry)
    tell(sink(fake_slack), golden.reopened(), handle=dict(first.handle))
    assert len(fake_slack.replies) == 1
    assert mentions(fake_slack) == 1
    assert not any(reply.broadcast for reply in fake_slack.replies)
