"""What a page says of the parts of a change: named where it is sure, with an interval, and not named by chance."""

import numpy as np
import pytest

from bellbuoy.detectors.slope import monthly
from bellbuoy.monitor.explain.loss import OUTSIDE, loss, loss_fact
from bellbuoy.monitor.explain.mixture import mixed, mixed_fact
from bellbuoy.monitor.explain.slices import slices, where, where_fact

NAMES = ["agent_version", "channel", "intent", "tenant"]
STEPS = ["greet", "qualify", "route", "close"]


def text(fact):
    return "".join(span.text for span in fact.value)


def rows_of(name, before, since):
    return [
        {"slice": name, "value": f"{name[0]}{place}", "n_before": n0, "bad_before": b0, "n_since": n1, "bad_since": b1}
        for place, ((n0, b0), (n1, b1)) in enumerate(zip(before, since, strict=True))
    ]


def drawn(random, extra=None):
    """Return rows of four slices of four values, 5 % bad before and 12 % since; `extra` is where all of the rise sits."""
    rows = []
    for name in NAMES:
        before = [(n, int(random.binomial(n, 0.05))) for n in (8_000, 3_000, 1_500, 500)]
        sizes = (640, 240, 120, 40)
        rates = (
            [0.12] * 4 if extra is None or name != "tenant" else [0.6 if place == extra else 0.05 for place in range(4)]
        )
        rows += rows_of(
            name, before, [(n, int(random.binomial(n, rate))) for n, rate in zip(sizes, rates, strict=True)]
        )
    return rows


def test_where_a_change_is_everywhere_a_slice_is_named_by_chance_in_less_than_five_percent():
    random = np.random.default_rng(8)
    told = [slices(drawn(random), NAMES) for _ in range(300)]
    assert all(one and one[0].looks == 16 for one in told)
    assert sum(where(one) is not None for one in told) <= 0.01 * 300
    assert sum(where_fact(one, "step_failure").value[0].style == "code" for one in told) <= 0.05 * 300


def test_one_tenant_that_holds_it_is_named_not_suppressed():
    random = np.random.default_rng(9)
    named = [where(slices(drawn(random, 1), NAMES)) for _ in range(100)]
    assert sum(one is not None and one.value == "t1" for one in named) >= 99


def test_a_value_with_few_trials_is_never_named():
    rows = rows_of("tenant", [(9_000, 90), (900, 9)], [(900, 9), (20, 18)])
    found = slices(rows, ["tenant"])
    assert found[0].value == "t1"
    assert where(found) is None


def test_more_scatter_names_less():
    rows = rows_of("tenant", [(9_000, 450), (3_000, 150)], [(900, 46), (300, 60)])
    assert where(slices(rows, ["tenant"])).value == "t1"
    assert where(slices(rows, ["tenant"], scatter=6.0)) is None


def test_parts_come_in_the_order_of_what_they_hold():
    random = np.random.default_rng(10)
    found = slices(drawn(random, 2), NAMES)
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    assert all(one.low <= one.share <= one.high for one in found)


# The chain


class Rows:
    def __init__(self, answers):
        self.answers = answers

    def rows(self, name, /, **_):
        return self.answers.get(name, [])


def counted(n, bad_by_step, side):
    """Return rows of first failures of one side, every step reached by those that had not failed before."""
    rows = [{"bad": True, "step": step, "n_before": 0, "n_since": 0} for step in bad_by_step]
    for row in rows:
        row[f"n_{side}"] = bad_by_step[row["step"]]
    return [
        *rows,
        {"bad": False, "step": None, "n_before": 0, "n_since": 0} | {f"n_{side}": n - sum(bad_by_step.values())},
    ]


def rates_of(before, since, n0=10_000, n1=1_000):
    rows = [{"signal": "interaction_failure", "step": None, "n_before": n0, "bad_before": sum(before.values())}]
    rows[0] |= {"n_since": n1, "bad_since": sum(since.values())}
    for step in STEPS:
        row = {"signal": "step_failure", "step": step, "n_before": n0, "bad_before": before.get(step, 0)}
        rows.append(row | {"n_since": n1, "bad_since": since.get(step, 0)})
    return rows


NORMAL = {"greet": 100, "qualify": 150, "route": 100, "close": 100, None: 50}


def told(since, *, events=True, direction=1):
    first = [*counted(10_000, NORMAL, "before"), *counted(1_000, since, "since")] if events else []
    reader = Rows({"explain/first_failures": first})
    return loss(reader, "calls", STEPS, rates_of(NORMAL, since), 0, 1, 1.0, direction)


@pytest.mark.parametrize("events", [True, False])
def test_the_step_that_carries_the_fall_is_said_with_its_part(events):
    found = told({"greet": 10, "qualify": 110, "route": 9, "close": 11, None: 5}, events=events)
    assert found.lead == "qualify"
    assert (OUTSIDE in found.names) == events
    assert text(loss_fact(found)).startswith("qualify carries 97 % (8" if events else "qualify carries 100 % (8")
    assert text(loss_fact(found)).endswith(") of the end-to-end fall")


def test_a_decay_of_all_steps_is_called_that():
    found = told({"greet": 60, "qualify": 65, "route": 58, "close": 57, None: 40})
    assert found.spread
    assert text(loss_fact(found)).startswith("spread over all steps: none carries half of the end-to-end fall")


def test_what_is_not_sure_is_said_to_be_not_sure():
    found = told({"greet": 12, "qualify": 40, "route": 22, "close": 16, None: 5})
    assert (found.lead, found.spread) == (None, False)
    assert text(loss_fact(found)).startswith("not sure yet; the largest part is qualify with ")


def test_interactions_that_go_wrong_though_no_step_failed_are_said_to_be_that():
    found = told({"greet": 10, "qualify": 15, "route": 10, "close": 10, None: 90})
    assert found.lead is None, "it is no step"
    assert text(loss_fact(found)).startswith("interactions in which no step failed carries 100 %")


def test_a_change_for_the_better_is_attributed_too():
    found = told({"greet": 10, "qualify": 0, "route": 10, "close": 9, None: 5}, direction=-1)
    assert text(loss_fact(found)).startswith("qualify carries ")
    assert "rise" in text(loss_fact(found))


def test_without_steps_or_without_a_sure_change_nothing_is_said():
    assert loss(Rows({}), "calls", [], rates_of(NORMAL, NORMAL)[:1], 0, 1, 1.0, 1) is None
    assert loss_fact(told({"greet": 10, "qualify": 17, "route": 10, "close": 10, None: 5})) is None


# Rate or mix


def test_a_pure_shift_of_the_mix_is_called_mostly_mix():
    rows = rows_of("intent", [(7_000, 140), (3_000, 360)], [(400, 8), (600, 72)])
    found = mixed(rows, ["agent_version", "intent"], 10_000, 1_000)
    assert (round(found.by_rate, 4), round(found.by_mix, 4)) == (0.0, 0.03)
    assert text(mixed_fact(found, "interaction_failure")) == (
        "mostly mix: +0.0 pt in the rates, −3.0 pt in the mix, where intent=i1 was 30.0 % of the trials and is 60.0 %"
    )


def test_a_fall_of_the_rates_is_said_with_both_parts():
    rows = rows_of("channel", [(7_000, 140), (3_000, 360)], [(650, 78), (350, 80)])
    fact = mixed_fact(mixed(rows, ["channel"], 10_000, 1_000), "interaction_failure")
    assert text(fact) == "−10.3 pt in the rates, −0.5 pt in the mix of channel"


def test_a_mix_that_does_a_good_part_is_told_with_the_value_that_came_more():
    rows = rows_of("intent", [(9_000, 360), (1_000, 200)], [(700, 112), (300, 90)])
    assert text(mixed_fact(mixed(rows, ["intent"], 10_000, 1_000), "interaction_failure")) == (
        "−11.6 pt in the rates, −3.0 pt in the mix, where intent=i1 was 10.0 % of the trials and is 30.0 %"
    )


def test_versions_are_no_mix_and_a_field_that_is_hardly_filled_is_not_used():
    rows = rows_of("agent_version", [(9_000, 450), (1_000, 50)], [(0, 0), (1_000, 200)])
    assert mixed(rows, ["agent_version"], 10_000, 1_000) is None
    rows = rows_of("intent", [(900, 45), (100, 5)], [(50, 3), (40, 8)])
    assert mixed(rows, ["intent"], 10_000, 1_000) is None
    assert mixed_fact(None, "interaction_failure") is None


# The slope


def test_a_slide_is_so_many_points_a_month_whatever_one_day_does():
    day = np.arange(60.0)
    n, bad = np.full(60, 500.0), np.round(500 * (0.05 + 0.0015 * day))
    bad[20] = 400
    found = monthly(day, n, bad)
    assert found.low < found.month < found.high
    assert found.month == pytest.approx(0.045, abs=0.006)
    assert found.days == 60


def test_less_than_a_week_has_no_slope_and_days_without_trials_do_not_count():
    day = np.arange(12.0)
    assert monthly(day[:6], np.full(6, 50.0), np.full(6, 5.0)) is None
    assert monthly(day, np.where(day < 6, 50.0, 0.0), np.where(day < 6, 5.0, 0.0)) is None
