"""Where a change sits: nothing is called spread that was not compared, and changes for the better are explained too."""

import pytest

from bellbuoy.monitor.explain.slices import slices, switched, where, where_fact


def row(value, n_before, bad_before, n_since, bad_since):
    counts = {"n_before": n_before, "bad_before": bad_before, "n_since": n_since, "bad_since": bad_since}
    return {"slice": "agent_version", "value": value, **counts}


def told(rows, direction=1):
    names = ["agent_version"]
    fact = where_fact(slices(rows, names, direction), "step_failure", switched(rows, names))
    return None if fact is None else "".join(span.text for span in fact.value)


@pytest.mark.parametrize("rows", [[], [row("v1", 9_000, 450, 500, 100)]])
def test_without_anything_to_compare_nothing_is_said(rows):
    assert told(rows) is None


@pytest.mark.parametrize("early", [0, 300])
def test_a_version_that_took_over_all_traffic_is_named(early):
    rows = [row("v40", 9_000, 450, 0, 0), row("v41", early, early // 5, 500, 100)]
    assert told(rows) == (
        "everywhere: all traffic went over to agent_version=v41 at that time, none is left to compare with"
    )


def test_a_change_for_the_better_is_found_where_it_is():
    rows = [row("v40", 9_000, 900, 500, 50), row("v41", 1_000, 100, 500, 5)]
    assert slices(rows, ["agent_version"]) == []
    one = where(slices(rows, ["agent_version"], -1))
    assert (one.value, round(one.share, 2)) == ("v41", 1.0)


def test_versions_that_are_gone_count_in_what_was_usual():
    """Of a value not seen before, the excess is over the rate of all, those that ended included."""
    rows = [row("v39", 9_000, 0, 0, 0), row("v40", 1_000, 100, 500, 50), row("v41", 0, 0, 500, 50)]
    found = {one.value: one.share for one in slices(rows, ["agent_version"])}
    assert found == {"v41": pytest.approx(1.0), "v40": pytest.approx(0.0)}
