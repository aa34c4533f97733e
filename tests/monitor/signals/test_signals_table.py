"""Every built-in signal, event by event: is it a trial, and is it a bad one?"""

import re

import pytest

from bellbuoy.config.signals import BUILT_IN
from bellbuoy.monitor.signals import EXPLODED
from bellbuoy.monitor.store.amending.interactions import SAID
from bellbuoy.monitor.store.amending.overlay import SHOWN

pytestmark = pytest.mark.store

NO, GOOD, BAD = None, (1, 0), (1, 1)

STEP = {"type": "step"}
END = {"type": "interaction"}
TS = "2026-11-22T10:00:00Z"


def failed(outcome):
    return {"outcome": outcome}


def call(**fields):
    return {"integration": {"system": "crm", "status": "ok", **fields}}


def knows(*sources):
    return {"ts": TS, "knowledge": list(sources)}


def acts(step="book", /, outcome="success", **fields):
    return {"ts": TS, "step": step, "outcome": outcome, "action": {"class": "write", **fields}}


def approved(**fields):
    return {"approval": {"status": "approved", "decided_at": "2026-11-22T09:59:00Z", **fields}}


OUTCOMES = [
    (failed("success"), GOOD),
    (failed("failure"), BAD),
    (failed("timeout"), BAD),
    (failed("abandoned"), BAD),
    (failed("cancelled"), NO),
    (failed("skipped"), NO),
    (failed("unknown"), NO),
    (failed("failure") | {"demo": True}, NO),
    (failed("failure") | {"environment": "staging"}, NO),
]
ENDS = [(END | event, counted) for event, counted in OUTCOMES]

CASES = {
    "step_failure": [
        *OUTCOMES,
        (failed("failure") | {"retried": True}, NO),
        (failed("failure") | {"attempt": 2}, BAD),
        (END | failed("failure"), NO),
    ],
    "first_try_failure": [
        *OUTCOMES,
        (failed("failure") | {"retried": True}, BAD),
        (failed("failure") | {"attempt": 2}, NO),
    ],
    "retry": [({}, GOOD), ({"attempt": 2}, BAD), (failed("skipped"), GOOD), (END, NO)],
    "outcome_unknown": [
        (failed("unknown"), BAD),
        (failed("failure"), GOOD),
        (END | failed("unknown"), BAD),
        (END, GOOD),
    ],
    "false_success": [({}, NO), ({"outcome_source": "human"}, NO)],
    "reask": [({}, NO), ({"reask": False}, GOOD), ({"reask": True}, BAD), ({"reask": True, "demo": True}, NO)],
    "context_lost": [({}, NO), ({"context_lost": False}, GOOD), ({"context_lost": True}, BAD)],
    "state_lost": [
        ({}, NO),
        ({"state_read_ok": True}, GOOD),
        ({"state_write_ok": False}, BAD),
        ({"state_read_ok": False, "state_write_ok": True}, BAD),
        ({"state_read_ok": True, "state_write_ok": True}, GOOD),
    ],
    "context_pressure": [
        ({"context_tokens": 90}, NO),
        ({"context_tokens": 79, "context_window": 100}, GOOD),
        ({"context_tokens": 80, "context_window": 100}, BAD),
        ({"context_tokens": 1, "context_window": 100, "compactions": 1}, BAD),
        ({"context_tokens": 1, "context_window": 100, "context_truncated": True}, BAD),
        ({"context_tokens": 1, "context_window": 0}, NO),
    ],
    "low_confidence": [
        ({}, NO),
        ({"confidence": 0.6}, GOOD),
        ({"confidence": 0.59}, BAD),
        ({"confidence": 0.1, "confident": True}, GOOD),
        ({"confident": False}, BAD),
        ({"workflow": "other", "confidence": 0.55}, GOOD),
    ],
    "guess": [
        ({"confidence": 0.9}, NO),
        ({"confidence": 0.2}, BAD),
        ({"confidence": 0.2, "failure_branch": "clarify"}, GOOD),
        ({"confident": False, "proceeded": False}, GOOD),
        ({"confident": False, "proceeded": True}, BAD),
    ],
    "fallback": [({}, NO), ({"confidence": 0.9}, GOOD), ({"failure_branch": "script"}, BAD)],
    "branch_failure": [
        ({"failure_branch": "callback"}, NO),
        ({"failure_branch": "callback", "branch_target_met": True}, GOOD),
        ({"failure_branch": "callback", "branch_target_met": False}, BAD),
        ({"branch_target_met": False}, NO),
    ],
    "handoff_incomplete": [
        ({"handoff": {}}, NO),
        ({"handoff": {"context_required": 6, "context_passed": 6}}, GOOD),
        ({"handoff": {"context_required": 6, "context_passed": 5}}, BAD),
        ({"handoff": {"context_required": 6}}, BAD),
        ({"handoff": {"accepted": False}}, BAD),
        (END | {"handoff": {"accepted": True}}, GOOD),
    ],
    "misroute": [
        ({"route": {"chosen": "a"}}, NO),
        ({"route": {"chosen": "a", "expected": "a"}}, GOOD),
        ({"route": {"chosen": "a", "expected": "b"}}, BAD),
    ],
    "unknown_step": [({}, GOOD), ({"step": "upsell"}, BAD), ({"workflow": "other"}, NO), (END, NO)],
    "slow": [({"latency_ms": 1e6}, NO)],
    "steps": [({}, GOOD), (failed("unknown"), GOOD), (END, NO), ({"demo": True}, NO)],
    "interaction_failure": [*ENDS, (failed("failure"), NO)],
    "abandoned": [
        (END, GOOD),
        (END | failed("failure"), GOOD),
        (END | failed("abandoned"), BAD),
        (END | failed("unknown"), NO),
    ],
    "missing_step": [
        (END, GOOD),  # until the whole of its interaction is looked at
        (END | failed("failure"), NO),
        (END | {"demo": True}, NO),
        (END | {"workflow": "other"}, NO),
        ({}, NO),
    ],
    "handoff": [
        (END, GOOD),
        (END | {"handoff": {}}, BAD),
        (END | {"handoff": {"to": "queue"}}, BAD),
        (END | {"handoff": {"to": "agent"}}, GOOD),
        ({"handoff": {}}, NO),
    ],
    "edge_share": [(END, NO), (END | {"path": "happy"}, GOOD), (END | {"path": "edge"}, BAD)],
    "edge_failure": [
        (END | {"path": "edge"}, GOOD),
        (END | failed("failure") | {"path": "edge"}, BAD),
        (END | failed("failure"), NO),
    ],
    "happy_failure": [(END | {"path": "happy"}, GOOD), (END | failed("failure") | {"path": "happy"}, BAD), (END, NO)],
    "interactions": [(END, GOOD), (END | failed("unknown"), GOOD), ({}, NO)],
    "integration_failure": [
        ({}, NO),
        (call(), GOOD),
        (call(status="error"), BAD),
        (call(status="timeout"), BAD),
        (call(status="error") | {"demo": True}, NO),
    ],
    **{
        f"integration_{kind}": [
            (call(), GOOD),
            (call(status="error", error_class=kind), BAD),
            (call(status="error") | {"error_class": kind}, BAD),
            (call(status="error", error_class="policy") | {"error_class": kind}, GOOD),
            (call(status="ok", error_class=kind), GOOD),
        ]
        for kind in ("auth", "rate_limit", "timeout", "schema", "server", "network")
    },
    "integration_slow": [
        (call(latency_ms=800), GOOD),
        (call(latency_ms=801), BAD),
        (call(latency_ms=9000, system="other"), NO),
        (call(latency_ms=9000) | {"workflow": "other"}, NO),
        (call(), NO),
    ],
    "token_expiry": [
        (call(), NO),
        (call(token_expires_at="2027-11-22T10:00:00Z"), GOOD),
        (call(token_expires_at="2026-11-29T10:00:00Z") | {"ts": TS}, BAD),
        (call(token_expires_at="2026-11-29T10:00:01Z") | {"ts": TS}, GOOD),
        (call(token_expires_at="2026-11-25T10:00:00Z", system="calendar") | {"ts": TS}, GOOD),
        (call(token_expires_at="2026-11-24T10:00:00Z", system="calendar") | {"ts": TS}, BAD),
    ],
    "token_expired": [
        (call(token_expires_at="2026-11-22T10:00:01Z") | {"ts": TS}, GOOD),
        (call(token_expires_at="2026-11-22T10:00:00Z") | {"ts": TS}, BAD),
    ],
    "stale_source": [
        (knows({"source": "wiki", "as_of": "2026-10-23T10:00:00Z"}), GOOD),
        (knows({"source": "wiki", "as_of": "2026-10-23T09:59:59Z"}), BAD),
        (knows({"source": "faq", "version": "7"}), GOOD),
        (knows({"source": "faq", "version": "6"}), BAD),
        (knows({"source": "faq", "version": "7", "as_of": "2026-10-01T00:00:00Z"}), BAD),
        (knows({"source": "wiki"}), NO),
        (knows({"source": "loose", "as_of": TS}), NO),
        (knows({"source": "wiki", "as_of": TS}) | {"workflow": "other"}, NO),
        ({}, NO),
    ],
    "unpinned_source": [
        (knows({"source": "wiki", "as_of": TS}), GOOD),
        (knows({"source": "wiki"}), BAD),
        (knows({"source": "wiki", "version": "3"}), BAD),
        (knows({"source": "loose", "version": "3", "as_of": TS}), BAD),
        (knows({"source": "hearsay", "as_of": TS}), BAD),
        (knows({"source": "hearsay"}) | {"workflow": "other"}, NO),
    ],
    "ungated_action": [
        (acts("greet"), NO),
        (acts("greet", consequential=False), NO),
        (acts("greet", consequential=True), BAD),
        (acts("greet", **{"class": "money"}), BAD),
        (acts("greet", **{"class": "money"}, **approved()), GOOD),
        (acts("refund", decided_by="rule"), GOOD),
        (acts("refund", decided_by="human"), GOOD),
        (acts("refund", decided_by="model"), BAD),
        (acts("refund", **approved()), BAD),
        (acts(**approved()), GOOD),
        (acts(**approved(expires_at="2026-11-22T10:00:00Z")), GOOD),
        (acts(**approved(expires_at="2026-11-22T09:59:59Z")), BAD),
        (acts(**approved(decided_at="2026-11-22T10:00:01Z")), BAD),
        (acts(args_hash="a", **approved(args_hash="a")), GOOD),
        (acts(args_hash="a", **approved(args_hash="b")), BAD),
        (acts(args_hash="a", **approved()), BAD),
        *((acts(approval={"status": status}), BAD) for status in ("rejected", "expired", "auto", "missing")),
        (acts(outcome="skipped"), NO),
        (acts(outcome="cancelled"), NO),
        (acts() | {"demo": True}, NO),
    ],
    "model_decided": [
        (acts(decided_by="rule"), GOOD),
        (acts(decided_by="human"), GOOD),
        (acts(decided_by="model"), BAD),
        (acts(), BAD),
        (acts("greet"), NO),
    ],
}


def test_every_signal_is_in_the_table():
    assert list(CASES) == [signal.name for signal in BUILT_IN]


CASES_SQL = (
    "SELECT e.attributes['case']::INT, t.bad FROM trials t JOIN events e USING (interaction_id) WHERE signal = ?"
)


@pytest.mark.parametrize("signal", CASES)
def test_signal_counts_what_it_says(counted, signal):
    cells = counted([event for event, _ in CASES[signal]])
    trials = dict(counted.store.cursor().execute(CASES_SQL, [signal]).fetchall())
    found = [(1, int(trials[place])) if place in trials else NO for place in range(len(CASES[signal]))]
    assert found == [count for _, count in CASES[signal]]
    own = [count for (name, _), count in cells.items() if name == signal]
    assert [sum(column) for column in zip(*own, strict=True)] == ([len(trials), sum(trials.values())] if trials else [])


def test_no_trial_of_a_source_depends_on_what_is_said_of_an_event_later():
    later = {*SAID, *SHOWN, "handoff", "route"}
    sources = [one for one in BUILT_IN if one.level == EXPLODED]
    assert sources
    for signal in sources:
        assert not later & set(re.findall(r"\w+", f"{signal.trial} {signal.bad}")), signal.name


def test_each_source_of_an_event_is_a_trial_of_its_own(counted):
    cells = counted([knows({"source": "wiki", "as_of": TS}, {"source": "faq", "version": "6"}, {"source": "hearsay"})])
    assert {key[1]: value for key, value in cells.items() if key[0] == "stale_source"} == {"wiki": GOOD, "faq": BAD}
    assert {key[1]: value for key, value in cells.items() if key[0] == "unpinned_source"} == {
        "wiki": GOOD,
        "faq": GOOD,
        "hearsay": BAD,
    }


def test_a_series_is_named_after_what_its_signal_is_about(counted):
    cells = counted([call(status="error") | {"step": "route"}, acts("refund")])
    names = {key[0]: key[1] for key in cells}
    assert names["integration_failure"] == "crm"
    assert names["ungated_action"] == "write"
    assert names["step_failure"] in ("route", "refund")
