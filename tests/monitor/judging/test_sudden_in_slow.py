"""A collapse while an old incident is open wakes people all the same."""

import pytest

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.judging.incidents import SeverityRules
from bellbuoy.monitor.judging.observing import Observation, observe
from bellbuoy.monitor.judging.watched import SeriesKey, Watched

DAY = 86400
RULES = SeverityRules(page=0.05, ticket=0.02)


def bad(detector, step, at, onset, low):
    signal = "step_failure" if step else "interaction_failure"
    verdict = Verdict("worse", at, onset, 0.05, 0.4, low, low + 0.1, 400, 48, 14.2, 12.9, "worse")
    return Observation(Watched(detector, SeriesKey(signal, "calls", step)), verdict)


@pytest.fixture(params=["qualify", None])
def drifting(request):
    """An incident of ten days ago, a page already, about a step or about whole interactions."""
    incidents, _ = observe([], [bad("month-one", request.param, 10 * DAY, 0, 0.06)], 10 * DAY, RULES)
    assert incidents[0].severity == "page"
    return incidents


def test_a_collapse_long_after_is_an_incident_of_its_own(drifting):
    at = 20 * DAY
    incidents, changes = observe(drifting, [bad("step-success", "qualify", at, at - 900, 0.3)], at, RULES)
    assert [(change.kind, change.incident.severity) for change in changes] == [("opened", "page")]
    later = bad("end-to-end", None, at + 300, at - 300, 0.3)
    incidents, changes = observe(incidents, [later], at + 300, RULES)
    assert len(incidents) == 2
    assert [change.incident.opened_at for change in changes] == [at], "and its end-to-end fall is part of that one"


def test_what_crept_in_since_is_part_of_the_old_one(drifting):
    at = 20 * DAY
    incidents, _ = observe(drifting, [bad("step-success", "qualify", at, 12 * DAY, 0.02)], at, RULES)
    assert len(incidents) == 1


def test_what_began_within_a_day_of_the_opening_is_one_story(drifting):
    at = 10 * DAY + 7200
    incidents, _ = observe(drifting, [bad("step-success", "qualify", at, at - 900, 0.3)], at, RULES)
    assert len(incidents) == 1
