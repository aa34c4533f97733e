"""Sending recorded events to a topic: all of them, in order, keyed, and nothing made silently."""

import gzip
import json
import uuid

import pytest
import zstandard
from kafka import KafkaConsumer, TopicPartition

from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.replay import ReplayError, key_of, send


def lines(count):
    return [json.dumps({"interaction_id": f"c{number % 7}", "n": number}).encode() for number in range(count)]


def all_of(kafka, topic, partitions):
    consumer = KafkaConsumer(bootstrap_servers=kafka.address, enable_auto_commit=False, auto_offset_reset="none")
    parts = [TopicPartition(topic, number) for number in range(partitions)]
    consumer.assign(parts)
    for part in parts:
        consumer.seek(part, 0)
    ends = consumer.end_offsets(parts)
    found = {part.partition: [] for part in parts}
    while sum(map(len, found.values())) < sum(ends.values()):
        for part, records in consumer.poll(timeout_ms=200).items():
            found[part.partition] += records
    consumer.close()
    return found


@pytest.mark.needs_real_broker
def test_every_line_is_sent_in_order_with_its_interaction_as_the_key(kafka, tmp_path):
    every = lines(300)
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(every[:100]))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"\n".join(every[100:200]) + b"\n"))
    (tmp_path / "c.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(b"\n".join(every[200:])))
    topic, told = kafka.topic(3), []
    assert send(sorted(tmp_path.iterdir()), kafka.address, topic, on_progress=told.append) == 300
    assert told[-1] == 300
    found = all_of(kafka, topic, 3)
    home = {}
    for partition, records in found.items():
        numbers = [json.loads(record.value)["n"] for record in records]
        assert numbers == sorted(numbers)
        for record in records:
            assert record.key == json.loads(record.value)["interaction_id"].encode()
            assert home.setdefault(record.key, partition) == partition
    assert sorted(record.value for records in found.values() for record in records) == sorted(every)


@pytest.mark.needs_real_broker
def test_a_topic_is_made_only_when_asked_for(kafka, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(lines(3)))
    topic = f"bellbuoy-test-{uuid.uuid4().hex[:12]}"
    with pytest.raises(ReplayError, match=f"topic {topic} does not exist at {kafka.address}; make it, or"):
        send([path], kafka.address, topic)
    with kafka.admin() as admin:
        assert topic not in admin.list_topics()
    assert send([path], kafka.address, topic, create_partitions=2) == 3
    assert send([path], kafka.address, topic, create_partitions=2) == 3
    assert sum(map(len, all_of(kafka, topic, 2).values())) == 6


@pytest.mark.needs_real_broker
def test_a_rate_is_kept_to(kafka, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(lines(100)))
    clock = VirtualClock()
    send([path], kafka.address, kafka.topic(), rate=50, clock=clock)
    assert clock.now() == pytest.approx(1.9)  # the last part of five leaves at 95/50 s


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ReplayError, match=r"b.jsonl: there is no such file"):
        send([tmp_path / "b.jsonl"], "127.0.0.1:1", "t")


@pytest.mark.parametrize(
    ("line", "key"),
    [(b'{"interaction_id":"c1"}', b"c1"), (b"{}", None), (b"nonsense", None), (b'{"interaction_id":7}', None)],
)
def test_a_line_without_an_interaction_has_no_key(line, key):
    assert key_of(line) == key
