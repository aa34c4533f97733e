"""Dead letters: shown with all that is kept of them, and read again by what is known now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.config.model import Config
from bellbuoy.monitor.event import Batch, Limits, decode
from bellbuoy.monitor.event.batch import concat
from bellbuoy.monitor.ingest.limits import limits_by_source
from bellbuoy.monitor.sources.base import Chunk, Outcome, Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.transaction import Transaction

AT_ONCE = 1_000
"""Letters read again in one transaction."""
AT_ONCE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter with all that is kept of it.

    Attributes:
        id: its number.
        stream, offset: where it stood.
        received_us: when it arrived, microseconds UTC.
        kind, reason: what was wrong.
        size: bytes of the message; of a larger one than `raw`, `raw` is the head and `sha256` tells the whole.
        key, headers: Kafka's.
    """

    id: int
    stream: Stream
    offset: int
    received_us: int
    kind: str
    reason: str
    size: int
    raw: bytes
    sha256: str | None = None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass(slots=True)
class Retried:
    """What became of letters that were read again.

    Attributes:
        stored: events now.
        duplicates: events that are stored already; dropped.
        still: number, class and reason of those that cannot be read today either.
    """

    stored: int = 0
    duplicates: int = 0
    still: list[tuple[int, str, str]] = field(default_factory=list)


def letter(store: Store, number: int) -> Letter | None:
    """Return one dead letter, or None."""
    return next(iter(_letters(store, [number])), None)


def retry(
    store: Store, config: Config, now: float, ids: Sequence[int] = (), kind: str | None = None, *, every: bool = False
) -> Retried:
    """Read dead letters again with the present decoder and limits; a second time does nothing more.

    What is an event now is stored at its old place in its stream, with its old arrival, and the letter is deleted, both in
    one transaction. What is still none keeps its letter, with the new reason.

    Args:
        store: open for writing.
        config: its limits hold.
        now: epoch seconds; ages are judged by it.
        ids: numbers of letters.
        kind: their class.
        every: all of them.

    Raises:
        StoreExhausted: disk or memory is used up; the letters that are done are done.
    """
    limits = limits_by_source(config)
    done = Retried()
    for part in _parts(store.rows("letters/chosen", ids=list(ids), kind=kind, every=every), done):
        _retry(store, _letters(store, part), limits, now, done)
    return done


def _parts(rows: Sequence[Mapping[str, Any]], done: Retried) -> Iterator[list[int]]:
    """Yield numbers for one transaction each; those of which only the head is kept are told of."""
    part: list[int] = []
    size = 0
    for row in rows:
        if row["held"] < row["size"]:
            done.still.append((row["id"], "size", "size: only the head of the message is kept; send it again"))
            continue
        if part and (len(part) >= AT_ONCE or size + row["held"] > AT_ONCE_BYTES):
            yield part
            part, size = [], 0
        part.append(row["id"])
        size += row["held"]
    if part:
        yield part


def _letters(store: Store, ids: Sequence[int]) -> list[Letter]:
    return [
        Letter(
            row["id"],
            Stream(row["source"], row["path"], row["partition"], row["epoch"]),
            row["offset"],
            row["received_us"],
            row["class"],
            row["reason"],
            row["size"],
            row["raw"],
            row["sha256"],
            row["key"],
            tuple((header["name"], header["value"]) for header in row["headers"] or ()),
        )
        for row in store.rows("letters/whole", ids=list(ids))
    ]


def _retry(store: Store, letters: Sequence[Letter], limits: Mapping[str, Limits], now: float, done: Retried) -> None:
    read: list[tuple[Letter, Batch]] = []
    for one in letters:
        chunk = Chunk(one.stream, [one.offset], [one.raw], one.offset + 1)
        read.append(
            (
                one,
                decode(
                    chunk,
                    stream_id=store.stream_id(one.stream),
                    received_at_us=one.received_us,
                    limits=limits.get(one.stream.source, Limits()),
                    now_us=int(now * 1e6),
                ),
            )
        )
    good = [one.id for one, batch in read if batch.rows]
    still = [(one.id, batch.letters[0].kind, batch.letters[0].reason) for one, batch in read if batch.letters]

    def settle(tx: Transaction, _positions: Mapping[Stream, int], _outcome: Outcome) -> None:
        if tx.run("letters/forget", ids=good) != len(good):
            raise RuntimeError("another retry took some of these letters at the same moment; nothing was stored")
        for number, kind, reason in still:
            tx.run("letters/refused", id=number, kind=kind, reason=reason)

    if good:
        whole = concat([batch for _, batch in read if batch.rows])
        # the positions stand where they stood, and so does the watermark: these records are counted as received already
        whole.next, whole.newest, whole.received_by, whole.newest_us = {}, {}, {}, None
        known = _without_stored(store, whole)
        appended = store.append(whole, settle)
        done.stored += appended.rows
        done.duplicates += appended.duplicates + known
    elif still:
        with store.transaction() as tx:
            settle(tx, {}, Outcome())
    done.still += still


def _without_stored(store: Store, batch: Batch) -> int:
    """Leave out the events that are stored already, however long ago: an append knows those of a day; return how many."""
    ids = batch.table["event_id"] if batch.table is not None else pa.array([], pa.string())
    stored = store.arrow("letters/stored", ids=ids.to_pylist())["event_id"]
    again = pc.is_in(ids, value_set=stored.combine_chunks())
    number = int(pc.sum(again).as_py() or 0)
    if number:
        rest = batch.table.filter(pc.invert(again)) if batch.table is not None else None
        batch.table = rest if rest is not None and rest.num_rows else None
    return number
