"""The built-in signals, one row each, and the fields of events by which they can be split.

A row holds all that is said of a signal: what it counts, how it is judged, its words, its reference.
"""

from bellbuoy.config.signals.interactions import INTERACTIONS
from bellbuoy.config.signals.row import KNOWN, About, Judged, Level, Signal, Words, words_of
from bellbuoy.config.signals.steps import STEPS
from bellbuoy.config.signals.world import WORLD

__all__ = [
    "BUILT_IN",
    "FIELDS",
    "KNOWN",
    "LEVELS",
    "WITHOUT_STEP",
    "WITH_STEP",
    "About",
    "Judged",
    "Level",
    "Signal",
    "Words",
    "words_of",
]

BUILT_IN: tuple[Signal, ...] = (*STEPS, *INTERACTIONS, *WORLD)

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
