"""Amends earlier events by what later ones say of them, closes interactions that fell silent, and corrects the counts by the difference."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from bellbuoy.monitor.signals import Signal
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store.adding.append import Appender
from bellbuoy.monitor.store.adding.limits import Told
from bellbuoy.monitor.store.adding.positions import Known
from bellbuoy.monitor.store.amending.closing import Closes, Reached, closes_by, closes_now, parts
from bellbuoy.monitor.store.amending.differences import Differences, differences
from bellbuoy.monitor.store.amending.looking import Span, arrow, rows, touched
from bellbuoy.monitor.store.amending.triggers import TRIGGER
from bellbuoy.monitor.store.amending.writing import moved, write
from bellbuoy.monitor.store.kept import ALL, columns, tables
from bellbuoy.monitor.store.statements import statement

SLICE = 200_000
"""New events that are looked through at once: with all that their interactions hold, what bounds the memory."""
OPEN = 200_000
"""Interactions that are looked at in one transaction, unless configured otherwise."""
NOTED_US = 3_600_000_000
"""How far, at most, a look is ahead of what the store knows of it: what is looked through once more after a restart says nothing new."""


@dataclass(slots=True)
class _Mark:
    """How far a stream was looked through: the next offset, and how many of its records had been received by then."""

    next: int
    received: int


class Amender:
    """Knows how far the events of a store were looked through, and looks on."""

    def __init__(self, appender: Appender) -> None:
        self.appender = appender
        self._marks: dict[int, _Mark] | None = None
        self._ends: dict[int, int] = {}
        self._reached: dict[str, Reached] | None = None
        self._columns: frozenset[str] = frozenset()
        self._schema = pa.schema([])
        self._unnoted = 0
        self._noted_us = 0

    def amend(
        self,
        told: Told,
        until: int | None = None,
        *,
        judged: int | None = None,
        most: int = OPEN,
        anew: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Look through what arrived since the last time, amend the events that it says something of, and close what fell silent.

        The result depends on which events are stored and on `until`, and not on the order in which they came or on how often this ran.
        The counts of what changed are corrected at the minute of the amended event, by rows that become known now.

        Args:
            told: what is counted, and what is declared.
            until: no event of before is expected any more, epoch seconds: interactions that fell silent before are closed; None: none
                is that was not closed yet.
            judged: up to where the counts are judged, epoch seconds; None: that is not known.
            most: interactions that are looked at in one transaction.
            anew: look at all events and interactions again.
            stop: asked between transactions; true ends early.

        Returns:
            how many events were amended, or amended otherwise than before.

        Raises:
            StoreExhausted: disk or memory is used up; what was done stays done, the rest is done the next time.
        """
        marks, reached = self._far(anew=anew)
        known = self.appender.known()  # before it is asked whether any of these events says something
        says = self._says()
        now = closes_now(self.appender.registry, told.rules, reached)
        falls = parts(closes_by(now, until, anew=anew), self.appender.engine)
        amended = 0
        for fresh, falling in _looks(list(self._slices(marks, known)), falls, judged):
            if stop():
                break
            if says or now:
                amended += self._look(told, fresh, falling, now, most)
            for span in fresh:
                marks[span.stream] = _Mark(span.until, span.received)
                self._unnoted += span.many
            for one in falling:
                reached[one.workflow] = Reached(one.first_us, one.until_us, one.until_us)
        self._note(marks, reached)
        return amended

    def _far(self, *, anew: bool) -> tuple[dict[int, _Mark], dict[str, Reached]]:
        """Return how far the events were looked through, by stream, and how far interactions are closed, by workflow.

        Args:
            anew: let all events be looked through.
        """
        engine = self.appender.engine
        if anew:
            with engine.transaction() as tx:
                tx.run("amend/forget_amended_to")
        if anew or self._marks is None:
            received = {one.id: one.received for one in self.appender.known().values()}
            rows = engine.rows("amend/waiting")
            self._marks = {
                row["stream"]: _Mark(row["next"], received.get(row["stream"], row["n"]) - row["n"]) for row in rows
            }
            self._ends = {row["stream"]: row["until"] for row in rows}
            with engine.reader() as cursor:
                self._columns = frozenset(name for part in tables(cursor) for name in columns(cursor, part))
                self._schema = arrow(cursor, f"SELECT * FROM {ALL} LIMIT 0").schema  # noqa: S608 - our own names
        if self._reached is None:
            rows = engine.rows("amend/closed_to")
            self._reached = {
                row["workflow"]: Reached(row["first_us"], row["since_us"], row["until_us"]) for row in rows
            }
            self._noted_us = max((one.since_us for one in self._reached.values()), default=0)
        return self._marks, self._reached

    def _says(self) -> bool:
        """Tell whether any stored event says something of others."""
        if self.appender.says is None:
            text = statement("amend/says").replace("{trigger}", TRIGGER)
            with self.appender.engine.reader() as cursor:
                found = cursor.execute(text).fetchall()
            self.appender.says = bool(self.appender.says or found)
        return self.appender.says

    def _slices(self, marks: Mapping[int, _Mark], known: Mapping[Stream, Known]) -> Iterator[list[Span]]:
        """Yield what was not looked through yet, in slices of about `SLICE` events."""
        ends = self._ends | {one.id: max(one.next or 0, self._ends.get(one.id, 0)) for one in known.values()}
        received = {one.id: one.received for one in known.values()}
        slice_: list[Span] = []
        many = 0
        for stream, end in sorted(ends.items()):
            mark = marks.get(stream, _Mark(0, 0))
            n = max(received.get(stream, 0) - mark.received, 1)
            step = -(-(end - mark.next) * SLICE // max(n, SLICE))
            for since in range(mark.next, end, step or 1):
                until = min(since + step, end)
                span = Span(
                    stream,
                    since,
                    until,
                    -(-n * (until - since) // (end - mark.next)),
                    received.get(stream, 0) if until == end else mark.received,
                )
                if slice_ and many + span.many > SLICE:
                    yield slice_
                    slice_, many = [], 0
                slice_.append(span)
                many += span.many
        if slice_:
            yield slice_

    def _look(
        self, told: Told, fresh: Sequence[Span], falls: Sequence[Closes], now: Sequence[Closes], most: int
    ) -> int:
        """Look at what is new and at what may have fallen silent; return how many events were amended."""
        closes = {one.workflow: one for one in (*now, *falls)}
        with self.appender.engine.reader() as cursor:
            found = touched(cursor, fresh, falls, now, says=self._says())
        amended, first = 0, 0
        while first < found.names.num_rows:
            left = self.appender.engine.left
            with self.appender.engine.reader() as cursor:
                events = rows(cursor, found.part(first, most))
            differs = differences(events, closes) if events.num_rows else None
            many = self._apply(told.signals, differs, left, behind=not fresh) if differs is not None else 0
            if many is not None:
                amended, first = amended + many, first + most
        return amended

    def _apply(self, signals: Sequence[Signal], differs: Differences, left: int, *, behind: bool) -> int | None:
        """Write what differs, and the counts' difference; return how many events it concerns.

        What is closed `behind` what is judged (a store of before, a pause) is taken for judged with it: it did not come late.
        None: nothing is written, for events have left since `left` of them had, before these were read.
        """
        held = self._columns.union(self.appender.held)
        with self.appender.correction() as (tx, known_us, draft):
            if self.appender.engine.left != left:
                return None
            amended = write(tx, differs)
            counts = moved(tx, differs.events, signals, held, self._schema, self.appender.registry, draft)
            if len(counts.minute):
                marks = np.full(len(counts.minute), known_us)
                for reached in tx.rows("aging/folded") if behind else []:
                    if reached["folded"] is not None:
                        marks[counts.minute < reached["judged"]] = reached["folded"]
                tx.show("arriving_counts", counts.table(marks))
                tx.run("store/add_counts")
        return amended

    def _note(self, marks: Mapping[int, _Mark], reached: Mapping[str, Reached]) -> None:
        """Store how far it was looked, from time to time: what is looked through once more says nothing new."""
        until = max((one.since_us for one in reached.values()), default=0)
        if self._unnoted < SLICE and until - self._noted_us < NOTED_US:
            return
        closed = {workflow: one for workflow, one in reached.items() if one.since_us}
        with self.appender.engine.transaction() as tx:
            tx.run("amend/forget_amended_to")
            tx.insert("amended_to", [{"stream": stream, "next": mark.next} for stream, mark in marks.items()])
            tx.run("amend/forget_closed_to")
            tx.insert(
                "closed_to",
                [{"workflow": name, "first": one.first_us, "next": one.since_us} for name, one in closed.items()],
            )
        self._unnoted, self._noted_us = 0, until


def _looks(
    slices: Sequence[list[Span]], falls: Iterator[list[Closes]], judged: int | None
) -> Iterator[tuple[list[Span], list[Closes]]]:
    """Yield what is looked at together: new events, and interactions that may have fallen silent.

    Both at once where what is closed is not judged yet: a look costs more than what it looks at.
    """
    first = next(falls, [])
    together = judged is not None and all(one.since_us + one.after_us >= judged * 1_000_000 for one in first)
    for place, fresh in enumerate(slices, 1):
        yield fresh, first if together and place == len(slices) else []
    if first and not (together and slices):
        yield [], first
    for part in falls:
        yield [], part
