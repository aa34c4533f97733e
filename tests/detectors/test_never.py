"""What must not happen: the first one opens, further ones are counted, a quiet day ends it."""

import numpy as np
import pytest

from bellbuoy.detectors import judge
from bellbuoy.detectors.base import STEADY, WORSE, Tick
from bellbuoy.detectors.burn import objective
from bellbuoy.detectors.never import Never

DAY = 288


def run(bad, detector=None, n=40.0):
    """Judgements of ticks with so many bad trials each; None is a tick without trials."""
    detector, none = detector or Never(), objective(np.zeros(1))
    watch = judge.Watch(np.ones(1), np.ones(1), np.zeros(1))
    state, told = judge.begin(detector, 1), []
    for place, count in enumerate(bad):
        trials = np.zeros(1) if count is None else np.full(1, n)
        tick = Tick(300 * (place + 1), 0, trials, np.full(1, float(count or 0)))
        state, judgement = judge.fold(detector, state, tick, None, none, watch)
        told.append(judgement)
    return told


def test_one_is_enough_and_more_are_counted():
    told = run([0, 0, 1, 0, 2])
    assert [one.state[0] for one in told] == [STEADY, STEADY, WORSE, WORSE, WORSE]
    assert told[2].verdict(0).why == "1 of 40 since 00:10 is bad, none may be"
    last = told[-1].verdict(0)
    assert (last.n, last.bad, last.onset, last.measure) == (120, 3, 600, "never")
    assert (last.least, last.most) == ("page", "page")


@pytest.mark.parametrize("quiet", [0, None])
def test_a_quiet_day_ends_it_with_trials_and_without(quiet):
    told = run([1] + [quiet] * (2 * DAY))
    ended = next(place for place, one in enumerate(told) if one.resolved.size)
    assert ended == DAY
    assert told[ended].verdict(0).why == "none since 1970-01-01 00:05: over, it began 1 d 5 min ago"
    assert all(one.state[0] == STEADY for one in told[ended:])
    assert not told[-1].open.size


def test_what_happens_within_the_day_goes_on_and_what_comes_after_it_opens_anew():
    told = run([1] + [0] * (DAY - 2) + [1] + [0] * (DAY - 2) + [0, 0, 1])
    assert told[2 * DAY - 3].open.size
    assert told[-1].verdict(0).bad == 1


def test_how_grave_and_how_long_is_said_in_settings():
    told = run([1, *[0] * 12], Never(severity="ticket", quiet_hours=1.0))
    assert (told[0].verdict(0).least, told[0].verdict(0).most) == ("ticket", "ticket")
    assert told[12].resolved.size
    for wrong in ({"severity": "watch"}, {"quiet_hours": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Never(**wrong)


def test_each_stream_is_judged_by_itself():
    detector, none = Never(), objective(np.zeros(2))
    watch = judge.Watch(np.ones(2), np.ones(2), np.zeros(2))
    tick = Tick(300, 0, np.array([3.0, 3.0]), np.array([0.0, 1.0]))
    _, judgement = judge.fold(detector, judge.begin(detector, 2), tick, None, none, watch)
    assert judgement.open.tolist() == [1]
