"""The audit of a workflow: what to keep, to harden and to kill, each with the numbers it rests on."""
