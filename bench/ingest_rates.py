"""Four ways over the same bytes, in turn within one run: two that only read, and ours beside each of them."""

import gc
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from kafka import KafkaConsumer, TopicPartition

from bellbuoy.bench.ingest_messages import START, events
from bellbuoy.bench.ingest_topic import broker, fill, filled
from bellbuoy.config.load import load_text
from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.event import COLUMNS
from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.memory import COLLECTED_AFTER
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.sources.base import Source
from bellbuoy.monitor.sources.files import FilesSource
from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings
from bellbuoy.monitor.store import Store

WAYS = {
    "a": "kafka-python polls the topic, nothing is done with the records",
    "a*": "the same, while Python looks for circles of objects as seldom as in the daemon",
    "b": "DuckDB reads the file by read_json into the columns of the event",
    "b*": "the same, into no more columns than this file needs",
    "c": "Bellbuoy, from the topic to the commit",
    "d": "Bellbuoy, from the file to the commit",
}
PYTHONS = (700, 10, 10)
"""When Python by itself looks for circles of objects."""
DAEMONS = (COLLECTED_AFTER, 10, 10)
CONFIG = """
version: 1
store: { retention: { minutes: 3650d } }
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """One measurement: events a second, by the wall and by the processor."""

    wall: float
    cpu: float


def measure(address: str | None, count: int, rounds: int, parts: int, compression: str = "none") -> dict[str, Any]:
    """Measure all four ways `rounds` times in turn and return what they gave."""
    found: dict[str, list[Speed]] = {way: [] for way in WAYS}
    with broker(address) as held, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.jsonl"
        size = _write(file, count)
        topic = held.topic(parts)
        filled(fill(held.address, topic, parts, count, start=START, compression=compression), count)
        poll_alone(held.address, topic, parts, count)  # the first reading warms the broker's cache
        occurring = needed(file)
        for _ in range(rounds):
            found["a"].append(poll_alone(held.address, topic, parts, count))
            found["a*"].append(poll_alone(held.address, topic, parts, count, DAEMONS))
            found["b"].append(read_json(file, count))
            found["b*"].append(read_json(file, count, occurring))
            found["c"].append(from_topic(held.address, topic, count))
            found["d"].append(from_file(file, count))
    return {
        "events": count,
        "bytes": round(size / count, 1),
        "partitions": parts,
        "compression": compression,
        "rounds": rounds,
        **{way: summary(speeds) for way, speeds in found.items()},
        "c/a": ratios(found["c"], found["a"]),
        "c/a*": ratios(found["c"], found["a*"]),
        "d/b": ratios(found["d"], found["b"]),
        "d/b*": ratios(found["d"], found["b*"]),
    }


def _write(file: Path, count: int) -> int:
    with file.open("wb") as out:
        return sum(out.write(value + b"\n") for value in events(count)) - count


@contextmanager
def collected(after: tuple[int, int, int]) -> Iterator[None]:
    """Let Python look for circles of objects so often while the block runs."""
    before = gc.get_threshold()
    gc.set_threshold(*after)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def poll_alone(address: str, topic: str, parts: int, count: int, collecting: tuple[int, int, int] = PYTHONS) -> Speed:
    """Measure (a): poll every record with the settings of the source and drop it."""
    consumer = KafkaConsumer(**KafkaSettings(address, (topic,), group_id=None).options())
    assigned = [TopicPartition(topic, number) for number in range(parts)]
    consumer.assign(assigned)
    consumer.seek_to_beginning(*assigned)
    for one in assigned:
        consumer.position(one)
    with collected(collecting):
        done = measured()
        seen = 0
        while seen < count:
            seen += sum(len(records) for records in consumer.poll(timeout_ms=200, max_records=20_480).values())
        speed = done(count)
    consumer.close()
    return speed


def needed(file: Path) -> frozenset[str]:
    """Return the names of the fields that occur in a file."""
    with file.open("rb") as lines:
        return frozenset(name for line in lines for name in json.loads(line))


def read_json(file: Path, count: int, only: frozenset[str] | None = None) -> Speed:
    """Measure (b): read the file by DuckDB with columns that are given, and commit; `only` these of an event's."""
    columns = {column.name: column.sql for column in COLUMNS if only is None or column.name in only}
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(Path(folder) / "bench.duckdb")) as db:
        db.execute(f"SET threads = {min(4, os.cpu_count() or 1)}")
        done = measured()
        db.execute(
            f"CREATE TABLE events AS SELECT * FROM read_json(?, format = 'newline_delimited', columns = {columns!r})",  # noqa: S608 # our own names
            [str(file)],
        )
        speed = done(count)
        [[stored]] = db.execute("SELECT count(event_id) FROM events").fetchall()
    if stored != count:
        raise SystemExit(f"{count} written, {stored} rows read by DuckDB")
    return speed


def from_topic(address: str, topic: str, count: int) -> Speed:
    """Measure (c): both threads of the ingest, from the topic until everything is committed."""
    source = KafkaSource("kafka", KafkaSettings(address, (topic,), group_id=None))
    source.open({})
    while not source.read(1, 1, 0.2):
        pass  # connecting is no part of any measurement
    return _whole_way(source, count)


def from_file(file: Path, count: int) -> Speed:
    """Measure (d): both threads of the ingest, from the file until everything is committed."""
    return _whole_way(FilesSource("files", str(file)), count)


def _whole_way(source: Source, count: int) -> Speed:
    config = load_text(CONFIG)
    with (
        collected(DAEMONS),
        tempfile.TemporaryDirectory() as folder,
        Store.open(Path(folder) / "bench.duckdb", config.store) as store,
    ):
        store.follow(config)
        failed: list[str] = []
        ingest = Ingest(
            source,
            store,
            config,
            SystemClock(),
            Metrics(),
            on_failure=lambda doing, why: failed.append(f"{doing}: {why}"),
        )
        stop = threading.Event()
        threads = [
            threading.Thread(target=loop, args=(stop,), daemon=True) for loop in (ingest.read_loop, ingest.write_loop)
        ]
        done = measured()
        for thread in threads:
            thread.start()
        while ingest.total.received < count and threads[1].is_alive():
            stop.wait(0.01)  # seldom: what looks takes turns from the threads that are measured
        speed = done(ingest.total.received)
        stop.set()
        for thread in threads:
            thread.join()
        source.close()
        kept = store.cursor().execute("SELECT count(*), count(DISTINCT event_id) FROM events_raw").fetchall()[0]
        if failed or kept != (count, count) or ingest.total.letters:
            raise SystemExit(f"{count} sent, {kept} rows stored, {ingest.total.letters} dead letters; {failed}")
        return speed


def measured() -> Callable[[int], Speed]:
    """Start two clocks; the call of what is given back stops them."""
    wall, cpu = time.perf_counter(), time.process_time()
    return lambda count: Speed(count / (time.perf_counter() - wall), count / (time.process_time() - cpu))


def ratios(ours: list[Speed], theirs: list[Speed]) -> dict[str, float]:
    """Return the medians of the ratios within the rounds."""
    pairs = list(zip(ours, theirs, strict=True))
    return {
        "wall": round(statistics.median(one.wall / other.wall for one, other in pairs), 3),
        "cpu": round(statistics.median(one.cpu / other.cpu for one, other in pairs), 3),
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
