"""What a log was seen to hold: plain values, made by `bellbuoy.monitor.survey.tally`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Acts:
    """What a step did to the world.

    Attributes:
        classes: how often it did what (`write`, `money`, …).
        decided_by: how often who decided; who is not said is `nobody`.
        approved: how many of them carry an approval.
        grave: how many need their gate, whatever is configured.
    """

    classes: Counter[str] = field(default_factory=Counter)
    decided_by: Counter[str] = field(default_factory=Counter)
    approved: int = 0
    grave: int = 0


@dataclass(frozen=True, slots=True)
class StepSeen:
    """A step of a workflow.

    Attributes:
        name: as events call it.
        reach: share of the interactions in which it ran.
        well: share of those that ended well in which it ran; None where none is known to have ended well.
        branches: failure branches that it took, the commonest first.
        systems: systems that it called, the commonest first.
        acts: its actions; empty where it has none.
    """

    name: str
    reach: float
    well: float | None
    branches: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    acts: Acts = field(default_factory=Acts)


@dataclass(frozen=True, slots=True)
class SystemSeen:
    """A system that steps called.

    Attributes:
        name: as events call it.
        calls: how many. failed: how many of them did not end `ok`.
        slow_ms: 95 of 100 calls took no longer; None where no call says how long it took.
    """

    name: str
    calls: int
    failed: int
    slow_ms: float | None


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """A source of knowledge that answers stood on.

    Attributes:
        name: as events call it.
        version: the one used last; None where none was named.
        age_s: how old its content was at most when it was used; None where nobody says.
    """

    name: str
    version: str | None
    age_s: float | None


@dataclass(frozen=True, slots=True)
class WorkflowSeen:
    """A workflow.

    Attributes:
        name: as events call it.
        interactions: how many.
        known: how many of them say how they ended. well: how many of these ended well.
        told: whether `well` is what `interaction` events say; else those count that got as far as `last`.
        last: the step with which most interactions end; None without steps.
        steps: in the order in which they run.
        kept: share of the pairs of steps that an interaction has in this order; None where the order is not asked for.
        systems, sources: the commonest first.
    """

    name: str
    interactions: int
    known: int
    well: int
    told: bool
    last: str | None
    steps: tuple[StepSeen, ...]
    kept: float | None
    systems: tuple[SystemSeen, ...]
    sources: tuple[SourceSeen, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """All that was seen.

    Attributes:
        events: how many steps, interactions and outcomes were looked at.
        since, until: the `ts` of the first and of the last one.
        workflows: the one with the most interactions first.
        types: how many events of each type.
        given: how many steps and interactions have a value in a field (`handoff.context_required` inside an object).
        unknown: by type, how many say that nobody knows how they ended.
        mute: the steps that say so most often, by name.
    """

    events: int
    since: datetime
    until: datetime
    workflows: tuple[WorkflowSeen, ...]
    types: Mapping[str, int]
    given: Mapping[str, int]
    unknown: Mapping[str, int]
    mute: tuple[str, ...] = ()

    @property
    def interactions(self) -> int:
        """How many interactions there are in all workflows."""
        return sum(one.interactions for one in self.workflows)

    @property
    def days(self) -> float:
        """How long the log is, in days."""
        return (self.until - self.since).total_seconds() / 86_400
