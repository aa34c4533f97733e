"""What stops a partition of Apache Kafka itself, and how a person lets it go on."""

import time
import uuid

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.sources.errors import SourceStopped
from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings
from bellbuoy.monitor.sources.skipping import Skip, SkipRefused, turned

pytestmark = [
    pytest.mark.needs_real_broker,
    # the client library leaves the sockets of failed connections to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def lines(begin, end):
    return [b'{"n":%06d}' % number for number in range(begin, end)]


@pytest.fixture
def source(kafka, opened):
    def make(topic, positions=None, group=None, **more):
        settings = KafkaSettings(kafka.address, (topic,), group, **more)
        return opened(KafkaSource("kafka", settings, refresh_s=0.5, commit_s=0), positions)

    return make


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
    raise AssertionError("it did not come to that")


def stops(source, reader, count=1, seconds=60):
    """Read until so many streams stopped, and return what was told of them."""
    told = []
    deadline = time.monotonic() + seconds
    while len(told) < count and time.monotonic() < deadline:
        try:
            reader.take(source.read(1_000, 1 << 20, 0.2))
        except SourceStopped as error:
            told.append(error)
    assert len(told) == count
    return told


def skipped(source, topic, target, partition=0):
    """Ask until a broker answers."""
    done = []
    until(lambda: done.append(source.skip(Skip(1, topic, partition, target))) or done[-1] is not None)
    return done[-1]


def behind_retention(kafka, source, reader):
    """A topic whose first 60 of 100 records are gone, read up to 10."""
    topic = kafka.topic()
    kafka.send(topic, lines(0, 100))
    reader.until(source(topic), 100)
    stream = next(iter(reader.positions))
    reader.records.clear()
    reader.positions.clear()
    with kafka.admin() as admin:
        admin.delete_records({TopicPartition(topic, 0): 60})
    return topic, stream


@pytest.mark.parametrize(
    ("target", "to", "lost", "left_out"), [("begin", 60, 50, 0), ("end", 100, 50, 40), ("75", 75, 50, 15)]
)
def test_a_person_lets_a_stream_go_on_behind_what_retention_took(kafka, source, reader, target, to, lost, left_out):
    topic, stream = behind_retention(kafka, source, reader)
    reading = source(topic, {stream: 10})
    stops(reading, reader)
    found = skipped(reading, topic, target)
    assert (found.old, found.stream, found.start, found.to) == (stream, stream, 10, to)
    assert (found.lost, found.left_out) == (lost, left_out)
    kafka.send(topic, lines(100, 110))
    reader.until(reading, 110 - to)
    assert reader.values == lines(to, 110)
    again = type(reader)().until(source(topic, {stream: to}), 110 - to)  # the next start goes on there as well
    assert again.values == reader.values


def test_where_a_stream_cannot_go_on_it_says_so(kafka, source, reader):
    topic, stream = behind_retention(kafka, source, reader)
    reading = source(topic, {stream: 70})
    reader.until(reading, 30)
    for target, why in (
        ("59", "offset 59 is not there: the broker has 60 to 100"),
        ("101", "offset 101 is not there: the broker has 60 to 100"),
        ("begin", "offset 60 lies before the position 100: what is there is stored, and nothing is stored twice"),
    ):
        with pytest.raises(SkipRefused, match=why):
            skipped(reading, topic, target)
    with pytest.raises(SkipRefused, match=f"topic {topic} has no partition 1; it has 0 to 0"):
        skipped(reading, topic, "end", partition=1)
    with pytest.raises(SkipRefused, match=f"topic other is not read by kafka; it reads {topic}"):
        reading.skip(Skip(1, "other", 0, "end"))
    kafka.send(topic, lines(100, 105))
    reader.until(reading, 35)


def test_a_running_stream_can_be_sent_past_its_backlog(kafka, source, reader):
    topic = kafka.topic()
    kafka.send(topic, lines(0, 500))
    reading = source(topic)
    while not reader.records:
        reader.take(reading.read(10, 1 << 20, 0.2))
    at = next(iter(reader.positions.values()))
    found = skipped(reading, topic, "end")
    assert (found.start, found.to, found.lost, found.left_out) == (at, 500, 0, 500 - at)
    kafka.send(topic, lines(500, 503))
    reader.until(reading, at + 3)
    assert reader.values == lines(0, at) + lines(500, 503)


def test_records_that_others_replaced_are_read_as_another_stream(kafka, source, reader):
    topic = kafka.topic()
    kafka.send(topic, lines(0, 30))
    reader.until(source(topic), 30)
    stream = next(iter(reader.positions))
    reader.records.clear()
    reader.positions.clear()
    reading = source(topic, {stream: 99})
    [told] = stops(reading, reader)
    assert "position 99 is out of range: the broker has 0 to 30" in str(told)
    found = skipped(reading, topic, "20")
    assert (found.old, found.stream, found.start, found.to, found.lost) == (stream, turned(stream), 99, 20, 0)
    reader.until(reading, 10)
    assert set(reader.positions) == {turned(stream)}
    kafka.send(topic, lines(30, 35))
    again = source(topic, {stream: 99, turned(stream): 30})  # after a restart it is still that stream
    reader.until(again, 15)
    assert reader.values == lines(20, 35)


def test_a_stopped_stream_stops_at_each_start_once_and_the_others_go_on(kafka, source, reader):
    topic = kafka.topic(2)
    kafka.send(topic, lines(0, 20), partition=0)
    kafka.send(topic, lines(20, 40), partition=1)
    reader.until(source(topic), 40)
    epoch = next(iter(reader.positions)).epoch
    positions = {Stream("kafka", topic, 0, epoch): 99, Stream("kafka", topic, 1, epoch): 0}
    for _ in range(2):
        reader.records.clear()
        reader.positions.clear()
        reading = source(topic, positions)
        stops(reading, reader)
        reader.until(reading, 20)
        for _ in range(5):
            assert reading.read(100, 1 << 20, 0.05) == []
        assert reading.silence == ""
        assert reading.lag()[Stream("kafka", topic, 1, epoch)] == 0


def test_a_person_gets_past_a_damaged_batch(kafka, source, reader, lacking):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    topic = kafka.topic()
    for begin in (0, 10, 20):
        kafka.send(topic, lines(begin, begin + 10), linger_ms=100)
    kafka.broker.stop()
    log = kafka.broker.data / f"{topic}-0" / "00000000000000000000.log"
    damaged = bytearray(log.read_bytes())
    damaged[damaged.index(b'{"n":000015}') + 8] ^= 1
    log.write_bytes(damaged)
    kafka.broker.start()
    reading = source(topic)
    [told] = stops(reading, reader)
    assert "damaged records at offset 10" in str(told)
    assert reader.values == lines(0, 10)
    assert skipped(reading, topic, "12").left_out == 2
    [again] = stops(reading, reader)  # still inside the batch
    assert "damaged records at offset 1" in str(again)
    assert skipped(reading, topic, "20").to == 20
    reader.until(reading, 20)
    assert reader.values == lines(0, 10) + lines(20, 30)


def made_anew(kafka, topic, partitions=1):
    with kafka.admin() as admin:
        admin.delete_topics([topic])
    until(lambda: topic not in topics(kafka))
    kafka.create(topic, partitions)


def topics(kafka):
    with kafka.admin() as admin:
        return admin.list_topics()


def test_a_topic_made_anew_is_told_once_and_read_although_its_partition_had_stopped(kafka, source, reader):
    topic = kafka.topic(2)
    kafka.send(topic, lines(0, 10), partition=0)
    reader.until(source(topic), 10)
    stream = next(stream for stream in reader.positions if stream.partition == 0)
    reader.records.clear()
    reader.positions.clear()
    reading = source(topic, {stream: 99})
    stops(reading, reader)
    assert reading.notices == []
    made_anew(kafka, topic, 2)
    kafka.send(topic, lines(10, 13), partition=0)
    kafka.send(topic, lines(13, 15), partition=1)

    def anew():
        return sorted(value for (read, _), value in reader.records.items() if read.epoch != stream.epoch)

    # until the broker tells the new id, what lies at the position of partition 1 may come under the old one as well
    until(lambda: reader.take(reading.read(1_000, 1 << 20, 0.2)) >= 0 and len(anew()) >= 5)
    assert anew() == lines(10, 15)
    assert reader.twice == []
    [notice] = reading.notices
    assert notice.headline == f"topic {topic} was made anew"
    assert f"its id {stream.epoch} is now {notice.stream.epoch}" in notice.reason
    assert "partition 0 of the old one was read up to offset 99" in notice.reason


def test_a_topic_made_anew_while_nobody_read_is_told_at_the_start(kafka, source, reader):
    topic = kafka.topic()
    kafka.send(topic, lines(0, 10))
    reader.until(source(topic), 10)
    positions = dict(reader.positions)
    made_anew(kafka, topic)
    kafka.send(topic, lines(10, 13))
    reading = source(topic, positions)
    reader.until(reading, 13)
    assert len(reading.notices) == 1
    again = source(topic, dict(reader.positions))
    kafka.send(topic, lines(13, 14))
    reader.until(again, 14)
    assert again.notices == []  # it was known by then


def test_a_missing_topic_and_a_missing_broker_are_named(kafka, source):
    topic = f"bellbuoy-test-{uuid.uuid4().hex[:12]}"
    reading = source(topic)
    until(lambda: reading.read(1, 1, 0.1) or reading.silence)
    assert reading.silence == f"topic {topic} does not exist at {kafka.address}"
    kafka.create(topic)
    until(lambda: reading.read(1, 1, 0.1) or not reading.silence)
    nobody = KafkaSource("kafka", KafkaSettings("127.0.0.1:1", (topic,)))
    nobody.open({})
    nobody.read(1, 1, 0.1)
    assert nobody.silence.startswith("no connection to Kafka at 127.0.0.1:1: ")
    nobody.close()


def test_twelve_partitions_are_read_whole(kafka, source, reader):
    topic = kafka.topic(12)
    kafka.send(topic, lines(0, 2_400))
    reading = source(topic)
    reader.until(reading, 2_400)
    assert reader.values == lines(0, 2_400)
    assert {stream.partition for stream in reader.positions} == set(range(12))
    again = source(topic, dict(reader.positions))
    kafka.send(topic, lines(2_400, 2_500))
    reader.until(again, 2_500)
    assert set(again.lag().values()) == {0}


def test_another_member_of_the_group_changes_nothing_and_is_told_once(kafka, source, reader, caplog):
    topic, group = kafka.topic(), f"group-{uuid.uuid4().hex[:8]}"
    kafka.send(topic, lines(0, 50))
    other = KafkaConsumer(
        topic, bootstrap_servers=kafka.address, group_id=group, auto_offset_reset="earliest", session_timeout_ms=60_000
    )
    until(lambda: other.poll(timeout_ms=100) or other.assignment())
    reading = source(topic, group=group)
    reader.until(reading, 50)
    for sent in range(50, 80, 10):
        reading.stored(dict(reader.positions))
        kafka.send(topic, lines(sent, sent + 10))
        reader.until(reading, sent + 10)
    until(lambda: reading.read(1, 1, 0.1) or "does not take our progress" in caplog.text)
    other.close()
    assert caplog.text.count(f"group {group} does not take our progress") == 1


def test_a_group_that_was_deleted_changes_nothing(kafka, source, reader):
    topic, group = kafka.topic(), f"group-{uuid.uuid4().hex[:8]}"
    kafka.send(topic, lines(0, 50))
    reading = source(topic, group=group)
    reader.until(reading, 50)
    reading.stored(dict(reader.positions))
    reading.close()
    with kafka.admin() as admin:
        admin.delete_groups([group])
    positions = dict(reader.positions)
    kafka.send(topic, lines(50, 60))
    later = source(topic, positions, group=group)
    reader.until(later, 60)
    later.stored(dict(reader.positions))
    later.close()
    other = KafkaConsumer(bootstrap_servers=kafka.address, group_id=group, enable_auto_commit=False)
    assert other.committed(TopicPartition(topic, 0)) == 60
    other.commit({TopicPartition(topic, 0): OffsetAndMetadata(0, "", -1)})
    other.close()
    kafka.send(topic, lines(60, 65))
    reader.until(source(topic, dict(reader.positions), group=group), 65)
