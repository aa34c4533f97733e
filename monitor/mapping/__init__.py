"""The map of a workflow: its steps as they are declared, and as interactions went through them in a span."""
