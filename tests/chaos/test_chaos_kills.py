"""The real daemon on a real broker, killed again and again while all its jobs run: nothing is lost and nothing doubled."""

import contextlib
import importlib.util
import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from bellbuoy.monitor.signals import apart, rollup_sql, table
from bellbuoy.monitor.store import Store

pytestmark = [pytest.mark.needs_real_broker, pytest.mark.timeout(3600), pytest.mark.long]

HERE = Path(__file__).parent
KILLS = int(os.environ.get("BELLBUOY_KILLS", "25"))
POINTS = (
    "random",
    "inserted",
    "before commit",
    "after commit",
    "confirmed",
    "random",
    "in checkpoint",
    "in compaction",
    "before rename",
    "after rename",
    "in retention",
    "counted",
    "in judging",
    "in migration",
    "in compaction's merge",
)
PARTITIONS = 3
DAY = 86400


def loaded(name):
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, HERE.parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class Producer(threading.Thread):
    """Sends events with known identities until it is stopped; some twice, as a producer does that was not answered."""

    def __init__(self, address, topic, seed):
        super().__init__(daemon=True)
        self.address, self.topic, self.rng = address, topic, random.Random(seed)
        self.acknowledged, self.stop, self.failed = set(), threading.Event(), 0

    def message(self, number):
        now = time.time() - self.rng.choice((0, 0, 0, DAY, 2 * DAY)) - self.rng.random() * 3600
        event = {
            "type": "step",
            "event_id": f"e{number}",
            "ts": int(now * 1000),
            "interaction_id": f"i{number // 8}",
            "workflow": "lead-qualifier",
            "step": self.rng.choice(("greet", "qualify", "close")),
            "outcome": "success" if self.rng.random() < 0.95 else "failure",
            "latency_ms": round(self.rng.random() * 900, 1),
        }
        return json.dumps(event).encode()

    def run(self):
        producer = KafkaProducer(
            bootstrap_servers=self.address, acks="all", retries=100, delivery_timeout_ms=120_000, linger_ms=5
        )
        for number in itertools.count():
            if self.stop.wait(0.002):
                break
            bad = number % 97 == 0
            value = b'{"type": "step", "no": %d' % number if bad else self.message(number)
            for _ in range(2 if number % 31 == 5 else 1):
                sent = producer.send(self.topic, value, partition=number % PARTITIONS)
                if not bad:
                    sent.add_callback(lambda _, one=f"e{number}": self.acknowledged.add(one))
        producer.flush()
        producer.close()


def log_of_broker(address, topic):
    """Return every record that the broker has, by (partition, offset)."""
    consumer = KafkaConsumer(bootstrap_servers=address, auto_offset_reset="none", enable_auto_commit=False)
    try:
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)
        ends, found = consumer.end_offsets(places), {}
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(500, max_records=20_000).values():
                found.update({(one.partition, one.offset): one.value for one in records})
        return found
    finally:
        consumer.close()


def write_config(folder, address, topic, port):
    config = {
        "version": 1,
        "server": {"listen": f"127.0.0.1:{port}"},
        "store": {
            "path": str(folder / "store.duckdb"),
            "exports": str(folder / "exports"),
            "checkpoint": "1MiB",
            "compact_every": "1s",
            "threads": 1,
        },
        "tick": "1m",
        "ingest": {"batch": {"every": "50ms", "rows": 500}, "lateness": "1s"},
        "sources": [
            {
                "kafka": {
                    "bootstrap_servers": address,
                    "topics": [topic],
                    "group_id": topic,
                    "dead_letters": {"max_share": "100%", "max_consecutive": 1_000_000},
                }
            }
        ],
        "workflows": [{"name": "lead-qualifier", "steps": ["greet", "qualify", "close"]}],
        "detectors": [{"name": "steps", "signal": "step_failure", "by": ["workflow", "step"], "kind": "rate_shift"}],
        "sinks": {"out": {"console": {}}},
        "routes": [{"to": ["out"]}],
    }
    path = folder / "bellbuoy.yaml"
    path.write_text(json.dumps(config, indent=1))
    return path


def test_nothing_is_lost_or_doubled_whenever_it_dies(kafka, tmp_path, record_property):
    seed = int(os.environ.get("BELLBUOY_SEED", "7"))
    rng, topic = random.Random(seed), kafka.topic(PARTITIONS)
    chaos = loaded("chaos_proxy")
    broker = kafka.broker
    proxy = chaos.ChaosProxy(broker.hidden_port, broker.chaos_port) if broker else None
    address = broker and f"127.0.0.1:{broker.chaos_port}"
    port = loaded("kafka_broker").free_port()
    config = write_config(tmp_path, address or kafka.address, topic, port)
    running = []
    log = tmp_path / "log.txt"
    lives = subprocess.Popen(
        [sys.executable, str(HERE / "lives.py"), str(config), str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def told():
        return log.read_text()[-3000:] if log.exists() else ""

    def begin(point, after, delay):
        lives.stdin.write(f"{point} {after} {delay:.4f}\n")
        lives.stdin.flush()
        running[:] = [int(lives.stdout.readline())]
        return running[0]

    def end():
        found = json.loads(lives.stdout.readline())
        running.clear()
        return found

    def life(point, after, delay):
        begin(point, after, delay)
        return end()

    producer = Producer(kafka.address, topic, seed)
    producer.start()
    stop, harm = threading.Event(), None
    if proxy is not None:
        proxy.__enter__()
        faults = chaos.plan(seed, 1000, 0.6)
        harm = threading.Thread(target=proxy.play, args=(faults, stop, 2.0), daemon=True)
        harm.start()
    deaths = []
    try:
        for number in range(KILLS):
            if broker and number in (KILLS // 3, 2 * KILLS // 3):
                broker.kill()
                broker.start()
            found = life(POINTS[number % len(POINTS)], rng.randint(1, 3), rng.uniform(0.02, 0.45))
            assert found["code"] == -9, f"{found}\n{told()}"
            deaths.append(found)
        producer.stop.set()
        producer.join(150)
        assert not producer.is_alive()
        stop.set()
        if harm is not None:
            harm.join()
            proxy.set("ok")
        sent = log_of_broker(kafka.address, topic)
        pid = begin("end", 1, 0)
        deadline = time.monotonic() + 90
        while received(port) < len(sent):
            assert time.monotonic() < deadline, f"{received(port)} of {len(sent)}: {told()}"
            time.sleep(0.2)  # between two looks
        os.kill(pid, 15)
        last = end()
        assert last["code"] == 0, told()
    finally:
        stop.set()
        producer.stop.set()
        lives.stdin.close()
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        lives.wait(60)
        lives.stdout.close()
        if proxy is not None:
            proxy.__exit__()
    judge(tmp_path, topic, sent, producer, deaths)
    where = Counter(one["where"] for one in deaths)
    inside = Counter(one["inside"] or "between" for one in deaths)
    text = (
        f"seed {seed}, {KILLS} kills, {len(sent)} records: where {dict(where)}, inside {dict(inside)}, "
        f"commits before a kill {sorted(Counter(one['commits'] for one in deaths).items())}, "
        f"harmed {dict(proxy.harmed) if proxy else 'no proxy'}"
    )
    record_property("kills", text)
    if 2 * len(POINTS) <= KILLS:
        landed = sum(where[one] for one in ("in compaction", "in compaction's merge"))
        assert landed >= KILLS / 25, f"kills hardly came in compaction: {text}"
    sys.stdout.write(text + "\n")


def received(port):
    """Return how many records a running daemon has stored; -1 while it does not answer."""
    body = json.dumps({"sql": "select coalesce(sum(received), 0) as n from streams"}).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/query", body, {"Content-Type": "application/json", "Accept": "*/*"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return int(json.loads(answer.read().decode().splitlines()[0])["n"])
    except OSError:
        return -1


def judge(folder, topic, sent, producer, deaths):
    """Hold the store against what the broker has."""
    assert sum(one["commits"] >= 1 for one in deaths if one["where"] != "in migration") >= 0.9 * (
        len(deaths) - sum(one["where"] == "in migration" for one in deaths)
    )
    assert sum(bool(one["inside"]) for one in deaths) >= 1, "no kill came inside a transaction"
    with Store.open(folder / "store.duckdb") as store:
        ask = store.cursor().execute
        rows = ask(
            'SELECT s.partition, e."offset", e.event_id FROM events_raw AS e JOIN streams AS s ON s.id = e.stream'
        ).fetchall()
        letters = ask('SELECT partition, "offset" FROM dead_letters').fetchall()
        places = [(partition, offset) for partition, offset, _ in rows]
        assert len(set(places)) == len(places), "a record is stored twice"
        ids = Counter(one for _, _, one in rows)
        assert max(ids.values()) == 1, "an event is stored twice"
        missing = producer.acknowledged - set(ids)
        assert not missing, f"{len(missing)} acknowledged events are lost: {sorted(missing)[:5]}"
        bad = {place for place, value in sent.items() if b'"no"' in value}
        assert sorted(letters) == sorted(bad)
        for partition, offset, event in rows:
            assert json.loads(sent[partition, offset])["event_id"] == event
        first = {json.loads(value)["event_id"] for place, value in sent.items() if place not in bad}
        assert set(ids) == first
        assert sum(one.received for one in store.streams()) == len(sent), "received is not what the broker has"
        found = {}
        for signals in apart(table()):
            for row in store.cursor().sql(rollup_sql(signals, "events")).to_arrow_table().to_pylist():
                for place, one in enumerate(signals):
                    if row[f"n{place}"]:
                        step = None if one.level == "interaction" else row["step_name"]
                        key = (row["minute"] * 60, one.name, row["workflow"], step)
                        found[key] = (row[f"n{place}"], row.get(f"bad{place}", 0))
        kept = ask("SELECT epoch(minute)::BIGINT, signal, workflow, step, n, bad FROM minutes WHERE n > 0").fetchall()
        assert {tuple(row[:4]): tuple(row[4:]) for row in kept} == found, "counts are not a recount"
        steps = ask("SELECT count(*) FROM events_raw WHERE type = 'step' AND latency_ms IS NOT NULL").fetchall()
        assert ask("SELECT sum(n) FROM latency WHERE step IS NOT NULL").fetchall() == steps
