"""The Slack sink against an emulator that others wrote, straight and through a proxy that fails."""

from collections.abc import Iterator
from dataclasses import replace

import emulator
import golden_pages as golden
import pytest
from fault_proxy import ANSWER_LOST, RATE_LIMITED, FaultProxy

from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.doctor.sending import send
from bellbuoy.sinks.base import Page, Retry, Secret, Sent
from bellbuoy.sinks.slack import Slack
from bellbuoy.sinks.slack_standing import Slacks

pytestmark = [pytest.mark.needs("node"), pytest.mark.needs("npm")]
STORY = (golden.opened, golden.raised, golden.acknowledged, golden.resolved)


@pytest.fixture(scope="module")
def program(lacking) -> tuple:
    try:
        return emulator.bring()
    except emulator.AbsentError as absent:
        lacking("Slack emulator", str(absent))


@pytest.fixture
def slack(program) -> Iterator[emulator.Emulator]:
    with emulator.Emulator(program) as running:
        yield running


def walk(sink: Slack, pages: list[Page], handle: dict[str, str] | None = None) -> tuple[dict[str, str], list[Retry]]:
    """Send pages as the daemon does: again after `retry`, the attempt counted where it may have arrived."""
    failed = []
    for page in pages:
        attempt = 1
        for _ in range(6):
            receipt = sink.send(replace(page, handle=handle, attempt=attempt))
            if isinstance(receipt, Sent):
                handle = receipt.handle
                break
            assert isinstance(receipt, Retry), receipt
            failed.append(receipt)
            handle = receipt.handle or handle
            attempt += receipt.reason == "no_answer"
        else:
            pytest.fail(f"{page.change} was never sent")
    return handle, failed


def test_one_message_its_edits_its_thread_and_its_chart(slack):
    sink = Slack(channel=slack.channel, bot_token=Secret(slack.token), api_url=slack.api_url)
    assert sink.probe() is None
    handle, failed = walk(sink, [make() for make in STORY])
    assert failed == []
    (message,) = slack.messages()
    assert message["ts"] == handle["ts"]
    assert message["blocks"][0]["text"]["text"] == ":large_green_circle: qualify is back at 94.6\u00a0%"
    assert message["metadata"]["event_payload"] == {
        "incident": "inc_01JD5",
        "change": 4,
        "state": "resolved",
        "attempt": 1,
    }
    assert [reply["metadata"]["event_payload"]["told"] for reply in slack.replies(handle["ts"])] == [2, 3, 4]
    files = slack.files()
    assert len(files) == 2, "one drawing for open, raised and acknowledged, one for resolved"
    assert {file["mimetype"] for file in files} == {"image/png"}
    assert message["blocks"][2]["slack_file"]["id"] in {file["id"] for file in files}


def test_faults_on_the_way_neither_lose_a_change_nor_tell_it_twice(slack):
    with FaultProxy(slack.url) as proxy:
        sink = Slack(channel=slack.channel, bot_token=Secret(slack.token), api_url=f"{proxy.url}api/")
        proxy.fail(RATE_LIMITED, ANSWER_LOST)
        handle, failed = walk(sink, [golden.opened()])
        proxy.fail(replace(RATE_LIMITED, path="chat.update"), ANSWER_LOST)
        handle, more = walk(sink, [golden.raised()], handle)
    assert [retry.reason for retry in failed] == ["rate_limited", "no_answer"]
    assert failed[0].after == 1.0
    assert [retry.reason for retry in more] == ["rate_limited", "no_answer"]
    assert len(slack.messages()) == 1
    assert len(slack.replies(handle["ts"])) == 1


def test_a_token_without_the_right_scope_is_refused_by_name(slack):
    wrong = Slack(channel=slack.channel, bot_token=Secret("xoxb-nobody"), api_url=slack.api_url)
    receipt = wrong.send(golden.chartless())
    assert type(receipt).__name__ == "Refused"
    assert receipt.reason == "auth"


def test_a_sample_page_is_posted_edited_and_deleted_and_nothing_is_left(slack):
    sink = Slack(channel=slack.channel, bot_token=Secret(slack.token), api_url=slack.api_url)
    assert Slacks(Secret(slack.token), slack.api_url).channel(slack.channel, None)
    found = [(one.level, one.said) for one in send(sink, SystemClock(), "UTC")]
    assert found == [
        ("ok", f"opened: taken, in {slack.channel}"),
        ("ok", "the chart was uploaded and is shown"),
        ("ok", "resolved: the message was edited"),
        ("ok", "the message was deleted"),
    ]
    assert (slack.messages(), slack.files()) == ([], [])
