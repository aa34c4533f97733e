"""The end of an interaction that nobody sent: an event of the store's own, made of its steps."""

from bellbuoy.monitor.event.columns import quoted
from bellbuoy.monitor.store.statements import statement

CLOSED = "events_closed"
"""The table of these ends; their `idx` is negative, and leads to that of the last step."""
CARRIED = (
    "content_ref", "attributes", "conversation_id", "environment", "demo", "tenant", "channel", "language", "region", "intent",
    "workflow_version", "agent_id", "agent_version", "model", "model_response", "prompt_name", "prompt_version", "tools_version",
    "experiment", "path", "edge_class",
)  # fmt: skip
"""What an end takes over of the steps: of each field the last value that a step has."""
COLUMNS = ("event_id", "outcome", "outcome_source", "end_reason", *CARRIED)
"""Columns of the table, beside those that no event lacks."""


def closing_sql() -> str:
    """Return the statement of the ends of the interactions that are shown as `amending` and were silent for too long."""
    values = {name: f"arg_max({quoted(name)}, moment)" for name in CARRIED}
    values["path"] = "coalesce(arg_max(nullif(path, 'unknown'), moment), 'unknown')"
    carried = ", ".join(f"{value} AS {quoted(name)}" for name, value in values.items())
    return statement("amend/closing").replace("{carried}", carried)
