"""The end of an interaction that nobody sent: an event of the store's own, made of its steps."""

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
