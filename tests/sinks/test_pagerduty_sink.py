"""PagerDuty: events that its schema takes, one incident under one key, people called when they are needed."""

from dataclasses import replace

import golden_pages as golden
import jsonschema
import pytest
from fake_pagerduty import BYTES, KNOWN, FakePagerDuty

from bellbuoy.sinks.base import Fact, Link, News, Refused, Retry, Secret, Sent, Span
from bellbuoy.sinks.pagerduty import PagerDuty, action, event
from bellbuoy.sinks.testing_receiver import Fault, Receiver

KEY = "R0123456789abcdef0123456789abcde"


@pytest.fixture
def fake():
    with FakePagerDuty(KEY) as server:
        yield server


def sink(fake, key=KEY):
    return PagerDuty(Secret(key), api_url=f"{fake.url}v2/enqueue")


def tell(fake, *pages):
    """Send the pages in order, each with the handle of the one before, and return PagerDuty's incident."""
    handle = None
    for page in pages:
        receipt = sink(fake).send(replace(page, handle=handle))
        assert receipt == Sent({"version": str(page.version)})
        handle = receipt.handle
    return fake.incidents.get(golden.KEY)


@pytest.mark.parametrize("name", golden.PAGES)
def test_every_page_is_an_event_of_the_published_schema(fake, name):
    for handle in (None, {"version": "0"}):
        assert isinstance(sink(fake).send(replace(golden.PAGES[name](), handle=handle)), Sent)


def test_an_incident_is_triggered_acknowledged_resolved_and_called_for_again(fake):
    shown = tell(fake, golden.opened(), golden.raised(), golden.acknowledged(), golden.resolved(), golden.reopened())
    assert shown.log == ["trigger", "trigger", "acknowledge", "resolve", "trigger"]
    assert (shown.status, shown.calls, shown.severity) == ("triggered", 2, "critical")
    assert len(fake.incidents) == 1


@pytest.mark.parametrize(("severity", "there"), [("page", "critical"), ("ticket", "warning"), ("watch", "info")])
def test_severities(fake, severity, there):
    assert tell(fake, replace(golden.opened(), severity=severity)).severity == there


def test_what_was_taken_or_over_before_it_arrived_calls_nobody(fake):
    assert tell(fake, golden.acknowledged()) is None
    assert tell(fake, golden.resolved()) is None
    assert len(fake.accepted) == 2


def test_while_it_is_muted_nobody_is_called_and_afterwards_they_are(fake):
    """What comes back while it is muted waits; an end and an acknowledgement are told."""
    one = sink(fake)
    first = one.send(golden.opened())
    over = one.send(replace(golden.resolved(), muted=True, news=(), handle=first.handle))
    assert (fake.incidents[golden.KEY].status, over.handle["version"]) == ("resolved", "4")
    back = one.send(replace(golden.reopened(), muted=True, news=(), handle=over.handle))
    assert back == over
    assert fake.incidents[golden.KEY].calls == 1
    one.send(replace(golden.reopened(), handle=back.handle))
    assert (fake.incidents[golden.KEY].status, fake.incidents[golden.KEY].calls) == ("triggered", 2)


def test_people_are_called_when_it_gets_worse_in_somebodys_hands():
    worse = replace(golden.acknowledged(), version=4, change="updated", handle={"version": "3"})
    assert action(worse) == "acknowledge"
    assert action(replace(worse, news=(News(4, 5, "ticket → page", raised=True),))) == "trigger"
    assert action(replace(worse, handle=None)) == "trigger", "a route that leads here only now"


def test_a_page_of_any_size_stays_within_the_limits(fake):
    many = tuple(Fact(f"slice {n}", (Span("🛟" * 10_000),)) for n in range(3000))
    links = tuple(Link("🛟" * 500, f"https://example.com/{'x' * 2900}{n}") for n in range(300))
    news = tuple(News(n, 5, "🛟" * 9000) for n in range(2, 400))
    page = replace(golden.opened(), key="k" * 999, summary="s" * 5000, facts=many, links=links, news=news)
    receipt = sink(fake).send(replace(page, workflow="w" * 9999, data={"step": "s" * 9999, "signal": 5}))
    assert isinstance(receipt, Sent)
    assert len(fake.accepted[0].body) < BYTES / 2


def test_a_hostile_page_is_text(fake):
    assert isinstance(sink(fake).send(golden.hostile()), Sent)


def test_the_fake_refuses_what_the_schema_does_not_know():
    good = {"routing_key": KEY, **event(golden.opened())}
    jsonschema.validate(good, KNOWN)
    payload = good["payload"]
    for wrong in (
        {**good, "payload": {**payload, "summary": "x" * 1025}},
        {**good, "payload": {**payload, "severity": "page"}},
        {**good, "payload": {name: value for name, value in payload.items() if name != "source"}},
        {**good, "dedup_key": "x" * 256},
        {**good, "event_action": "close"},
        {**good, "extra": 1},
        {"routing_key": KEY, "event_action": "trigger", "dedup_key": "x"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, KNOWN)


def test_a_wrong_routing_key_is_told_without_the_key(fake):
    receipt = sink(fake, "S" * 32).send(golden.opened())
    assert isinstance(receipt, Refused)
    assert receipt.reason == "auth"
    assert "routing_key" in receipt.why
    assert "S" * 32 not in receipt.why


def test_another_400_says_what_pagerduty_says(fake):
    fake.fail(Fault(status=400, body=b'{"status":"invalid event","errors":["summary is missing"]}'))
    receipt = sink(fake).send(golden.opened())
    assert isinstance(receipt, Refused)
    assert (receipt.reason, "summary is missing" in receipt.why) == ("invalid_page", True)


def test_the_pace_of_pagerduty_is_kept(fake):
    fake.fail(Fault(status=429, headers={"Retry-After": "30"}), Fault(status=500))
    assert sink(fake).send(golden.opened()) == Retry(30.0, "rate_limited")
    assert sink(fake).send(golden.opened()) == Retry(None, "server_error")
    assert tell(fake, golden.opened()).calls == 1


def test_a_lost_answer_calls_nobody_twice(fake):
    fake.fail(Fault("reset_after"))
    assert sink(fake).send(golden.opened()) == Retry(None, "no_answer")
    shown = tell(fake, replace(golden.opened(), attempt=2))
    assert (shown.calls, len(fake.incidents)) == (1, 1)


def test_another_server_that_says_yes_to_everything_is_not_pagerduty():
    with Receiver() as receiver:
        receipt = PagerDuty(Secret(KEY), api_url=receiver.url).send(golden.opened())
    assert isinstance(receipt, Refused)
    assert (receipt.reason, "api_url" in receipt.why) == ("not_found", True)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"routing_key": Secret("")}, "`routing_key` of pagerduty is empty"),
        ({"routing_key": Secret(KEY), "api_url": "events.pagerduty.com"}, "must be an http"),
    ],
)
def test_what_can_never_send_is_refused_when_it_is_built(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        PagerDuty(**settings)
