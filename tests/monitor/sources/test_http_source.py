"""The HTTP source: a request is one unit, and is answered when it is stored."""

import threading

import msgspec
import pytest

from bellbuoy.monitor.sources.base import Outcome
from bellbuoy.monitor.sources.http import LEAST, OVERHEAD, Busy, HttpSource, Posted


@pytest.fixture
def source():
    made = HttpSource("http", waiting=10_000)
    made.open({})
    return made


def offer(source, values, keyed=None):
    told = []
    source.offer(Posted(values, told.append, source.room(), keyed))
    return told


def lines(count, of=b"x"):
    return [of * 10] * count


def test_a_request_stands_in_one_chunk_even_if_it_is_larger_than_what_was_asked_for(source):
    offer(source, lines(5))
    offer(source, lines(2))
    offer(source, lines(2))
    [chunk] = source.read(3, 1 << 20, 0)
    assert (list(chunk.offsets), chunk.next, chunk.size) == ([0, 1, 2, 3, 4], 5, 50)
    assert source.lag() == {source.stream: 4}
    [chunk] = source.read(3, 1 << 20, 0)
    assert list(chunk.offsets) == [5, 6]
    [chunk] = source.read(100, 1 << 20, 0)
    assert list(chunk.offsets) == [7, 8]
    assert source.read(100, 1 << 20, 0) == []


def test_offsets_go_on_where_the_store_stands():
    source = HttpSource("http")
    source.open({source.stream: 41})
    offer(source, lines(2))
    [chunk] = source.read(10, 1 << 20, 0)
    assert (list(chunk.offsets), chunk.next) == ([41, 42], 43)


def test_each_request_hears_of_its_own_events_and_only_when_all_of_them_are_stored(source):
    first, second, third = (offer(source, lines(count)) for count in (2, 3, 1))
    [chunk] = source.read(10, 1 << 20, 0)
    outcome = Outcome({source.stream: [1, 3]}, {source.stream: [(4, "type", "t"), (0, "json", "j"), (5, "enum", "e")]})
    source.stored({source.stream: 5}, outcome)
    assert third == []
    assert [msgspec.json.decode(one[0].text) for one in (first, second)] == [
        {"stored": 0, "duplicate": 1, "dead": 1, "refused": [{"index": 0, "class": "json", "reason": "j"}]},
        {"stored": 1, "duplicate": 1, "dead": 1, "refused": [{"index": 2, "class": "type", "reason": "t"}]},
    ]
    source.stored({source.stream: chunk.next}, Outcome({}, {source.stream: [(5, "enum", "e")]}))
    assert third[0].status == 422
    assert (len(first), len(second), len(third)) == (1, 1, 1)


def test_what_is_held_is_counted_and_given_back(source):
    offer(source, [b"x" * 3_000])
    assert source._state.held == 3_000 + OVERHEAD
    offer(source, [b"x"])
    assert source._state.held == 3_000 + OVERHEAD + LEAST
    room = source.room()
    room.take(5_000)
    with pytest.raises(Busy, match="so much waits"):
        room.take(6_000)
    room.leave()
    room.leave()
    [chunk] = source.read(10, 1 << 20, 0)
    assert source._state.held == 3_000 + OVERHEAD + LEAST
    source.stored({source.stream: chunk.next}, None)
    assert source._state.held == 0


def test_nothing_is_taken_before_the_store_is_known_nor_after_the_end():
    source = HttpSource("http")
    with pytest.raises(Busy, match="starting"):
        source.room()
    source.open({})
    room = source.room()
    source.close()
    with pytest.raises(Busy, match="stopping"):
        source.offer(Posted([b"x"], lambda _: None, room))
    assert not room.offered


def test_a_reader_that_waits_is_woken(source):
    found = []
    reader = threading.Thread(target=lambda: found.extend(source.read(10, 1 << 20, 30)))
    reader.start()
    offer(source, lines(1))
    reader.join(10)
    assert not reader.is_alive()
    assert len(found) == 1


def test_a_reader_that_waits_ends_with_the_source(source):
    reader = threading.Thread(target=source.read, args=(10, 1 << 20, 30))
    reader.start()
    source.close()
    reader.join(10)
    assert not reader.is_alive()
