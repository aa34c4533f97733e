"""How far each partition is behind its end: asked now and then, from any thread, without holding up the reading."""

import logging
from collections.abc import Mapping
from typing import Any

from kafka.errors import KafkaError

from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.sources.kafka_link import Link
from bellbuoy.monitor.sources.telling import Teller

_LAG_MS = 1_000


class Lag:
    """The last answer, and whether it is one of now.

    Attributes:
        known: false while no broker answers and `of` can only repeat itself.
    """

    def __init__(self, link: Link, teller: Teller) -> None:
        self._link = link
        self._teller = teller
        self._last: dict[Stream, int] = {}
        self.known = False

    def of(self, streams: Mapping[Any, Stream], nexts: Mapping[Any, int]) -> dict[Stream, int]:
        """Return the records between what was read and the end of each stream; the last answer when none comes now.

        Args:
            streams: of each partition.
            nexts: position of each partition.
        """
        consumer = self._link.consumer
        self.known = False
        if consumer is None or not streams:
            return dict(self._last)
        try:
            ends = consumer.end_offsets(list(streams), timeout_ms=_LAG_MS)
        except (KafkaError, RuntimeError) as error:
            self._teller.say(logging.WARNING, f"no lag from {self._link.servers}: {error}")
            return dict(self._last)
        self._last = {
            stream: max(0, ends[partition] - _position(consumer, partition, nexts))
            for partition, stream in streams.items()
        }
        self.known = True
        return dict(self._last)


def _position(consumer: Any, partition: Any, nexts: Mapping[Any, int]) -> int:
    """Return the client's position, which has stepped over control records, or else ours."""
    try:
        return int(consumer.position(partition, timeout_ms=0) or nexts[partition])
    except KafkaError:
        return nexts[partition]
