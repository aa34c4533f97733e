"""What is simulated: a workflow, its steps and their habits while nothing drifts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

StepKind = Literal["llm", "tool", "retrieval", "decision", "route", "handoff", "approval", "memory", "other"]

STAYS = 0.12
"""Share of failed steps after which the interaction goes on instead of ending there."""

RECOVERS = 0.5
"""Share of those that still end well."""

EDGE = 0.35
"""Share of users who leave the script."""


@dataclass(frozen=True, slots=True)
class StepModel:
    """One step and its habits. Rates are shares (0 to 1) of the runs of the step.

    Attributes:
        name: as declared in the workflow.
        success: share of runs that succeed in the end, after retries.
        kind: `step_kind` of its events.
        reach: share of interactions that need the step; below 1 for an optional one.
        reask: share of runs that ask again what was answered; None for a step that asks nothing.
        slot: what a re-ask asks for.
        handoff: share of runs that hand over to a person.
        slow: share of runs slower than `slow_after_ms`.
        retry: share of successes that needed a second attempt.
        duration: mean seconds until the next step.
        branches: failure branches that it can take.
        integrations: pairs (system, operation), one of which an attempt calls.
        sources: knowledge sources that it reads.
        acts: changes the world, with an approval.
        remembers: reads and writes persistent state.
    """

    name: str
    success: float = 0.99
    kind: StepKind = "llm"
    reach: float = 1.0
    reask: float | None = None
    slot: str = ""
    handoff: float = 0.002
    slow: float = 0.02
    slow_after_ms: float = 3000.0
    retry: float = 0.0
    duration: float = 30.0
    branches: tuple[str, ...] = ("clarify",)
    integrations: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    acts: bool = False
    remembers: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a slice: how frequent it is, and by which factor its failures are more frequent than the mean."""

    value: str
    weight: float
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class WorkflowModel:
    """A workflow and the mix of its users.

    Attributes:
        name: as declared.
        steps: in declared order.
        tenants, channels, languages, intents, models: the mix.
        versions: pairs (agent version, day of its roll-out); the first is there from the beginning.
    """

    name: str
    steps: tuple[StepModel, ...]
    tenants: tuple[Choice, ...] = (Choice("acme", 0.5), Choice("globex", 0.3), Choice("initech", 0.2))
    channels: tuple[Choice, ...] = (Choice("phone", 0.72), Choice("web", 0.28, 0.8))
    languages: tuple[Choice, ...] = (Choice("en", 0.7), Choice("de", 0.2, 1.2), Choice("fr", 0.1, 1.2))
    intents: tuple[Choice, ...] = (
        Choice("book_demo", 0.45, 0.8),
        Choice("pricing", 0.30, 1.1),
        Choice("support", 0.15, 1.3),
        Choice("other", 0.10, 1.5),
    )
    models: tuple[Choice, ...] = (Choice("example-large-2", 0.92), Choice("example-small-1", 0.08, 1.3))
    versions: tuple[tuple[str, float], ...] = field(
        default=(("v38", -1e9), ("v39", 12.0), ("v40", 47.0), ("v41", 95.0), ("v42", 185.0), ("v43", 230.0))
    )

    def step(self, name: str) -> StepModel | None:
        """Return the step of this name, or None."""
        return next((step for step in self.steps if step.name == name), None)

    def ends_well(self) -> float:
        """Return the share of interactions that is expected to end well: the product over the steps.

        A failed step spoils the interaction unless it goes on (`STAYS`) and recovers (`RECOVERS`).
        """
        share = 1.0
        for step in self.steps:
            share *= 1.0 - step.reach * (1.0 - step.success) * (1.0 - STAYS * RECOVERS)
        return share


LEAD_QUALIFIER = WorkflowModel(
    name="lead-qualifier",
    steps=(
        StepModel("greet", 0.998, reask=0.004, slot="name", slow_after_ms=2500, duration=12, handoff=0.001),
        StepModel("identify_intent", 0.993, "decision", reask=0.02, slot="intent", duration=25, handoff=0.003),
        StepModel(
            "qualify",
            0.985,
            reask=0.035,
            slot="team_size",
            handoff=0.012,
            slow_after_ms=4000,
            duration=110,
            branches=("clarify", "script", "handoff"),
            sources=("pricing-wiki",),
        ),
        StepModel(
            "off_script",
            0.972,
            reach=0.35,
            reask=0.06,
            slot="question",
            handoff=0.02,
            slow_after_ms=4000,
            duration=60,
            branches=("clarify", "script", "handoff", "callback"),
            sources=("pricing-wiki",),
        ),
        StepModel("hold_state", 0.989, "memory", reask=0.03, slot="budget", duration=20, remembers=True),
        StepModel("route", 0.991, "route", slow_after_ms=1500, duration=8, branches=("script", "handoff")),
        StepModel(
            "execute_action",
            0.991,
            "tool",
            handoff=0.003,
            slow_after_ms=3500,
            retry=0.04,
            duration=20,
            branches=("callback",),
            integrations=(("crm.write", "upsert"), ("calendar.book", "create")),
            acts=True,
        ),
        StepModel("close", 0.9975, slow_after_ms=2500, duration=18, handoff=0.001, branches=("script",)),
    ),
)
"""The inbound lead voice agent: eight steps, 94 % of its interactions end well."""


class DeclaredStep(Protocol):
    """What is read of a step of a configuration."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def branches(self) -> Sequence[str]:
        """Failure branches."""

    @property
    def optional(self) -> bool:
        """May be skipped."""

    @property
    def consequential(self) -> bool:
        """Changes the world."""

    @property
    def integrations(self) -> Sequence[str]:
        """Systems that it calls."""

    @property
    def slow_after(self) -> float | None:
        """Seconds after which a run is slow, or None."""


class DeclaredSource(Protocol):
    """What is read of a knowledge source of a configuration."""

    @property
    def source(self) -> str:
        """Its name."""


class DeclaredWorkflow(Protocol):
    """What is read of a workflow of a configuration."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def steps(self) -> Sequence[DeclaredStep]:
        """Steps in declared order."""

    @property
    def knowledge(self) -> Sequence[DeclaredSource]:
        """Knowledge sources."""


def model_of(workflow: DeclaredWorkflow, ends_well: float = 0.94) -> WorkflowModel:
    """Give a declared workflow sensible habits.

    Args:
        workflow: a workflow of a configuration.
        ends_well: share of interactions that shall end well; shared out evenly over the steps.

    Returns:
        The model. A step that the built-in workflow knows keeps its habits there, but not its success.

    Raises:
        ValueError: the workflow declares no step.
    """
    if not workflow.steps:
        msg = f"workflow {workflow.name!r} declares no steps, so there is nothing to simulate; declare `steps:`"
        raise ValueError(msg)
    reaches = [0.35 if step.optional else 1.0 for step in workflow.steps]
    each = (1.0 - ends_well ** (1.0 / sum(reaches))) / (1.0 - STAYS * RECOVERS)
    sources = tuple(source.source for source in workflow.knowledge)
    steps = tuple(
        _step(declared, min(max(1.0 - each, 0.0), 1.0), reach, sources if number == len(reaches) // 3 else ())
        for number, (declared, reach) in enumerate(zip(workflow.steps, reaches, strict=True))
    )
    return WorkflowModel(name=workflow.name, steps=steps)


def _step(declared: DeclaredStep, success: float, reach: float, sources: tuple[str, ...]) -> StepModel:
    known = LEAD_QUALIFIER.step(declared.name)
    tool = bool(declared.integrations)
    return StepModel(
        declared.name,
        success,
        known.kind if known else ("tool" if tool else "llm"),
        reach=reach,
        reask=known.reask if known else (None if tool else 0.02),
        slot=known.slot if known else "detail",
        handoff=known.handoff if known else 0.003,
        slow_after_ms=1000.0 * declared.slow_after if declared.slow_after else 3000.0,
        retry=0.04 if tool else 0.0,
        duration=known.duration if known else 30.0,
        branches=tuple(branch for branch in declared.branches if branch != "none"),
        integrations=tuple((system, "call") for system in declared.integrations),
        sources=known.sources if known and set(known.sources) <= set(sources) else sources,
        acts=declared.consequential,
        remembers=bool(known and known.remembers),
    )
