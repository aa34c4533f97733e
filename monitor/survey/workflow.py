"""A workflow that was seen, as the lines of a configuration."""

import math
import textwrap
from collections.abc import Iterator, Sequence

from bellbuoy.config.quantities import write_duration
from bellbuoy.monitor.survey.scalars import remark, scalar
from bellbuoy.monitor.survey.seen import SourceSeen, StepSeen, SystemSeen, WorkflowSeen

WIDTH = 118
MOST_STEPS = 30
"""Steps that are listed: a list that a person still reads, and a map that fits on a screen."""
RARE, FEW = 0.05, 10
"""Of more than `FEW` names, half of which run in fewer than so many interactions, no list is made: the agent chooses freely."""
LOST = 0.05
"""A step is optional when more of the interactions that ended well lack it: so many may be handed off before it, or lose an event."""
MOST_NAMED, MOST_SYSTEMS, MOST_SOURCES, MOST_ACTING = 5, 20, 10, 3
"""Of common steps, systems, sources and acting steps: what a person reads in one go. How many more there are is told."""
AGES_D = (1, 7, 14, 30, 60, 90, 180)
YEAR_D = 365
BRANCHES = ("clarify", "script", "handoff", "callback")
"""Branches that a configuration can name; `abort` is none that could be tested."""


def comment(text: str, indent: int = 0, *, hang: str = "") -> Iterator[str]:
    """Yield a text as lines of a comment; `hang` stands before all but the first."""
    before = " " * indent + "# "
    lines = textwrap.wrap(
        remark(text).replace(" %", "\xa0%"),
        WIDTH,
        initial_indent=before,
        subsequent_indent=before + hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from (line.replace("\xa0%", " %") for line in lines)


def workflow(seen: WorkflowSeen) -> Iterator[str]:
    """Yield the lines of a workflow, as an entry of `workflows`."""
    yield f"  - name: {scalar(seen.name)}"
    yield from comment(_ends(seen), 4)
    yield from comment(
        "objective: 90% # the share that should end well, for you to say; the steps share it as a budget", 4
    )
    why_not = _why_no_list(seen)
    if why_not:
        yield from comment(f"No `steps` here: {why_not}", 4)
    elif seen.steps:
        yield from _steps(seen)
    yield from _acting(seen.steps)
    yield from _systems(seen.systems)
    yield from _knowledge(seen.sources)


def _ends(seen: WorkflowSeen) -> str:
    many = count(seen.interactions, "interaction")
    if seen.told:
        return f"{many}; {_percent(seen.well / seen.known)} of the {seen.known:,} whose end is known ended well."
    if seen.last is None:
        return f"{many}, and none says how it ended."
    return f"{many}, and none says how it ended; most end with {seen.last}, so what got that far is taken to have ended well."


def _why_no_list(seen: WorkflowSeen) -> str:
    """Return why steps are not listed; nothing where they are."""
    many, rare = len(seen.steps), sum(step.reach < RARE for step in seen.steps)
    reasons = []
    if many > MOST_STEPS:
        reasons.append(f"{many} names are more than anybody reads in a list (at most {MOST_STEPS} are written)")
    if many > FEW and rare > many / 2:
        reasons.append(f"{rare} of the {many} run in fewer than {_percent(RARE)} of the interactions")
    if not reasons:
        return ""
    most = sorted(seen.steps, key=lambda step: -step.reach)[:MOST_NAMED]
    told = ", ".join(f"{step.name} {_percent(step.reach)}" for step in most)
    return (
        f"{', and '.join(reasons)}. The agent seems to choose freely; each step is watched all the same. "
        f"Write `steps: [NAME, …]` where there is an order to keep to. The commonest: {told}."
    )


def _steps(seen: WorkflowSeen) -> Iterator[str]:
    order = "As most interactions run them"
    if seen.kept is not None:
        order += f" ({_percent(seen.kept)} of all their pairs of steps keep to this order)"
    yield from comment(f"{order}. A step that is not in the list opens a ticket.", 4)
    if any(_optional(step) for step in seen.steps):
        which = "ended well" if seen.told else f"got to {seen.last}"
        told = f"`optional`: not all of the {seen.well:,} interactions that {which} have it; beside it the share of those that do."
        yield from comment(told, 4)
    yield "    steps:"
    for step in seen.steps:
        yield f"      - {_step(step)}"


def _optional(step: StepSeen) -> bool:
    return step.well is not None and step.well < 1 - LOST


def _step(step: StepSeen) -> str:
    keys = _keys(step)
    line = scalar(step.name) if len(keys) == 1 else f"{{ {', '.join(keys)} }}"
    return f"{line} # {_percent(step.well)}" if _optional(step) and step.well is not None else line


def _keys(step: StepSeen) -> list[str]:
    """Return what is declared of a step, its name first."""
    branches = [branch for branch in BRANCHES if branch in step.branches]
    keys = [f"name: {scalar(step.name)}"]
    for key, values in (("branches", branches), ("integrations", step.systems)):
        keys += [f"{key}: [{', '.join(map(scalar, values))}]"] if values else []
    return [*keys, "optional: true"] if _optional(step) else keys


def _acting(steps: Sequence[StepSeen]) -> Iterator[str]:
    """Yield what is to be said of steps that act on the world."""
    acting = sorted((step for step in steps if step.acts.classes), key=lambda step: -step.acts.classes.total())
    for step in acting[:MOST_ACTING]:
        acts = step.acts
        did = ", ".join(f"{kind} {many:,} times" for kind, many in acts.classes.most_common(3))
        who = acts.decided_by.most_common(1)[0][0]
        decided = "and the log does not say who decided" if who == "nobody" else f"mostly decided by {who}"
        when = (
            "Any without a human's approval is told at once, unless you write"
            if acts.grave
            else "To be told at once of any without its gate, write"
        )
        yield from comment(f"{step.name} acts: {did}, {acts.approved:,} approved, {decided}. {when}", 4)
        gate = "rule" if who == "rule" else "human"
        yield f"    #   - {{ {', '.join([*_keys(step), 'consequential: true', f'gate: {gate}'])} }}"
    if len(acting) > MOST_ACTING:
        yield from comment(f"{len(acting) - MOST_ACTING} more steps act.", 4)


def _systems(systems: Sequence[SystemSeen]) -> Iterator[str]:
    if not systems:
        return
    yield from comment("Systems that steps call. With `slow_after: 800ms` slower calls count as slow.", 4)
    yield "    integrations:"
    for system in systems[:MOST_SYSTEMS]:
        told = f"{count(system.calls, 'call')}, {_percent(system.failed / system.calls)} failed"
        if system.slow_ms is not None:
            told += f"; 95 of 100 within {write_duration(max(1, round(system.slow_ms)) / 1000)}"
        yield f"      - {{ system: {scalar(system.name)} }} # {told}"
    if len(systems) > MOST_SYSTEMS:
        yield from comment(f"{len(systems) - MOST_SYSTEMS} more systems were called.", 6)


def _knowledge(sources: Sequence[SourceSeen]) -> Iterator[str]:
    if not sources:
        return
    yield from comment(
        "Sources that answers stood on. Declare how old each may be, or its version, and a stale one is told:", 4
    )
    yield "    # knowledge:"
    for source in sources[:MOST_SOURCES]:
        parts, told = [f"source: {scalar(source.name)}"], []
        if source.age_s is not None:
            days = source.age_s / 86_400
            parts.append(f"max_age: {next((age for age in AGES_D if age >= days), YEAR_D * math.ceil(days / YEAR_D))}d")
            told.append(f"at most {days:,.0f} days old when it was used")
        elif source.version is not None:
            parts.append(f"version: {scalar(source.version)}")
        if source.version is not None:
            told.append(f"last of version {source.version}")
        yield f"    #   - {{ {', '.join(parts)} }} # {remark(', '.join(told) or 'the log says neither its version nor its age')}"
    if len(sources) > MOST_SOURCES:
        yield from comment(f"{len(sources) - MOST_SOURCES} more sources were used.", 4)


def _percent(share: float) -> str:
    """Return a share as people read it: `34 %`, `0.4 %`, never 100 where something is missing."""
    text = f"{100 * share:.0f}" if 0.01 <= share <= 0.99 or share in (0, 1) else f"{100 * share:.1f}"
    return f"{'under 0.1' if text == '0.0' else 'over 99.9' if text == '100.0' else text} %"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 call`, `1,024 calls`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
