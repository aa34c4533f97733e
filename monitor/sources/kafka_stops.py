"""What stops a partition: records that are gone, or damaged. The others are read on."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from kafka import TopicPartition
from kafka.errors import CorruptRecordError, LogTruncationError

from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.sources.errors import SourceStopped
from bellbuoy.monitor.sources.kafka_link import Link
from bellbuoy.monitor.sources.kafka_ranges import out_of_range
from bellbuoy.monitor.sources.skipping import base_of

_LOG = logging.getLogger(__name__)
_CORRUPT_TRIES = 3


class Stops:
    """The partitions of one source that are not read, and why.

    Args:
        name: name of the source, for the way out.
        link: the connection.
        streams: what is read, by partition; the source keeps it up to date.
        nexts: offset of the next record of each, likewise.

    Attributes:
        stopped: not read until a person decides.
        rewound: stopped behind a position that the broker no longer reaches: they may go back.
        again: out of the assignment until the next poll has thrown away what the client holds of them.
        due: what is to be raised, one at a time.
    """

    def __init__(self, name: str, link: Link, streams: Mapping[Any, Stream], nexts: Mapping[Any, int]) -> None:
        self._name = name
        self._link = link
        self._streams = streams
        self._next = nexts
        self._corrupt: dict[Any, int] = {}
        self.stopped: set[Any] = set()
        self.rewound: set[Any] = set()
        self.again: dict[Any, Stream] = {}
        self.due: list[SourceStopped] = []

    @property
    def out(self) -> set[Any]:
        """What is not to be fetched now."""
        return {*self.stopped, *self.again}

    def same(self, partition: Any, stream: Stream) -> bool:
        """Tell whether a partition stopped and is still the one that did: one of a topic made anew is read."""
        return partition in self.stopped and base_of(self._streams[partition]) == base_of(stream)

    def raise_due(self) -> None:
        """Raise what stopped, one stream a call.

        Raises:
            SourceStopped: a stream cannot go on.
        """
        if self.due:
            raise self.due.pop(0)

    def came(self, partition: Any) -> None:
        """Records came: what was damaged was so on its way only."""
        self._corrupt.pop(partition, None)

    def free(self, partition: Any) -> None:
        """A person decided: nothing is held against it."""
        self.stopped.discard(partition)
        self.rewound.discard(partition)
        self._corrupt.pop(partition, None)
        self.again.pop(partition, None)

    def went_back(self, partition: Any, offset: int) -> None:
        """The broker sent a record from before the position."""
        self.rewound.add(partition)
        at = self._next[partition]
        self._stop(partition, f"the broker sent offset {offset}, which lies before the position {at}")

    def lost(self, error: Any) -> None:
        """The broker has not got the records at a position: its topic is another one now, or a person decides."""
        truncated = isinstance(error, LogTruncationError)
        offsets = error.divergent_offsets if truncated else error.args[0]
        for partition in offsets:
            at = self._next[partition]
            if self._made_anew(partition):
                continue
            if truncated:
                self.rewound.add(partition)
                known = offsets[partition]
                since = f" since offset {known.offset}" if known is not None else ""
                self._stop(partition, f"the broker lost records that were read already{since}, up to offset {at}")
            else:
                self._stop(partition, out_of_range(self._link.consumer, partition, offsets[partition]))

    def damaged(self, error: CorruptRecordError) -> None:
        """Fetch a damaged batch again; after three tries its stream stops. The others go on."""
        found = re.search(r"topic='([^']+)', partition=(\d+)", str(error))
        named = TopicPartition(found[1], int(found[2])) if found else None
        for partition in [named] if named in self._streams else list(self._streams):
            self._corrupt[partition] = tries = self._corrupt.get(partition, 0) + 1
            if tries >= _CORRUPT_TRIES:
                self._stop(partition, f"damaged records at offset {self._next[partition]} ({error})")
            else:
                self._drop(partition)
                self.again[partition] = self._streams[partition]

    def _made_anew(self, partition: Any) -> bool:
        """True when this position belongs to a topic that is gone, or when nobody can tell now: then it is tried again.

        Whatever the topic is now is taken in with the next metadata.
        """
        known = self._link.fresh()
        if known and self._link.epoch(partition.topic) in ("", base_of(self._streams[partition])):
            return False
        self._drop(partition)
        if known:
            self._link.ask_soon(0.0)
        else:
            self.again[partition] = self._streams[partition]
        return True

    def _stop(self, partition: Any, reason: str) -> None:
        """Read this partition no more, and raise so at the next occasion that loses nothing."""
        self.stopped.add(partition)
        self._drop(partition)
        way = f"`bellbuoy source skip {self._name}:{partition.topic}:{partition.partition} --to begin|end|OFFSET`"
        stopped = SourceStopped(self._streams[partition], reason, f"decide where to go on: {way}")
        _LOG.error("%s", stopped)
        self.due.append(stopped)

    def _drop(self, partition: Any) -> None:
        """Take a partition out of the assignment: what the client holds of it is thrown away at the next poll."""
        rest = [other for other in self._streams if other != partition and other not in self.out]
        if rest:
            self._link.consumer.assign(rest)
        else:
            self._link.consumer.unsubscribe()
