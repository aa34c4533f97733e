"""The append: one transaction that stores events, counts, dead letters and the positions they end at."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.monitor.event import Batch, DeadLetter
from bellbuoy.monitor.sources.base import Outcome, Stream
from bellbuoy.monitor.sources.skipping import Skipped
from bellbuoy.monitor.store.adding.duplicates import NO_KEYS, Duplicates, stored
from bellbuoy.monitor.store.adding.letters import letter_of, outcome_of
from bellbuoy.monitor.store.adding.limits import Told
from bellbuoy.monitor.store.adding.positions import Known
from bellbuoy.monitor.store.adding.registry import Draft, Registry
from bellbuoy.monitor.store.adding.rollup import count
from bellbuoy.monitor.store.adding.rows import prepared
from bellbuoy.monitor.store.amending.overlay import SHOWN
from bellbuoy.monitor.store.amending.triggers import says
from bellbuoy.monitor.store.engine import Engine, exhausted
from bellbuoy.monitor.store.errors import PositionConflict
from bellbuoy.monitor.store.kept import KEPT, brought, columns, hold
from bellbuoy.monitor.store.transaction import Transaction

_ROW_ERRORS = (
    duckdb.DataError,
    duckdb.ProgrammingError,
    duckdb.IntegrityError,
    duckdb.NotSupportedError,
    pa.ArrowException,
)
"""What DuckDB and Arrow say when a value cannot be stored; files, memory and broken stores speak otherwise."""

WINDOW_US = 86_400_000_000
KEYS = 4_000_000
Settle = Callable[[Transaction, Mapping[Stream, int], Outcome], None]
"""Writes into the transaction of a batch, given the next positions and what was not stored as an event."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What one append stored.

    Attributes:
        rows: events.
        letters: dead letters, those of the decoder and those that the store refused.
        refused: how many of the letters the store refused.
        series: ids of the series that got counts.
        new_series: how many of them were never seen before.
        folded: how many names past the cap on series were counted under `other`.
        kinds: how many letters of each class.
        duplicates: events that were stored before, dropped.
        outcome: where the duplicates and the dead letters stand.
        oldest: beginning of the earliest minute that got counts, epoch seconds; None without counts.
    """

    rows: int
    letters: int
    refused: int = 0
    series: tuple[int, ...] = ()
    new_series: int = 0
    folded: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    oldest: int | None = None
    duplicates: int = 0
    outcome: Outcome = field(default_factory=Outcome)


class Appender:
    """Knows the positions and the series that are stored, and adds batches to them."""

    def __init__(self, engine: Engine, streams: dict[Stream, Known], registry: Registry) -> None:
        self.engine = engine
        self.streams = streams
        self.registry = registry
        self.duplicates = Duplicates(WINDOW_US, KEYS)
        self._remembers = False
        self.held: list[str] = []
        """Columns that the table in use has, since the first append."""
        self.says: bool | None = None
        """Whether some event says something of others; None: not known yet of those that were stored before."""
        self._gate = threading.Lock()
        self._adding = threading.Lock()
        self.known_us = int(engine.rows("store/newest_known")[0]["at"])
        self._letters = int(engine.rows("store/last_letter")[0]["id"])

    def append(self, batch: Batch, told: Told, settle: Settle | None = None, *, merge: bool = True) -> Appended:
        """Store a batch in one transaction; rows that DuckDB refuses become dead letters.

        Args:
            batch: what to store.
            told: what is counted.
            settle: writes what else belongs to the batch, once its outcome is known: an answer to its sender.
            merge: whether the log may be merged before this returns; if not, the caller sees to it.

        Raises:
            StoreExhausted: disk or memory is used up; nothing was written.
            PositionConflict: a position is not where this process left it; nothing was written.
        """
        with self._adding:  # what is in memory is as the last commit left it
            return self._stored(batch, told, settle, merge)

    def remember(self, window: float, keys: int) -> None:
        """Say how far back an event that comes twice is recognised.

        Args:
            window: seconds since its first arrival.
            keys: identities, the newest ones.
        """
        with self._adding:
            wanted = (int(window * 1e6), keys)
            if wanted != (self.duplicates.window_us, self.duplicates.keys):
                self.duplicates, self._remembers = Duplicates(*wanted), False

    @contextmanager
    def correction(self) -> Iterator[tuple[Transaction, int, Draft]]:
        """Hold a transaction that corrects counts, with the `known_at` of its rows in microseconds, and what takes its new series."""
        draft = Draft()
        with self._adding:
            with self.engine.transaction() as tx:
                known_us = self.known_us + 1
                yield tx, known_us, draft
                self.save_series(tx, draft)
            self.registry.take(draft)  # before another transaction numbers its own
            self.known_us = known_us

    def _stored(self, batch: Batch, told: Told, settle: Settle | None, merge: bool) -> Appended:
        try:
            return self._append(batch, told, settle, merge=merge)
        except _ROW_ERRORS as error:
            if batch.table is None or exhausted(error):
                raise
            table = prepared(batch.table, told).table
            if self._tried(table.slice(0, 0), told) is not None:
                raise  # no row is to blame
            wrong = self._refused(table, told, 0)
            if not wrong:
                raise
            keep = np.ones(table.num_rows, bool)
            keep[list(wrong)] = False
            letters = [letter_of(table.slice(row, 1), reason, self.streams) for row, reason in wrong.items()]
            rest = batch.table.filter(pa.array(keep))
            rest = replace(batch, table=rest if rest.num_rows else None, letters=[*batch.letters, *letters])
            return self._append(rest, told, settle, merge=merge, refused=len(letters))

    def _append(self, batch: Batch, told: Told, settle: Settle | None, *, merge: bool, refused: int = 0) -> Appended:
        draft = Draft()
        rows = None if batch.table is None or not batch.table.num_rows else prepared(batch.table, told)
        at_us = _newest_arrival(batch.table, batch.letters) or 0
        counts, keys, twice = None, NO_KEYS, None
        known_us = max(self.known_us + 1, at_us)
        if rows is not None:
            self._recall(at_us)
            self._hold(rows.table)
        with self.engine.transaction(merge=merge) as tx:
            if rows is not None:
                judged = rows.judged(tx, told.signals)
                fresh = self.duplicates.new(judged.keys)
                if fresh is not None:
                    twice = rows.table.select(("stream", "offset")).filter(pa.array(~fresh))
                    rows, judged = rows.only(tx, fresh), judged.only(fresh)
                keys = judged.keys
                if len(keys):
                    tx.show("arriving", rows.table.select(self.held))
                    tx.run("store/add_events")
                    tx.events = len(keys)
                    counts = rows.counted(tx, judged, self.registry, draft, known_us)
                    self.save_series(tx, draft)
                tx.cursor.unregister("arriving")
            self._save_letters(tx, batch.letters)
            known = self._advance(tx, batch, at_us or None)
            for name, n in sorted(batch.unknown_fields.items()):
                tx.run("store/note_unknown", name=name[:128], n=n, at_us=at_us)
            outcome = outcome_of(batch, twice, known)
            done = Appended(
                len(keys),
                len(batch.letters),
                refused,
                () if counts is None else tuple(np.unique(counts.series).tolist()),
                len(draft.ids),
                draft.folded,
                Counter(letter.kind for letter in batch.letters),
                int(counts.minute[0]) if counts is not None and len(counts.minute) else None,
                0 if twice is None else twice.num_rows,
                outcome,
            )
            if settle is not None:
                settle(tx, batch.next, outcome)
        if rows is not None and not self.says and says(rows.table):
            self.says = True  # before the positions tell of these events
        with self._gate:
            self.streams.update(known)
        self.registry.take(draft)
        self._letters += len(batch.letters)
        if counts is not None and len(counts.minute):
            self.known_us = known_us
        try:
            self.duplicates.take(keys, at_us)
        except MemoryError:
            self._remembers = False  # it is committed: they are read from the store before the next batch
        return done

    def _hold(self, table: pa.Table) -> None:
        """Let the store have every column that these events bring, before they come."""
        names = [name for name in brought(table) if name not in SHOWN]
        if not self.held or any(name not in self.held for name in names):
            with self.engine.transaction(merge=False) as tx:
                have = columns(tx.cursor, KEPT)
                new = [name for name in names if name not in have]
                if new:
                    hold(tx, new)
            self.held = [name for name in table.column_names if name in {*have, *new}]

    def _recall(self, at_us: int) -> None:
        """Read the identities that are stored: once, before the first batch."""
        if not self._remembers:
            window_us, keys = self.duplicates.window_us, self.duplicates.keys
            arrived = [known.arrived_us for known in self.streams.values() if known.arrived_us is not None]
            at_us = min(at_us, max(arrived, default=at_us))  # of a clock that is far ahead now
            self.duplicates.fill(stored(self.engine, at_us, window_us, keys), at_us)
            self._remembers = True

    def save_series(self, tx: Transaction, draft: Draft) -> None:
        """Write the series that a draft adds or that reach further by it."""
        new = self.registry.added(draft)
        if new:
            fields = ("id", "signal", "workflow", "step", "segment", "first_minute", "last_minute")
            rows: list[dict[str, Any]] = [{name: getattr(series, name) for name in fields} for series in new]
            for row in rows:
                row["first_minute"] *= 1_000_000
                row["last_minute"] *= 1_000_000
            tx.insert("series", rows)
        moved = self.registry.moved(draft)
        if moved:
            tx.run(
                "store/move_series",
                ids=list(moved),
                firsts=[first for first, _ in moved.values()],
                lasts=[last for _, last in moved.values()],
            )

    def _save_letters(self, tx: Transaction, letters: Sequence[DeadLetter]) -> None:
        rows = [
            {
                "id": self._letters + place,
                "stream": self._known(letter.stream).id,
                "offset": letter.offset,
                "received_at": letter.received_at_us,
                "class": letter.kind,
                "reason": letter.reason,
                "size": letter.size,
                "sha256": letter.sha256,
                "raw": letter.raw,
                "key": letter.key,
                "headers": [{"name": name, "value": value} for name, value in letter.headers or ()],
            }
            for place, letter in enumerate(letters, 1)
        ]
        tx.insert("dead_letters_raw", rows)

    def _advance(self, tx: Transaction, batch: Batch, at_us: int | None) -> dict[Stream, Known]:
        """Move the positions and return what is known of the streams once this is committed."""
        first = _firsts(batch.table)
        after: dict[Stream, Known] = {}
        old: list[Stream] = []
        for stream, position in batch.next.items():
            known = self._known(stream)
            comes = min(position, first.get(known.id, position))
            if known.next is not None and comes < known.next:
                raise PositionConflict(
                    f"{_name(stream)}: offset {comes} comes again, {known.next} was to be next; nothing was stored."
                )
            received = batch.received_by.get(stream, 0)
            newest = max((one for one in (known.newest_us, batch.newest.get(stream)) if one is not None), default=None)
            arrived = known.arrived_us if at_us is None else at_us
            after[stream] = Known(known.id, position, known.received + received, newest, arrived)
            if known.next is None:
                self._begin(tx, stream, after[stream])
            else:
                old.append(stream)
        if old:
            rows = [after[stream] for stream in old]
            changed = tx.run(
                "store/advance",
                ids=[row.id for row in rows],
                expected=[self.streams[stream].next for stream in old],
                nexts=[row.next for row in rows],
                received=[row.received for row in rows],
                newest=[row.newest_us for row in rows],
                arrived=[row.arrived_us for row in rows],
            )
            if changed != len(old):
                raise PositionConflict(_ELSEWHERE.format(names=", ".join(map(_name, old))))
        return after

    def skip(self, skipped: Skipped, record: Callable[[Transaction], None]) -> None:
        """Let a stream go on elsewhere without records; `record` writes what else belongs to it.

        Raises:
            PositionConflict: the stream is not where its source believes; nothing was written.
        """
        moved = Batch(None, [], 0, 0, Counter(), {skipped.stream: skipped.to}, None)
        with self._adding:
            if self._known(skipped.old).next != skipped.start:
                raise PositionConflict(_ELSEWHERE.format(names=_name(skipped.old)))
            with self.engine.transaction() as tx:
                known = self._advance(tx, moved, None)
                record(tx)
            with self._gate:
                self.streams.update(known)

    def _begin(self, tx: Transaction, stream: Stream, row: Known) -> None:
        place = {"source": stream.source, "path": stream.path, "partition": stream.partition, "epoch": stream.epoch}
        values = {"id": row.id, "next": row.next, "received": row.received}
        times = {"newest_us": row.newest_us, "at_us": row.arrived_us}
        if tx.run("store/begin_stream", **place, **values, **times) != 1:
            raise PositionConflict(_ELSEWHERE.format(names=_name(stream)))

    def id(self, stream: Stream) -> int:
        """Return the number of a stream; a new one is stored with its first batch."""
        return self._known(stream).id

    def known(self) -> dict[Stream, Known]:
        """Return what is stored of every stream."""
        with self._gate:
            return dict(self.streams)

    def _known(self, stream: Stream) -> Known:
        with self._gate:
            known = self.streams.get(stream)
            if known is None:
                known = self.streams[stream] = Known(1 + max((one.id for one in self.streams.values()), default=0))
            return known

    def _refused(self, table: pa.Table, told: Told, at: int) -> dict[int, str]:
        """Return the rows of a prepared table that DuckDB refuses, with its reason, by halving."""
        reason = self._tried(table, told)
        if reason is None:
            return {}
        if table.num_rows == 1:
            return {at: reason}
        half = table.num_rows // 2
        return self._refused(table.slice(0, half), told, at) | self._refused(table.slice(half), told, at + half)

    def _tried(self, table: pa.Table, told: Told) -> str | None:
        try:
            with self.engine.transaction(commit=False) as tx:
                tx.show("arriving", table.select(self.held))
                tx.run("store/add_events")
                tx.show("arriving", table)
                count(tx, "arriving", told.signals, self.registry, Draft())
        except _ROW_ERRORS as error:
            return str(error).split("\n", 1)[0]
        return None


_ELSEWHERE = (
    "{names}: a stored position is not where this process left it: something else has written this store. "
    "Nothing was stored; stop the other writer and start again."
)


def _name(stream: Stream) -> str:
    return f"{stream.source}:{stream.path}:{stream.partition}"


def _newest_arrival(table: pa.Table | None, letters: Sequence[DeadLetter]) -> int | None:
    found = [letter.received_at_us for letter in letters]
    if table is not None:
        found.append(pc.max(table["received_at"]).cast(pa.int64()).as_py())
    return max(found, default=None)


def _firsts(table: pa.Table | None) -> dict[int, int]:
    """Return the least offset of each stream in a batch."""
    if table is None:
        return {}
    streams, place = np.unique(table["stream"].to_numpy(), return_inverse=True)
    first = np.full(len(streams), np.iinfo(np.int64).max)
    np.minimum.at(first, place, table["offset"].to_numpy())
    return dict(zip(streams.tolist(), first.tolist(), strict=True))
