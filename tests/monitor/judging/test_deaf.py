"""While a stream stands still, silence is not judged: it opens nothing, resolves nothing, and is judged again afterwards."""

import pytest

from bellbuoy.monitor.judging.evaluate import Evaluation

CLEAN = 16
"""Days before anything happens: with `learn: 28d` and `lag: 7d` the first baseline that spans a whole week is of day 15."""
DAY = 86400


@pytest.fixture(scope="module")
def world(world_of):
    """Sixteen clean days, then `qualify` fails every other time."""
    return world_of("qualify:0.985->0.5@day16", length=CLEAN + 4, per_day=300)


@pytest.fixture
def judging(store, config, world):
    """An evaluation that has judged the clean days, and opened nothing."""
    for number in range(CLEAN):
        world.append(store, number)
    evaluation = Evaluation(store, config)
    assert evaluation.advance(world.end(CLEAN - 1)) == []
    return evaluation


def kinds(told, detector="silence"):
    return [change.kind for change, _ in told if change.incident.lead.watched.detector == detector]


def open_silence(evaluation):
    return [
        member
        for incident in evaluation.incidents
        for member in incident.members
        if member.watched.detector == "silence" and not member.resolved_at
    ]


def test_silence_opens_an_incident(judging, world):
    assert kinds(judging.advance(world.end(CLEAN + 1))) == ["opened"]


def test_silence_of_a_source_that_stands_still_opens_none(judging, world):
    assert judging.advance(world.end(CLEAN + 1), deaf=True) == []
    assert judging.judged == world.end(CLEAN + 1)


def test_the_shares_are_judged_all_the_same(judging, store, world):
    for number in (CLEAN, CLEAN + 1):
        world.append(store, number)
    assert "opened" in kinds(judging.advance(world.end(CLEAN + 1), deaf=True), "step-success")


def test_what_was_open_is_not_resolved_by_it_and_is_judged_again_afterwards(judging, store, config, world):
    judging.advance(world.end(CLEAN + 1))
    [was] = open_silence(judging)
    world.append(store, CLEAN + 2)
    judging.advance(world.end(CLEAN + 2), deaf=True)
    assert open_silence(judging) == [was]
    again = Evaluation(store, config)  # nor is it after a start
    assert [one.watched for one in open_silence(again)] == [was.watched]
    world.append(store, CLEAN + 3)
    again.advance(world.end(CLEAN + 3))
    assert open_silence(again) == []


def test_only_the_silence_after_it_counts(judging, world):
    last = world.end(CLEAN + 1)
    assert judging.advance(last, deaf=True) == []
    assert judging.advance(last + DAY // 2) == []  # half a day is not enough, two days and a half would be
    assert kinds(judging.advance(last + 2 * DAY)) == ["opened"]
