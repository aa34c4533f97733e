"""Faults between us and Apache Kafka itself: each record once, and reading again soon after it heals."""

import threading
import time

import pytest
from chaos_proxy import ChaosProxy, plan

from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings

pytestmark = [
    pytest.mark.needs_real_broker,
    # the client library leaves the sockets of failed connections to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SEED = 20261125
HEALS_S = 60.0


def lines(begin, end):
    return [b'{"n":%06d}' % number for number in range(begin, end)]


def test_five_faults_lose_nothing_and_double_nothing(kafka, opened, reader, lacking, record_property):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    topic = kafka.topic(3)
    faults = plan(SEED, 5)
    sent = 1_000
    kafka.send(topic, lines(0, sent))
    slowest = 0.0
    with ChaosProxy(kafka.broker.hidden_port, kafka.broker.chaos_port) as proxy:
        settings = KafkaSettings(proxy.address, (topic,), "chaos")
        source = opened(KafkaSource("kafka", settings, refresh_s=0.5, commit_s=0.5))
        while len(reader.records) < 300:
            reader.take(source.read(100, 1 << 20, 0.2))
        for mode, how, seconds in faults:
            before = proxy.harmed[mode]
            proxy.set(mode, **how)
            kafka.send(topic, lines(sent, sent + 1_000))
            sent += 1_000
            hold = time.monotonic() + seconds
            while time.monotonic() < hold or (proxy.harmed[mode] == before and mode != "refuse"):
                reader.take(source.read(20, 1 << 20, 0.1))
                source.stored(dict(reader.positions))
                source.lag()
            at, healed = len(reader.records), time.monotonic()
            proxy.set("ok")
            reader.until(source, sent, seconds=HEALS_S)
            slowest = max(slowest, time.monotonic() - healed)
            assert len(reader.records) >= at
        assert set(proxy.harmed) >= {"reset", "blackhole", "slow", "cut"}
    assert reader.values == lines(0, sent)
    assert reader.twice == []
    record_property("promise", f"P2: 5 faults, seed {SEED}, {sent} records, whole again after {slowest:.1f} s at most")


def test_a_black_hole_longer_than_any_time_out_is_told_and_survived(kafka, opened, reader, lacking, caplog):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    topic = kafka.topic()
    kafka.send(topic, lines(0, 100))
    with ChaosProxy(kafka.broker.hidden_port, kafka.broker.chaos_port) as proxy:
        settings = KafkaSettings(proxy.address, (topic,), None, client={"request_timeout_ms": 3_000})
        source = opened(KafkaSource("kafka", settings, refresh_s=0.5))
        reader.until(source, 100)
        proxy.set("blackhole")
        kafka.send(topic, lines(100, 200))
        deadline = time.monotonic() + 40
        while not source.silence and time.monotonic() < deadline:
            assert reader.take(source.read(100, 1 << 20, 0.2)) == 0
        assert source.silence == f"Kafka at {proxy.address} does not answer"
        source.lag()
        assert not source.lag_known
        proxy.set("ok")
        reader.until(source, 200, seconds=HEALS_S)
        deadline = time.monotonic() + 20
        while source.silence and time.monotonic() < deadline:
            reader.take(source.read(100, 1 << 20, 0.2))
        assert source.silence == ""
    assert reader.values == lines(0, 200)
    assert not [thread for thread in threading.enumerate() if thread.name == "chaos proxy"]
