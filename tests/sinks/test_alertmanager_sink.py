"""Alertmanager: one alert for an incident, held up by repeats, ended with it; and Alertmanager itself shows it."""

import json
import re
import subprocess
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import alertmanagers
import golden_pages as golden
import pytest
from alertmanagers import until

from bellbuoy.sinks.alertmanager import HOLDS_S, OWN, Alertmanager
from bellbuoy.sinks.base import Refused, Retry, Secret, Sent
from bellbuoy.sinks.testing_receiver import Fault, Receiver

AT = golden.OPENED


def tell(sink, *pages, at=AT):
    """Send the pages in order, each with the handle of the one before, and return the last handle."""
    handle = None
    for page in pages:
        receipt = sink.send(replace(page, handle=handle, tried_at=at))
        assert isinstance(receipt, Sent), receipt
        handle = receipt.handle
    return handle


def arrived(receiver):
    return [json.loads(request.body) for request in receiver.accepted]


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


def test_an_alert_begins_with_the_onset_and_ends_after_the_next_repeats():
    with Receiver() as receiver:
        tell(Alertmanager(url=f"{receiver.url}prefix/", token=Secret("t")), golden.opened())
        ((alert,),) = arrived(receiver)
        request = receiver.accepted[0]
    assert request.path == "/prefix/api/v2/alerts"
    assert request.headers["authorization"] == "Bearer t"
    assert seconds(alert["startsAt"]) == golden.ONSET
    assert seconds(alert["endsAt"]) == AT + HOLDS_S
    assert 3 * Alertmanager.repeat <= HOLDS_S, "two repeats may fail"


def test_the_same_page_is_sent_anew_when_time_has_passed_and_only_then():
    with Receiver() as receiver:
        sink = Alertmanager(url=receiver.url)
        handle = tell(sink, golden.opened())
        assert sink.send(replace(golden.opened(), handle=handle, tried_at=AT)) == Sent(handle)
        assert len(receiver.accepted) == 1
        again = sink.send(replace(golden.opened(), handle=handle, tried_at=AT + 300))
        assert isinstance(sink.send(replace(golden.opened(), handle=again.handle, tried_at=AT - 60)), Sent)
        first, second, back = arrived(receiver)
    assert seconds(back[0]["endsAt"]) == AT - 60 + HOLDS_S, "also when a clock was set back"
    assert again == Sent({**handle, "at": str(AT + 300)})
    assert second[0]["labels"] == first[0]["labels"]
    assert seconds(second[0]["endsAt"]) == AT + 300 + HOLDS_S


def test_labels_stay_what_they_were_whatever_leads_the_incident():
    with Receiver() as receiver:
        sink = Alertmanager(url=receiver.url)
        other = replace(golden.opened(), version=2, change="updated", data={"step": "route", "signal": "reask"})
        tell(sink, golden.opened(), other)
        first, second = arrived(receiver)
    assert len(second) == 1
    assert second[0]["labels"] == first[0]["labels"]


def test_a_risen_severity_ends_the_alert_and_begins_another_in_one_request():
    with Receiver() as receiver:
        tell(Alertmanager(url=receiver.url), golden.opened(), golden.raised(), golden.acknowledged())
        (first,), raised, taken = arrived(receiver)
    ended, begun = raised
    assert ended["labels"] == first["labels"]
    assert seconds(ended["endsAt"]) == AT
    assert begun["labels"] == {**first["labels"], "severity": "page"}
    assert seconds(begun["endsAt"]) == AT + HOLDS_S
    assert [one["labels"] for one in taken] == [begun["labels"]]
    assert taken[0]["annotations"]["state"] == "acknowledged"


def test_while_it_is_muted_no_alert_begins():
    """A new severity and an incident that comes back are new alerts: they wait; what fires is repeated, and ends."""
    taken, last = golden.acknowledged(), None
    with Receiver() as receiver:
        sink = Alertmanager(url=receiver.url)
        for after, (page, muted) in enumerate(
            (
                (golden.opened(), False),
                (taken, True),
                (taken, False),
                (golden.resolved(), True),
                (golden.reopened(), True),
                (golden.reopened(), False),
            )
        ):
            receipt = sink.send(replace(page, handle=last, tried_at=AT + after, muted=muted))
            assert isinstance(receipt, Sent)
            last = receipt.handle
        (first,), (same,), (ended, begun), (over,), (back,) = arrived(receiver)
    assert (same["labels"], same["annotations"]["state"]) == (first["labels"], "acknowledged")
    assert (ended["labels"], begun["labels"]["severity"]) == (first["labels"], "page")
    assert seconds(over["endsAt"]) == AT + 3
    assert seconds(back["endsAt"]) == AT + 5 + HOLDS_S


def test_the_end_is_now_and_never_before_the_beginning():
    with Receiver() as receiver:
        sink = Alertmanager(url=receiver.url)
        tell(sink, golden.resolved(), at=AT + 5)
        tell(sink, golden.resolved(), at=golden.ONSET - 60)
        (one,), (early,) = arrived(receiver)
    assert seconds(one["endsAt"]) == AT + 5
    assert early["startsAt"] == early["endsAt"]


def test_every_member_of_a_cluster_is_told_and_one_suffices():
    with Receiver() as one, Receiver() as two:
        sink = Alertmanager(url=(one.url, two.url))
        one.fail(Fault("reset_before"))
        handle = tell(sink, golden.opened())
        assert (len(one.accepted), len(two.accepted)) == (0, 1)
        assert isinstance(sink.send(replace(golden.opened(), handle=handle, tried_at=AT + 300)), Sent)
        assert (len(one.accepted), len(two.accepted)) == (1, 2), "who missed it hears of it with the next repeat"


@pytest.mark.parametrize(
    ("faults", "receipt"),
    [
        ((Fault(status=400), Fault(status=503)), Retry(None, "server_error")),
        ((Fault(status=503), Fault("reset_after")), Retry(None, "no_answer")),
        ((Fault(status=400), Fault(status=404)), Refused),
    ],
)
def test_a_cluster_that_does_not_take_it_is_tried_again_while_there_is_hope(faults, receipt):
    with Receiver() as one, Receiver() as two:
        one.fail(faults[0])
        two.fail(faults[1])
        said = Alertmanager(url=(one.url, two.url)).send(golden.opened())
    assert said == receipt if isinstance(receipt, Retry) else isinstance(said, receipt)


def test_labels_of_ones_own_are_added():
    with Receiver() as receiver:
        tell(Alertmanager(url=receiver.url, labels={"team": "agents"}), golden.opened())
        ((alert,),) = arrived(receiver)
    assert set(alert["labels"]) == {*OWN, "team"}


@pytest.mark.parametrize("page", [golden.hostile(), golden.hostile(100_000)])
def test_a_hostile_page_stays_small(page):
    with Receiver() as receiver:
        tell(Alertmanager(url=receiver.url), page)
        assert len(receiver.accepted[0].body) < 200_000


@pytest.mark.parametrize(
    "settings",
    [
        {"url": ""},
        {"url": ()},
        {"url": "alertmanager:9093"},
        {"url": ("http://a:9093", "ftp://b")},
        {"url": "http://user:secret@a:9093"},
        {"url": "http://a:9093/?x=1"},
        {"url": "http://a:9093", "labels": {"severity": "page"}},
        {"url": "http://a:9093", "labels": {"a-b": "c"}},
    ],
)
def test_what_can_never_send_is_refused_when_it_is_built(settings):
    with pytest.raises(ValueError, match="of alertmanager") as problem:
        Alertmanager(**settings)
    assert "secret" not in str(problem.value)


# With Alertmanager itself


@pytest.fixture
def hook():
    """What Alertmanager notifies: `heard(hook)` are its notifications."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def alertmanager(need, tmp_path, hook):
    """Start as many as are asked for: `alertmanager()`; all are gone after the test."""
    made = []

    def start():
        folder = tmp_path / f"alertmanager{len(made)}"
        made.append(alertmanagers.Alertmanager(need("alertmanager"), need("amtool"), folder, hook.url))
        made[-1].start()
        until(made[-1].ready, lambda: made[-1].log)
        return made[-1]

    yield start
    for one in made:
        one.stop()


def real(test):
    return pytest.mark.needs("amtool")(pytest.mark.needs("alertmanager")(test))


def heard(hook):
    return [json.loads(request.body) for request in hook.accepted]


def only(alerts):
    return alerts[0] if len(alerts) == 1 else None


def now():
    return int(time.time())


@real
def test_alertmanager_shows_an_incident_from_its_opening_to_its_end(alertmanager, hook):
    one = alertmanager()
    sink = Alertmanager(url=one.url)
    handle = tell(sink, golden.opened(), at=now())
    (shown,) = one.alerts()
    assert shown["labels"] == {
        "alertname": "BellbuoyIncident",
        "workflow": "lead-qualifier",
        "step": "qualify",
        "signal": "step_failure",
        "severity": "ticket",
        "incident": golden.KEY,
    }
    assert shown["status"]["state"] in {"active", "unprocessed"}
    assert shown["generatorURL"] == f"{golden.BASE}/i/{golden.KEY}"
    assert shown["annotations"]["summary"] == golden.opened().summary
    assert seconds(shown["startsAt"]) == golden.ONSET

    raised = sink.send(replace(golden.raised(), handle=handle, tried_at=now()))
    shown = until(lambda: only(one.alerts()), one.alerts)
    assert shown["labels"]["severity"] == "page"

    until(lambda: [told for told in heard(hook) if told["status"] == "firing"], lambda: heard(hook))
    over = sink.send(replace(golden.resolved(), handle=raised.handle, tried_at=now()))
    assert isinstance(over, Sent)
    until(lambda: one.alerts() == [], one.alerts)
    until(lambda: [told for told in heard(hook) if told["status"] == "resolved"], lambda: heard(hook))

    again = sink.send(replace(golden.reopened(), handle=over.handle, tried_at=now()))
    assert isinstance(again, Sent)
    (shown,) = one.alerts()
    assert shown["labels"]["incident"] == golden.KEY


@real
def test_incidents_of_a_workflow_are_one_notification(alertmanager, hook):
    one = alertmanager()
    sink = Alertmanager(url=one.url)
    for key in ("inc_1", "inc_2"):
        tell(sink, replace(golden.opened(), key=key), at=now())
    assert len(one.alerts("workflow=lead-qualifier")) == 2
    assert len(one.alerts("incident=inc_1")) == 1
    (told,) = until(lambda: [told for told in heard(hook) if len(told["alerts"]) == 2][:1], lambda: one.log)
    assert told["groupLabels"] == {"workflow": "lead-qualifier"}
    assert {alert["labels"]["incident"] for alert in told["alerts"]} == {"inc_1", "inc_2"}


@real
def test_repeats_keep_an_alert_and_without_them_it_ends_by_itself(alertmanager):
    one = alertmanager()
    sink = Alertmanager(url=one.url)
    soon = now() - HOLDS_S + 8
    kept = tell(sink, replace(golden.opened(), key="inc_kept"), at=soon)
    tell(sink, replace(golden.opened(), key="inc_left"), at=soon)
    assert len(one.alerts()) == 2
    again = sink.send(replace(golden.opened(), key="inc_kept", handle=kept, tried_at=now()))
    assert isinstance(again, Sent)
    shown = until(lambda: only(one.alerts()), one.alerts)
    assert shown["labels"]["incident"] == "inc_kept"
    assert seconds(shown["endsAt"]) > now() + HOLDS_S / 2


@real
def test_a_silence_of_alertmanager_holds_over_repeats(alertmanager):
    one = alertmanager()
    sink = Alertmanager(url=one.url)
    handle = tell(sink, golden.opened(), at=now() - 10)
    one.ask("silence", "add", f"incident={golden.KEY}", "--comment=known", "--author=dana", "--duration=1h")
    until(lambda: one.alerts() == [], one.alerts)
    sink.send(replace(golden.opened(), handle=handle, tried_at=now()))
    assert one.alerts() == []
    (silenced,) = json.loads(one.ask("alert", "query", "--silenced", "--output=json"))
    assert silenced["labels"]["incident"] == golden.KEY


@real
def test_one_of_two_that_is_down_hears_of_it_when_it_is_back(alertmanager):
    one, two = alertmanager(), alertmanager()
    sink = Alertmanager(url=(one.url, two.url))
    two.stop()
    handle = tell(sink, golden.opened(), at=now() - 300)
    assert len(one.alerts()) == 1
    two.start()
    until(two.ready, lambda: two.log)
    assert two.alerts() == []
    assert isinstance(sink.send(replace(golden.opened(), handle=handle, tried_at=now())), Sent)
    assert len(two.alerts()) == 1


@pytest.mark.needs("amtool")
def test_alertmanager_takes_the_routes_of_the_document(need, tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "sinks.md").read_text()
    (block,) = re.findall(r"```yaml\n# alertmanager.yml\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "alertmanager.yml"
    file.write_text(f"{block}receivers: [{{ name: everyone }}, {{ name: on-call }}]\n")
    subprocess.run([need("amtool"), "check-config", file], check=True, capture_output=True, timeout=30)
    route = [need("amtool"), "config", "routes", "test", f"--config.file={file}", "alertname=BellbuoyIncident"]
    for severity, receiver in (("page", "on-call"), ("ticket", "everyone")):
        done = subprocess.run([*route, f"severity={severity}"], check=True, capture_output=True, text=True, timeout=30)
        assert done.stdout.strip() == receiver


@real
def test_a_hostile_page_is_taken(alertmanager):
    one = alertmanager()
    tell(Alertmanager(url=one.url), golden.hostile(), at=now())
    assert len(one.alerts()) == 1
