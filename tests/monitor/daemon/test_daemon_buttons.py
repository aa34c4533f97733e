"""The daemon hears what is pressed in Slack: it decides, and the message follows; over Socket Mode and by requests."""

import json
import time
import urllib.error
import urllib.request

import pytest
from daemon_traffic import ALL, BAD, Traffic
from fake_slack_app import DANA, KIM, FakeSlackApp
from running_daemon import until

from bellbuoy.sinks.testing_receiver import Fault


@pytest.fixture
def slack():
    """A Slack with an app; its linter found nothing by the end of the test."""
    with FakeSlackApp("xoxb-1795-planted-b3llbuoy") as made:
        yield made
    assert made.findings == []


def fallen(daemon, slack, folder, *keys, **settings):
    """Return a daemon that pages that `qualify` fell, its traffic, and the message."""
    values = {"bot_token": slack.token, "app_token": slack.app_token, "signing_secret": slack.secret}
    told = {"channel": "C0AGENTS", "api_url": slack.api_url, **settings}
    for key in ("bot_token", *keys):
        (folder / key).write_text(values[key])
        told[key] = {"file": str(folder / key)}
    traffic = Traffic(folder / "calls.jsonl")
    running = daemon([traffic.source], sinks={"slack": {"slack": told}})
    traffic.until(BAD)
    running.start()
    until(lambda: slack.posts, lambda: f"the fall is told; {running.log[-3000:]}")
    until(lambda: settled(running), lambda: f"all is told; {running.log[-3000:]}")
    running.judged(traffic.at - 4 * 3600)
    until(lambda: settled(running), lambda: f"all is told; {running.log[-3000:]}")
    (message,) = slack.posts
    return running, traffic, message


def settled(daemon):
    rows = daemon.query("select wanted, sent, state from deliveries")
    return rows and all(row["state"] == "sent" and row["sent"] == row["wanted"] for row in rows)


def shows(message, words):
    return words in json.dumps(message.blocks, ensure_ascii=False)


def changes(daemon):
    return [row["change"] for row in daemon.query("select change from changes order by number")]


def assert_secret(daemon, slack):
    """What the app knows Slack by is in nothing that the daemon wrote or answered."""
    code, seconds = daemon.stop()
    assert (code, seconds < 10) == (0, True), daemon.log[-3000:]
    assert "Traceback" not in daemon.log
    for secret in (slack.app_token, slack.secret, "ticket="):
        assert secret not in daemon.log + daemon.out
        assert not any(secret in text for text in daemon.answers)
        assert [name for name, content in daemon.bytes_left().items() if secret.encode() in content] == []


def test_a_press_over_socket_mode_decides_and_the_message_follows(daemon, slack, tmp_path):
    running, traffic, message = fallen(daemon, slack, tmp_path, "app_token")
    slack.connected()
    assert running.metric("slack_socket_connected", sink="slack") == 1
    first, second = slack.pressed(message, "ack"), slack.pressed(message, "ack", KIM)
    accept = slack.pressed(message, "expected")
    slack.tell(first, "e1")
    slack.tell(second, "e2")
    slack.acked("e2")
    until(lambda: shows(message, "acknowledged by slack:U02DANA/dana"), lambda: running.log[-3000:])
    assert message.blocks[0]["text"]["text"].startswith(":large_yellow_circle:")
    slack.whispered(2)
    assert [user for user, _, _ in slack.whispers] == [DANA, KIM]
    assert "acknowledged by slack:U02DANA/dana already" in slack.whispers[1][2]
    assert changes(running).count("acknowledged") == 1

    slack.tell(slack.pressed(message, "silence", KIM, "8h"), "e3")
    assert "silenced until" in slack.whispered(3)[2]
    assert running.query("select who, date_diff('hour', began_at, until) as hours from silences") == [
        {"who": "slack:U03KIM/kim", "hours": 8}
    ]

    slack.tell(accept, "e4")
    assert "is learned from" in slack.whispered(4)[2], "an acknowledgement changes nothing of what was seen"
    slack.tell(slack.pressed(message, "expected", KIM), "e5")
    assert "expected already, says slack:U02DANA/dana" in slack.whispered(5)[2]
    traffic.until(BAD + 1)
    until(lambda: message.blocks[0]["text"]["text"].startswith(":large_green_circle:"), lambda: running.log[-3000:])
    assert not shows(message, '"actions"'), "nothing is left to press"
    slack.tell({**second, "actions": [{**second["actions"][0], "action_ts": "9.9"}]}, "e6")
    assert "already resolved, since" in slack.whispered(6)[2]
    assert running.metric("slack_presses_total", result="done") == 5
    assert running.metric("slack_presses_total", result="declined") == 1
    assert_secret(running, slack)


def test_a_press_while_the_connection_is_lost_is_done_once(daemon, slack, tmp_path):
    running, _, message = fallen(daemon, slack, tmp_path, "app_token", actors=[DANA])
    wire = slack.connected()
    press = slack.pressed(message, "ack")
    slack.lost["apps.connections.open"] = ["internal_error"]
    slack.tell(press, "e1", wire)
    wire.cut()
    following = slack.connected(2)
    slack.tell(press, "e2", following)  # as Slack does with what nobody answered
    slack.acked("e2")
    slack.tell(slack.pressed(message, "silence", KIM, "1h"), "e3", following)
    slack.until(lambda: any(user == KIM for user, _, _ in slack.whispers))
    assert "actors" in next(text for user, _, text in slack.whispers if user == KIM)
    until(lambda: shows(message, "acknowledged by slack:U02DANA/dana"), lambda: running.log[-3000:])
    assert changes(running).count("acknowledged") == 1
    assert running.query("select * from silences") == []
    assert running.metric("slack_socket_connected") == 1
    assert running.log.count("buttons in Slack are heard") == 2
    following.cut()
    until(lambda: running.metric("slack_socket_connected") == 0, lambda: running.log[-2000:])
    assert running.status("/readyz") == 200
    last = slack.connected(3)
    slack.fail(Fault("hang_before", path="chat.postEphemeral"))
    slack.tell(slack.pressed(message, "silence", DANA, "1h"), "e4", last)
    until(lambda: not slack._faults, "the answer to the one who pressed hangs")
    assert [row["who"] for row in running.query("select who from silences")] == ["slack:U02DANA/dana"]
    assert_secret(running, slack)


def send(daemon, body, headers):
    request = urllib.request.Request(f"{daemon.url}/slack/interactions", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        daemon.answers.append(error.read().decode())
        return error.code


def test_a_signed_press_decides_and_any_other_does_not(daemon, slack, tmp_path):
    running, traffic, message = fallen(daemon, slack, tmp_path, "signing_secret")
    now = time.time()
    press = slack.pressed(message, "ack")
    assert send(running, *slack.request(press, now, secret="guessed")) == 401
    assert send(running, *slack.request(press, now - 600)) == 401
    body, headers = slack.request(press, now)
    assert send(running, body.replace(b"U02DANA", b"U03EVIL"), headers) == 401
    assert message.blocks[0]["text"]["text"].startswith(":red_circle:")
    assert send(running, body, headers) == 200
    assert send(running, body, headers) == 401
    until(lambda: shows(message, "acknowledged by slack:U02DANA/dana"), lambda: running.log[-3000:])
    refused = {
        reason: running.metric("slack_requests_refused_total", reason=reason)
        for reason in ("forged", "stale", "replayed", "flood")
    }
    assert refused == {"forged": 2, "stale": 1, "replayed": 1, "flood": 0}
    assert slack.asked == 0, "no connection is opened without an app token"
    traffic.until(ALL)
    until(lambda: message.blocks[0]["text"]["text"].startswith(":large_green_circle:"), lambda: running.log[-3000:])
    assert_secret(running, slack)
