"""Pages of every kind of incident as a person reads them, from counts that are given."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bellbuoy.config.load import load_text
from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.explain.page import Context, explain
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.sinks.terminal import terminal

GOLDEN = Path(__file__).parents[2] / "golden" / "monitor" / "explained.txt"
DAY, HOUR = 86400, 3600
ONSET = 1_795_215_600
AT = ONSET + 9 * HOUR
CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
workflows: [{ name: calls, objective: 90%, steps: [greet, qualify, route, close] }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
detectors:
  - { name: steps, signal: step_failure, by: [workflow, step], kind: rate_shift, slices: [agent_version, tenant, channel] }
  - { name: month-one, signal: step_failure, by: [workflow, step], kind: slow_drift }
  - { name: ends, signal: interaction_failure, by: [workflow], kind: rate_shift, slices: [agent_version, tenant, channel] }
  - { name: objective, signal: interaction_failure, by: [workflow], kind: burn }
  - { name: volume, signal: interactions, by: [workflow], kind: volume }
  - { name: silence, signal: interactions, by: [workflow], kind: silence }
"""
BEFORE = {"greet": 100, "qualify": 150, "route": 100, "close": 100, None: 50}


class Given:
    """A reader of given counts: 10,000 interactions before the onset, 1,000 since."""

    def __init__(self, since, parts=(), days=()):
        whole = {"signal": "interaction_failure", "step": None, "n_before": 10_000, "bad_before": sum(BEFORE.values())}
        rates = [whole | {"n_since": 1_000, "bad_since": sum(since.values()), "n_week": 5_000, "bad_week": 500}]
        rates += [
            {
                "signal": "step_failure", "step": step, "n_before": 10_000, "bad_before": BEFORE[step],
                "n_since": 1_000, "bad_since": since[step], "n_week": 5_000, "bad_week": 5 * since[step],
            }
            for step in list(BEFORE)[:4]
        ]  # fmt: skip
        first = [{"bad": True, "step": step, "n_before": BEFORE[step], "n_since": since[step]} for step in BEFORE]
        good = {"n_before": 10_000 - sum(BEFORE.values()), "n_since": 1_000 - sum(since.values())}
        self.answers = {
            "explain/rates": rates,
            "explain/first_failures": [{"bad": False, "step": None, **good}, *first],
            "explain/slices": list(parts),
            "explain/buckets": list(days),
        }

    def rows(self, name, /, **_):
        return self.answers.get(name, [])


def slice_row(name, value, n_before, bad_before, n_since, bad_since):
    return {
        "slice": name, "value": value, "n_before": n_before, "bad_before": bad_before, "n_since": n_since,
        "bad_since": bad_since,
    }  # fmt: skip


def member(detector, signal, step, rate, now, n=1_000, **more):
    low, high = now - rate - 0.02, now - rate + 0.03
    why = f"{100 * now:.1f} % of {n:,} trials bad since 00:00, {100 * rate:.1f} % is normal"
    direction = more.pop("direction", 1)
    verdict = Verdict("worse", AT, ONSET, rate, now, low, high, n, int(now * n), 41.3, 12.9, why)
    return Member(Watched(detector, SeriesKey(signal, "calls", step), direction), replace(verdict, **more), AT)


def page(reader, *members, resolved=False, severity="page"):
    context = Context.of(load_text(CONFIG))
    incident = Incident("inc_0123456789", "calls", "open", severity, members, AT - HOUR, ONSET, number=1)
    kind = "opened"
    if resolved:
        incident = replace(
            incident, state="resolved", resolved_at=AT, members=tuple(replace(one, resolved_at=AT) for one in members)
        )
        kind = "resolved"
    return explain(reader, context, Change(kind, AT, incident, None, "reason"), "default")


ENDS = member("ends", "interaction_failure", None, 0.05, 0.145)
QUALIFY = member("steps", "step_failure", "qualify", 0.015, 0.11)
ONE = {"greet": 10, "qualify": 110, "route": 9, "close": 11, None: 5}
ALL = {"greet": 32, "qualify": 37, "route": 32, "close": 30, None: 14}
TENANTS = [
    slice_row("tenant", "acme", 3_000, 45, 300, 96),
    slice_row("tenant", "other", 7_000, 105, 700, 14),
    slice_row("agent_version", "v40", 9_000, 135, 500, 56),
    slice_row("agent_version", "v41", 1_000, 15, 500, 54),
    slice_row("channel", "phone", 6_000, 90, 600, 66),
    slice_row("channel", "web", 4_000, 60, 400, 44),
]
MIX = [slice_row("channel", "phone", 7_000, 140, 300, 6), slice_row("channel", "web", 3_000, 360, 700, 84)]
DAYS = [{"at": ONSET + place * DAY, "n": 400, "bad": 12 + place} for place in range(40)]


def pages():
    nan = float("nan")
    volume = member(
        "volume", "interactions", None, 9.5, 3.4, direction=-1, measure="volume", change_low=-0.71, change_high=-0.55,
        why="367 trials since 00:00 where 1,026 were expected, 64.2 % fewer (95 % interval −71 % to −55 %)",
    )  # fmt: skip
    silence = member(
        "silence", "interactions", None, 9.5, 0.0, n=0, measure="silence", least="page", change_low=nan, change_high=nan,
        why="no trial since 00:00, 85 were expected",
    )  # fmt: skip
    drift = replace(member("month-one", "step_failure", "qualify", 0.03, 0.08, n=16_000), joined_at=AT)
    stale = replace(QUALIFY, verdict=replace(QUALIFY.verdict, state="stale"))
    at_last = Given(ONE, days=DAYS)
    yield "an end-to-end fall that one step carries, found end to end alone", page(Given(ONE), ENDS)
    yield "a fall of a step and of the whole, most of it at one tenant", page(Given(ONE, TENANTS), QUALIFY, ENDS)
    yield "a decay of all steps, though one of them opened as well", page(Given(ALL), QUALIFY, ENDS)
    yield "more of what always went worse", page(Given({**ONE, "qualify": 20}, MIX), ENDS)
    yield "a slow drift", _later(at_last, drift)
    yield "less than is normal", page(Given(ONE), volume)
    yield "as much as normal again", page(Given(ONE), _over(volume), resolved=True)
    yield "nothing", page(Given(ONE), silence)
    yield "an objective that burns", page(Given(ONE), member("objective", "interaction_failure", None, 0.1, 0.3))
    yield "a step that was taken out", page(Given(ONE), stale, resolved=True)


def _over(one):
    return replace(
        one, verdict=replace(one.verdict, state="steady", current_rate=9.3, change_low=-0.06, change_high=0.03)
    )


def _later(reader, one):
    context = Context.of(load_text(CONFIG))
    later = ONSET + 40 * DAY
    incident = Incident("inc_0123456789", "calls", "open", "ticket", (one,), ONSET + 9 * DAY, ONSET, number=2)
    return explain(reader, context, Change("updated", later, incident, None, "reason"), "anchor")


@pytest.mark.golden
def test_pages_of_every_kind_as_a_person_reads_them():
    text = "\n".join(f"# {what}\n{terminal(one, width=110, colour=False)}" for what, one in pages())
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_the_step_that_carries_a_fall_leads_and_a_decay_of_all_leads_with_the_whole():
    assert page(Given(ONE), QUALIFY, ENDS).headline == "qualify fell from 98.5 % to 89.0 %"
    assert page(Given(ONE), ENDS).headline.endswith("to 85.5 %, most of it in qualify")
    assert page(Given(ALL), QUALIFY, ENDS).headline == (
        "interactions that end well fell from 95.0 % to 85.5 %, spread over all steps"
    )
    greet = member("steps", "step_failure", "greet", 0.01, 0.02)
    assert page(Given(ONE), greet, QUALIFY, ENDS).headline == "qualify fell from 98.5 % to 89.0 %"
