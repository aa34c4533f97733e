"""What decoding yields: rows for the store, dead letters, and where each stream stands."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bellbuoy.monitor.event.foreign import Foreign
from bellbuoy.monitor.sources.base import Stream

WHOLE_BYTES = 1 << 20
"""A dead letter is kept whole up to this size."""

FAR_US = 4_102_444_800_000_000
"""An arrival far ahead (the year 2100), for logs of the past: no event is in its future."""

HEAD_BYTES = 64 << 10
"""Of a larger one, so much."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a message may be.

    Attributes:
        max_message: bytes of one message.
        warn_ahead_s: a `ts` further ahead of its arrival is counted.
        refuse_ahead_s: a time further ahead of its arrival is refused.
        keep_s: a `ts` older than this before `now` is `too_old`; None: nothing is.
        foreign: how messages are read that have another form; None: they are events.
    """

    max_message: int = 64 << 10
    warn_ahead_s: float = 300.0
    refuse_ahead_s: float = 86_400.0
    keep_s: float | None = None
    foreign: Foreign | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that is no event, kept.

    Attributes:
        stream, offset: where it stands.
        received_at_us: arrival, microseconds UTC.
        kind: its class, see `bellbuoy.monitor.event.refusal.REMEDIES`.
        reason: `class: what is wrong - at $.path; what to do`.
        raw: the message, or its head when it is larger than `WHOLE_BYTES`.
        size: bytes of the whole message.
        sha256: of the whole message, when `raw` is only its head.
        key, headers: Kafka's.
    """

    stream: Stream
    offset: int
    received_at_us: int
    kind: str
    reason: str
    raw: bytes
    size: int
    sha256: str | None = None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


def dead_letter(
    stream: Stream,
    offset: int,
    received_at_us: int,
    kind: str,
    reason: str,
    raw: bytes,
    key: bytes | None = None,
    headers: Sequence[tuple[str, bytes]] = (),
) -> DeadLetter:
    """Return the dead letter of a message; a very large one is kept by its head, length and hash."""
    size = len(raw)
    digest = None
    if size > WHOLE_BYTES:
        digest = hashlib.sha256(raw).hexdigest()
        raw = raw[:HEAD_BYTES]
    return DeadLetter(stream, offset, received_at_us, kind, reason, bytes(raw), size, digest, key, headers)


@dataclass(slots=True)
class Batch:
    """Decoded chunks, ready for one transaction.

    Attributes:
        table: rows of `events_raw` in the schema of `arrow_schema()`; None when there are none.
        letters: messages that could not be read.
        received: records read, tombstones and dead letters included.
        tombstones: records without a value.
        unknown_fields: names of top-level fields that the schema does not know, with how often they came.
        next: position of the next record of each stream.
        newest_us: greatest of min(ts, received_at) over the events, microseconds UTC; None without events.
        ahead: events whose `ts` is further ahead than `Limits.warn_ahead_s`.
        newest: `newest_us` of each stream that had events.
        received_by: `received` of each stream.
        readable_us: since when each record could be read, microseconds UTC: its broker's time, else its arrival.
    """

    table: Any | None
    letters: list[DeadLetter]
    received: int
    tombstones: int
    unknown_fields: Counter[str]
    next: dict[Stream, int]
    newest_us: int | None
    ahead: int = 0
    newest: dict[Stream, int] = field(default_factory=dict)
    received_by: dict[Stream, int] = field(default_factory=dict)
    readable_us: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def rows(self) -> int:
        """How many events there are."""
        return 0 if self.table is None else int(self.table.num_rows)


def concat(batches: Sequence[Batch]) -> Batch:
    """Return one batch of several, in their order."""
    whole = Batch(None, [], 0, 0, Counter(), {}, None)
    tables = [batch.table for batch in batches if batch.table is not None]
    if tables:
        whole.table = pa.concat_tables(tables).combine_chunks()  # the store reads few large pieces with less work
    whole.readable_us = np.concatenate([whole.readable_us, *(batch.readable_us for batch in batches)])
    for batch in batches:
        whole.letters += batch.letters
        whole.received += batch.received
        whole.tombstones += batch.tombstones
        whole.unknown_fields += batch.unknown_fields
        whole.ahead += batch.ahead
        for stream, position in batch.next.items():
            whole.next[stream] = max(position, whole.next.get(stream, position))
        for stream, newest in batch.newest.items():
            whole.newest[stream] = max(newest, whole.newest.get(stream, newest))
        for stream, count in batch.received_by.items():
            whole.received_by[stream] = whole.received_by.get(stream, 0) + count
        if batch.newest_us is not None:
            whole.newest_us = max(batch.newest_us, whole.newest_us or batch.newest_us)
    return whole
