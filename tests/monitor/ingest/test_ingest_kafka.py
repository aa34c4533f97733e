"""Through Apache Kafka itself: every record is stored once, over restarts of ours, of the broker, and whatever the group says."""

import gc
import threading

import pytest
from store_batches import messages

from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings
from bellbuoy.monitor.store import Store

pytestmark = [
    pytest.mark.needs_real_broker,
    # the client library leaves the sockets of failed connections to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _swept():
    yield
    gc.collect()  # here, where the mark above holds, and not in the midst of a later test


def stored(store):
    rows = store.cursor().execute(
        'SELECT s.partition, e."offset" FROM events_raw AS e JOIN streams AS s ON s.id = e.stream'
    )
    return rows.fetchall() + store.cursor().execute('SELECT partition, "offset" FROM dead_letters').fetchall()


def run(path, told, clock, address, topic, done):
    """Ingest with both threads until `done(total)`, then stop; return what is stored."""
    with Store.open(path) as store:
        source = KafkaSource("kafka", KafkaSettings(address, (topic,), group_id=f"{topic}-group"), commit_s=0.2)
        ingest = Ingest(source, store, told(rows=500), clock)
        stop = threading.Event()
        loops = [threading.Thread(target=loop, args=(stop,)) for loop in (ingest.read_loop, ingest.write_loop)]
        for thread in loops:
            thread.start()
        for _ in range(6000):
            if done(ingest) or not all(thread.is_alive() for thread in loops):
                break
            stop.wait(0.01)
        stop.set()
        for thread in loops:
            thread.join(30)
            assert not thread.is_alive()
        source.close()
        return stored(store)


def test_restarts_lose_nothing_and_repeat_nothing(kafka, tmp_path, told, clock):
    topic = kafka.topic(partitions=3)
    sent = set(kafka.send(topic, messages(1, 12_000)))
    path = tmp_path / "b.duckdb"
    for stop_after in (1, 300, 600):
        found = run(
            path, told, clock, kafka.address, topic, lambda ingest, many=stop_after: ingest.total.received >= many
        )
        assert 0 < len(found) < 12_000  # it stopped in the midst of it
    sent |= set(kafka.send(topic, messages(2, 1000)))
    found = run(path, told, clock, kafka.address, topic, lambda ingest: len(stored(ingest.store)) >= len(sent))
    assert len(found) == len(sent)
    assert set(found) == sent


def test_a_broker_that_dies_and_comes_back_loses_nothing(kafka, tmp_path, told, clock, lacking):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    topic = kafka.topic(partitions=2)
    sent = set(kafka.send(topic, messages(1, 2000)))
    broken = threading.Event()

    def done(ingest):
        if ingest.total.received and not broken.is_set():
            broken.set()
            kafka.broker.kill()
            kafka.broker.start()
            sent.update(kafka.send(topic, messages(2, 500)))
        return len(stored(ingest.store)) >= len(sent) and broken.is_set()

    found = run(tmp_path / "b.duckdb", told, clock, kafka.address, topic, done)
    assert len(found) == len(sent) == 2500
    assert set(found) == sent
