"""Events in, a survey out: what runs, in which order, and how it ends."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from bellbuoy.monitor.store.adding.derived import GRAVE
from bellbuoy.monitor.survey.order import Course, ordered
from bellbuoy.monitor.survey.seen import Acts, SourceSeen, StepSeen, Survey, SystemSeen, WorkflowSeen

Row = Mapping[str, Any]
"""An event as a row of `events_raw`; a field that it has not may be absent or None."""

KNOWN = frozenset({"success", "failure", "timeout", "abandoned"})
MOST_ORDERED = 60
"""Names of steps whose order is asked for: a list that a person reads is shorter, and the work grows with their cube."""
INSIDE = {
    "handoff": ("context_required", "accepted"),
    "knowledge": ("version", "as_of"),
    "route": ("expected",),
}
"""Fields inside objects that are looked for."""
LATE = {"reask": "reask", "route_expected": "route.expected", "handoff_accepted": "handoff.accepted"}
"""What outcomes say later, and the field that it stands for."""
_PLAIN = (
    "agent_version", "model", "prompt_version", "intent", "channel", "content_ref", "latency_ms", "reask", "slots_asked", "confidence",
    "confident", "context_lost", "handoff", "integration", "knowledge", "route", "action",
)  # fmt: skip
_MUTE = 2
"""Steps without a known end that are named."""


@dataclass(slots=True)
class _Interaction:
    ran: list[tuple[int, datetime, int, str]] = field(default_factory=list)
    outcome: str | None = None

    def course(self) -> Course:
        """Return its steps by `step_index`, then time, then arrival."""
        return tuple(dict.fromkeys(step for *_, step in sorted(self.ran)))


@dataclass(slots=True)
class _System:
    calls: int = 0
    failed: int = 0
    took_ms: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Source:
    uses: int = 0
    at: datetime | None = None
    version: str | None = None
    age_s: float | None = None

    def take(self, at: datetime, used: Row) -> None:
        """Take in one use of it."""
        self.uses += 1
        if self.at is None or at >= self.at:
            self.at, self.version = at, used.get("version")
        if used.get("as_of") is not None:
            self.age_s = max(self.age_s or 0.0, (at - used["as_of"]).total_seconds())


@dataclass(slots=True)
class _Workflow:
    interactions: defaultdict[str, _Interaction] = field(default_factory=lambda: defaultdict(_Interaction))
    branches: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    called: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    acts: defaultdict[str, Acts] = field(default_factory=lambda: defaultdict(Acts))
    systems: defaultdict[str, _System] = field(default_factory=lambda: defaultdict(_System))
    sources: defaultdict[str, _Source] = field(default_factory=lambda: defaultdict(_Source))


def survey(rows: Iterable[Row]) -> Survey:
    """Return what the events show.

    Args:
        rows: events, in any order between interactions; at least one.
    """
    workflows: defaultdict[str, _Workflow] = defaultdict(_Workflow)
    types: Counter[str] = Counter()
    given: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    mute: Counter[str] = Counter()
    times: list[datetime] = []
    for number, row in enumerate(rows):
        kind = row["type"]
        types[kind] += 1
        times.append(row["ts"])
        workflow = workflows[row["workflow"]]
        interaction = workflow.interactions[row["interaction_id"]]
        if kind == "outcome":
            given.update(field for name, field in LATE.items() if row.get(name) is not None)
            if row.get("step") is None and row.get("of_event_id") is None and row.get("outcome") is not None:
                interaction.outcome = row["outcome"]
            continue
        given.update(_given(row))
        if row["outcome"] == "unknown":
            unknown[kind] += 1
        if kind == "interaction":
            interaction.outcome = interaction.outcome or row["outcome"]
            continue
        step, index = row["step"], row.get("step_index")
        interaction.ran.append((0 if index is None else index, row["ts"], number, step))
        mute[step] += row["outcome"] == "unknown"
        _note(workflow, step, row)
    return Survey(
        events=sum(types.values()),
        since=min(times),
        until=max(times),
        workflows=tuple(
            _workflow(name, workflow)
            for name, workflow in sorted(workflows.items(), key=lambda one: (-len(one[1].interactions), one[0]))
        ),
        types=types,
        given=given,
        unknown=unknown,
        mute=tuple(step for step, many in mute.most_common(_MUTE) if many),
    )


def _given(row: Row) -> Iterable[str]:
    """Yield the fields in which an event has a value, of those that a survey asks for."""
    if row.get("failure_branch") == "handoff":
        yield "handoff"
    for name in _PLAIN:
        value = row.get(name)
        if value is None:
            continue
        yield name
        parts = value if isinstance(value, list) else [value]
        for inner in INSIDE.get(name, ()):
            if any(part.get(inner) is not None for part in parts):
                yield f"{name}.{inner}"


def _note(workflow: _Workflow, step: str, row: Row) -> None:
    """Take in what an event of a step says beside its step."""
    branch = row.get("failure_branch") or "none"
    if branch != "none":
        workflow.branches[step][branch] += 1
    call = row.get("integration")
    if call is not None:
        workflow.called[step][call["system"]] += 1
        system = workflow.systems[call["system"]]
        system.calls += 1
        system.failed += call["status"] != "ok"
        if call.get("latency_ms") is not None:
            system.took_ms.append(call["latency_ms"])
    action = row.get("action")
    if action is not None:
        acts = workflow.acts[step]
        acts.classes[action["class"]] += 1
        acts.decided_by[action.get("decided_by") or "nobody"] += 1
        acts.grave += bool(action["class"] in GRAVE or action.get("consequential"))
        acts.approved += (action.get("approval") or {}).get("status") == "approved"
    for used in row.get("knowledge") or ():
        workflow.sources[used["source"]].take(row["ts"], used)


def _workflow(name: str, seen: _Workflow) -> WorkflowSeen:
    courses = {key: one.course() for key, one in seen.interactions.items()}
    lasts = Counter(max(one.ran)[-1] for one in seen.interactions.values() if one.ran)
    last = lasts.most_common(1)[0][0] if lasts else None
    told = any(one.outcome in KNOWN for one in seen.interactions.values())
    if told:
        well = [key for key, one in seen.interactions.items() if one.outcome == "success"]
    else:
        well = [key for key, one in seen.interactions.items() if one.ran and max(one.ran)[-1] == last]
    ran = Counter(chain.from_iterable(courses.values()))
    among = Counter(chain.from_iterable(courses[key] for key in well))
    steps, kept = sorted(ran, key=lambda step: (-ran[step], step)), None
    if len(steps) <= MOST_ORDERED:
        steps, kept = ordered(Counter(course for course in courses.values() if course))
    many = len(seen.interactions)
    return WorkflowSeen(
        name=name,
        interactions=many,
        known=sum(one.outcome in KNOWN for one in seen.interactions.values()),
        well=len(well),
        told=told,
        last=last,
        steps=tuple(
            StepSeen(
                step,
                ran[step] / many,
                among[step] / len(well) if well else None,
                tuple(branch for branch, _ in seen.branches[step].most_common()),
                tuple(system for system, _ in seen.called[step].most_common()),
                seen.acts[step],
            )
            for step in steps
        ),
        kept=kept,
        systems=tuple(
            SystemSeen(system, one.calls, one.failed, _slow(one.took_ms))
            for system, one in sorted(seen.systems.items(), key=lambda item: (-item[1].calls, item[0]))
        ),
        sources=tuple(
            SourceSeen(source, one.version, one.age_s)
            for source, one in sorted(seen.sources.items(), key=lambda item: (-item[1].uses, item[0]))
        ),
    )


def _slow(took_ms: list[float]) -> float | None:
    """Return the time that 95 of 100 calls do not pass."""
    return sorted(took_ms)[max(0, -(-len(took_ms) * 95 // 100) - 1)] if took_ms else None
