"""The webhook: CloudEvents that a schema accepts, a signature that an independent reader accepts."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import golden_pages as golden
import jsonschema
import pytest
from standardwebhooks import Webhook as Reader
from standardwebhooks import WebhookVerificationError

from bellbuoy.sinks.base import Fact, Refused, Retry, Secret, Sent, Span
from bellbuoy.sinks.testing_receiver import Receiver
from bellbuoy.sinks.webhook import BODY_BYTES, Webhook, event, signature

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CLOUD_EVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "type": {
            "type": "string",
            "pattern": r"^io\.bellbuoy\.(audit|incident\.(opened|acknowledged|updated|resolved))$",
        },
        "subject": {"type": "string", "minLength": 1},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object"},
    },
}


def posted(page, **settings):
    with Receiver() as receiver:
        receipt = Webhook(url=f"{receiver.url}hook", **settings).send(page)
        (request,) = receiver.accepted
    assert receipt == Sent({"version": str(page.version)})
    return request


@pytest.mark.parametrize("name", golden.PAGES)
def test_the_body_is_a_cloud_event(name):
    page = golden.PAGES[name]()
    request = posted(page)
    body = json.loads(request.body)
    jsonschema.validate(body, CLOUD_EVENT, format_checker=jsonschema.FormatChecker())
    assert request.headers["content-type"].startswith("application/cloudevents+json")
    assert body["data"]["headline"] == page.headline
    assert body["id"] == f"{page.key}.{page.version}"


def test_a_reopened_incident_is_opened_again_for_programs():
    assert event(golden.reopened())["type"] == "io.bellbuoy.incident.opened"


def test_an_independent_reader_accepts_the_signature_and_no_changed_byte():
    now = int(datetime.now(UTC).timestamp())
    request = posted(replace(golden.opened(), tried_at=now), secret=Secret(KEY))
    reader = Reader(KEY)
    assert reader.verify(request.body, dict(request.headers))["subject"] == golden.KEY
    with pytest.raises(WebhookVerificationError):
        reader.verify(request.body.replace(b"94.8", b"94.9", 1), dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        reader.verify(request.body, {**request.headers, "webhook-timestamp": str(now + 1)})


def test_a_key_that_is_plain_text_signs_as_it_stands():
    one = signature(Secret("plain"), "a.1", 5, b"x")
    assert one == signature(Secret("plain"), "a.1", 5, b"x")
    assert one["webhook-signature"] != signature(Secret("other"), "a.1", 5, b"x")["webhook-signature"]
    assert signature(Secret("whsec_not base64"), "a", 1, b"")["webhook-signature"].startswith("v1,")


def test_without_a_key_nothing_is_signed():
    assert not [name for name in posted(golden.opened()).headers if name.startswith("webhook-")]


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"]
)
def test_no_page_goes_to_a_metadata_service(address):
    receipt = Webhook(url=f"http://{address}/latest/meta-data").send(golden.opened())
    assert isinstance(receipt, Refused)
    assert receipt.reason == "blocked"


def test_a_page_too_large_is_cut_and_keeps_its_sentence():
    many = tuple(Fact("slice", (Span("x" * 1000),)) for _ in range(5000))
    page = replace(golden.opened(), facts=many, findings=many, data={"x": ["y" * 100] * 10_000})
    request = posted(page)
    assert len(request.body) <= BODY_BYTES + 2000
    assert json.loads(request.body)["data"]["summary"] == page.summary


@pytest.mark.parametrize("url", ["", "ftp://example.com/", "http://", "example.com/hook"])
def test_an_address_that_is_none_is_refused_when_it_is_built(url):
    with pytest.raises(ValueError, match="webhook"):
        Webhook(url=url)


def test_the_address_is_not_shown_whole():
    assert "token=abc" not in repr(Webhook(url="https://example.com/hook?token=abc"))


def test_nobody_there_is_worth_another_try():
    assert Webhook(url="http://127.0.0.1:9/").send(golden.opened()) == Retry(None, "unreachable")
