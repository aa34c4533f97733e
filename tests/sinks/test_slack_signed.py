"""Requests of Slack: only what the app's secret signed, a short while ago, and once."""

import pytest

from bellbuoy.sinks import slack_signed
from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.slack_signed import Signatures, signature

NOW = 1_795_000_000
SECRET, OTHER = Secret("8f742231b10e8888abcd99yyyzzz85a5"), Secret("another")
BODY = b"payload=%7B%7D"


def fault(signatures, *, at=NOW, body=BODY, sent=BODY, secret=SECRET, now=NOW, given=None):
    made = signature(secret, str(at), body) if given is None else given
    return signatures.fault(str(at), made, sent, now)


def test_the_signature_is_that_of_slack_s_own_library():
    from slack_sdk.signature import SignatureVerifier

    made = SignatureVerifier(SECRET.reveal()).generate_signature(timestamp=str(NOW), body=BODY)
    assert signature(SECRET, str(NOW), BODY) == made


def test_a_fresh_request_is_taken_once():
    signatures = Signatures([SECRET])
    assert fault(signatures) is None
    assert fault(signatures) == "replayed"
    assert fault(signatures, now=NOW + 300) == "replayed"
    assert fault(signatures, at=NOW + 1) is None


def test_any_of_several_apps_may_send():
    signatures = Signatures([OTHER, SECRET])
    assert fault(signatures) is None
    assert fault(signatures, secret=OTHER) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": OTHER},
        {"sent": BODY + b" "},
        {"sent": b""},
        {"given": ""},
        {"given": "v0="},
        {"given": "v1=" + signature(SECRET, str(NOW), BODY)[3:]},
        {"given": signature(SECRET, str(NOW), BODY).upper()},
        {"given": signature(SECRET, str(NOW - 1), BODY)},
        {"given": "v0=\u00e9\ud800"},
        {"at": ""},
        {"at": "-1"},
        {"at": "1e9"},
        {"at": "\u0661\u0662"},
        {"at": f"{NOW}.0"},
        {"at": "9" * 5000},
    ],
)
def test_a_forged_request_is_refused_and_leaves_nothing(changed):
    signatures = Signatures([SECRET])
    assert fault(signatures, **changed) == "forged"
    assert fault(signatures) is None


@pytest.mark.parametrize(("seconds", "found"), [(300, None), (301, "stale"), (-300, None), (-301, "stale")])
def test_an_old_request_and_one_of_the_future_are_refused(seconds, found):
    assert fault(Signatures([SECRET]), now=NOW + seconds) == found


def test_what_is_remembered_is_bounded_and_forgotten(monkeypatch):
    monkeypatch.setattr(slack_signed, "REMEMBERED", 3)
    signatures = Signatures([SECRET])
    assert [fault(signatures, at=NOW + n) for n in range(4)] == [None, None, None, "flood"]
    assert fault(signatures, at=NOW + 300, now=NOW + 301) is None, "the first one is forgotten"
