"""Bytes → events → one Arrow table, with a dead letter for each message that is none."""

from collections import Counter
from collections.abc import Callable, Sequence
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
from bellbuoy.monitor.event.foreign import Read
from bellbuoy.monitor.event.forms import Form, Learned
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
_AGAIN = "`bellbuoy dead-letters retry` counts it if it never was; `store.retention.events` says what is kept"
_SLICE = 2_048
"""Messages that are objects at the same time: more of them do not stay in the processor's cache."""
_LEARNED = Learned()
_SCHEMA = arrow_schema()


class _Refused(Exception):  # noqa: N818 # not an error of ours: it carries the reason out of the reading of one message
    def __init__(self, why: Refusal) -> None:
        super().__init__(why.reason)
        self.why = why


@dataclass(slots=True)
class _Reading:
    """What is being made of a slice of one chunk; indexes count from the beginning of the chunk."""

    chunk: Chunk
    values: Sequence[Read]
    stream_id: int
    received_at_us: int
    now_us: int
    limits: Limits
    form: Form
    forgotten_us: int
    events: list[Any] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    tombstones: int = 0

    def refuse(self, index: int, why: Refusal) -> None:
        chunk, foreign = self.chunk, self.limits.foreign
        why = why if foreign is None else foreign.told(why)
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


def decode(
    chunk: Chunk,
    *,
    stream_id: int,
    received_at_us: int,
    limits: Limits,
    now_us: int | None = None,
    forgotten_us: int = 0,
) -> Batch:
    """Decode one chunk. No message harms its neighbours.

    Args:
        chunk: records of one stream.
        stream_id: number of the stream in the store.
        received_at_us: when they arrived, microseconds UTC.
        limits: what a message may be.
        now_us: the instant against which `limits.keep_s` is judged; the arrival unless given.
        forgotten_us: instant before which events have left the store: one of before it may have been there already.
    """
    now_us = received_at_us if now_us is None else now_us
    received = len(chunk.values)
    batch = Batch(
        None, [], received, 0, Counter(), {chunk.stream: chunk.next}, None, received_by={chunk.stream: received}
    )
    batch.readable_us = _readable(chunk, received_at_us)
    values = chunk.values if limits.foreign is None else limits.foreign.read(chunk.values, limits.max_message)
    tables = []
    for start in range(0, received, _SLICE):
        span = range(start, min(start + _SLICE, received))
        form = _LEARNED.form(len(span))
        while True:
            reading = _Reading(chunk, values, stream_id, received_at_us, now_us, limits, form, forgotten_us)
            new = _read(reading, span)
            if not new:
                break
            form = _LEARNED.widen(form, new)  # and once more: the form knows every field of this slice now
        table = _table(reading, reading.events, reading.indexes) if reading.events else None
        if table is not None:
            tables.append(table)
        batch.letters += reading.letters
        batch.unknown_fields.update(reading.unknown)
        batch.tombstones += reading.tombstones
    batch.letters.sort(key=lambda letter: letter.offset)
    if tables:
        batch.table = pa.concat_tables(tables)
        ts = np.concatenate([_int64(table.column("ts")) for table in tables])
        batch.newest_us = int(min(ts.max(), received_at_us))
        batch.newest = {chunk.stream: batch.newest_us}
        batch.ahead = int(np.count_nonzero(ts > received_at_us + int(limits.warn_ahead_s * 1e6)))
    return batch


def _readable(chunk: Chunk, received_at_us: int) -> Any:
    """Return since when each record could be read."""
    n = len(chunk.values)
    if not chunk.times_ms:
        return np.full(n, received_at_us, np.int64)
    times = np.fromiter(chunk.times_ms, np.int64, n) * 1_000
    return np.where(times < 0, received_at_us, times)


def _read(reading: _Reading, span: range) -> set[str]:
    """Decode the values of a slice: the hot loop. Return the fields that have to be learned before it can stand."""
    values = reading.values[span.start : span.stop]
    limit = reading.limits.max_message
    events = reading.events
    plain = reading.limits.foreign is None and _plain(values, limit)  # type: ignore[arg-type] # refused are foreign ones alone
    read = reading.form.read if plain else _careful(limit, reading.form)
    feed = map(read, values)  # type: ignore[arg-type] # there is no tombstone among plain ones
    refused: list[int] = []
    new: set[str] = set()
    while True:
        try:
            events.extend(feed)  # up to one that fails
            break
        except Exception:  # noqa: BLE001 # whatever it is, it is looked at below, and its neighbours go on
            index = span.start + len(events) + len(refused)
        value = reading.values[index]
        if value is None:
            reading.tombstones += 1
            refused.append(index)
            continue
        if isinstance(value, Refusal):
            reading.refuse(index, value)
            refused.append(index)
            continue
        try:
            event, names = read_one(value, limit, reading.unknown)
        except _Refused as why:
            reading.refuse(index, why.why)
            refused.append(index)
        else:
            new |= names - reading.form.names
            events.append(event)
    left_out = frozenset(refused)
    reading.indexes += [index for index in span if index not in left_out] if refused else span
    return new


def _plain(values: Sequence[bytes | None], limit: int) -> bool:
    """Tell whether these are messages within the limit of size, without a character that a name must not have."""
    if None in values or max(map(len, values)) > limit:  # type: ignore[arg-type] # none of them is None
        return False
    whole = b"".join(values)  # type: ignore[arg-type] # the same
    return whole.isascii() and b"\\" not in whole and b"\x7f" not in whole


def _careful(limit: int, form: Form) -> Callable[[Read], Event]:
    """Return what reads one value with every name looked at."""
    read = form.read

    def act(value: Read) -> Event:
        if not isinstance(value, bytes) or len(value) > limit:
            raise ValueError("no message, or too large a one")
        event = read(value)
        if not value.isascii() or b"\\" in value or b"\x7f" in value:
            check_names(event)
        return event

    return act


def read_one(value: bytes, limit: int, unknown: Counter[str]) -> tuple[Event, set[str]]:
    """Read one message slowly: with a byte order mark, with unknown fields, or to say what is wrong with it.

    Returns:
        The event, and the names of the fields that the message brings and every event may have.
    """
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
        check_names(event)
        names = set(_KEYS.decode(value))
    except Exception as error:  # noqa: BLE001 # classified by its form; the classes are pinned by tests
        raise _Refused(refusal_of(error)) from None
    _count(names - _KNOWN, unknown)
    return event, names & _KNOWN


def _count(names: set[str], unknown: Counter[str]) -> None:
    for name in names:
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

    def fault(row: int, kind: str, what: str, path: str, remedy: str | None = None) -> None:
        bad.setdefault(row, refusal(kind, what, path, remedy))

    latest_us = reading.received_at_us + int(reading.limits.refuse_ahead_s * 1e6)
    builder = Builder(latest_us, fault)
    rows = range(n)
    form = reading.form
    arrays = {column.name: builder.array(column, events, rows) for column in form.columns} | form.absent(events)
    ts = _int64(arrays["ts"])
    _judge(reading, arrays, ts, fault)
    if arrays["event_id"].null_count:
        arrays["event_id"] = _identified(events, arrays["event_id"], ts)
    offsets = reading.chunk.offsets
    chosen = [offsets[index] for index in indexes]
    counted = pc.and_(pc.equal(arrays["environment"], "production"), pc.invert(arrays["demo"]))
    head = [
        pa.array(np.full(n, reading.stream_id, np.int32)),
        pa.array(chosen, pa.int64()),
        pa.array(np.zeros(n, np.int32)),
        pa.array(np.full(n, reading.received_at_us, np.int64), TIMESTAMP),
        pc.fill_null(counted, False),  # noqa: FBT003 # the value to fill with
    ]
    table = pa.Table.from_arrays([*head, *(arrays[column.name] for column in COLUMNS)], schema=_SCHEMA)
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
    if ts.min() < reading.forgotten_us:
        for row in np.flatnonzero(ts < reading.forgotten_us).tolist():
            fault(row, "too_old", "before the events that are kept, and may have been counted already", "$.ts", _AGAIN)
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
