"""The source port: where raw records come from, and at which positions.

The store is the only truth about positions; a source never remembers one by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stream:
    """One ordered run of records.

    Attributes:
        source: name of the source in the configuration: `kafka`, `files`, … with a number when there are several.
        path: topic or file path.
        partition: Kafka's partition; 0 elsewhere.
        epoch: changes when the stream begins anew under the same name (topic id; device and inode).
    """

    source: str
    path: str
    partition: int
    epoch: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records of one stream, in order, as columns.

    Attributes:
        stream: where they come from.
        offsets: position of each record.
        values: bytes of each record; None is a tombstone.
        next: position of the record after the last one: what the store keeps.
        keys, headers: Kafka's, for dead letters; empty where there are none.
        size: bytes of all values; 0 where that is not known.
        times_ms: when the broker wrote each record, epoch milliseconds, -1 where it did not say; empty without broker.
    """

    stream: Stream
    offsets: Sequence[int]
    values: Sequence[bytes | None]
    next: int
    keys: Sequence[bytes | None] = ()
    headers: Sequence[Sequence[tuple[str, bytes]]] = ()
    size: int = field(default=0)
    times_ms: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the records of a batch that are not stored as events.

    Attributes:
        duplicates: offsets, by stream, of events that were stored before.
        dead: by stream (offset, class, reason) of the dead letters.
    """

    duplicates: Mapping[Stream, Sequence[int]] = field(default_factory=dict)
    dead: Mapping[Stream, Sequence[tuple[int, str, str]]] = field(default_factory=dict)


class Source(Protocol):
    """Yields raw records from the positions that it is given."""

    name: str

    def open(self, positions: Mapping[Stream, int]) -> None:
        """Begin at the stored positions; a stream that has none begins as its settings say."""

    def read(self, max_records: int, max_bytes: int, wait: float) -> list[Chunk]:
        """Return what is there, after at most `wait` seconds; an empty list when nothing came."""

    def pause(self) -> None:
        """Stop fetching; `read` goes on returning, with nothing."""

    def resume(self) -> None:
        """Fetch again."""

    def lag(self) -> dict[Stream, int]:
        """Return how many records (files: bytes) lie between what was read and the end of each stream."""

    def stored(self, positions: Mapping[Stream, int], outcome: Outcome | None = None) -> None:
        """Hear that everything before these positions is committed. Best effort; never raises.

        Args:
            positions: of the next record of each stream.
            outcome: what was not stored as an event, for sources that answer their senders.
        """

    @property
    def finished(self) -> bool:
        """True when nothing more will ever come (files read once)."""

    def close(self) -> None:
        """Let go of connections and files."""
