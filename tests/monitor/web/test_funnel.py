"""The funnel's arithmetic: what arrives is what remains, plus the usual loss, plus what lies beyond."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.monitor.web.door import StepRow, WorkflowView
from bellbuoy.monitor.web.funnel import columns, disagreement, product

shares = st.none() | st.floats(0, 1)
rows = st.builds(
    StepRow,
    name=st.text(max_size=5),
    entered=st.integers(0, 10**6),
    lost=st.integers(-5, 10**6),
    success=shares,
    normal=shares,
    optional=st.booleans(),
)


@given(st.integers(0, 10**6), st.lists(rows, max_size=30))
def test_wedges_and_remaining_height_are_the_arriving_height(began, steps):
    made = columns(began, steps)
    before = 100.0 if began else 0.0
    for column in made:
        assert column.arriving == pytest.approx(before)
        assert column.remaining + column.usual + column.beyond == pytest.approx(column.arriving, abs=0.1)
        assert min(column.remaining, column.usual, column.beyond) >= -1e-9
        before = column.remaining
    multiplied = product(made)
    assert multiplied is None or -1e-9 <= multiplied <= 1 + 1e-9


def test_loss_within_the_baseline_is_usual_and_the_rest_is_beyond():
    first, second = columns(1000, [StepRow("a", 1000, 100, 0.9, 0.95), StepRow("b", 900, 9, 0.99, 0.98)])
    assert (first.usual, first.beyond, first.remaining) == pytest.approx((5, 5, 90))
    assert (second.usual, second.beyond) == pytest.approx((0.9, 0))
    assert first.change == pytest.approx(-0.05)


def test_without_a_baseline_no_loss_is_called_unusual():
    (column,) = columns(100, [StepRow("a", 100, 40, 0.6)])
    assert (column.usual, column.beyond, column.change) == (40, 0, None)


def test_who_skips_an_optional_step_passes_unharmed():
    made = columns(1000, [StepRow("a", 250, 25, 0.9, 0.9, optional=True), StepRow("b", 975, 0, 1.0, 1.0)])
    assert made[0].usual == pytest.approx(2.5)
    assert made[0].beyond == pytest.approx(0)
    assert product(made) == pytest.approx(0.975)


def test_eight_steps_of_85_percent_multiply_to_27():
    left, steps = 10**9, []
    for number in range(8):
        steps.append(StepRow(f"s{number}", left, left - round(left * 0.85), 0.85, 0.85))
        left = round(left * 0.85)
    made = columns(10**9, steps)
    assert product(made) == pytest.approx(0.2725, abs=1e-4)
    assert made[-1].remaining == pytest.approx(27.25, abs=0.01)


def test_observed_and_multiplied_are_compared_with_the_interval():
    view = WorkflowView("w", "", 0, 1, 100, 100, 0.8, 0.7, 0.9)
    assert disagreement(view, 0.8) == disagreement(view, None) == ""
    assert "recover later" in disagreement(view, 0.6)
    assert "lost between the steps" in disagreement(view, 0.95)
    assert disagreement(WorkflowView("w", "", 0, 1, 0, 0, None), 0.5) == ""
    assert product([]) is None
