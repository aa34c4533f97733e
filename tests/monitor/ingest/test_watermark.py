"""How far event time has come, by streams that are quick, quiet, behind or unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.monitor.ingest.watermark import Progress, mark

NOW, LATE, TICK = 100_000.0, 300.0, 300.0


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ([], None),
        ([Progress(None, None, 0)], NOW - LATE),  # nothing was ever there
        ([Progress(None, None, 5)], None),  # something is there and not read yet
        ([Progress(99_990, 99_991, 0)], 99_990 - LATE),
        ([Progress(99_990, 99_991, 0), Progress(90_000, 99_000, 0)], 99_990 - LATE),  # the quiet one does not hold it
        ([Progress(99_990, 99_991, 0), Progress(90_000, 99_500, 0)], 90_000 - LATE),  # quiet for less than two ticks
        ([Progress(99_990, 99_991, 0), Progress(90_000, 99_000, 1)], 90_000 - LATE),  # behind: always holds it
        ([Progress(99_990, 99_991, 0), Progress(None, 99_999, 7)], None),
        ([Progress(90_000, 99_000, 0), Progress(95_000, 99_000, 0)], NOW - LATE),  # all quiet: the wall
        ([Progress(NOW + 86_400, NOW, 0)], NOW - LATE),  # a clock a day ahead closes no day
        ([Progress(None, NOW, 0)], NOW - LATE),  # only dead letters
    ],
)
def test_mark(streams, expected):
    assert mark(streams, NOW, LATE, TICK) == expected


progress = st.builds(
    Progress,
    st.none() | st.floats(0, 2 * NOW),
    st.none() | st.floats(0, NOW),
    st.integers(0, 3),
)


@given(st.lists(progress, min_size=1, max_size=6), progress)
def test_one_more_stream_never_moves_it_forward(streams, another):
    before, after = mark(streams, NOW, LATE, TICK), mark([*streams, another], NOW, LATE, TICK)
    assert after is None or (before is not None and after <= before)


@given(st.lists(progress, max_size=6))
def test_it_never_passes_the_wall(streams):
    found = mark(streams, NOW, LATE, TICK)
    assert found is None or found <= NOW - LATE


def test_a_source_that_has_ended_closes_all_it_had_and_never_waits_for_the_wall_clock():
    ended = Progress(newest=NOW - 10 * 86400, arrived=NOW - 3600, lag=0, ended=True)
    assert mark([ended], NOW, 300, 300) == NOW - 10 * 86400 + 300
    assert mark([Progress(None, None, 0, ended=True)], NOW, 300, 300) is None
