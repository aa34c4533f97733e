"""What a map holds: plain values, the same over HTTP, in a file and in every drawing.

Shares and rates are 0 to 1, instants epoch seconds. None means: not known.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bellbuoy.detectors.against import Standing

Ending: TypeAlias = Literal["well", "badly", "open"]
"""How an interaction ended; `open`: not yet, or nobody says."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate and its 95 % interval."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BranchTaken:
    """A failure branch of a step.

    Attributes:
        name: clarify, script, handoff, callback or abort.
        declared: it is one of the step's `branches`; None where the workflow declares no steps.
        n: how often it was taken; 0: never in this span.
        share: of the step's events.
        last_at: when last; None where never in this span.
    """

    name: str
    declared: bool | None
    n: int
    share: float
    last_at: int | None


@dataclass(frozen=True, slots=True)
class Touched:
    """A system that a step calls, or a knowledge source that it stands on.

    Attributes:
        kind: integration or source.
        name: as events call it.
        declared: it is one of the step's `integrations`; None for a source, and where the step declares none.
        n: events with it; 0: never in this span.
        bad: calls that failed; answers on a source that is not fresh.
        state: the newest: of a source fresh, stale, other_version, unpinned or undeclared; of a system that of its token, valid,
            expiring or expired; None where nothing is said of it.
        token_ends_at: when the token ends, where the newest call says so.
    """

    kind: Literal["integration", "source"]
    name: str
    declared: bool | None
    n: int
    bad: int
    state: str | None
    token_ends_at: int | None


@dataclass(frozen=True, slots=True)
class MappedStep:
    """One step.

    Attributes:
        name, number: the number counts from 1 in the order of the map; None for a step that is not in the map.
        declared: it is in the workflow's `steps`; None where the workflow declares none.
        optional: as declared, or learned: at least 1 % of the interactions that ended well did without it.
        events: that were counted, retries too.
        reach: share of interactions in which it ran.
        trials: attempts whose end is known, without those that were retried.
        ok: share of them that went well, with its interval; None where no end is known.
        standing: against the rate that every step needs: ok, at_limit, below or too_few; None without an objective.
        gap: ok minus the rate that it needs.
        if_perfect: what the whole would gain if this step never failed.
        at_budget: what the whole would gain if this step met the rate that it needs; None unless it is below.
        runs: how often it ran in an interaction that ran it at all, retries apart. looped: share of these in which it ran again.
        reask: share of its questions that had been answered already; None where it asks nothing.
        handoff: share of the interactions with it that it handed to a person or a queue.
        skipped: share of interactions that say that they skipped it.
        not_confident: share of its events that were not confident; None where it does not say.
        gate: who decides before it acts, as declared.
        branches: declared ones first. touches: the most used first.
    """

    name: str
    number: int | None
    declared: bool | None
    optional: bool
    events: int
    reach: float
    trials: int
    ok: Rate | None
    standing: Standing | None
    gap: float | None
    if_perfect: float | None
    at_budget: float | None
    runs: float | None
    looped: float
    reask: float | None
    handoff: float
    skipped: float
    not_confident: float | None
    gate: Literal["rule", "human"] | None
    branches: tuple[BranchTaken, ...]
    touches: tuple[Touched, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """That one step followed another, in the order of events.

    Attributes:
        source: the step before; None: the interaction began.
        target: the step after; None: the interaction ended, or goes on.
        ending: how, where `target` is None.
        share: of the interactions that took this way at least once.
    """

    source: str | None
    target: str | None
    ending: Ending | None
    share: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Why observed and compounded are not the same; shares of the interactions whose end is known.

    Attributes:
        points: observed minus compounded; = recovered - outside + together.
        proven: it is larger than the two intervals allow.
        outside: ended badly although no step failed. outside_by: by outcome; `relabelled` are those that the producer called a
            success until somebody knew better.
        recovered: ended well although a step failed.
        together: what is left: above 0, failures fall in the same interactions; below 0, steps that run again can fail again.
    """

    points: float
    proven: bool
    outside: float
    outside_by: dict[str, float]
    recovered: float
    together: float


@dataclass(frozen=True, slots=True)
class Lever:
    """Where an hour of work gains most.

    Attributes:
        step: the one whose repair gains most: to the rate that it needs where one is below it, else to perfection.
        gain: what the whole gains by it.
        to_budget: the gain is that of meeting its budget.
        below: all steps below the rate that they need. together: what the whole gains if all of them meet it.
    """

    step: str
    gain: float
    to_budget: bool
    below: tuple[str, ...]
    together: float | None


@dataclass(frozen=True, slots=True)
class Map:
    """A workflow in a span.

    Attributes:
        workflow, title: its name, and its name for people, which may be empty.
        since, until: the span; `until` is outside of it.
        events_since: the oldest instant of which events are kept, where that is inside the span; None: all are there.
        every: reach, ways and ends are those of every so manieth interaction; 1: of all.
        interactions: that were seen. without_steps: share of them of which no step was seen.
        ended: whose end is known.
        objective: share that is to end well; None: none is declared. needed: the rate that every step then needs.
        depth: how many steps an interaction runs, the sum of the reach of the steps in the map.
        compounded: what the steps' rates multiply to; None where no end of a step is known.
        observed: share of interactions that ended well; None where no end is known.
        difference: why the two are not the same; None where one of them is not known.
        lever: where repair gains most; None where no step fails.
        declared: whether the workflow declares steps; if not, their order is learned.
        order_kept: of all pairs of steps in all interactions the share that ran in the order that was learned; None where it
            is declared, or nothing ran after another.
        steps: in the order of the map. unmapped: seen but not declared, the most frequent first.
        unseen: declared and not seen in this span.
        edges: ways from step to step, the most used first, without those under 1 %. edges_left_out: how many these are.
    """

    workflow: str
    title: str
    since: int
    until: int
    events_since: int | None
    every: int
    interactions: int
    without_steps: float
    ended: int
    objective: float | None
    needed: float | None
    depth: float
    compounded: Rate | None
    observed: Rate | None
    difference: Difference | None
    lever: Lever | None
    declared: bool
    order_kept: float | None
    steps: tuple[MappedStep, ...]
    unmapped: tuple[MappedStep, ...]
    unseen: tuple[str, ...]
    edges: tuple[Edge, ...]
    edges_left_out: int
