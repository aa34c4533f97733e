"""The Kafka source against Apache Kafka itself: where streams begin, what stops them, what a broken broker does."""

import logging
import re
import time
import uuid

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.sources.errors import SourceStopped
from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings, login

pytestmark = pytest.mark.needs_real_broker


def lines(begin, end):
    return [b'{"n":%06d}' % number for number in range(begin, end)]


@pytest.fixture
def source(kafka, opened):
    def make(topic, positions=None, group=None, **more):
        settings = KafkaSettings(kafka.address, (topic,), group, **more)
        return opened(KafkaSource("kafka", settings, refresh_s=0.5, commit_s=0), positions)

    return make


def begins(source, count):
    """Read until so many streams were opened, and return where each partition begins."""
    found = {}
    deadline = time.monotonic() + 30
    while len(found) < count and time.monotonic() < deadline:
        for chunk in source.read(1, 1 << 20, 0.2):
            found.setdefault(chunk.stream.partition, chunk.next - len(chunk.values))
    return found


@pytest.mark.parametrize(("start", "at"), [("earliest", {0: 0, 1: 0}), ("latest", {0: 20, 1: 10})])
def test_a_new_stream_begins_as_the_settings_say(kafka, source, start, at):
    topic = kafka.topic(2)
    kafka.send(topic, lines(0, 20), partition=0)
    kafka.send(topic, lines(0, 10), partition=1)
    assert begins(source(topic, start=start), 2) == at


def test_a_new_stream_can_begin_at_an_instant(kafka, source):
    topic = kafka.topic(2)
    producer = KafkaProducer(bootstrap_servers=kafka.address, acks="all")
    for number in range(10):
        producer.send(topic, b"x", partition=0, timestamp_ms=1_700_000_000_000 + number * 1000)
    producer.flush()
    producer.close()
    assert begins(source(topic, start=1_700_000_004.0), 2) == {0: 4, 1: 0}
    assert begins(source(topic, start=1_700_000_100.0), 2) == {0: 10, 1: 0}


def test_the_beginning_of_an_idle_stream_is_stored_too(kafka, source, reader):
    topic = kafka.topic(2)
    kafka.send(topic, lines(0, 10), partition=1)
    first = source(topic, start="latest")
    deadline = time.monotonic() + 30
    while len(reader.positions) < 2 and time.monotonic() < deadline:
        reader.take(first.read(100, 1 << 20, 0.2))
    assert sorted(reader.positions.values()) == [0, 10]
    kafka.send(topic, lines(10, 13), partition=1)
    reader.until(source(topic, dict(reader.positions), start="latest"), 3)
    assert reader.values == lines(10, 13)


def test_a_stream_begins_at_the_stored_position_whatever_the_group_says(kafka, source, reader):
    topic, group = kafka.topic(), f"group-{uuid.uuid4().hex[:8]}"
    kafka.send(topic, lines(0, 100))
    reader.until(source(topic, group=group), 100)
    stream = next(iter(reader.positions))
    for told in (0, 100, 73):
        other = KafkaConsumer(bootstrap_servers=kafka.address, group_id=group, enable_auto_commit=False)
        other.assign([TopicPartition(topic, 0)])
        other.commit({TopicPartition(topic, 0): OffsetAndMetadata(told, "", -1)})
        other.close()
        again = type(reader)().until(source(topic, {stream: 40}, group=group), 60)
        assert again.values == lines(40, 100)


def test_the_group_hears_what_was_stored(kafka, source, reader):
    topic, group = kafka.topic(), f"group-{uuid.uuid4().hex[:8]}"
    kafka.send(topic, lines(0, 30))
    reading = source(topic, group=group)
    reader.until(reading, 30)
    reading.stored({next(iter(reader.positions)): 17})
    reading.close()
    other = KafkaConsumer(bootstrap_servers=kafka.address, group_id=group, enable_auto_commit=False)
    assert other.committed(TopicPartition(topic, 0)) == 17
    other.close()


def test_a_partition_that_appears_later_begins_at_its_beginning(kafka, source, reader):
    topic = kafka.topic(1)
    kafka.send(topic, lines(0, 5))
    reading = source(topic, start="latest")
    begins(reading, 1)
    with kafka.admin() as admin:
        admin.create_partitions({topic: 2})
    kafka.send(topic, lines(100, 120), partition=1)
    reader.until(reading, 20)
    assert reader.values == lines(100, 120)


def test_a_partition_that_appeared_while_nobody_read_begins_at_its_beginning(kafka, source, reader):
    topic = kafka.topic(1)
    kafka.send(topic, lines(0, 5))
    reader.until(source(topic), 5)
    with kafka.admin() as admin:
        admin.create_partitions({topic: 2})
    kafka.send(topic, lines(5, 9), partition=1)
    reader.until(source(topic, dict(reader.positions), start="latest"), 9)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compressed_records_are_read(kafka, source, reader, codec):
    topic = kafka.topic()
    kafka.send(topic, lines(0, 2_000), compression_type=codec, linger_ms=50)
    reader.until(source(topic), 2_000)
    assert reader.values == lines(0, 2_000)


def test_aborted_transactions_never_happened(kafka, source, reader):
    topic = kafka.topic()
    producer = KafkaProducer(bootstrap_servers=kafka.address, transactional_id=uuid.uuid4().hex)
    producer.init_transactions()
    for begin, commit in ((0, True), (10, False), (20, True)):
        producer.begin_transaction()
        for line in lines(begin, begin + 10):
            producer.send(topic, line)
        producer.flush()
        (producer.commit_transaction if commit else producer.abort_transaction)()
    producer.close()
    reading = source(topic)
    reader.until(reading, 20)
    assert reader.values == lines(0, 10) + lines(20, 30)
    reading.read(10, 1 << 20, 0.5)
    assert set(reading.lag().values()) == {0}  # the markers are no records


def test_keys_headers_and_tombstones_come_along(kafka, source):
    topic = kafka.topic()
    producer = KafkaProducer(bootstrap_servers=kafka.address)
    producer.send(topic, b"v", key=b"k", headers=[("h", b"1")])
    producer.send(topic, None, key=b"k")
    producer.flush()
    producer.close()
    reading = source(topic)
    found = []
    while sum(len(chunk.values) for chunk in found) < 2:
        found += reading.read(10, 1 << 20, 0.2)
    chunk = next(chunk for chunk in found if chunk.values)
    assert (chunk.values, list(chunk.keys)) == ([b"v", None], [b"k", b"k"])
    assert [list(headers) for headers in chunk.headers] == [[("h", b"1")], []]
    assert chunk.size == 1


def test_a_topic_that_is_not_there_is_waited_for_and_not_made(kafka, source, reader, caplog):
    topic = f"bellbuoy-test-{uuid.uuid4().hex[:12]}"
    reading = source(topic)
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        assert reading.read(10, 1 << 20, 0.2) == []
    assert caplog.text.count(f"topic {topic} does not exist") == 1  # said once, not at each try
    with kafka.admin() as admin:
        assert topic not in admin.list_topics()
    kafka.create(topic)
    kafka.send(topic, lines(0, 3))
    reader.until(reading, 3)


def test_a_position_that_retention_passed_stops_its_stream_loudly(kafka, source, reader):
    topic = kafka.topic(2)
    kafka.send(topic, lines(0, 100), partition=0)
    reader.take([])
    reading = source(topic)
    reader.until(reading, 100)
    epoch = next(stream.epoch for stream in reader.positions)
    with kafka.admin() as admin:
        admin.delete_records({TopicPartition(topic, 0): 60})
    kafka.send(topic, lines(0, 5), partition=1)
    behind = Stream("kafka", topic, 0, epoch)
    reading = source(topic, {behind: 10, Stream("kafka", topic, 1, epoch): 0})
    found, stopped = [], []
    deadline = time.monotonic() + 30
    while (len(found) < 5 or not stopped) and time.monotonic() < deadline:
        try:
            found += [value for chunk in reading.read(100, 1 << 20, 0.2) for value in chunk.values]
        except SourceStopped as error:
            stopped.append(error)
    [error] = stopped
    assert found == lines(0, 5)  # the other partition goes on
    assert error.stream == behind
    assert "position 10 is out of range: the broker has 60 to 100; 50 records are gone" in str(error)
    assert f"`bellbuoy source skip kafka:{topic}:0 --to begin|end|OFFSET`" in str(error)
    for _ in range(5):
        assert reading.read(100, 1 << 20, 0.1) == []


def test_a_position_past_the_end_stops_its_stream_loudly(kafka, source, reader):
    topic = kafka.topic()
    kafka.send(topic, lines(0, 10))
    reader.until(source(topic), 10)
    reading = source(topic, {next(iter(reader.positions)): 99})
    with pytest.raises(SourceStopped, match="position 99 is out of range: the broker has 0 to 10"):
        reader.until(reading, 11)


def test_a_topic_made_anew_is_another_stream_from_its_beginning(kafka, source, reader, caplog):
    topic = kafka.topic()
    kafka.send(topic, lines(0, 10))
    reading = source(topic)
    reader.until(reading, 10)
    with kafka.admin() as admin:
        admin.delete_topics([topic])
    time_out = time.monotonic() + 20
    while time.monotonic() < time_out:
        with kafka.admin() as admin:
            if topic not in admin.list_topics():
                break
    kafka.create(topic)
    kafka.send(topic, lines(10, 13))
    reader.until(reading, 13)
    assert reader.values == lines(0, 13)
    assert len(reader.positions) == 2
    assert f"topic {topic} was made anew" in caplog.text
    again = source(topic, dict(reader.positions))
    kafka.send(topic, lines(13, 15))
    reader.until(again, 15)


def test_a_damaged_batch_stops_its_stream_and_skips_nothing(kafka, source, reader, lacking):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    topic = kafka.topic(2)
    kafka.send(topic, lines(0, 10), partition=0, linger_ms=100)
    kafka.send(topic, lines(10, 20), partition=0, linger_ms=100)
    kafka.broker.stop()
    log = kafka.broker.data / f"{topic}-0" / "00000000000000000000.log"
    damaged = bytearray(log.read_bytes())
    damaged[damaged.index(b'{"n":000015}') + 8] ^= 1
    log.write_bytes(damaged)
    kafka.broker.start()
    kafka.send(topic, lines(0, 5), partition=1)
    reading = source(topic)
    found, stopped = [], []
    deadline = time.monotonic() + 40
    while (len(found) < 15 or not stopped) and time.monotonic() < deadline:
        try:
            chunks = reading.read(100, 1 << 20, 0.2)
        except SourceStopped as error:
            stopped.append(error)
        else:
            found += [value for chunk in chunks for value in chunk.values]
    assert sorted(found) == sorted(lines(0, 10) + lines(0, 5))
    [error] = stopped
    assert "damaged records at offset 10" in str(error)


def test_a_login_lets_in_and_a_wrong_one_is_told(kafka, opened, reader, caplog, lacking):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    topic = kafka.topic()
    kafka.send(topic, lines(0, 5))

    def make(password):
        right = login("SASL_PLAINTEXT", "PLAIN", "bellbuoy", password)
        return opened(KafkaSource("kafka", KafkaSettings(kafka.broker.login_address, (topic,), login=right)))

    wrong = make("guessed")
    assert wrong.read(10, 1 << 20, 0.1) == []
    assert f"no connection to Kafka at {kafka.broker.login_address}: " in caplog.text
    # Which of the two the library hears, the refusal or the closed connection, is a matter of microseconds.
    assert re.search(r"Invalid username or password|\(is the login right\?\)", caplog.text)
    assert "guessed" not in caplog.text
    reader.until(make("made-up-for-tests"), 5)


def test_a_broker_killed_and_started_again_costs_nothing(kafka, source, reader, caplog, lacking):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    caplog.set_level(logging.INFO)
    topic = kafka.topic(2)
    kafka.send(topic, lines(0, 3_000))
    reading = source(topic)
    while len(reader.records) < 1_000:
        reader.take(reading.read(100, 1 << 20, 0.2))
    kafka.broker.kill()
    for _ in range(20):
        reader.take(reading.read(100, 1 << 20, 0.2))
    lag = reading.lag()
    assert set(lag) <= set(reader.positions)
    kafka.broker.start()
    kafka.send(topic, lines(3_000, 4_000))
    reader.until(reading, 4_000, seconds=60)
    assert reader.values == lines(0, 4_000)
    assert caplog.text.count("does not answer; trying on") <= 2


def test_a_broker_that_is_not_up_yet_is_waited_for(kafka, opened, reader, caplog, lacking):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    topic = kafka.topic()
    kafka.send(topic, lines(0, 10))
    kafka.broker.kill()
    reading = opened(KafkaSource("kafka", KafkaSettings(kafka.address, (topic,)), refresh_s=0.5))
    for _ in range(3):
        assert reading.read(10, 1 << 20, 0.1) == []
    assert reading.lag() == {}
    assert (
        f"no connection to Kafka at {kafka.address}: KafkaConnectionError: 111 ECONNREFUSED; trying on" in caplog.text
    )
    kafka.broker.start()
    reader.until(reading, 10, seconds=60)


def test_a_writer_that_stands_still_costs_nothing(kafka, source, reader):
    topic = kafka.topic(2)
    kafka.send(topic, lines(0, 2_000))
    reading = source(topic)
    while len(reader.records) < 500:
        reader.take(reading.read(100, 1 << 20, 0.2))
    reading.pause()
    kafka.send(topic, lines(2_000, 3_000))
    with kafka.admin() as admin:
        admin.create_partitions({topic: 3})
    kafka.send(topic, lines(3_000, 3_100), partition=2)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        assert sum(len(chunk.values) for chunk in reading.read(100, 1 << 20, 0.2)) == 0
    reading.resume()
    reader.until(reading, 3_100)
    assert reader.values == lines(0, 3_100)


def test_the_size_of_a_read_follows_the_bytes_asked_for(kafka, source, reader):
    topic = kafka.topic()
    kafka.send(topic, [b"x" * 10_000] * 200)
    reading = source(topic)
    sizes = []
    while len(reader.records) < 200:
        chunks = reading.read(50, 100_000, 0.2)
        sizes += [chunk.size for chunk in chunks if chunk.size]
        reader.take(chunks)
    assert max(sizes[1:]) <= 100_000
