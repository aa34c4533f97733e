"""In which order steps run: found from interactions that have some of them."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.monitor.survey.order import ordered

STEPS = ["greet", "identify", "qualify", "off_script", "hold", "route", "close"]


def found(*courses):
    return ordered(Counter(tuple(course.split()) for course in courses))


def test_an_optional_step_stands_where_it_runs_although_few_have_it():
    steps, kept = found(*["greet qualify hold close"] * 9, "greet qualify off_script hold close")
    assert steps == ["greet", "qualify", "off_script", "hold", "close"]
    assert kept == 1.0


def test_interactions_that_break_off_do_not_move_a_step_to_the_end():
    steps, _ = found(*["greet qualify"] * 30, *["greet qualify route close"] * 10)
    assert steps == ["greet", "qualify", "route", "close"]


def test_a_step_that_ends_an_interaction_wherever_it_is_stands_last():
    steps, _ = found(
        "ask handoff", "ask search handoff", *["ask search book close"] * 5, "ask search book close handoff"
    )
    assert steps[-1] == "handoff"


def test_the_most_decide_and_the_share_that_keeps_to_it_is_told():
    steps, kept = found(*["a b"] * 3, "b a")
    assert (steps, kept) == (["a", "b"], 0.75)
    assert found("a", "a") == (["a"], None)
    assert ordered({}) == ([], None)


@given(
    st.lists(
        st.sets(st.sampled_from(STEPS), min_size=1).map(lambda some: tuple(s for s in STEPS if s in some)), min_size=1
    )
)
def test_an_order_that_nobody_breaks_is_found_whole(courses):
    steps, kept = ordered(Counter(courses))
    assert sorted(steps) == sorted({step for course in courses for step in course})
    assert kept in (None, 1.0)


@given(st.lists(st.permutations(STEPS).map(tuple), min_size=1, max_size=8))
def test_whatever_comes_each_step_stands_once_and_half_the_pairs_are_kept_at_least(courses):
    steps, kept = ordered(Counter(courses))
    assert sorted(steps) == sorted(STEPS)
    assert 0.5 <= kept <= 1.0
    assert ordered(Counter(reversed(courses))) == (steps, kept), "the order of the log does not matter"
