"""What a workflow's objective allows to be bad: of whole interactions, and of each step."""

from bellbuoy.config.model import Config
from bellbuoy.monitor.judging.watched import SeriesKey

OBJECTIVE = "objective"
"""Name of the baseline of a policy: an objective of the configuration, that nobody learns."""
JUDGED = ("interaction_failure", "step_failure")
"""Signals that an objective speaks of."""


def allowed(config: Config, series: SeriesKey) -> float | None:
    """Return the share of trials that an objective allows to be bad; None where there is no objective.

    An objective is the share of interactions that end well. Of a step it is the root as deep as the workflow has steps
    that are not optional: 70 % over 8 steps asks 95.6 % of each.

    Args:
        config: names the workflows.
        series: of one of the signals that an objective speaks of.
    """
    workflow = next((one for one in config.workflows if one.name == series.workflow), None)
    if workflow is None or workflow.objective is None or series.signal not in JUDGED:
        return None
    steps = sum(not step.optional for step in workflow.steps)
    if series.signal == "step_failure":
        return float(1.0 - workflow.objective ** (1.0 / steps)) if steps else None
    return float(1.0 - workflow.objective)
