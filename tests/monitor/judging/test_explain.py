"""What a page says: where the change sits, what came before, what is ruled out, in words a tired person reads once."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.monitor.explain.findings import ruled_out
from bellbuoy.monitor.explain.picture import band
from bellbuoy.monitor.explain.slices import slices, where, where_fact
from bellbuoy.monitor.explain.wording import moved, per_time, percent, points, shown, span, subject
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.store import Store
from bellbuoy.sinks.terminal import terminal

GOLDEN = Path(__file__).parents[2] / "golden" / "monitor"


def row(value, n_before, bad_before, n_since, bad_since, name="agent_version"):
    return {
        "slice": name,
        "value": value,
        "n_before": n_before,
        "bad_before": bad_before,
        "n_since": n_since,
        "bad_since": bad_since,
    }


def test_a_new_version_that_holds_the_change_is_named():
    rows = [row("v40", 10_000, 500, 500, 25), row("v41", 0, 0, 500, 100)]
    found = where(slices(rows, ["agent_version"]))
    assert (found.value, round(found.share, 2), found.traffic) == ("v41", 1.0, 0.5)
    text = "".join(one.text for one in where_fact(slices(rows, ["agent_version"]), "step_failure").value)
    assert text == (
        "agent_version=v41 holds 100 % of the change (85 … 100 %; 80.0 % against 95.0 % elsewhere) · 2 values compared"
    )


def test_a_change_that_is_everywhere_is_in_no_slice():
    rows = [row("v40", 5_000, 250, 500, 75), row("v41", 5_000, 250, 500, 75)]
    assert where(slices(rows, ["agent_version"])) is None


def test_a_change_of_mix_alone_holds_nothing():
    """Both parts are as bad as before; there is only more of the worse one."""
    rows = [row("happy", 9_000, 180, 400, 8, "path"), row("edge", 1_000, 120, 600, 72, "path")]
    assert slices(rows, ["path"]) == []


def test_a_slice_that_is_nearly_all_traffic_explains_nothing():
    rows = [row("phone", 9_500, 475, 950, 143), row("web", 500, 25, 50, 3)]
    assert where(slices(rows, ["agent_version"])) is None


def test_a_rest_with_too_few_trials_proves_nothing():
    """Nothing bad in 7 calls elsewhere: at 22 % there would have been one or two, which chance alone can hide."""
    rows = [row("phone", 9_000, 135, 95, 21, "channel"), row("web", 1_000, 15, 7, 0, "channel")]
    assert slices(rows, ["channel"])[0].share > 0.99
    assert where(slices(rows, ["channel"])) is None


counts = st.integers(0, 2_000)


@given(st.lists(st.tuples(st.integers(200, 5_000), counts, st.integers(1, 2_000), counts), min_size=2, max_size=6))
def test_the_parts_of_a_change_add_up_to_it(parts):
    rows = [row(f"v{place}", n0, min(b0, n0), n1, min(b1, n1)) for place, (n0, b0, n1, b1) in enumerate(parts)]
    found = slices(rows, ["agent_version"])
    assert found == [] or abs(sum(one.share for one in found) - 1) < 1e-9


class Rows:
    def __init__(self, rows):
        self.answers = rows

    def rows(self, name, /, **_):
        return self.answers.get(name, [])


def test_what_did_not_move_is_ruled_out_and_what_did_is_not():
    calls = [
        {"system": "crm.write", "n_before": 5_000, "bad_before": 200, "n_since": 500, "bad_since": 21},
        {"system": "calendar.book", "n_before": 5_000, "bad_before": 200, "n_since": 500, "bad_since": 90},
    ]
    rates = [
        {"signal": "step_failure", "step": step, "n_before": 5_000, "bad_before": 50, "n_since": 500, "bad_since": bad}
        for step, bad in (("greet", 5), ("qualify", 80), ("route", 40))
    ]
    lead = SeriesKey("step_failure", "calls", "qualify")
    fact = ruled_out(Rows({"explain/integrations": calls}), lead, rates, {lead}, 0, 1)
    assert (
        "".join(one.text for one in fact.value) == "crm.write 95.8 % ok, 96.0 % before · 1 of 2 other steps are steady"
    )


def test_people_read_success_and_true_minus_signs():
    lead = Watched("d", SeriesKey("step_failure", "calls", "qualify"))
    assert moved(lead, 0.052, 0.141) == "fell from 94.8 % to 85.9 %"
    assert (
        moved(replace(lead, series=SeriesKey("reask", "calls", "qualify")), 0.04, 0.12) == "rose from 4.0 % to 12.0 %"
    )
    assert subject(SeriesKey("reask", "calls", "qualify")) == "re-asks in qualify"
    assert (percent(0.948), points(-0.089), shown("handoff", 0.06)) == ("94.8 %", "−8.9 pt", 0.06)
    assert [span(one) for one in (2_700, 33_120, 7_200, 12 * 86_400)] == ["45 min", "9 h 12 min", "2 h", "12 d"]
    assert [per_time(one).format("failures") for one in (14.2, 0.2, 0.02)] == [
        "14 more failures an hour",
        "5 more failures a day",
        "3 more failures a week",
    ]


@given(st.floats(0, 1), st.floats(1, 20), st.integers(1, 10_000))
def test_the_band_holds_what_is_normal_and_stays_a_share(normal, dispersion, trials):
    low, high = band(normal, dispersion, trials)
    assert 0 <= low <= normal <= high <= 1


@pytest.mark.golden
def test_the_pages_of_a_fall_as_a_person_reads_them(falling, config):
    with Store.open(None, config.store) as store:
        store.follow(config)
        evaluation = Evaluation(store, config)
        pages = []
        for number in range(len(falling.days)):
            falling.append(store, number)
            pages += [page for _, page in evaluation.advance(falling.end(number))]
    text = "\n".join(terminal(page, width=96, colour=False) for page in pages)
    path = GOLDEN / "pages_of_a_fall.txt"
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()
