"""Sends recorded events to a Kafka topic, in their order: a way to try the whole daemon on a log."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from bellbuoy.monitor.clock import Clock, SystemClock
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.event.batch import FAR_US
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.sources.log_file import LogFile, lines_of

_LINES = 5_000
_BYTES = 4 << 20
_ANSWER_MS = 10_000


class ReplayError(RuntimeError):
    """The replay cannot begin or go on; the text says why and what to do."""


class _Key(msgspec.Struct):
    interaction_id: str | None = None


def send(
    files: Sequence[Path],
    bootstrap: str,
    topic: str,
    *,
    on_progress: Callable[[int], None] = lambda _sent: None,
    rate: float | None = None,
    create_partitions: int | None = None,
    client: dict[str, Any] | None = None,
    clock: Clock | None = None,
) -> int:
    """Send the lines of event files (.jsonl, .gz, .zst) to a topic, each acknowledged by all replicas.

    The key of a record is its `interaction_id`, so that one interaction stays in order in one partition; a line that
    has none is sent as it is, without a key.

    Args:
        files: read one after the other.
        bootstrap: HOST:PORT of brokers, with commas.
        topic: has to exist, unless `create_partitions` is given.
        on_progress: called with the number of records acknowledged so far.
        rate: records a second at most.
        create_partitions: make the topic with so many partitions when it is not there.
        client: security and other options of the Kafka client.
        clock: tells the time and waits.

    Returns:
        How many records were acknowledged.

    Raises:
        ReplayError: a file is not there, no broker answers, there is no such topic, or a record was not acknowledged.
        SourceStopped: a file is damaged.
    """
    for file in files:
        if not Path(file).is_file():
            raise ReplayError(f"{file}: there is no such file")
    return _send(
        _batches(files), bootstrap, topic, on_progress, rate, create_partitions, client or {}, clock or SystemClock()
    )


def send_lines(
    lines: Iterable[bytes],
    bootstrap: str,
    topic: str,
    *,
    on_progress: Callable[[int], None] = lambda _sent: None,
    create_partitions: int | None = None,
    clock: Clock | None = None,
) -> int:
    """Send lines (without line ends) to a topic; all else is as in `send`.

    Raises:
        ReplayError: no broker answers, there is no such topic, or a record was not acknowledged.
    """
    parts = iter(lines)
    batches = iter(lambda: list(islice(parts, _LINES)), [])
    return _send(batches, bootstrap, topic, on_progress, None, create_partitions, {}, clock or SystemClock())


def check_file(path: Path, limits: Limits | None = None) -> tuple[int, list[tuple[int, str]]]:
    """Return how many lines of a log file are events, and of the others the line number and the reason.

    Times are not held against today: an old log is no worse for its age.

    Args:
        path: the file.
        limits: how its lines are read; as events unless given.
    """
    stream = Stream("check", str(path), 0, "")
    file = LogFile(path, stream, 0)
    good, offsets, reasons = 0, list[int](), list[str]()
    try:
        while (chunk := file.take(_LINES, _BYTES, last_line=True)) is not None:
            batch = decode(chunk, stream_id=0, received_at_us=FAR_US, limits=limits or Limits())
            offsets += [one.offset for one in batch.letters]
            reasons += [one.reason for one in batch.letters]
            good += batch.rows
    finally:
        file.close()
    return good, list(zip(lines_of(path, offsets), reasons, strict=True))


def _send(
    batches: Iterator[list[bytes]],
    bootstrap: str,
    topic: str,
    on_progress: Callable[[int], None],
    rate: float | None,
    create_partitions: int | None,
    client: dict[str, Any],
    clock: Clock,
) -> int:
    options = {**client, "bootstrap_servers": [server.strip() for server in bootstrap.split(",")]}
    _prepare(options, bootstrap, topic, create_partitions)
    try:
        producer = KafkaProducer(
            **options, acks="all", linger_ms=20, allow_auto_create_topics=False, bootstrap_timeout_ms=_ANSWER_MS
        )
    except KafkaError as error:
        raise ReplayError(f"no Kafka broker answers at {bootstrap} ({error}); see the address") from error
    pace = _Pace(clock, rate)
    sent = 0
    try:
        for lines in batches:
            for part in pace.parts(lines):
                futures = [producer.send(topic, line, key=key_of(line)) for line in part]
                producer.flush(timeout=60)
                for future in futures:
                    future.get(timeout=60)
                sent += len(part)
                on_progress(sent)
    except KafkaError as error:
        raise ReplayError(f"{topic}: {sent} records were acknowledged, then: {error}; the rest was not sent") from error
    finally:
        producer.close(timeout=10)
    return sent


def key_of(line: bytes) -> bytes | None:
    """Return the `interaction_id` of a line, or None when it has none."""
    try:
        found = _KEY.decode(line).interaction_id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return None if found is None else found.encode()


_KEY = msgspec.json.Decoder(_Key)


def _prepare(options: dict[str, Any], bootstrap: str, topic: str, create_partitions: int | None) -> None:
    """See that the topic is there; make it only when asked to."""
    try:
        admin = KafkaAdminClient(**options, bootstrap_timeout_ms=_ANSWER_MS)
    except KafkaError as error:
        raise ReplayError(f"no Kafka broker answers at {bootstrap} ({error}); see the address") from error
    try:
        if topic in admin.list_topics():
            return
        if create_partitions is None:
            raise ReplayError(
                f"topic {topic} does not exist at {bootstrap}; make it, or have it made with --create PARTITIONS"
            )
        admin.create_topics([NewTopic(topic, num_partitions=create_partitions, replication_factor=-1)])
        admin.wait_for_topics([topic])
    except TopicAlreadyExistsError:
        return
    except KafkaError as error:
        raise ReplayError(f"topic {topic} cannot be made: {error}") from error
    finally:
        admin.close()


def _batches(files: Sequence[Path]) -> Iterator[list[bytes]]:
    for path in files:
        file = LogFile(Path(path), Stream("replay", str(path), 0, ""), 0)
        try:
            while (chunk := file.take(_LINES, _BYTES, last_line=True)) is not None:
                yield [line for line in chunk.values if line is not None]
        finally:
            file.close()


class _Pace:
    """Holds the records back to a rate."""

    def __init__(self, clock: Clock, rate: float | None) -> None:
        self._clock = clock
        self._rate = rate
        self._begun = clock.monotonic()
        self._given = 0
        self._never = threading.Event()

    def parts(self, lines: list[bytes]) -> Iterator[list[bytes]]:
        """Yield the lines in parts of a tenth of a second."""
        if self._rate is None:
            yield lines
            return
        size = max(1, int(self._rate / 10))
        for begin in range(0, len(lines), size):
            part = lines[begin : begin + size]
            early = self._given / self._rate - (self._clock.monotonic() - self._begun)
            if early > 0:
                self._clock.wait(self._never, early)
            self._given += len(part)
            yield part
