"""The HTTP source: bodies that clients posted, given on as records, and answered when they are committed.

One request is one unit: its records stand in one chunk, are stored in one transaction, and are answered after it.
"""

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import msgspec

from bellbuoy.monitor.clock import Clock, SystemClock
from bellbuoy.monitor.ingest.answers import Answer, Keyed, save
from bellbuoy.monitor.judging.records import Writer
from bellbuoy.monitor.sources.base import Chunk, Outcome, Stream

PATH = "/v1/events"
LISTED = 100
"""Refused events that an answer lists; `dead` counts them all."""
OVERHEAD = 64
"""Bytes of memory that an event costs beside its own."""
LEAST = 1024
"""Bytes that a request counts at least."""


class Busy(Exception):  # noqa: N818 - a state, not an error
    """A request is not taken, or was not stored; the client sends it again.

    Attributes:
        retry_after: seconds after which that makes sense.
    """

    def __init__(self, why: str, retry_after: int = 1) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Refused(msgspec.Struct, rename={"kind": "class"}):
    """One event of a request that became a dead letter: which, counted from 0, and why."""

    index: int
    kind: str
    reason: str


class Fate(msgspec.Struct):
    """What became of the events of one request: the body of its answer."""

    stored: int
    duplicate: int
    dead: int
    refused: list[Refused]

    @property
    def status(self) -> int:
        """200, or 422 when every event became a dead letter."""
        return 422 if self.dead and not self.stored and not self.duplicate else 200

    def answer(self) -> Answer:
        """Return it as it is sent."""
        return Answer(self.status, msgspec.json.encode(self).decode())


class Room:
    """A request's part of the bytes that may wait; it grows while the body is received.

    Attributes:
        offered: the request waits in the source, which gives the room back when it is stored.
    """

    def __init__(self, source: "HttpSource") -> None:
        self._source = source
        self._size = 0
        self.offered = False

    def take(self, size: int) -> None:
        """Hold `size` bytes in all.

        Raises:
            Busy: there is no room for them.
        """
        self._source.hold(size - self._size)
        self._size = size

    def leave(self) -> None:
        """Give all of it back; a second call does nothing."""
        self._source.hold(-self._size)
        self._size = 0


@dataclass(slots=True, eq=False)
class Posted:
    """A request that waits.

    Attributes:
        values: the bytes of its events; given away when they are read.
        done: called once, from any thread, with what became of it.
        room: what it holds of the waiting bytes.
        keyed: its key and body, when it named itself.
        count, size: how many events, and their bytes.
        first: offset of its first event, once it is read.
    """

    values: Sequence[bytes]
    done: Callable[[Answer | Busy], None]
    room: Room
    keyed: Keyed | None = None
    count: int = 0
    size: int = 0
    first: int = -1


@dataclass(slots=True)
class _State:
    """What the threads share, under one lock."""

    waiting: deque[Posted] = field(default_factory=deque)
    taken: deque[Posted] = field(default_factory=deque)
    held: int = 0
    next: int = 0
    paused: bool = False
    opened: bool = False
    closed: bool = False


class HttpSource:
    """Records that clients posted.

    Args:
        name: name of the source, the `source` of its stream.
        waiting: bytes of bodies that may be held at a time.
        clock: tells the time.
    """

    prompt = True
    """Somebody waits for the commit: a batch is not held back for more while the store is idle."""

    def __init__(self, name: str, *, waiting: int = 64 << 20, clock: Clock | None = None) -> None:
        self.name = name
        self.stream = Stream(name, PATH, 0, "")
        self._most = waiting
        self._clock = clock or SystemClock()
        self._state = _State()
        self._more = threading.Condition()
        self._keys: set[str] = set()

    # -- for the web

    def room(self) -> Room:
        """Return room of no bytes yet.

        Raises:
            Busy: nothing is taken at present.
        """
        with self._more:
            self._refuse()
        return Room(self)

    def hold(self, more: int) -> None:
        """Count so many more bytes (or fewer) as held.

        Raises:
            Busy: they would be too many.
        """
        with self._more:
            if more > 0 and self._state.held + more > self._most:
                raise Busy("so much waits to be stored that nothing more is taken at the moment; send it again")
            self._state.held += more

    def claim(self, key: str) -> bool:
        """Reserve a key for one request; false while another one with it is under way."""
        with self._more:
            if key in self._keys:
                return False
            self._keys.add(key)
            return True

    def release(self, key: str) -> None:
        """Give a key back."""
        with self._more:
            self._keys.discard(key)

    def offer(self, posted: Posted) -> None:
        """Take a request; from now on the source gives its room and its key back.

        Raises:
            Busy: nothing is taken at present.
        """
        posted.count, posted.size = len(posted.values), sum(map(len, posted.values))
        posted.room.take(max(LEAST, posted.size + OVERHEAD * posted.count))
        with self._more:
            self._refuse()
            posted.room.offered = True
            self._state.waiting.append(posted)
            self._more.notify()

    def _refuse(self) -> None:
        if self._state.closed:
            raise Busy("the daemon is stopping; send it again", 5)
        if not self._state.opened:
            raise Busy("the daemon is starting; send it again", 1)
        if self._state.paused:
            raise Busy("the store is behind, or full: nothing is taken at the moment; send it again", 2)

    # -- the port

    @property
    def finished(self) -> bool:
        """False: somebody may always post."""
        return False

    def open(self, positions: Mapping[Stream, int]) -> None:
        """Number what comes from the stored position on."""
        with self._more:
            self._state.next = positions.get(self.stream, 0)
            self._state.opened = True

    def read(self, max_records: int, max_bytes: int, wait: float) -> list[Chunk]:
        """Return whole requests as one chunk; the first of them even if it is larger than what was asked for."""
        values: list[bytes] = []
        size = 0
        state = self._state
        with self._more:
            if (state.paused or not state.waiting) and not state.closed:
                self._more.wait(wait)
            if state.paused or state.closed:
                return []
            while state.waiting:
                one = state.waiting[0]
                if values and (len(values) + one.count > max_records or size + one.size > max_bytes):
                    break
                state.waiting.popleft()
                values += one.values
                size += one.size
                one.first, one.values = state.next, ()
                state.next += one.count
                state.taken.append(one)
            end = state.next
        return [Chunk(self.stream, range(end - len(values), end), values, end, size=size)] if values else []

    def pause(self) -> None:
        """Take no request until `resume`; those that wait go on waiting."""
        with self._more:
            self._state.paused = True

    def resume(self) -> None:
        """Take requests again."""
        with self._more:
            self._state.paused = False
            self._more.notify()

    def lag(self) -> dict[Stream, int]:
        """Return how many events wait to be read."""
        with self._more:
            return {self.stream: sum(one.count for one in self._state.waiting)}

    def settle(self, tx: Writer, positions: Mapping[Stream, int], outcome: Outcome) -> None:
        """Write the answers of requests with a key into the transaction that stores their events."""
        fates, at_us = _Fates(self.stream, outcome), int(self._clock.now() * 1e6)
        for one in self._ended(positions):
            if one.keyed is not None:
                save(tx, one.keyed, fates.answer(one), at_us)

    def stored(self, positions: Mapping[Stream, int], outcome: Outcome | None = None) -> None:
        """Answer the requests whose events lie before the position."""
        fates, ended = _Fates(self.stream, outcome), self._ended(positions)
        with self._more:
            for _ in ended:
                self._state.taken.popleft()
        for one in ended:
            self._end(one, fates.answer(one))

    def close(self) -> None:
        """Tell everybody who still waits to send it again."""
        with self._more:
            self._state.closed = True
            left = [*self._state.taken, *self._state.waiting]
            self._state.taken.clear()
            self._state.waiting.clear()
            self._more.notify_all()
        for one in left:
            self._end(one, Busy("the daemon is stopping; send it again", 5))

    def _ended(self, positions: Mapping[Stream, int]) -> list[Posted]:
        end = positions.get(self.stream, 0)
        with self._more:
            return [*takewhile(lambda one: one.first + one.count <= end, self._state.taken)]

    def _end(self, one: Posted, answer: Answer | Busy) -> None:
        one.room.leave()
        if one.keyed is not None:
            self.release(one.keyed.key)
        one.done(answer)


class _Fates:
    """Says what became of the events of any request of a batch."""

    def __init__(self, stream: Stream, outcome: Outcome | None) -> None:
        self._duplicates = sorted(outcome.duplicates.get(stream, ())) if outcome else []
        self._dead = sorted(outcome.dead.get(stream, ())) if outcome else []
        self._places = [letter[0] for letter in self._dead]

    def answer(self, one: Posted) -> Answer:
        first, end = one.first, one.first + one.count
        duplicate = bisect_left(self._duplicates, end) - bisect_left(self._duplicates, first)
        dead = self._dead[bisect_left(self._places, first) : bisect_left(self._places, end)]
        refused = [Refused(offset - first, kind, reason) for offset, kind, reason in dead[:LISTED]]
        return Fate(one.count - duplicate - len(dead), duplicate, len(dead), refused).answer()
