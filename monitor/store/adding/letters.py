"""Dead letters of rows that were decoded and that DuckDB refused."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from bellbuoy.monitor.event import Batch, DeadLetter
from bellbuoy.monitor.sources.base import Outcome, Stream
from bellbuoy.monitor.store.adding.positions import Known


def _shown(value: pa.ChunkedArray) -> Any:
    """Return the value of a one-row column; text that is no UTF-8 with marks in place of what cannot be read."""
    try:
        return value.to_pylist()[0]
    except UnicodeDecodeError:
        return (
            value.cast(pa.binary()).to_pylist()[0].decode("utf-8", "replace")
            if pa.types.is_string(value.type)
            else "unreadable"
        )


def letter_of(row: pa.Table, reason: str, streams: Mapping[Stream, Known]) -> DeadLetter:
    """Keep a row that the store refused as a dead letter that holds what was decoded of it."""
    found = {name: _shown(row[name]) for name in row.column_names}
    stream = next(one for one, known in streams.items() if known.id == found["stream"])
    raw = json.dumps(found, default=str, ensure_ascii=False).encode("utf-8", "replace")
    return DeadLetter(
        stream=stream,
        offset=int(found["offset"]),
        received_at_us=int(row["received_at"].cast(pa.int64())[0].as_py()),
        kind="store",
        reason=f"store: {reason}; the decoded event is kept",
        raw=raw,
        size=len(raw),
    )


def outcome_of(batch: Batch, twice: pa.Table | None, streams: Mapping[Stream, Known]) -> Outcome:
    """Say which records of a batch are not stored as events, by stream.

    Args:
        batch: as it was appended.
        twice: `stream` and `offset` of the events that were stored before; None when there are none.
        streams: those of the batch, with their numbers.
    """
    dead: dict[Stream, list[tuple[int, str, str]]] = {}
    for letter in batch.letters:
        dead.setdefault(letter.stream, []).append((letter.offset, letter.kind, letter.reason))
    duplicates: dict[Stream, list[int]] = {}
    if twice is not None:
        names = {known.id: stream for stream, known in streams.items()}
        for number, offset in zip(twice["stream"].to_pylist(), twice["offset"].to_pylist(), strict=True):
            if number in names:  # a letter that is read again is of no stream of the batch
                duplicates.setdefault(names[number], []).append(offset)
    return Outcome(duplicates, dead)
