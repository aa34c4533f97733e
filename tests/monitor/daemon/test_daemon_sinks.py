"""The daemon tells PagerDuty and Alertmanager of one fall, from its beginning to its end, through faults."""

import json
import sys
from pathlib import Path

import pytest
from daemon_story import assert_secret, story
from daemon_traffic import Traffic
from running_daemon import until

from bellbuoy.sinks.testing_receiver import Fault, Receiver

sys.path.append(str(Path(__file__).parents[2] / "sinks"))

import alertmanagers
from fake_pagerduty import FakePagerDuty

KEY = "R0123456789planted0123456789abcd"
FAULTS = (Fault(status=429, headers={"Retry-After": "1"}), Fault("reset_before"), Fault("reset_after"))


def test_pagerduty_calls_once_for_one_fall_and_hears_of_its_end(daemon, tmp_path):
    (tmp_path / "key").write_text(f"{KEY}\n")
    traffic = Traffic(tmp_path / "calls.jsonl")
    with FakePagerDuty(KEY) as fake:
        settings = {"routing_key": {"file": str(tmp_path / "key")}, "api_url": f"{fake.url}v2/enqueue"}
        running = daemon([traffic.source], sinks={"pager": {"pagerduty": settings}})
        fake.fail(*FAULTS)
        changes = story(running, traffic)
        ((key, shown),) = fake.incidents.items()
        assert key == changes[0]["incident"]
        assert (shown.status, shown.calls, shown.log[0], shown.log[-1]) == ("resolved", 1, "trigger", "resolve")
        assert running.metric("notifications_total", result="retry") >= len(FAULTS)
        assert running.metric("notifications_total", result="refused") == 0
        assert_secret(running, KEY)


@pytest.mark.needs("alertmanager")
@pytest.mark.needs("amtool")
def test_alertmanager_itself_fires_while_the_fall_lasts(daemon, need, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl")
    with Receiver() as hook:
        one = alertmanagers.Alertmanager(need("alertmanager"), need("amtool"), tmp_path / "am", hook.url)
        one.start()
        try:
            alertmanagers.until(one.ready, lambda: one.log)
            running = daemon([traffic.source], sinks={"am": {"alertmanager": {"url": one.url}}})
            changes = story(running, traffic)
            until(lambda: notified(hook)[-1:] == ["resolved"], lambda: notified(hook))
            assert one.alerts() == []
        finally:
            one.stop()
        told = [alert for request in hook.accepted for alert in json.loads(request.body)["alerts"]]
    assert notified(hook)[0] == "firing"
    assert {alert["labels"]["incident"] for alert in told} == {changes[0]["incident"]}
    assert {alert["labels"]["step"] for alert in told} == {"qualify"}
    assert running.stop()[0] == 0


def notified(hook):
    return [json.loads(request.body)["status"] for request in hook.accepted]
