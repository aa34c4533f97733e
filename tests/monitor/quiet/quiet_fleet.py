"""A fleet of agents that says in its log all that the signals read: what is normal for it, and what may go wrong.

A day is a function of the seed, the workflow and its habits: days of two habits differ only in what the habits make differ.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

DAY = 86_400
START = 1_790_812_800
"""2026-10-01T00:00:00Z"""
LABEL_D = 2
"""Days after which people say where a lead belonged and whether a success was one."""
STREAM = Stream("kafka", "agent.interactions", 0, "1")
SPACING_S = 20
EDGE = 0.35
SPAN_S = DAY - 10 * SPACING_S

Event = dict[str, Any]
Draws = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Habits:
    """What a workflow does. Shares are of the runs of the step, 0 to 1; the values here are those of good days.

    Attributes:
        fails: of each step; `qualify_fails`: of `qualify` beside that, errors of the model.
        new_prompt: share of calls with prompt p8 instead of p7; `reasks_new`: re-asks of `qualify` under it.
        reasks: re-asks of `qualify` that are stated; `asks_filled`: those of `close` that follow from its slots.
        guesses: of the unsure runs of `identify_intent`.
        unsure: of the runs of `identify_intent`; `hands_off`: of the runs of `qualify`.
        passes_all: handoffs that carry all of their context.
        kept: callbacks of `off_script` that are kept.
        forgets, loses_state: of the runs of `hold_state`.
        context: how full the window is at `close`, in the mean.
        misroutes: wrong buckets; `demotes`: good leads that go to the worse one; `false_success`: successes that people find to be none.
        errors: failed calls of the system `error_system`, of class `error_class`; `goes_on`: the step does without.
        retries: runs of `execute_action` that work only the second time.
        call_ms, route_ms: usual latency of `calendar.book`, of `route`.
        token_days: until the token of `crm.write` ends; `wiki_days`: age of the wiki.
        hearsay: answers that stand on a source that nobody declared too.
        ungated: deposits of the day without their approval; `model_decides`: bookings.
        upsells: runs of a step that nobody declared.
        holds: runs of `hold_state` that happen; `known`: interactions that say how they ended.
        abandons: of the interactions; `edge_fails`: of those off the script.
        hangs: interactions that stop in the middle, and say nothing of it; `leaves_out`: those that end well without `route`.
        volume: interactions against the usual number.
    """

    fails: float = 0.01
    qualify_fails: float = 0.01
    new_prompt: float = 0.0
    reasks_new: float = 0.03
    reasks: float = 0.03
    asks_filled: float = 0.04
    unsure: float = 0.35
    guesses: float = 0.06
    hands_off: float = 0.3
    passes_all: float = 0.95
    kept: float = 0.92
    forgets: float = 0.02
    loses_state: float = 0.02
    context: float = 0.62
    misroutes: float = 0.04
    demotes: float = 0.0
    false_success: float = 0.04
    errors: float = 0.02
    error_system: str = "crm.write"
    error_class: str = "server"
    goes_on: bool = False
    retries: float = 0.04
    call_ms: float = 600.0
    route_ms: float = 700.0
    token_days: float = 90.0
    wiki_days: float = 5.0
    hearsay: float = 0.0
    ungated: int = 0
    model_decides: float = 0.0
    upsells: float = 0.0
    holds: float = 1.0
    known: float = 0.99
    abandons: float = 0.04
    edge_fails: float = 0.08
    hangs: float = 0.0
    leaves_out: float = 0.01
    volume: float = 1.0


@dataclass(frozen=True, slots=True)
class Fleet:
    """Workflows that all have the same eight steps.

    Attributes:
        seed: of all that is drawn.
        workflows: their names.
        per_day: interactions of each a day.
    """

    seed: int
    workflows: tuple[str, ...] = ("lead", "care")
    per_day: int = 150

    def day(self, number: int, workflow: str, habits: Habits, before: Habits) -> list[bytes]:
        """Return the log of a workflow on a day, with the labels that its people give to an earlier one.

        Args:
            number: of the day, from 0.
            workflow: one of the fleet's.
            habits: of that day.
            before: those of the day that is labelled.
        """
        draw = _Draw(self.seed, workflow, number, self.per_day)
        events = [one for place in range(round(self.per_day * habits.volume)) for one in _call(draw, place, habits)]
        if number >= LABEL_D and habits.volume:
            labelled = _Draw(self.seed, workflow, number - LABEL_D, self.per_day)
            events += _labels(labelled, before, number)
        events.sort(key=lambda one: int(one["ts"]))
        return [msgspec.json.encode(one) for one in events]

    def append(self, store: Store, number: int, habits: dict[str, Habits], before: dict[str, Habits]) -> None:
        """Append a day of all workflows to a store; `habits` of those that are not named are good."""
        good = Habits()
        lines = [
            line
            for one in self.workflows
            for line in self.day(number, one, habits.get(one, good), before.get(one, good))
        ]
        first = number * 1_000_000
        chunk = Chunk(STREAM, range(first, first + len(lines)), lines, first + len(lines))
        at = end(number) * 1_000_000
        store.append(decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=at, limits=Limits()))


def end(number: int) -> int:
    """Return the end of a day, epoch seconds."""
    return START + (number + 1) * DAY


class _Draw:
    """What chance does to each interaction of a day, by name."""

    def __init__(self, seed: int, workflow: str, day: int, size: int) -> None:
        self.workflow, self.day, self.size = workflow, day, size
        self._key = (seed, zlib.crc32(workflow.encode()), day)
        self._drawn: dict[str, Draws] = {}

    def __call__(self, name: str, place: int) -> float:
        """Return a number between 0 and 1."""
        drawn = self._drawn.get(name)
        if drawn is None:
            drawn = np.random.default_rng((*self._key, zlib.crc32(name.encode()))).random(self.size)
            self._drawn[name] = drawn
        return float(drawn[place])

    def pick(self, name: str, place: int, values: tuple[str, ...]) -> str:
        return values[int(self(name, place) * len(values))]

    def spread(self, name: str, place: int, middle: float, sigma: float) -> float:
        """Return a number around `middle`, its logarithm nearly normal: the mean of four draws."""
        whole = sum(self(f"{name}{k}", place) for k in range(4)) - 2.0
        return middle * float(np.exp(sigma * whole / 0.577))

    def name(self, place: int) -> str:
        return f"{self.workflow}-{self.day}-{place}"

    def begins(self, place: int) -> int:
        return START + self.day * DAY + int(self("begins", place) * SPAN_S)


def _call(draw: _Draw, place: int, habits: Habits) -> Iterator[Event]:
    """Yield the events of an interaction: its steps until one fails for good, and its end."""
    edge = draw("edge", place) < EDGE
    prompt = "p8" if draw("prompt", place) < habits.new_prompt else "p7"
    common = {
        "interaction_id": draw.name(place),
        "workflow": draw.workflow,
        "channel": draw.pick("channel", place, ("phone", "chat")),
        "intent": draw.pick("intent", place, ("demo", "price", "support")),
        "model": draw.pick("model", place, ("m1", "m2")),
        "agent_version": "v3",
        "prompt_version": prompt,
        "path": "edge" if edge else "happy",
    }
    gone = draw("gone", place) < habits.abandons
    leaves = int(draw("leaves", place) * 8) if gone else 99
    hangs = 1 + int(draw("hangs-at", place) * 5) if draw("hangs", place) < habits.hangs else 99
    at, outcome = draw.begins(place), "success"
    for index, (step, fields) in enumerate(_steps(draw, place, habits, prompt, edge=edge)):
        if index == hangs:
            return
        if index == leaves:
            outcome = "abandoned"
            break
        base = {
            "type": "step",
            "ts": at * 1000,
            "step": step,
            "step_index": index,
            "outcome": "success",
            "latency_ms": round(draw.spread(f"ms-{step}", place, 400.0, 0.3), 1),
            "context_window": 100_000,
            "context_tokens": round(draw.spread("tokens", place, 1e5 * habits.context * (0.3 + 0.1 * index), 0.1)),
        }
        again = fields.pop("again", None)
        if again is not None:
            yield common | base | fields | {"outcome": "failure"} | again
            at += SPACING_S // 2
            base |= {"ts": at * 1000, "attempt": 2}
        if draw(f"fails-{step}", place) < habits.fails and "outcome" not in fields:
            fields |= {"outcome": "failure", "error_class": "other"}
        yield common | base | fields
        at += SPACING_S
        if fields.get("outcome") == "failure":
            outcome = "failure"
            break
    if outcome == "success" and edge and draw("edge-fails", place) < habits.edge_fails:
        outcome = "failure"
    if draw("known", place) >= habits.known:
        outcome = "unknown"
    yield common | {"type": "interaction", "ts": at * 1000, "outcome": outcome}


def _steps(draw: _Draw, place: int, habits: Habits, prompt: str, *, edge: bool) -> Iterator[tuple[str, Event]]:
    """Yield each step of an interaction with what it says beside the usual."""
    now = draw.begins(place)
    yield "greet", {"slots_asked": ["email"], "slots_filled": ["email"]}
    yield "identify_intent", _intent(draw, place, habits)
    yield "qualify", _qualify(draw, place, habits, prompt, now)
    if edge:
        kept = draw("kept", place) < habits.kept
        yield "off_script", {"failure_branch": "callback", "branch_target_met": kept}
    if draw("holds", place) < habits.holds:
        yield (
            "hold_state",
            {
                "context_lost": draw("forgets", place) < habits.forgets,
                "state_read_ok": True,
                "state_write_ok": draw("loses", place) >= habits.loses_state,
            },
        )
    if draw("upsells", place) < habits.upsells:
        yield "upsell", {}
    if draw("leaves-out", place) >= habits.leaves_out:
        yield (
            "route",
            {
                "route": {"chosen": _chosen(draw, place, habits)},
                "latency_ms": round(draw.spread("route-ms", place, habits.route_ms, 0.3), 1),
            },
        )
    yield "execute_action", _act(draw, place, habits, now)
    slots = ["email"] if draw("asks", place) < habits.asks_filled else ["date"]
    yield "close", {"slots_asked": slots, "slots_filled": slots} | _deposit(draw, place, habits)


def _intent(draw: _Draw, place: int, habits: Habits) -> Event:
    if draw("unsure", place) >= habits.unsure:
        return {"confidence": 0.9}
    return {"confidence": 0.3, "failure_branch": "none" if draw("guess", place) < habits.guesses else "clarify"}


def _qualify(draw: _Draw, place: int, habits: Habits, prompt: str, now: int) -> Event:
    reask = draw("reask", place) < (habits.reasks_new if prompt == "p8" else habits.reasks)
    sources = [
        {"source": "pricing-wiki", "as_of": int(now - habits.wiki_days * DAY) * 1000},
        {"source": "product-faq", "version": "2026-10"},
    ]
    if draw("hearsay", place) < habits.hearsay:
        sources.append({"source": "old-intranet"})
    fields: Event = {"reask": reask, "knowledge": sources} | ({"reask_slot": "budget"} if reask else {})
    if draw("hands", place) < habits.hands_off:
        passed = 4 if draw("passes", place) < habits.passes_all else 1
        handoff = {"to": "human", "target": "sales", "context_required": 4, "context_passed": passed}
        fields |= {"failure_branch": "handoff", "handoff": handoff}
    if draw("qualify-fails", place) < habits.qualify_fails:
        fields |= {"outcome": "failure", "error_class": "model"}
    return fields


def _chosen(draw: _Draw, place: int, habits: Habits) -> str:
    if draw("demotes", place) < habits.demotes:
        return "nurture"
    other = {"sales": "nurture", "nurture": "sales"}
    right = _right(draw, place)
    return other[right] if draw("misroutes", place) < habits.misroutes else right


def _right(draw: _Draw, place: int) -> str:
    return "sales" if draw("right", place) < 0.7 else "nurture"


def _act(draw: _Draw, place: int, habits: Habits, now: int) -> Event:
    system = draw.pick("system", place, ("crm.write", "calendar.book"))
    usual = system != habits.error_system
    wrong = draw("errors", place) < (Habits().errors if usual else habits.errors)
    kind = "server" if usual else habits.error_class
    call = {
        "system": system,
        "operation": "create",
        "status": ("timeout" if kind == "timeout" else "error") if wrong else "ok",
        "latency_ms": round(
            draw.spread("call-ms", place, habits.call_ms if system == "calendar.book" else 300.0, 0.3), 1
        ),
        "token_expires_at": int(now + (habits.token_days if system == "crm.write" else 90.0) * DAY) * 1000,
    }
    decides = "model" if draw("decides", place) < habits.model_decides else "rule"
    fields: Event = {"integration": call, "action": {"class": "write", "decided_by": decides}}
    if wrong:
        failed = {} if habits.goes_on else {"outcome": "failure", "error_class": kind}
        return fields | {"integration": call | {"error_class": kind}} | failed
    return fields | ({"again": {"error_class": "schema"}} if draw("retries", place) < habits.retries else {})


def _deposit(draw: _Draw, place: int, habits: Habits) -> Event:
    if draw("deposit", place) >= 0.2:
        return {}
    first = sum(draw("deposit", one) < 0.2 for one in range(place))
    given = {} if first < habits.ungated else {"approval": {"status": "approved", "approver_role": "sales"}}
    return {"action": {"class": "money", "decided_by": "model"} | given}


def _labels(draw: _Draw, habits: Habits, number: int) -> Iterator[Event]:
    """Yield what people say, on a day, of the interactions of an earlier one: a sample of them, and all routes."""
    for place in range(round(draw.size * habits.volume)):
        at = START + number * DAY + int(draw("labelled", place) * SPAN_S)
        base = {"type": "outcome", "ts": at * 1000, "interaction_id": draw.name(place), "workflow": draw.workflow}
        events = list(_call(draw, place, habits))
        if any(one.get("step") == "route" for one in events):
            yield base | {"step": "route", "route_expected": _right(draw, place)}
        if (events[-1]["type"], events[-1]["outcome"]) == ("interaction", "success") and draw("sampled", place) < 0.5:
            false = draw("false", place) < habits.false_success
            yield base | {"outcome": "failure" if false else "success", "outcome_source": "human"}


def worse(**habits: Any) -> Habits:
    """Return the habits of good days but for some."""
    return replace(Habits(), **habits)
