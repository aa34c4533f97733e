"""The battery that every source passes, the in-process log as well as Kafka itself."""

import random

import pytest


def lines(begin, end):
    return [b'{"n":%06d}' % number for number in range(begin, end)]


def test_every_record_comes_once_and_in_the_order_of_its_stream(rig, opened, reader):
    rig.append(lines(0, 500))
    source = opened(rig.source())
    reader.until(source, 500)
    assert reader.values == lines(0, 500)
    by_stream = {}
    for (stream, _), value in sorted(reader.records.items(), key=lambda item: (str(item[0][0]), item[0][1])):
        assert value > by_stream.get(stream, b"")
        by_stream[stream] = value
    assert not source.finished


def test_no_more_is_given_than_was_asked_for(rig, opened, reader):
    rig.append(lines(0, 100))
    source = opened(rig.source())
    while len(reader.records) < 100:
        assert reader.take(source.read(7, 1 << 20, 0.2)) <= 7
    assert reader.values == lines(0, 100)


def test_what_comes_later_is_read_later(rig, opened, reader):
    source = opened(rig.source())
    rig.append(lines(0, 10))
    reader.until(source, 10)
    assert source.read(100, 1 << 20, 0.05) == []
    rig.append(lines(10, 30))
    reader.until(source, 30)
    assert reader.values == lines(0, 30)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_source_killed_between_commit_and_stored_loses_nothing_and_repeats_nothing(rig, opened, reader, seed):
    rng = random.Random(seed)
    rig.append(lines(0, 300))
    for _ in range(6):
        source = opened(rig.source(), dict(reader.positions))
        for _ in range(rng.randint(1, 4)):
            reader.take(source.read(rng.randint(1, 40), 1 << 20, 0.2))  # committed with their positions; never told
    reader.until(opened(rig.source(), dict(reader.positions)), 300)
    assert reader.values == lines(0, 300)


def test_a_paused_source_gives_nothing_and_loses_nothing(rig, opened, reader):
    rig.append(lines(0, 50))
    source = opened(rig.source())
    while not reader.records:
        reader.take(source.read(5, 1 << 20, 0.2))
    source.pause()
    rig.append(lines(50, 100))
    for _ in range(5):
        assert not sum(len(chunk.values) for chunk in source.read(100, 1 << 20, 0.05))
    source.resume()
    reader.until(source, 100)
    assert reader.values == lines(0, 100)


def test_the_lag_is_what_was_not_read(rig, opened, reader):
    rig.append(lines(0, 60))
    source = opened(rig.source())
    reader.until(source, 60)
    assert set(source.lag().values()) == {0}
    rig.append(lines(60, 80))
    assert sum(source.lag().values()) > 0
    reader.until(source, 80)
    assert sum(source.lag().values()) == 0
    assert set(source.lag()) == set(reader.positions)


def test_being_told_what_was_stored_moves_nothing(rig, opened, reader):
    rig.append(lines(0, 20))
    source = opened(rig.source())
    while not reader.records:
        reader.take(source.read(5, 1 << 20, 0.2))
    source.stored(dict.fromkeys(reader.positions, 20))
    source.stored({})
    reader.until(source, 20)
    again = type(reader)().until(opened(rig.source(), {}), 20)
    assert again.records == reader.records


def test_closing_twice_is_closing_once(rig, opened):
    source = opened(rig.source())
    source.read(1, 1, 0.01)
    source.close()
    source.close()
