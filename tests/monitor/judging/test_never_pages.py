"""What must not happen, from the event to the page: at the next tick, with one event, on the first day."""

import json

import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.demo import STREAM
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.sources.base import Chunk
from bellbuoy.monitor.store import Store

TICK = 300
START = 1795341600  # 2026-11-22T10:00:00Z
CONFIG = load_text("""
version: 1
sources: [{ files: { path: none.jsonl } }]
workflows:
  - name: lead
    trace_url: "https://traces.example.com/of/{interaction_id}"
    steps: [greet, { name: pay, consequential: true, gate: human, integrations: [bank.pay] }]
    knowledge: [{ source: wiki, max_age: 30d }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
""")


@pytest.fixture
def told():
    """Feed events, each with its second after the start, and return what is told of the ticks up to another second."""
    with Store.open(None, CONFIG.store) as store:
        store.follow(CONFIG)
        evaluation, sent = Evaluation(store, CONFIG), [0]

        def feed(events, until):
            lines = []
            for second, event in events:
                sent[0] += 1
                whole = {
                    "type": "step",
                    "interaction_id": f"c{sent[0]}",
                    "workflow": "lead",
                    "step": "pay",
                    "outcome": "success",
                }
                lines.append(json.dumps(whole | {"ts": (START + second) * 1000} | event).encode())
            chunk = Chunk(STREAM, range(sent[0] - len(lines), sent[0]), lines, sent[0])
            at = (START + until) * 1_000_000
            store.append(decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=at, limits=Limits()))
            return [(change, page) for change, page in evaluation.advance(START + until)]

        yield feed


def pays(**approval):
    given = {"approval": {"status": "approved", **approval}} if approval else {}
    return {"action": {"class": "money", **given}, "content_ref": "https://traces.example.com/1"}


GOOD = pays(decided_at="2026-11-22T09:00:00Z")


def test_one_action_without_its_approval_is_a_page_at_its_tick(told):
    assert told([(second, GOOD) for second in range(0, 290, 10)], TICK) == []
    [(change, page)] = told([(310, GOOD), (320, pays())], 2 * TICK)
    assert (change.kind, change.incident.severity, change.incident.opened_at) == ("opened", "page", START + 2 * TICK)
    assert page.headline == "ungated money actions: 1 of 2"
    assert [(fact.label, "".join(span.text for span in fact.value)) for fact in page.facts] == [
        ("Ungated actions", "1 of 2; none may be")
    ]
    found = {fact.label: fact.value for fact in page.findings}
    assert "".join(span.text for span in found["Of what kind"]) == "ungated 1 of 1"
    assert found["Newest"][0].text == "c31"
    assert found["Newest"][0].url == "https://traces.example.com/1"
    assert page.chart is None


def test_where_events_have_no_link_the_workflow_has_one(told):
    [(_, page)] = told([(10, {"action": {"class": "money"}, "interaction_id": "call 1/2"})], TICK)
    found = {fact.label: fact.value for fact in page.findings}
    assert (found["Newest"][0].text, found["Newest"][0].url) == (
        "call 1/2",
        "https://traces.example.com/of/call%201%2F2",
    )


def test_it_is_told_once_and_ends_after_a_quiet_day(told):
    [(opened, _)] = told([(10, pays())], TICK)
    assert told([(310 + 600 * number, pays()) for number in range(20)], 86400 // 2) == []
    [(change, page)] = told([(86400 // 2 + 5, GOOD)], 2 * 86400)
    assert change.kind == "resolved"
    assert change.incident.id == opened.incident.id
    assert page.headline == "ungated money actions: none any more"


def test_a_token_that_runs_out_is_a_ticket_and_one_that_did_a_page_of_the_same_incident(told):
    def call(ends):
        return {"integration": {"system": "bank.pay", "status": "ok", "token_expires_at": ends}}

    assert told([(10, call("2026-12-22T10:00:00Z"))], TICK) == []
    [(change, page)] = told([(310, call("2026-11-22T11:00:00Z"))], 2 * TICK)
    assert (change.incident.severity, page.headline) == ("ticket", "the token of bank.pay: 1 of 1")
    [(change, page)] = told([(3700, call("2026-11-22T11:00:00Z"))], 3700 // TICK * TICK + TICK)
    assert (change.kind, change.incident.severity, change.raised) == ("updated", "page", True)
    assert page.headline == "the expired token of bank.pay: 1 of 1"


def test_a_source_that_went_stale_is_a_ticket_and_each_further_one_its_own(told):
    def stands_on(*sources):
        return {"knowledge": [{"source": name, "as_of": "2026-10-01T00:00:00Z"} for name in sources]}

    [(change, page)] = told([(10, stands_on("wiki"))], TICK)
    assert (change.incident.severity, page.headline) == ("ticket", "stale answers from wiki: 1 of 1")
    assert told([(310, stands_on("wiki"))], 2 * TICK) == []
    [(change, page)] = told([(610, stands_on("wiki", "hearsay"))], 3 * TICK)
    assert (change.kind, page.headline) == ("opened", "unpinned answers from hearsay: 1 of 1")


def test_steps_that_nobody_declared_are_one_incident(told):
    changes = told([(10, {"step": "upsell"}), (20, {"step": "upsell_again"}), (30, {})], TICK)
    assert [change.kind for change, _ in changes] == ["opened"]
    [(_, page)] = changes
    assert page.severity == "ticket"
    assert {member.watched.series.step for member in changes[0][0].incident.members} == {"upsell", "upsell_again"}
