"""Through Apache Kafka itself into the store: retention passed a position, a person decides, and every record is stored once."""

import threading

import pytest
from kafka import TopicPartition
from store_batches import messages
from test_ingest_threads import Running, until

from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.ingest.deciding import Deciding
from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.needs_real_broker


def test_a_position_that_retention_passed_goes_on_where_a_person_says(kafka, tmp_path, told, clock):
    topic = kafka.topic(2)
    path = tmp_path / "b.duckdb"

    def life(act):
        with Store.open(path) as store:
            source = KafkaSource("kafka", KafkaSettings(kafka.address, (topic,)), clock=clock, refresh_s=0.5)
            ingest = Ingest(source, store, told(rows=50), clock)
            with Running(ingest):
                act(ingest, Deciding(store, clock, [ingest]))
            source.close()
            return {stream.partition: at for stream, at in store.positions("kafka").items()}

    kafka.send(topic, messages(1, 100), partition=0)
    assert life(lambda ingest, _: until(lambda: ingest.total.received == 100, 60)) == {0: 100, 1: 0}
    kafka.send(topic, messages(2, 100), partition=0)
    with kafka.admin() as admin:
        admin.delete_records({TopicPartition(topic, 0): 150})

    def decide(ingest, deciding):
        until(lambda: ingest.stopped, 60)
        kafka.send(topic, messages(3, 30), partition=1)
        until(lambda: ingest.total.received == 30, 60)  # the other partition goes on
        [trouble] = ingest.troubles()
        assert "position 100 is out of range: the broker has 150 to 200; 50 records are gone" in trouble.reason
        said = deciding.skip(f"kafka:{topic}:0", "begin", "retention was short")
        assert said == f"kafka:{topic}:0 goes on at 150; it stood at 100; 50 records between them are lost"
        until(lambda: ingest.total.received == 80, 60)
        assert not ingest.stopped

    assert life(decide) == {0: 200, 1: 30}
    kafka.send(topic, messages(4, 5), partition=0)
    assert life(lambda ingest, _: until(lambda: ingest.total.received == 5, 60)) == {0: 205, 1: 30}
    with Store.open(path) as store:
        rows = store.cursor().execute("SELECT answer, from_offset, to_offset, lost FROM skips").fetchall()
        found = store.cursor().execute(
            'SELECT stream, "offset" FROM events_raw UNION ALL SELECT stream, "offset" FROM dead_letters_raw'
        )
        stored = found.fetchall()
    assert rows == [("taken", 100, 150, 50)]
    assert len(stored) == len(set(stored)) == 100 + 30 + 50 + 5
    assert not [one for one in threading.enumerate() if one.name.startswith("read ")]
