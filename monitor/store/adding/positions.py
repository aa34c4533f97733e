"""What this process last stored of each stream."""

from dataclasses import dataclass


@dataclass(slots=True)
class Known:
    """What this process last stored of a stream.

    Attributes:
        id: its number in the rows.
        next: offset of the record after the last one stored; None before the first append.
        received: records stored as events or dead letters.
        newest_us: greatest of least(ts, received_at), in microseconds.
        arrived_us: when its last batch arrived, in microseconds.
    """

    id: int
    next: int | None = None
    received: int = 0
    newest_us: int | None = None
    arrived_us: int | None = None
