"""Tells the consumer group what is stored, for lag tools; nothing is ever read back."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.sources.telling import Teller

_LAST_MS = 2_000


class Progress:
    """Keeps what was stored until the group may hear it.

    Args:
        group_id: the group; None: there is none.
        clock: tells the time.
        teller: says when the group does not take it.
        every_s: how often the group is told.
    """

    def __init__(self, group_id: str | None, clock: Clock, teller: Teller, every_s: float) -> None:
        self._group_id = group_id
        self._clock = clock
        self._teller = teller
        self._every_s = every_s
        self._told_at = float("-inf")
        self._lock = threading.Lock()
        self._waiting: dict[Stream, int] = {}

    def note(self, positions: Mapping[Stream, int]) -> None:
        """Remember positions; may be called from any thread."""
        with self._lock:
            self._waiting.update(positions)

    def tell_if_due(self, consumer: Any, streams: Mapping[Any, Stream]) -> None:
        """Tell the group, without waiting for its answer, when it is time."""
        now = self._clock.monotonic()
        if self._group_id is None or not self._waiting or now - self._told_at < self._every_s:
            return
        self._told_at = now
        try:
            consumer.commit_async(self._take(streams), callback=self._heard)
        except KafkaError as error:
            self._heard(None, error)

    def tell_last(self, consumer: Any, streams: Mapping[Any, Stream]) -> None:
        """Tell the group for the last time, and wait a little for its answer."""
        if self._group_id is None or not (taken := self._take(streams)):
            return
        try:
            consumer.commit(taken, timeout_ms=_LAST_MS)
        except (KafkaError, RuntimeError) as error:
            self._heard(None, error)

    def _take(self, streams: Mapping[Any, Stream]) -> dict[Any, Any]:
        with self._lock:
            taken, self._waiting = self._waiting, {}
        named = {TopicPartition(stream.path, stream.partition): (stream, at) for stream, at in taken.items()}
        return {
            partition: OffsetAndMetadata(at, "", -1)
            for partition, (stream, at) in named.items()
            if streams.get(partition) == stream
        }

    def _heard(self, _offsets: Any, answer: Any) -> None:
        if isinstance(answer, Exception):
            self._teller.say(
                logging.WARNING,
                f"group {self._group_id} does not take our progress ({type(answer).__name__}); reading goes on",
            )
