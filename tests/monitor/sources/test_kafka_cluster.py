"""Three brokers: a leader that dies and a partition that moves cost nothing."""

import time

import pytest
from kafka_cluster import Cluster

from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings

pytestmark = [
    pytest.mark.needs_real_broker,
    # the client library leaves the sockets of failed connections to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def lines(begin, end):
    return [b'{"n":%06d}' % number for number in range(begin, end)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture
def source(cluster, opened):
    return lambda topic: opened(KafkaSource("kafka", KafkaSettings(cluster.address, (topic,)), refresh_s=0.5))


def until(condition, seconds=90):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
    raise AssertionError("it did not come to that")


def elsewhere(leaders, gone):
    return bool(leaders) and not {gone, -1} & set(leaders.values())


def test_a_partition_that_moves_to_another_broker_costs_nothing(cluster, source, reader):
    topic = cluster.topic(1)
    cluster.send(topic, lines(0, 500))
    reading = source(topic)
    while len(reader.records) < 100:
        reader.take(reading.read(50, 1 << 20, 0.2))
    before = cluster.leaders(topic)[0]
    after = before % 3 + 1
    cluster.move(topic, 0, after)
    until(lambda: reader.take(reading.read(5, 1 << 20, 0.1)) >= 0 and cluster.leaders(topic).get(0) == after)
    cluster.send(topic, lines(500, 1_000))
    reader.until(reading, 1_000, seconds=60)
    assert reader.values == lines(0, 1_000)
    assert len(reader.positions) == 1


def test_a_leader_that_is_killed_costs_nothing(cluster, source, reader):
    topic = cluster.topic(3)
    cluster.send(topic, lines(0, 3_000))
    reading = source(topic)
    while len(reader.records) < 500:
        reader.take(reading.read(100, 1 << 20, 0.2))
    gone = cluster.leaders(topic)[0]
    cluster.nodes[gone].kill()
    try:
        until(lambda: reader.take(reading.read(50, 1 << 20, 0.1)) >= 0 and elsewhere(cluster.leaders(topic), gone))
        cluster.send(topic, lines(3_000, 4_000))
        reader.until(reading, 4_000, seconds=60)
        assert reader.values == lines(0, 4_000)
    finally:
        cluster.nodes[gone].start()
    cluster.send(topic, lines(4_000, 4_300))
    reader.until(reading, 4_300, seconds=60)
    assert reader.values == lines(0, 4_300)
    until(lambda: reader.take(reading.read(1, 1, 0.1)) == 0 and set(reading.lag().values()) == {0})
