"""The funnel's arithmetic: of 100 interactions that began, how many each step loses, as usual and beyond. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bellbuoy.monitor.web.door import StepRow, WorkflowView
from bellbuoy.sinks.drawings import losses


@dataclass(frozen=True, slots=True)
class Column:
    """One step: heights of 100.

    Attributes:
        arriving: still on track before it. remaining: after it.
        usual, beyond: its loss as the baseline has it, and more than that; arriving = remaining + usual + beyond.
        expected: share of the arriving ones that the baseline loses here.
        factor: by which the step multiplies the share that is on track: its success among those who need it.
        change: success minus the baseline's, or None.
    """

    step: StepRow
    number: int
    arriving: float
    remaining: float
    usual: float
    beyond: float
    expected: float
    factor: float | None
    change: float | None


def columns(began: int, steps: Sequence[StepRow]) -> list[Column]:
    """Return the columns of a workflow in which `began` interactions began.

    An interaction is lost at the first step that failed in the end; who skips an optional step passes unharmed.
    """
    made = []
    lost = 0
    for number, step in enumerate(steps, start=1):
        on_track = max(0, began - lost)
        lost_here = min(max(0, step.lost), on_track)
        lost += lost_here
        arriving = 100.0 * on_track / began if began > 0 else 0.0
        remaining = 100.0 * (on_track - lost_here) / began if began > 0 else 0.0
        need = _need(step, on_track)
        expected = need * (1.0 - step.normal) if step.normal is not None else 1.0
        usual, beyond = losses(arriving, remaining, expected)
        factor = None if step.success is None else 1.0 - need * (1.0 - step.success)
        change = None if step.success is None or step.normal is None else step.success - step.normal
        made.append(Column(step, number, arriving, remaining, usual, beyond, expected, factor, change))
    return made


def product(made: Sequence[Column]) -> float | None:
    """Return what the steps' success multiplies to; None while one step has no number."""
    share = 1.0
    for column in made:
        if column.factor is None:
            return None
        share *= column.factor
    return share if made else None


def disagreement(view: WorkflowView, multiplied: float | None) -> str:
    """Return why observed and multiplied differ, in words, where they differ by more than the interval."""
    if multiplied is None or view.well_low is None or view.well_high is None:
        return ""
    if multiplied < view.well_low:
        return "More end well than the steps multiply to: failures come together or recover later."
    if multiplied > view.well_high:
        return "Fewer end well than the steps multiply to: interactions are lost between the steps."
    return ""


def _need(step: StepRow, on_track: int) -> float:
    """Return the share of those on track who run the step."""
    if not step.optional or on_track == 0:
        return 1.0
    return min(1.0, step.entered / on_track)
