"""What doctor says of sources, each thing broken in turn; Kafka is Apache Kafka itself."""

import gc
import gzip
import json
import os
import re
import time

import pytest
from kafka import TopicPartition
from ports import free_port

from bellbuoy.config.sources import Files, Kafka, Security
from bellbuoy.monitor.doctor import reading
from bellbuoy.monitor.doctor.kafka import kafka as look
from bellbuoy.monitor.doctor.sampling import sampled, standing
from bellbuoy.monitor.event import Limits
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.sources.errors import SourceSettings
from bellbuoy.sinks.base import Secret


def event(number):
    ts = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    step = {"type": "step", "interaction_id": f"i{number}", "workflow": "w", "step": "s", "outcome": "success"}
    return json.dumps({**step, "ts": ts}).encode()


def chunk(values):
    return Chunk(Stream("kafka", "t", 3, ""), range(7, 7 + len(values)), values, 7 + len(values))


def judged(values, said, **feed):
    found = sampled([chunk(values)], Files(path="x", **feed), Limits(), time.time())
    return said([found])[0]


def test_a_sample_says_how_many_are_events_and_why_the_first_is_not(said):
    good = [event(number) for number in range(20)]
    assert judged(good, said) == ("ok", "all of the 20 records that were looked at are events")
    level, line = judged([*good, b"{", *good], said)
    assert level == "warn"
    assert line.startswith("40 of 41 records that were looked at are events; the first that is none, t:3 at 27: ")
    level, line = judged([b"[]", b"{", *good], said)
    assert level == "fail"
    assert "past 5.0% the source is halted" in line
    assert judged([None], said) == ("warn", "no record is there yet; see whether anybody writes them")


def test_files_are_found_and_the_newest_is_looked_into(configured, knowing, said, tmp_path):
    know = knowing(configured())
    feed = Files(path=f"{tmp_path}/*.jsonl*")
    assert said(reading.files(feed, Limits(), know)) == [
        (
            "fail",
            f"no file matches {feed.path}: the daemon refuses to start; correct `path`, or set `follow: true`",
        )
    ]
    follow = Files(path=feed.path, follow=True)
    ((level, line),) = said(reading.files(follow, Limits(), know))
    assert (level, line.partition(":")[0]) == ("warn", f"no file matches {feed.path}")
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(event(number) for number in range(300)))
    assert said(reading.files(feed, Limits(), know)) == [
        ("ok", f"1 file at {feed.path}"),
        ("ok", "all of the 200 records that were looked at are events"),
    ]
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"{}\n")[:-9])
    os.utime(tmp_path / "a.jsonl", (0, 0))
    (first, (level, line)) = said(reading.files(feed, Limits(), know))
    assert first == ("ok", f"2 files at {feed.path}")
    assert level == "fail"
    assert "cannot be read past byte" in line


def test_a_file_that_may_not_be_read_is_named(configured, knowing, said, tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_bytes(event(1))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    found = said(reading.files(Files(path=f"{tmp_path}/*.jsonl"), Limits(), knowing(configured())))
    assert found[0] == (
        "fail",
        f"{tmp_path}/a.jsonl cannot be read by this user, nor 1 more; see to its owner and permissions",
    )


def test_streams_that_do_not_go_on_are_named_with_the_way_out(configured, knowing, said, monkeypatch):
    know = knowing(configured())
    assert said(standing("kafka", know)) == [("ok", "how far it is read is not known: there is no store yet")]
    rows = [
        {"name": "kafka:t:0", "position": 5, "behind": 12, "state": "reading", "why": "", "remedy": ""},
        {"name": "kafka2:t:0", "position": 5, "behind": 9, "state": "reading", "why": "", "remedy": ""},
    ]
    monkeypatch.setattr(know, "streams", lambda: rows)
    assert said(standing("kafka", know)) == [("ok", "1 stream, 12 behind")]
    rows[0] |= {"behind": 100_001}
    assert said(standing("kafka", know))[0][0] == "warn"
    rows[0] |= {"state": "stopped", "why": "783 records are gone", "remedy": "`bellbuoy source skip kafka:t:0`"}
    assert said(standing("kafka", know))[0] == (
        "fail",
        "kafka:t:0 is stopped: 783 records are gone; `bellbuoy source skip kafka:t:0`",
    )
    assert said(standing("files", know)) == [("ok", "nothing of it is stored yet")]


def test_each_source_is_looked_at_under_its_own_name(configured, knowing):
    config = configured(sources=[{"http": {}}, {"files": {"path": "a"}}, {"files": {"path": "b"}}])
    assert [one.name for one in reading.checks(config, knowing(config))] == [
        *("http", "http"),
        *("files", "files"),
        *("files2", "files2"),
    ]
    config = configured(sources=[{"files": {"path": "a", "format": "otlp_json"}}])
    with pytest.raises(SourceSettings, match="is not read yet"):
        list(reading.checks(config, knowing(config)))


def test_http_says_where_events_are_taken(configured, knowing, said):
    config = configured()
    assert said(reading.http(knowing(config))) == [
        ("ok", f"no daemon takes events now; then it does at http://{config.server.listen}/v1/events")
    ]


# Apache Kafka

unswept = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The client library leaves the sockets of failed connections to the garbage collector."""


@pytest.fixture
def swept():
    yield
    gc.collect()


@pytest.mark.needs_real_broker
def test_topics_and_a_sample_of_kafka(kafka, said, configured, knowing):
    know = knowing(configured())
    topic, empty = kafka.topic(partitions=3), kafka.topic()
    for partition in range(3):
        kafka.send(topic, [event(number) for number in range(100)], partition=partition)
    feed = Kafka(bootstrap_servers=kafka.address, topics=[topic, "no-such-topic"])
    *found, (level, line) = said(look("kafka", feed, Limits(), know))
    assert found == [
        ("ok", f"the brokers at {kafka.address} answer (PLAINTEXT)"),
        ("ok", f"topic {topic} has 3 partitions"),
        (
            "fail",
            f"topic no-such-topic does not exist at {kafka.address}; correct `topics`, or let it be made",
        ),
    ]
    assert level == "ok"
    assert re.fullmatch(r"all of the \d{2,3} records that were looked at are events", line)
    kafka.send(topic, [b"not json"], partition=1)
    *_, (level, line) = said(look("kafka", Kafka(bootstrap_servers=kafka.address, topics=[topic]), Limits(), know))
    assert level == "warn"
    assert f"{topic}:1 at 100: " in line
    *_, (level, line) = said(look("kafka", Kafka(bootstrap_servers=kafka.address, topics=[empty]), Limits(), know))
    assert (level, line) == ("warn", "no record is there yet; see whether anybody writes them")


@pytest.mark.needs_real_broker
def test_what_waits_and_what_is_gone_before_a_daemon_starts_is_told(kafka, said, configured, knowing, monkeypatch):
    topic = kafka.topic(partitions=2)
    kafka.send(topic, [event(number) for number in range(30)], partition=0)
    with kafka.admin() as admin:
        admin.delete_records({TopicPartition(topic, 0): 10})
    know = knowing(configured())
    feed = Kafka(bootstrap_servers=kafka.address, topics=[topic])
    monkeypatch.setattr(know, "streams", lambda: [{"name": f"kafka2:{topic}:0", "position": 12}])
    assert ("ok", "18 records wait in 1 of 2 partitions that are known") in said(look("kafka2", feed, Limits(), know))
    monkeypatch.setattr(know, "streams", lambda: [{"name": f"kafka2:{topic}:0", "position": 4}])
    gone = f"kafka2:{topic}:0 is stored up to 4, and the broker begins at 10: the records between are gone"
    way = f"start the daemon, then decide: `bellbuoy source skip kafka2:{topic}:0 --to begin`"
    assert ("fail", f"{gone}; {way}") in said(look("kafka2", feed, Limits(), know))


@unswept
@pytest.mark.needs_real_broker
def test_a_wrong_login_is_told_with_its_reason(kafka, lacking, said, configured, knowing, swept):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    security = Security(protocol="SASL_PLAINTEXT", mechanism="PLAIN", username="bellbuoy", password=Secret("wr0ng"))
    feed = Kafka(bootstrap_servers=kafka.broker.login_address, topics=["t"], security=security)
    ((level, line),) = said(look("kafka", feed, Limits(), knowing(configured())))
    assert level == "fail"
    assert "is the login right?" in line or "Authentication failed" in line
    assert "wr0ng" not in line


@unswept
def test_a_broker_that_does_not_answer_is_named(said, configured, knowing, swept):
    address = f"127.0.0.1:{free_port()}"
    feed = Kafka(bootstrap_servers=address, topics=["t"])
    ((level, line),) = said(look("kafka", feed, Limits(), knowing(configured())))
    assert level == "fail"
    assert f"no connection to Kafka at {address}" in line
    assert "see to bootstrap_servers" in line
