"""Apprise: the battery over its `json://`, one text and a chart for each change, and what is said where it is missing."""

import base64
import json
import sys
from dataclasses import replace

import golden_pages as golden
import pytest

from bellbuoy.config.errors import ConfigError
from bellbuoy.config.load import load_text
from bellbuoy.sinks.apprise import BODY, Apprise, body
from bellbuoy.sinks.base import Retry, Secret, Sent
from bellbuoy.sinks.testing import Check, battery
from bellbuoy.sinks.testing_receiver import Fault, Receiver

CONFIG = """\
version: 1
sources: [{ http: {} }]
sinks: { rest: { apprise: { urls: [{ env: APPRISE_URL }] } } }
routes: [{ to: [rest] }]
"""


@pytest.fixture
def library(need, monkeypatch):
    """The library, from a folder of its own: the checkout is without it."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(need("apprise"))])


def real(test):
    for mark in (
        pytest.mark.needs("apprise"),
        pytest.mark.usefixtures("library"),
        pytest.mark.filterwarnings("ignore:.*slated for removal:DeprecationWarning"),  # what the library imports
    ):
        test = mark(test)
    return test


def address(url, secret="planted"):
    scheme = {"http": "json", "https": "jsons"}[url.partition(":")[0]]
    return Secret(f"{scheme}://user:{secret}@{url.partition('//')[2]}?cto=0.3&rto=0.3")


def made(url, secret):
    return Apprise(urls=(address(url, secret.reveal()),))


@real
@pytest.mark.parametrize("check", battery("apprise", made, blind=True), ids=str)
def test_contract(check: Check) -> None:
    check.run()


@real
def test_a_change_is_a_title_a_text_and_the_chart():
    with Receiver() as receiver:
        assert Apprise(urls=(address(receiver.url),)).send(golden.opened()) == Sent({"version": "1"})
        said = json.loads(receiver.accepted[0].body)
    assert (said["title"], said["type"]) == (golden.opened().headline, "warning")
    assert said["message"].splitlines()[0] == golden.opened().summary
    (chart,) = said["attachments"]
    assert (chart["filename"], chart["mimetype"]) == ("chart.png", "image/png")
    assert base64.b64decode(chart["base64"]).startswith(b"\x89PNG")


@real
def test_no_redirect_is_followed():
    with Receiver() as one, Receiver() as other:
        one.fail(Fault(status=307, headers={"Location": other.url}))
        assert Apprise(urls=(address(one.url),)).send(golden.chartless()) == Retry(
            None, "no_answer", {"version": "0", "sending": "1", "done": ""}
        )
        assert other.requests == []


@real
def test_what_kind_of_news_it_is():
    with Receiver() as receiver:
        for page in (golden.raised(), golden.resolved(), replace(golden.chartless(), severity="watch")):
            Apprise(urls=(address(receiver.url),)).send(page)
        assert [json.loads(one.body)["type"] for one in receiver.accepted] == ["failure", "success", "info"]


@real
def test_a_service_that_took_the_change_is_not_sent_it_again_when_another_failed():
    with Receiver() as one, Receiver() as two:
        sink = Apprise(urls=(address(one.url), address(two.url)))
        two.fail(Fault(status=500))
        first = sink.send(golden.chartless())
        assert first == Retry(None, "no_answer", {"version": "0", "sending": "1", "done": "0"})
        assert sink.send(replace(golden.chartless(), handle=first.handle)) == Sent({"version": "1"})
        assert (len(one.accepted), len(two.accepted)) == (1, 1)
        newer = replace(golden.chartless(), version=2, handle=first.handle)
        assert sink.send(newer) == Sent({"version": "2"})
        assert (len(one.accepted), len(two.accepted)) == (2, 2), "news goes to both"


@real
def test_an_address_that_apprise_does_not_know_is_refused_and_not_shown():
    with pytest.raises(ConfigError, match="does not know what address 1 means") as problem:
        load_text(CONFIG, environ={"APPRISE_URL": "planted-4711"})
    assert "planted" not in str(problem.value)


@real
def test_it_is_built_from_the_configuration():
    assert load_text(CONFIG, environ={"APPRISE_URL": "json://127.0.0.1/"}).sinks["rest"].kind == "apprise"


def test_a_missing_library_is_told_with_the_way_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match=r"(?s):3:.*pip install 'bellbuoy\[apprise\]'"):
        load_text(CONFIG, environ={"APPRISE_URL": "json://127.0.0.1/"})


def test_no_address_is_refused():
    with pytest.raises(ValueError, match="`urls` of apprise is empty"):
        Apprise(urls=())


@pytest.mark.parametrize("page", [golden.opened(), golden.hostile(), golden.hostile(100_000)])
def test_the_text_is_short_and_calls_nobody(page):
    text = body(page)
    assert len(text) <= BODY
    assert not set("@<>") & set(text.replace(golden.BASE, ""))
    assert "\n\n" not in text


def test_the_text():
    assert body(golden.acknowledged()).splitlines() == [
        golden.acknowledged().summary,
        "".join(span.text for span in golden.opened().impact),
        "acknowledged by dana: rolling back v41",
        "Success: 94.8 % → 85.9 % (−8.9 pt; 95 % interval −10.4 … −7.3)",
        "Trials: 1,876 since the onset · 139,620 in the baseline",
        "Re-ask: 4.1 % → 11.9 % ▲",
        "Handoff: 6.0 % → 6.3 % (steady)",
        "Error budget, 30 d: 61 % spent · burning 5.8×",
        "Evidence: 61.4 nats, threshold 12.9 (2 false pages in 30 d, whole fleet)",
        "Where: agent_version=v41 holds 98 % of the change (79.3 % against 94.4 % on v40)",
        "Just before: deploy v41 Fri 23:52 · pricing-wiki is 97 d old (limit 30 d)",
        "Ruled out: crm.write 99.6 % · calendar.book p95 410 ms · mix of intents",
        f"Open incident: {golden.BASE}/i/{golden.KEY}",
        f"12 failed interactions: {golden.BASE}/i/{golden.KEY}/samples",
        "Runbook: https://wiki.example.com/runbooks/qualify",
    ]
