"""How fast events go from Kafka into the store, beside how fast the Kafka client alone can poll them.

    python bench/ingest.py                      # starts Apache Kafka on loopback, from the jars of the tests
    python bench/ingest.py --kafka HOST:PORT    # uses a broker that is there; the topic is its own and is deleted

Both are measured in one run, in turn, on the same topic: (a) `poll` of the client with the settings of the source, nothing done
with the records; (b) the whole way, with both threads, to the last commit. The ratio b/a is what is compared between machines.
"""

import argparse
import importlib.util
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from bellbuoy.config.server import Ingest as IngestSettings
from bellbuoy.config.server import Retention
from bellbuoy.config.server import Store as StoreSettings
from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings
from bellbuoy.monitor.store import Store

TARGET = 0.35
"""b/a by the wall that is promised."""

STEPS = ("greet", "identify_intent", "qualify", "off_script", "hold_state", "route", "execute_action", "close")


@dataclass(frozen=True, slots=True)
class Speed:
    """One measurement: events a second, by the wall and by the processor."""

    wall: float
    cpu: float


def events(count: int, seed: int = 1) -> Iterator[bytes]:
    """Yield messages of about 530 bytes: eight steps and the end of each interaction."""
    rng = random.Random(seed)
    start = 1_770_000_000.0
    for place in range(count):
        ts = datetime.fromtimestamp(start + place * 0.02, UTC).isoformat().replace("+00:00", "Z")
        call, part = divmod(place, 9)
        event: dict[str, Any] = {
            "type": "interaction",
            "ts": ts,
            "event_id": f"{place:032x}",
            "interaction_id": f"call-{call:012d}",
            "workflow": "lead-qualifier",
            "outcome": "success" if rng.random() < 0.9 else "failure",
            "channel": "phone",
            "language": "en",
            "intent": "demo_request",
            "agent_version": "2.14.1",
            "model": "model-large-2026-09",
            "latency_ms": round(rng.lognormvariate(6, 0.6), 1),
        }
        if part < 8:
            event |= {
                "type": "step",
                "step": STEPS[part],
                "step_index": part,
                "attempt": 1,
                "confidence": round(rng.random(), 3),
                "reask": rng.random() < 0.04,
                "tokens_in": rng.randrange(4000),
                "tokens_out": rng.randrange(400),
                "turn_index": part,
                "prompt_version": "p17",
                "integration": {"system": "crm.write", "status": "ok", "latency_ms": round(rng.random() * 300, 1)},
            }
        elif rng.random() < 0.1:
            event["handoff"] = {"to": "human", "reason": "asked for a person"}
        yield json.dumps(event).encode()


def produce(address: str, topic: str, count: int) -> int:
    """Send the events and return their bytes."""
    producer = KafkaProducer(bootstrap_servers=address, acks=1, linger_ms=50, batch_size=1 << 18)
    size = 0
    for place, value in enumerate(events(count)):
        producer.send(topic, value, partition=place // 9 % partitions(address, topic))
        size += len(value)
    producer.flush()
    producer.close()
    return size


_PARTITIONS: dict[str, int] = {}


def partitions(address: str, topic: str) -> int:
    """Return how many partitions the topic has."""
    if topic not in _PARTITIONS:
        consumer = KafkaConsumer(bootstrap_servers=address)
        _PARTITIONS[topic] = len(consumer.partitions_for_topic(topic) or [0])
        consumer.close()
    return _PARTITIONS[topic]


def poll_alone(address: str, topic: str, count: int) -> Speed:
    """Measure (a): poll every record with the settings of the source and drop it."""
    consumer = KafkaConsumer(**KafkaSettings(address, (topic,), group_id=None).options())
    assigned = [TopicPartition(topic, number) for number in range(partitions(address, topic))]
    consumer.assign(assigned)
    consumer.seek_to_beginning(*assigned)
    for one in assigned:
        consumer.position(one)
    done = measured()
    seen = 0
    while seen < count:
        seen += sum(len(records) for records in consumer.poll(timeout_ms=200, max_records=20_000).values())
    speed = done(count)
    consumer.close()
    return speed


class Told:
    """As much of a configuration as the ingest reads: the defaults."""

    def __init__(self) -> None:
        self.ingest = IngestSettings()
        self.store = StoreSettings(retention=Retention(minutes=20 * 365 * 86400.0))


def whole_way(address: str, topic: str, count: int) -> Speed:
    """Measure (b): both threads of the ingest, until everything is committed."""
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "bench.duckdb", StoreSettings()) as store:
        source = KafkaSource("kafka", KafkaSettings(address, (topic,), group_id=None))
        ingest = Ingest(source, store, Told(), SystemClock())  # type: ignore[arg-type] # the part of it that is read
        source.open({})
        while not source.read(1, 1, 0.2):
            pass  # connecting is no part of either measurement
        stop = threading.Event()
        threads = [
            threading.Thread(target=loop, args=(stop,), daemon=True) for loop in (ingest.read_loop, ingest.write_loop)
        ]
        done = measured()
        for thread in threads:
            thread.start()
        while ingest.total.received < count and all(thread.is_alive() for thread in threads):
            stop.wait(0.002)
        speed = done(ingest.total.received)
        stop.set()
        for thread in threads:
            thread.join()
        source.close()
        kept = store.cursor().execute("SELECT count(*), count(DISTINCT event_id) FROM events_raw").fetchall()[0]
        if kept != (count, count) or ingest.total.letters:
            raise SystemExit(f"{count} sent, {kept} rows stored, {ingest.total.letters} dead letters")
        return speed


def measured() -> Callable[[int], Speed]:
    """Start two clocks; the call of what is given back stops them."""
    wall, cpu = time.perf_counter(), time.process_time()
    return lambda count: Speed(count / (time.perf_counter() - wall), count / (time.process_time() - cpu))


@contextmanager
def broker(address: str | None) -> Iterator[Any]:
    """Yield a Kafka of the tests: theirs, started here, or the one at `address`."""
    where = Path(__file__).parent.parent / "tests" / "kafka_broker.py"
    spec = importlib.util.spec_from_file_location("kafka_broker", where)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if address:
        held = module.Kafka(address)
        yield held
        held.clear()
        return
    with tempfile.TemporaryDirectory() as folder:
        node = module.Broker(Path(folder) / "kafka").start()
        try:
            yield module.Kafka(node.address, node)
        finally:
            node.stop()


def measure(address: str | None, count: int, rounds: int, parts: int) -> dict[str, Any]:
    """Run both measurements `rounds` times in turn and return what they gave."""
    with broker(address) as held:
        topic = held.topic(parts)
        size = produce(held.address, topic, count)
        poll_alone(held.address, topic, count)  # the first reading warms the broker's cache
        alone, whole = [], []
        for _ in range(rounds):
            alone.append(poll_alone(held.address, topic, count))
            whole.append(whole_way(held.address, topic, count))
    return {
        "events": count,
        "bytes": round(size / count, 1),
        "partitions": parts,
        "rounds": rounds,
        "poll": summary(alone),
        "ingest": summary(whole),
        "ratio": {
            "wall": round(statistics.median(b.wall / a.wall for a, b in zip(alone, whole, strict=True)), 3),
            "cpu": round(statistics.median(b.cpu / a.cpu for a, b in zip(alone, whole, strict=True)), 3),
        },
        "machine": {
            "python": platform.python_version(),
            "duckdb": Store.version,
            "kafka-python": kafka.__version__,
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 2),
        },
    }


def summary(speeds: list[Speed]) -> dict[str, Any]:
    """Return the median and the spread, in events a second."""
    wall = sorted(speed.wall for speed in speeds)
    cpu = sorted(speed.cpu for speed in speeds)
    return {
        "wall": round(statistics.median(wall)),
        "wall_spread": [round(wall[0]), round(wall[-1])],
        "cpu": round(statistics.median(cpu)),
        "cpu_spread": [round(cpu[0]), round(cpu[-1])],
    }


def main(argv: list[str] | None = None) -> int:
    """Print the measurement; 1 when the ratio by the wall misses its target."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--kafka", help="HOST:PORT of a broker; one is started where this is missing")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="print JSON")
    told = parser.parse_args(argv)
    found = measure(told.kafka or os.environ.get("BELLBUOY_TEST_KAFKA"), told.events, told.rounds, told.partitions)
    if told.json:
        print(json.dumps(found))
    else:
        machine = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
        print(f"{found['events']:,} events of {found['bytes']:.0f} B, median of {found['rounds']} ({machine})")
        for name, text in (("poll", "(a) poll alone"), ("ingest", "(b) Kafka to the commit")):
            one = found[name]
            low, high = one["wall_spread"]
            print(f"{text:24} {one['wall']:>9,} events/s ({low:,} to {high:,}), {one['cpu']:>9,} a CPU-second")
        print(
            f"{'b/a':24} {found['ratio']['wall']:>9} by the wall, {found['ratio']['cpu']} by the processor; target {TARGET}"
        )
    return 0 if found["ratio"]["wall"] >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
