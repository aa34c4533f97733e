"""What the configuration says of workflows, in the form in which arriving events are looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bellbuoy.config.model import Workflow

CONFIDENT_BELOW = 0.5
CLOSES_AFTER_S = 1800.0
"""Silence after which an interaction is over, where nothing is configured."""
WARNING_S = 7 * 86400.0
"""How long before its end a token is about to run out, where nothing is configured."""

Gate = Literal["rule", "human"]


@dataclass(frozen=True, slots=True)
class Pin:
    """What is declared of a source of knowledge.

    Attributes:
        version: the one that is meant to be in use; None: any.
        max_age_s: age from which its content is stale, seconds; None: none is.
    """

    version: str | None = None
    max_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class System:
    """What is declared of an integration.

    Attributes:
        slow_after_ms: latency from which a call is slow; None: none is.
        warning_s: how long before its end a token is about to run out, seconds.
    """

    slow_after_ms: float | None = None
    warning_s: float = WARNING_S


@dataclass(frozen=True, slots=True)
class Rules:
    """All that is declared; a workflow that is not has no rules but the usual ones.

    Attributes:
        confident_below: by workflow, the `confidence` under which a step is not confident.
        steps: names by workflow, of those whose steps are declared.
        required: names of the steps without which no interaction ends well, in their order, by workflow, of those that have any.
        closes_after: by workflow, the seconds of silence after which an interaction is over.
        sources: what is declared of each source, by workflow, of those that declare any.
        systems: by (workflow, system).
        consequential: (workflow, step) that are.
        gates: who decides before it acts, by (workflow, step); a human, where nothing is said.
    """

    confident_below: Mapping[str, float] = field(default_factory=dict)
    steps: Mapping[str, frozenset[str]] = field(default_factory=dict)
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    closes_after: Mapping[str, float] = field(default_factory=dict)
    sources: Mapping[str, Mapping[str, Pin]] = field(default_factory=dict)
    systems: Mapping[tuple[str, str], System] = field(default_factory=dict)
    consequential: frozenset[tuple[str, str]] = frozenset()
    gates: Mapping[tuple[str, str], Gate] = field(default_factory=dict)


def rules_of(workflows: Iterable[Workflow]) -> Rules:
    """Return the rules that the declared workflows give."""
    declared = list(workflows)
    required = {one.name: tuple(step.name for step in one.steps if not step.optional) for one in declared}
    return Rules(
        confident_below={one.name: one.confident_below for one in declared},
        steps={one.name: frozenset(step.name for step in one.steps) for one in declared if one.steps},
        required={name: steps for name, steps in required.items() if steps},
        closes_after={one.name: one.closes_after for one in declared},
        sources={
            one.name: {entry.source: Pin(entry.version, entry.max_age) for entry in one.knowledge}
            for one in declared
            if one.knowledge
        },
        systems={
            (one.name, entry.system): System(
                None if entry.slow_after is None else entry.slow_after * 1000.0,
                WARNING_S if entry.token_expiry_warning is None else entry.token_expiry_warning,
            )
            for one in declared
            for entry in one.integrations
        },
        consequential=frozenset((one.name, step.name) for one in declared for step in one.steps if step.consequential),
        gates={(one.name, step.name): step.gate for one in declared for step in one.steps if step.gate is not None},
    )
