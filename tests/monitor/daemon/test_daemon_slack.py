"""The daemon tells Slack: one message for one incident, edited until it is over, through faults and deaths."""

import json
from dataclasses import replace

import pytest
from daemon_story import all_sent, assert_secret, resolved, story
from daemon_traffic import ALL, BAD, GOOD, KafkaTraffic, Traffic
from fault_proxy import ANSWER_LOST, NOT_TAKEN, RATE_LIMITED, FaultProxy
from running_daemon import bellbuoy, until

from bellbuoy.sinks.testing_receiver import Fault

pytestmark = pytest.mark.long


def slack_sink(slack, folder, api_url=None):
    token = folder / "token"
    token.write_text(slack.token + "\n")
    channel = slack.channel if hasattr(slack, "channel") else "C0AGENTS"
    settings = {"channel": channel, "bot_token": {"file": str(token)}, "api_url": api_url or slack.api_url}
    return {"slack": {"slack": settings}}


def told_in(replies):
    """Return the numbers of the changes that the replies of a thread tell of."""
    return [reply["metadata"]["event_payload"]["told"] for reply in replies]


def assert_shown(slack, running, changes):
    """One message in its last state, every change told in its thread once, and a chart."""
    (message,) = slack.posts
    assert message.blocks[0]["text"]["text"].startswith(":large_green_circle:")
    assert message.edits >= 1
    assert message.metadata["event_payload"]["state"] == "resolved"
    assert message.metadata["event_payload"]["change"] == len(changes)
    told = [reply.metadata["event_payload"]["told"] for reply in slack.replies]
    assert told == sorted(set(told)), "nothing is told twice, and in order"
    assert told[-1] == len(changes)
    assert {reply.thread_ts for reply in slack.replies} == {message.ts}
    for change in running.query("select number, reason from changes where number > 1"):
        said = "\n".join(reply.text + json.dumps(reply.blocks, ensure_ascii=False) for reply in slack.replies)
        assert change["reason"][:20] in said, f"change {change['number']} is not told: {change['reason']}"
    charts = [file for file in slack.files.values() if file.complete]
    assert charts
    assert all(file.body.startswith(b"\x89PNG") for file in charts)
    assert message.blocks[2]["slack_file"]["id"] in slack.files


def test_slack_shows_one_message_that_is_edited_until_it_is_over(daemon, fake_slack, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl")
    running = daemon([traffic.source], sinks=slack_sink(fake_slack, tmp_path))
    fake_slack.fail(RATE_LIMITED, NOT_TAKEN, ANSWER_LOST)
    changes = story(running, traffic)
    assert_shown(fake_slack, running, changes)
    receipts = {result: running.metric("notifications_total", result=result) for result in ("sent", "retry", "refused")}
    assert receipts["retry"] >= 3, "the faults were met"
    assert receipts["refused"] == 0
    assert running.metric("events_total", result="stored") == traffic.events
    assert_secret(running, fake_slack.token)


@pytest.mark.needs_real_broker
def test_the_whole_way_from_kafka_to_one_message_in_slack(daemon, fake_slack, kafka, tmp_path):
    traffic = KafkaTraffic(tmp_path / "unused", kafka)
    running = daemon([traffic.source], sinks=slack_sink(fake_slack, tmp_path))
    fake_slack.fail(RATE_LIMITED)
    assert_shown(fake_slack, running, story(running, traffic))
    assert running.metric("events_total", result="stored") == traffic.events
    assert_secret(running, fake_slack.token)


@pytest.mark.needs("node")
@pytest.mark.needs("npm")
def test_slack_as_others_wrote_it_shows_the_same(daemon, tmp_path, lacking):
    import emulator

    try:
        program = emulator.bring()
    except emulator.AbsentError as absent:
        lacking("Slack emulator", str(absent))
    traffic = Traffic(tmp_path / "calls.jsonl")
    with emulator.Emulator(program) as slack, FaultProxy(slack.url) as proxy:
        running = daemon([traffic.source], sinks=slack_sink(slack, tmp_path, f"{proxy.url}api/"))
        proxy.fail(RATE_LIMITED, ANSWER_LOST)
        changes = story(running, traffic)
        (message,) = slack.messages()
        assert message["blocks"][0]["text"]["text"].startswith(":large_green_circle:")
        payload = message["metadata"]["event_payload"]
        assert (payload["state"], payload["change"]) == ("resolved", len(changes))
        told = told_in(slack.replies(message["ts"]))
        assert told == sorted(set(told))
        assert told[-1] == len(changes)
        assert {file["mimetype"] for file in slack.files()} == {"image/png"}
        assert_secret(running, slack.token)


def fallen(daemon, slack, tmp_path):
    """Return a daemon that has seen the good month, and its traffic; the fall is still to come."""
    traffic = Traffic(tmp_path / "calls.jsonl")
    running = daemon([traffic.source], sinks=slack_sink(slack, tmp_path))
    traffic.until(GOOD)
    running.start()
    running.judged(traffic.at)
    return running, traffic


def told_whole(daemon, slack):
    """Assert that the last state is shown and every change is told, and return the number of messages."""
    until(lambda: all_sent(daemon), lambda: f"all told; {daemon.log[-3000:]}", 60)
    last = daemon.query("select max(number) as last from changes")[0]["last"]
    shown = slack.posts[-1].metadata["event_payload"]
    assert shown["change"] == last
    told = [reply.metadata["event_payload"]["told"] for reply in slack.replies]
    assert max(told, default=1) == last
    return slack.messages


@pytest.mark.parametrize("history", [True, False], ids=["the channel may be read", "the channel may not be read"])
@pytest.mark.parametrize("arrived", [True, False], ids=["arrived", "did not arrive"])
def test_a_page_in_flight_at_the_kill_is_told_after_the_restart(daemon, fake_slack, tmp_path, arrived, history):
    if not history:
        fake_slack.scopes.discard("channels:history")
    running, traffic = fallen(daemon, fake_slack, tmp_path)
    fake_slack.fail(Fault("hang_after" if arrived else "hang_before"))
    traffic.until(GOOD + 1)
    if arrived:
        until(lambda: fake_slack.messages == 1, lambda: running.log[-2000:])
    else:
        until(lambda: not fake_slack._faults, lambda: running.log[-2000:])
    running.kill()
    assert fake_slack.messages == arrived
    running.start()
    messages = told_whole(running, fake_slack)
    traffic.until(ALL)
    until(lambda: resolved(running), lambda: f"resolved; {running.log[-3000:]}")
    assert told_whole(running, fake_slack) == messages
    assert messages == (2 if arrived and not history else 1), "at most one more for an attempt whose fate is unknown"
    assert running.stop()[0] == 0


def test_a_page_waits_as_long_as_slack_says_whatever_happens_meanwhile(daemon, fake_slack, tmp_path):
    running, traffic = fallen(daemon, fake_slack, tmp_path)
    fake_slack.fail(replace(RATE_LIMITED, headers={"Retry-After": "3600"}))
    lines = traffic.lines(GOOD)
    traffic.append(lines[: len(lines) // 2])
    until(lambda: running.metric("notifications_total", result="retry"), lambda: running.log[-2000:])
    due = "select due_at, state, reason, wanted from deliveries"
    (before,) = running.query(due)
    running.kill()
    running.start()
    assert running.query(due) == [before]
    traffic.append(lines[len(lines) // 2 :])
    traffic._next = GOOD + 1
    traffic.until(ALL)
    until(lambda: resolved(running), lambda: running.log[-2000:])
    (after,) = running.query(due)
    assert after["wanted"] > before["wanted"]
    assert (after["state"], after["due_at"]) == ("due", before["due_at"])
    assert fake_slack.messages == 0
    assert running.metric("outbox_pages", sink="slack") == 1
    assert running.stop()[0] == 0


def test_sigterm_while_slack_hangs_ends_in_time_and_the_page_is_told_later(daemon, fake_slack, tmp_path):
    running, traffic = fallen(daemon, fake_slack, tmp_path)
    fake_slack.fail(*[Fault("hang_before")] * 2)
    traffic.until(GOOD + 1)
    until(lambda: len(fake_slack._faults) == 1, lambda: running.log[-2000:])
    code, seconds = running.stop()
    assert code == 0, running.log[-3000:]
    assert seconds < 10
    assert "Traceback" not in running.log
    assert fake_slack.messages == 0
    assert len(fake_slack._faults) == 1, "one attempt at a time"
    fake_slack._faults.clear()
    running.start()
    assert told_whole(running, fake_slack) == 1
    assert running.stop()[0] == 0


def test_a_death_at_any_instant_of_the_fall_loses_no_page(daemon, fake_slack, tmp_path):
    running, traffic = fallen(daemon, fake_slack, tmp_path)
    fake_slack.fail(NOT_TAKEN, ANSWER_LOST)
    lines = [line for day in range(GOOD, BAD) for line in traffic.lines(day)]
    kills = 4
    for number in range(kills):
        stored = running.received
        traffic.append(lines[number * len(lines) // kills : (number + 1) * len(lines) // kills])
        running.reaches(stored + 1)
        running.kill()
        running.start()
    traffic._next = BAD
    traffic.until(ALL)
    until(lambda: resolved(running), lambda: f"resolved; {running.log[-3000:]}", 60)
    assert told_whole(running, fake_slack) == 1
    assert running.stop()[0] == 0
    with running.closed_store() as ask:
        assert ask("SELECT count(*) FROM events_raw")[0][0] == traffic.events


BROKEN = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Broken:
    pace = 0.0

    def send(self, page):
        raise ZeroDivisionError("as a plug-in may")
"""


def test_a_sink_with_a_bug_does_not_stop_the_others(daemon, fake_slack, tmp_path):
    (tmp_path / "brokensink.py").write_text(BROKEN)
    traffic = Traffic(tmp_path / "calls.jsonl")
    sinks = {"acme": {"brokensink:Broken": {}}, **slack_sink(fake_slack, tmp_path)}
    running = daemon([traffic.source], sinks=sinks, environment={"PYTHONPATH": str(tmp_path)})
    traffic.until(GOOD + 1)
    running.start()
    until(lambda: fake_slack.messages, lambda: running.log[-3000:])
    until(lambda: (running.metric("notifications_total", sink="acme", result="retry") or 0) >= 2, lambda: running.log)
    assert running.status("/readyz") == 200
    (waiting,) = running.query("select state, reason from deliveries where sink = 'acme'")
    assert (waiting["state"], waiting["reason"]) == ("due", "no_answer")
    assert "the sink acme has a bug" in running.log
    assert fake_slack.messages == 1
    assert running.stop()[0] == 0


def test_a_dry_run_tells_the_console_and_nobody_else(daemon, fake_slack, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl")
    running = daemon([traffic.source], sinks=slack_sink(fake_slack, tmp_path))
    traffic.until(GOOD + 1)
    running.start("--dry-run")
    until(lambda: all_sent(running), lambda: running.log[-3000:])
    assert running.stop()[0] == 0
    assert "qualify" in running.out
    assert fake_slack.requests == []
    assert fake_slack.token not in running.out + running.log


def test_check_names_the_channel_but_not_the_token(fake_slack, daemon, tmp_path):
    one = daemon(
        [{"files": {"path": str(tmp_path / "none.jsonl"), "follow": True}}], sinks=slack_sink(fake_slack, tmp_path)
    )
    done = bellbuoy("check", "-c", one.config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert fake_slack.token.encode() not in done.stdout + done.stderr
