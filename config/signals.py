"""The built-in signals by name, and the fields of events by which they can be split.

One row a signal: `monitor/signals.py` holds what each counts, the configuration refuses names that are not here.
"""

from typing import Literal, NamedTuple

Level = Literal["interaction", "step", "integration", "source", "action"]


class Known(NamedTuple):
    """A built-in signal.

    Attributes:
        name: what a detector's `signal` says.
        level: what the `step` part of its series holds; `interaction`: nothing.
    """

    name: str
    level: Level


BUILT_IN = (
    Known("step_failure", "step"),
    Known("interaction_failure", "interaction"),
    Known("reask", "step"),
    Known("handoff", "interaction"),
    Known("slow", "step"),
    Known("interactions", "interaction"),
)

LEVELS: dict[str, Level] = {signal.name: signal.level for signal in BUILT_IN}

WITH_STEP, WITHOUT_STEP = "step_failure", "interaction_failure"
"""What counts of a step, or of whole interactions, are of where nothing names a signal."""

FIELDS = (
    "environment", "tenant", "channel", "language", "region", "intent",
    "workflow_version", "agent_id", "agent_version", "model", "model_response", "prompt_name", "prompt_version",
    "tools_version", "experiment", "path", "edge_class", "end_reason", "step_kind", "error_class", "failure_branch",
    "outcome_source", "outcome_label",
)  # fmt: skip
"""Fields of an event that may stand in `by`, `slices` and `stratify`, beside `attributes.KEY`."""
