"""Each quiet failure alone, all of them at once, and none: what is found, when, and what the page calls it."""

import os
from dataclasses import fields
from pathlib import Path

import pytest
from quiet_failures import FAILURES
from quiet_fleet import Habits, worse
from quiet_world import days_after

pytestmark = [pytest.mark.sim, pytest.mark.timeout(900), pytest.mark.long]
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "quiet-failures.md"
SEED = 1
FLEETS = int(os.environ.get("BELLBUOY_FLEETS", "1"))
"""Fleets in which all is well."""
AFTER_D = 6
"""Days of the runs in which all goes wrong, or nothing does."""


@pytest.fixture(scope="session")
def found(month, tmp_path_factory):
    """A function: the first incident of a failure, and its page."""
    known = {}

    def of(name):
        if name not in known:
            one = FAILURES[name]
            habits = {"lead": one.habits}
            path = tmp_path_factory.mktemp(name) / "b.duckdb"
            days = month(SEED).goes_on(path, one.within, habits, habits)
            known[name] = next((pair for told in days for pair in told if pair[0].kind == "opened"), None)
            path.unlink()
        return known[name]

    return of


def key(member):
    return member.watched.series.workflow, member.watched.series.signal, member.watched.series.step


def says(page):
    return ["{}: {}".format(one.label, "".join(span.text for span in one.value)) for one in page.findings]


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_alone_is_found_by_its_signal_and_called_by_its_name(name, found):
    failure = FAILURES[name]
    assert found(name) is not None, f"nothing in {failure.within} days"
    change, page = found(name)
    assert key(change.incident.lead) == ("lead", failure.signal, failure.step)
    assert days_after(change.at) <= failure.within
    assert [one for one in failure.says if not any(one in each for each in says(page))] == [], says(page)


def test_of_all_at_once_none_hides_another(month, tmp_path):
    together = {workflow: joined(workflow) for workflow in ("lead", "care")}
    last = together | {"care": FAILURES["silence"].habits}
    days = month(SEED).goes_on(tmp_path / "b.duckdb", AFTER_D, together, last)
    seen = {key(member) for told in days for change, _ in told for member in change.incident.members}
    beside = {name: one for name, one in FAILURES.items() if one.beside is not None}
    assert {name for name, one in beside.items() if (one.beside, one.signal, one.step) not in seen} == set()


def joined(workflow):
    """Return the habits of a workflow in which all goes wrong at once that may go wrong in it."""
    good, habits = Habits(), {}
    for name, one in FAILURES.items():
        if one.beside == workflow and name != "silence":
            own = {each.name: getattr(one.habits, each.name) for each in fields(Habits)}
            changed = {each: value for each, value in own.items() if value != getattr(good, each)}
            assert not changed.keys() & habits.keys(), f"{name} hides another"
            habits |= changed
    return worse(**habits)


@pytest.mark.parametrize("seed", range(SEED, SEED + FLEETS))
def test_while_all_is_well_nothing_opens(seed, month, tmp_path):
    days = month(seed).goes_on(tmp_path / "b.duckdb", AFTER_D, {}, {})
    told = [*month(seed).told, *(one for each in days for one in each)]
    assert [page.headline for _, page in told] == []


@pytest.mark.docs
@pytest.mark.golden
def test_the_document_says_what_is_found(found):
    head, _, rest = DOCUMENT.read_text(encoding="utf-8").partition("| what goes wrong |")
    made = head + "\n".join(table(found)) + "\n\n" + rest.partition("\n\n")[2]
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        DOCUMENT.write_text(made, encoding="utf-8")
    assert made == DOCUMENT.read_text(encoding="utf-8"), "write it with BELLBUOY_GOLDEN=write, and read the difference"


def table(found):
    yield "| what goes wrong | signal | detector | after | told as | headline |"
    yield "|---|---|---|---|---|---|"
    for name, one in FAILURES.items():
        change, page = found(name)
        detector = change.incident.lead.watched.detector
        after = days_after(change.at)
        when = f"{24 * after:.0f} h" if after < 2 else f"{after:.1f} d"
        signal = f"[`{one.signal}`](signals.md#{one.signal})"
        yield f"| {one.text} | {signal} | `{detector}` | {when} | {change.incident.severity} | {page.headline} |"
