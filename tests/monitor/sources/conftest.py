"""Sources to try: the in-process log (the oracle), files, and Kafka itself, each behind the same few handles."""

import time
import uuid

import pytest

from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.sources.files import FilesSource
from bellbuoy.monitor.sources.http import Busy, HttpSource, Posted, Room
from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings


class LogSource:
    """The port over lists in memory: what the others are compared with."""

    def __init__(self, log):
        self.name = "log"
        self.log = log
        self.paused = False

    def open(self, positions):
        self.at = {number: positions.get(self.stream(number), 0) for number in range(len(self.log))}

    def stream(self, number):
        return Stream(self.name, "memory", number, "e")

    def read(self, max_records, max_bytes, wait):
        if self.paused:
            return []
        chunks = []
        for number, records in enumerate(self.log):
            begin = self.at[number]
            values = records[begin : begin + max_records]
            if values:
                self.at[number] = begin + len(values)
                max_records -= len(values)
                chunks.append(Chunk(self.stream(number), range(begin, self.at[number]), values, self.at[number]))
            if max_records <= 0:
                break
        return chunks

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False

    def lag(self):
        return {self.stream(number): len(records) - self.at[number] for number, records in enumerate(self.log)}

    def stored(self, positions, outcome=None):
        pass

    @property
    def finished(self):
        return False

    def close(self):
        pass


class LogRig:
    def __init__(self):
        self.log = [[], []]
        self.turn = 0

    def append(self, values):
        for value in values:
            self.log[self.turn % 2].append(value)
            self.turn += 1

    def source(self):
        return LogSource(self.log)


class FilesRig:
    def __init__(self, folder, name="a.jsonl"):
        self.path = folder / name
        self.path.write_bytes(b"")

    def append(self, values):
        with self.path.open("ab") as file:
            file.write(b"".join(value + b"\n" for value in values))

    def source(self):
        return FilesSource("files", str(self.path), follow=True, look_s=0)


class HttpRig:
    """Clients that repeat what was refused, and what nobody answered: they know what the store has by its position."""

    def __init__(self):
        self.given = []
        self.refused = []
        self.now = None

    def append(self, values):
        self.given += values
        if self.now is not None:
            self.post(values)

    def post(self, values):
        for value in values:
            try:
                self.now.offer(Posted([value], lambda answer: None, Room(self.now)))
            except Busy:
                self.refused.append(value)

    def source(self):
        rig = self

        class Opened(HttpSource):
            def open(self, positions):
                super().open(positions)
                rig.now = self
                rig.post(rig.given[positions.get(self.stream, 0) :])

            def resume(self):
                super().resume()
                again, rig.refused = rig.refused, []
                rig.post(again)

        return Opened("http")


class KafkaRig:
    def __init__(self, kafka):
        self.kafka = kafka
        self.topic = kafka.topic(2)

    def append(self, values):
        self.kafka.send(self.topic, values)

    def source(self, **more):
        settings = KafkaSettings(self.kafka.address, (self.topic,), f"group-{uuid.uuid4().hex[:8]}", **more)
        return KafkaSource("kafka", settings, refresh_s=0.5, commit_s=0)


@pytest.fixture(params=["log", "files", "http", pytest.param("kafka", marks=pytest.mark.needs_real_broker)])
def rig(request, tmp_path):
    match request.param:
        case "log":
            return LogRig()
        case "files":
            return FilesRig(tmp_path)
        case "http":
            return HttpRig()
        case _:
            return KafkaRig(request.getfixturevalue("kafka"))


@pytest.fixture
def kafka_rig(kafka):
    return KafkaRig(kafka)


class Reader:
    """Reads as the daemon does, and keeps what a store would keep: records by stream and offset, and positions."""

    def __init__(self):
        self.records = {}
        self.positions = {}
        self.twice = []

    def take(self, chunks):
        for chunk in chunks:
            assert list(chunk.offsets) == sorted(set(chunk.offsets))
            assert len(chunk.offsets) == len(chunk.values)
            assert chunk.next >= self.positions.get(chunk.stream, 0)
            for offset, value in zip(chunk.offsets, chunk.values, strict=True):
                assert offset < chunk.next
                if (chunk.stream, offset) in self.records:
                    self.twice.append((chunk.stream, offset))
                self.records[chunk.stream, offset] = value
            self.positions[chunk.stream] = chunk.next
        return sum(len(chunk.values) for chunk in chunks)

    def until(self, source, count, seconds=30, max_records=1_000, max_bytes=1 << 20):
        """Read until so many records are there; more than that is a failure, fewer as well."""
        deadline = time.monotonic() + seconds
        while len(self.records) < count and time.monotonic() < deadline:
            self.take(source.read(max_records, max_bytes, 0.2))
        assert len(self.records) == count
        assert self.twice == []
        return self

    @property
    def values(self):
        return sorted(self.records.values())


@pytest.fixture
def reader():
    return Reader()


@pytest.fixture
def opened():
    """Open sources, and close them after the test."""
    sources = []

    def act(source, positions=None):
        sources.append(source)
        source.open(positions or {})
        return source

    yield act
    for source in sources:
        source.close()
