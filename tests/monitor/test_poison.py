"""The limits of what cannot be read: the same whatever the chunks are, never too early, never too late."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.monitor.ingest.poison import LEAST, Bounds, Poison, dead_ones


def first_by_hand(flags, bounds):
    """Return how many messages may come until one is too much, by counting; None when none is."""
    row = 0
    for place in range(1, len(flags) + 1):
        row = row + 1 if flags[place - 1] else 0
        last = flags[max(0, place - bounds.window) : place]
        if row > bounds.max_consecutive:
            return place
        if len(last) * LEAST >= bounds.window and sum(last) > bounds.max_share * len(last):
            return place
    return None


RUNS = st.lists(st.tuples(st.booleans(), st.integers(1, 9)), max_size=12)


@given(
    runs=RUNS,
    bounds=st.builds(Bounds, st.sampled_from([0.0, 0.05, 0.3, 0.5, 1.0]), st.integers(1, 20), st.integers(1, 30)),
    cuts=st.lists(st.integers(0, 100), max_size=6),
)
def test_it_is_too_much_at_the_message_at_which_counting_says_so(runs, bounds, cuts):
    flags = np.array([dead for dead, many in runs for _ in range(many)], bool)
    wanted = first_by_hand(flags.tolist(), bounds)
    one_by_one = Poison(bounds)
    found = next((place for place, flag in enumerate(flags, 1) if one_by_one.feed(np.array([flag]))), None)
    assert found == wanted
    poison = Poison(bounds)
    parts = np.split(flags, sorted({min(cut, len(flags)) for cut in cuts}))
    assert any(poison.feed(part) for part in parts) == (wanted is not None)


def test_the_reason_has_the_numbers():
    poison = Poison(Bounds(0.05, 1000, 10_000))
    assert poison.feed(np.zeros(900, bool)) is None
    assert poison.feed(np.ones(51, bool)) is None  # not yet a tenth of the window
    why = poison.feed(np.ones(49, bool))
    assert why == "100 of the last 1,000 messages cannot be read, more than 5 %"
    row = Poison(Bounds(1.0, 1000, 10_000))
    assert row.feed(np.ones(1000, bool)) is None
    assert row.feed(np.ones(1, bool)) == "more than 1,000 messages in a row cannot be read"


def test_tombstones_are_no_messages():
    assert dead_ones([3, 5, 9], [b"x", None, b"y"], [9]).tolist() == [False, True]
    assert dead_ones([3, 5, 9], [b"x", b"", b"y"], []).tolist() == [False, False, False]
