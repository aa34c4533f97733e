"""A Kafka source: brokers, login, topics, partitions, and a sample of the newest records; no group is told of it."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from bellbuoy.config.sources import Kafka
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.doctor.finding import Finding, Findings, fail, ok
from bellbuoy.monitor.doctor.knowing import Knowing, Unknown
from bellbuoy.monitor.doctor.sampling import RECORDS, sampled
from bellbuoy.monitor.event import Limits
from bellbuoy.monitor.sources.base import Chunk
from bellbuoy.monitor.sources.build import kafka_settings
from bellbuoy.monitor.sources.errors import SourceSettings
from bellbuoy.monitor.sources.kafka_link import Link
from bellbuoy.monitor.sources.kafka_newest import newest
from bellbuoy.monitor.sources.telling import Teller

_LOG = logging.getLogger(__name__)
ASK_MS = 1_000
"""Milliseconds that a question about offsets may take."""
POLL_S = 1.5
"""Seconds in which a sample has to come."""
MOST_PARTITIONS = 20
"""Partitions that a sample is taken of."""
MOST_BYTES = 16 << 20
"""Bytes at which a sample is large enough."""
_one_at_a_time = threading.Lock()
"""The library says why a connection failed to its log alone, and not of which connection."""


def kafka(name: str, feed: Kafka, limits: Limits, knowing: Knowing) -> Findings:
    """Yield whether the brokers answer, the topics are there, how far they are read, and whether their newest records are events.

    Args:
        name: of the source.
        feed: its settings.
        limits: what a message may be.
        knowing: says how far the streams are stored.
    """
    clock = knowing.clock
    settings = replace(kafka_settings(feed), group_id=None)
    link = Link(settings.options(), settings.topics, clock, Teller(_LOG, clock), threading.Event(), refresh_s=60.0)
    try:
        with _one_at_a_time:
            connected = link.connect(0.0)
    except SourceSettings as error:
        yield fail(str(error), "")
        return
    try:
        if not connected:
            yield fail(link.trouble, "see to bootstrap_servers, the network, and security: of this source")
            return
        security = feed.security
        how = " ".join(filter(None, (security.protocol, security.mechanism)))
        yield ok(f"the brokers at {link.servers} answer ({how})")
        if not link.fresh():
            yield fail(f"the brokers at {link.servers} say nothing of the topics", "see to the brokers and the network")
            return
        partitions: list[Any] = []
        for topic in settings.topics:
            numbers = link.partitions(topic)
            partitions += [TopicPartition(topic, number) for number in numbers]
            yield _topic(link, topic, len(numbers))
        if partitions:
            yield from _records(name, link, partitions, feed, limits, knowing)
    finally:
        link.close()


def _topic(link: Link, topic: str, partitions: int) -> Finding:
    if partitions:
        return ok(f"topic {topic} has {partitions} partition{'' if partitions == 1 else 's'}")
    if link.forbidden(topic):
        return fail(f"topic {topic} may not be read", "allow this user to describe and to read it")
    return fail(f"topic {topic} does not exist at {link.servers}", "correct `topics`, or let it be made")


def _records(
    name: str, link: Link, partitions: Sequence[Any], feed: Kafka, limits: Limits, knowing: Knowing
) -> Findings:
    """Yield how far the partitions are read, and what their newest records are."""
    try:
        firsts = link.consumer.beginning_offsets(partitions, timeout_ms=ASK_MS)
        ends = link.consumer.end_offsets(partitions, timeout_ms=ASK_MS)
        yield from _standing(name, firsts, ends, knowing)
        chunks = _sample(link.consumer, firsts, ends, knowing.clock)
    except KafkaError as error:
        yield fail(
            f"no record can be read from {link.servers}: {error}", "see to the brokers, and to what this user may"
        )
        return
    if not chunks and any(ends[one] > firsts[one] for one in partitions):
        yield fail(f"records are there, and none came within {POLL_S:g} s", "see to the brokers and the network")
        return
    yield sampled(chunks, feed, limits, knowing.clock.now())


def _standing(name: str, firsts: Mapping[Any, int], ends: Mapping[Any, int], knowing: Knowing) -> Findings:
    """Yield how far a source is read that no daemon reads now; of one that is read the daemon says it."""
    try:
        stored = {} if knowing.holder is not None else {row["name"]: row["position"] for row in knowing.streams()}
    except Unknown:
        return
    places = {one: stored.get(f"{name}:{one.topic}:{one.partition}") for one in ends}
    known = {one: at for one, at in places.items() if at is not None}
    for one, at in known.items():
        if at < firsts[one]:
            stream = f"{name}:{one.topic}:{one.partition}"
            gone = f"{stream} is stored up to {at:,}, and the broker begins at {firsts[one]:,}: the records between are gone"
            yield fail(gone, f"start the daemon, then decide: `bellbuoy source skip {stream} --to begin`")
    if known:
        behind = sum(max(0, ends[one] - max(at, firsts[one])) for one, at in known.items())
        yield ok(f"{behind:,} records wait in {len(known)} of {len(ends)} partitions that are known")


def _sample(consumer: Any, firsts: dict[Any, int], ends: dict[Any, int], clock: Clock) -> list[Chunk]:
    """Return some of the newest records of the partitions that have most."""
    full = sorted((one for one in ends if ends[one] > firsts[one]), key=lambda one: firsts[one] - ends[one])
    chosen = {one: ends[one] for one in full[:MOST_PARTITIONS]}
    return newest(consumer, firsts, chosen, RECORDS, clock, seconds=POLL_S, most_bytes=MOST_BYTES)[0]
