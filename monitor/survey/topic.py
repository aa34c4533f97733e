"""The newest records of a topic, for a survey: nobody is told that they were read."""

import logging
import threading

from kafka import TopicPartition
from kafka.errors import KafkaError

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.event import Limits
from bellbuoy.monitor.sources.kafka_client import KafkaSettings
from bellbuoy.monitor.sources.kafka_link import Link
from bellbuoy.monitor.sources.kafka_newest import newest
from bellbuoy.monitor.sources.telling import Teller
from bellbuoy.monitor.survey.sample import Sample

_LOG = logging.getLogger(__name__)
CONNECT_S = 5.0
"""Seconds after which no further try is made to reach a broker."""
READ_S = 20.0
"""Seconds in which the records have to come; what has not come by then is not looked at."""
ASK_MS = 5_000
"""Milliseconds that a question about offsets may take."""
MOST_BYTES = 128 << 20
"""Bytes of records: they lie in memory until they are decoded."""


class TopicError(RuntimeError):
    """A topic cannot be read; the text says why and what to do."""


def of_topic(servers: str, topic: str, most: int, clock: Clock, limits: Limits | None = None) -> Sample:
    """Return the newest records of a topic, the same number of each partition.

    Args:
        servers: HOST:PORT of brokers, with commas.
        topic: its name.
        most: records to look at in all.
        clock: tells the time and waits.
        limits: how the records are read; as events unless given.

    Raises:
        TopicError: no broker answers, or there is no such topic.
    """
    settings = KafkaSettings(servers, (topic,), group_id=None)
    link = Link(settings.options(), settings.topics, clock, Teller(_LOG, clock), threading.Event(), refresh_s=60.0)
    try:
        until = clock.monotonic() + CONNECT_S
        while not link.connect(1.0):
            if clock.monotonic() > until:
                raise TopicError(f"{link.trouble}; see to the address, or save some records to a file and give that")
        if not link.fresh():
            raise TopicError(
                f"the brokers at {servers} say nothing of topic {topic}; see to the brokers and the network"
            )
        partitions = [TopicPartition(topic, number) for number in link.partitions(topic)]
        if not partitions:
            why = "may not be read by everybody" if link.forbidden(topic) else "does not exist"
            raise TopicError(
                f"topic {topic} {why} at {servers}; correct its name, or save some records to a file and give that"
            )
        return _sample(link, partitions, most, clock, limits or Limits())
    except KafkaError as error:
        raise TopicError(f"no record of {topic} can be read from {servers}: {error}; see to the brokers") from error
    finally:
        link.close()


def _sample(link: Link, partitions: list[TopicPartition], most: int, clock: Clock, limits: Limits) -> Sample:
    firsts = link.consumer.beginning_offsets(partitions, timeout_ms=ASK_MS)
    ends = link.consumer.end_offsets(partitions, timeout_ms=ASK_MS)
    sample = Sample(whole=sum(ends[one] - firsts[one] for one in partitions) <= most, limits=limits)
    chunks, all_came = newest(link.consumer, firsts, ends, most, clock, seconds=READ_S, most_bytes=MOST_BYTES)
    sample.whole &= all_came
    for number, chunk in enumerate(chunks):
        sample.take(chunk, number, int(clock.now() * 1e6))
    return sample
