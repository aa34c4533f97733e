"""Bytes → events → one Arrow table, with a dead letter for each message that is none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from hashlib import blake2b
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.monitor.event.arrays import Builder
from bellbuoy.monitor.event.batch import Batch, DeadLetter, Limits, dead_letter
from bellbuoy.monitor.event.columns import COLUMNS, TIMESTAMP, arrow_schema
from bellbuoy.monitor.event.definition import STRICT, TYPES, Event
from bellbuoy.monitor.event.names import check_names
from bellbuoy.monitor.event.refusal import Refusal, refusal, refusal_of
from bellbuoy.monitor.sources.base import Chunk

_STRICT: msgspec.json.Decoder[Event] = msgspec.json.Decoder(reduce(lambda a, b: a | b, STRICT))  # type: ignore[arg-type, return-value] # a union of classes is no class
_LENIENT: msgspec.json.Decoder[Event] = msgspec.json.Decoder(reduce(lambda a, b: a | b, TYPES))  # type: ignore[arg-type, return-value] # the same
_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_UNKNOWN = "Object contains unknown field"
_KNOWN = frozenset(column.name for column in COLUMNS)
_BOM = b"\xef\xbb\xbf"
_MAX_NAMES = 1_000
_SCHEMA = arrow_schema()


class _Refused(Exception):  # noqa: N818 # not an error of ours: it carries the reason out of the reading of one message
    def __init__(self, why: Refusal) -> None:
        super().__init__(why.reason)
        self.why = why


@dataclass(slots=True)
class _Reading:
    """What is being made of one chunk."""

    chunk: Chunk
    stream_id: int
    received_at_us: int
    now_us: int
    limits: Limits
    events: list[Event] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    tombstones: int = 0

    def refuse(self, index: int, why: Refusal) -> None:
        chunk = self.chunk
        self.letters.append(
            dead_letter(
                chunk.stream,
                chunk.offsets[index],
                self.received_at_us,
                why.kind,
                why.reason,
                chunk.values[index] or b"",
                chunk.keys[index] if chunk.keys else None,
                chunk.headers[index] if chunk.headers else (),
            )
        )


def decode(chunk: Chunk, *, stream_id: int, received_at_us: int, limits: Limits, now_us: int | None = None) -> Batch:
    """Decode one chunk. No message harms its neighbours.

    Args:
        chunk: records of one stream.
        stream_id: number of the stream in the store.
        received_at_us: when they arrived, microseconds UTC.
        limits: what a message may be.
        now_us: the instant against which `limits.keep_s` is judged; the arrival unless given.
    """
    reading = _Reading(chunk, stream_id, received_at_us, received_at_us if now_us is None else now_us, limits)
    _read(reading)
    table = _table(reading, reading.events, reading.indexes) if reading.events else None
    newest = None
    ahead = 0
    if table is not None:
        ts = _int64(table.column("ts"))
        newest = int(min(ts.max(), received_at_us))
        ahead = int(np.count_nonzero(ts > received_at_us + int(limits.warn_ahead_s * 1e6)))
    reading.letters.sort(key=lambda letter: letter.offset)
    received = len(chunk.values)
    return Batch(
        table,
        reading.letters,
        received,
        reading.tombstones,
        reading.unknown,
        {chunk.stream: chunk.next},
        newest,
        ahead,
        {} if newest is None else {chunk.stream: newest},
        {chunk.stream: received},
    )


def _read(reading: _Reading) -> None:
    """Decode the values one by one: the hot loop."""
    strict = _STRICT.decode
    limit = reading.limits.max_message
    event_done, index_done = reading.events.append, reading.indexes.append
    for index, value in enumerate(reading.chunk.values):
        try:
            # A tombstone has no length: it raises TypeError and goes the other way.
            event = strict(value) if len(value) <= limit else read_one(value, limit, reading.unknown)  # type: ignore[arg-type] # see above
            if not value.isascii() or b"\\" in value or b"\x7f" in value:  # type: ignore[union-attr, operator] # the same
                check_names(event)
        except Exception:  # noqa: BLE001 # whatever it is, it is looked at below, and its neighbours go on
            if value is None:
                reading.tombstones += 1
                continue
            try:
                event = read_one(value, limit, reading.unknown)
            except _Refused as refused:
                reading.refuse(index, refused.why)
                continue
        event_done(event)
        index_done(index)


def read_one(value: bytes, limit: int, unknown: Counter[str]) -> Event:
    """Read one message slowly: with a byte order mark, with unknown fields, or to say what is wrong with it."""
    if not value:
        raise _Refused(refusal("empty", "zero bytes"))
    if len(value) > limit:
        raise _Refused(refusal("size", f"{len(value):,} bytes, more than {limit:,}"))
    value = value.removeprefix(_BOM)
    try:
        try:
            event = _STRICT.decode(value)
        except msgspec.ValidationError as error:
            if not (str(error).startswith(_UNKNOWN) and " - at " not in str(error)):
                raise
            event = _LENIENT.decode(value)
            value.decode()  # what is ignored is not decoded, and yet has to be UTF-8
            _count_unknown(value, unknown)
        check_names(event)
    except Exception as error:  # noqa: BLE001 # classified by its form; the classes are pinned by tests
        raise _Refused(refusal_of(error)) from None
    return event


def _count_unknown(value: bytes, unknown: Counter[str]) -> None:
    for name in _KEYS.decode(value).keys() - _KNOWN:
        shown = "".join(char if char.isprintable() else "·" for char in name[:64])
        unknown[shown if shown in unknown or len(unknown) < _MAX_NAMES else "…"] += 1


def _table(reading: _Reading, events: list[Event], indexes: list[int]) -> Any | None:
    """Build the table; when it does not build, halve until the one row is found."""
    try:
        return _build(reading, events, indexes)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        if len(events) == 1:
            reading.refuse(indexes[0], refusal("store", f"{type(error).__name__}: {error}"))
            return None
    middle = len(events) // 2
    parts = [
        _table(reading, events[:middle], indexes[:middle]),
        _table(reading, events[middle:], indexes[middle:]),
    ]
    tables = [part for part in parts if part is not None]
    return pa.concat_tables(tables) if tables else None


def _build(reading: _Reading, events: list[Event], indexes: list[int]) -> Any | None:
    n = len(events)
    bad: dict[int, Refusal] = {}

    def fault(row: int, kind: str, what: str, path: str) -> None:
        bad.setdefault(row, refusal(kind, what, path))

    latest_us = reading.received_at_us + int(reading.limits.refuse_ahead_s * 1e6)
    builder = Builder(latest_us, fault)
    rows = range(n)
    arrays = {column.name: builder.array(column, events, rows) for column in COLUMNS}
    ts = _int64(arrays["ts"])
    _judge(reading, arrays, ts, fault)
    if arrays["event_id"].null_count:
        arrays["event_id"] = _identified(events, arrays["event_id"], ts)
    offsets = reading.chunk.offsets
    chosen = offsets if n == len(offsets) else [offsets[index] for index in indexes]
    counted = pc.and_(pc.equal(arrays["environment"], "production"), pc.invert(arrays["demo"]))
    head = [
        pa.array(np.full(n, reading.stream_id, np.int32)),
        pa.array(chosen, pa.int64()),
        pa.array(np.zeros(n, np.int32)),
        pa.array(np.full(n, reading.received_at_us, np.int64), TIMESTAMP),
        pc.fill_null(counted, False),  # noqa: FBT003 # the value to fill with
    ]
    table = pa.Table.from_arrays([*head, *arrays.values()], schema=_SCHEMA)
    if not bad:
        return table
    for row, why in bad.items():
        reading.refuse(indexes[row], why)
    keep = np.ones(n, bool)
    keep[list(bad)] = False
    return table.filter(pa.array(keep)) if keep.any() else None


def _judge(reading: _Reading, arrays: dict[str, Any], ts: Any, fault: Any) -> None:
    """Refuse what is well formed and still cannot be: too old, ends before it begins, of another major version."""
    if reading.limits.keep_s is not None:
        oldest = reading.now_us - int(reading.limits.keep_s * 1e6)
        if ts.min() < oldest:
            for row in np.flatnonzero(ts < oldest).tolist():
                fault(row, "too_old", "before the minutes that are kept", "$.ts")
    ended = arrays["ended_at"]
    if ended.null_count < len(ended):
        early = pc.fill_null(pc.less(ended, arrays["ts"]), False)  # noqa: FBT003 # the value to fill with
        for row in np.flatnonzero(early.to_numpy(zero_copy_only=False)).tolist():
            fault(row, "meaning", "`ended_at` before `ts`", "$.ended_at")
    versions = arrays["schema_version"]
    strange = [value for value in pc.unique(versions).to_pylist() if value != "1" and not value.startswith("1.")]
    for version in strange:
        for row in np.flatnonzero(pc.equal(versions, version).to_numpy(zero_copy_only=False)).tolist():
            fault(row, "version", f"schema_version {version!r}; this reader knows 1", "$.schema_version")


def _identified(events: Sequence[Event], ids: Any, ts: Any) -> Any:
    """Return the ids, with a 128-bit hash of what names the event where the message brought none."""
    made = [
        given if given is not None else event_hash(event, int(at))
        for event, given, at in zip(events, ids.to_pylist(), ts, strict=True)
    ]
    return pa.array(made, pa.string())


def event_hash(event: Any, ts_us: int) -> str:
    """Return the identity of an event without `event_id`, as 32 hexadecimal digits."""
    named = [
        event.type,
        event.workflow,
        event.interaction_id,
        event.step,
        event.step_index,
        event.attempt,
        ts_us,
    ]
    return blake2b(msgspec.json.encode(named), digest_size=16).hexdigest()


def _int64(times: Any) -> Any:
    if isinstance(times, pa.ChunkedArray):
        times = times.combine_chunks()
    return times.view(pa.int64()).to_numpy()
