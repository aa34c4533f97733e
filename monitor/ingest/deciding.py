"""What people ask of sources: which streams there are, where a stopped one goes on, whether a halted one is read again."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.sources.skipping import SkipRefused, named, targeted
from bellbuoy.monitor.store import Store

WAIT_S = 1.5
"""How long an answer is waited for; it comes in a moment unless no broker answers."""
LOOK_S = 0.05
MOST = 1_000
"""Streams that are listed."""

State = Literal["reading", "stopped", "paused", "silent", "finished", "not read"]


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One stream.

    Attributes:
        name: `SOURCE:TOPIC:PARTITION`, as commands take it.
        position: offset of the next record, as stored.
        behind: how many records (files: bytes) are there and not stored; None where that is not known.
        state: `silent`: nothing answers; `not read`: no running source reads it.
        why: why it is not read, or ''.
        remedy: what a person can do, or ''.
    """

    name: str
    position: int
    behind: int | None
    state: State
    why: str = ""
    remedy: str = ""


class Deciding:
    """Lists streams and takes decisions: in the daemon, or over a store that no daemon holds.

    Args:
        store: positions and the table of decisions.
        clock: tells the time.
        ingests: the running sources; none where no daemon runs.
        running: whether this is the daemon.
    """

    def __init__(self, store: Store, clock: Clock, ingests: Sequence[Ingest] = (), *, running: bool = True) -> None:
        self._store = store
        self._clock = clock
        self._ingests = {ingest.source.name: ingest for ingest in ingests}
        self._running = running

    def streams(self) -> list[StreamRow]:
        """Return the newest stream of each place, by name; the last thousand of them."""
        places = {(one.stream.source, one.stream.path, one.stream.partition): one for one in self._store.streams()}
        rows = [self._row(one.stream, one.next) for _, one in sorted(places.items())]
        return rows[-MOST:]

    def skip(self, stream: str, to: str, why: str) -> str:
        """Let a stream go on elsewhere and return what became of it, as a sentence.

        Args:
            stream: `SOURCE:TOPIC:PARTITION`.
            to: `begin`, `end` or an offset.
            why: the person's reason.

        Raises:
            SkipRefused: there is no such stream, or it cannot go on there.
            StoreExhausted: nothing can be written at present.
        """
        place = named(stream)
        self._check(place, stream)
        number = self._store.skips.ask(place, targeted(to), why, self._clock.now())
        ingest = self._ingests.get(place[0])
        if ingest is None:
            return f"written down: {stream} goes on at {to} at the next start of the daemon"
        ingest.halts.look()
        answer, never = None, threading.Event()
        until = self._clock.monotonic() + WAIT_S
        while answer is None and self._clock.monotonic() < until:
            self._clock.wait(never, LOOK_S)
            answer = self._store.skips.answer(number)
        if answer is None:
            return f"written down: {stream} goes on at {to} as soon as its broker answers and the store can write"
        if not answer.taken:
            raise SkipRefused(answer.text)
        lost = f"; {answer.lost:,} records between them are lost" if answer.lost else ""
        return f"{stream} goes on at {answer.to}; it stood at {answer.start}{lost}"

    def resume(self, source: str) -> str:
        """Let a source be read again that was halted for what cannot be read; return what became of it, as a sentence.

        Raises:
            SkipRefused: there is no such source, or it is read already.
        """
        if not self._running:
            raise SkipRefused("no daemon runs: its next start reads every source again")
        ingest = self._ingests.get(source)
        if ingest is None:
            raise SkipRefused(
                f"{source}: no source is named so; there are {', '.join(sorted(self._ingests)) or 'none'}"
            )
        if not ingest.halts.resume():
            if ingest.stopped:
                raise SkipRefused(f"{source}: only streams of it stopped; `bellbuoy source list` says how they go on")
            raise SkipRefused(f"{source} is read already")
        return f"{source} is read again, and what cannot be read is counted afresh"

    def _check(self, place: tuple[str, str, int], stream: str) -> None:
        source = place[0]
        if self._running and source not in self._ingests:
            raise SkipRefused(
                f"{source}: no source is named so; there are {', '.join(sorted(self._ingests)) or 'none'}"
            )
        known = {(one.stream.source, one.stream.path, one.stream.partition) for one in self._store.streams()}
        if place not in known:
            alike = [":".join(map(str, one)) for one in sorted(known) if one[0] == source][:5]
            there = f"; there are {', '.join(alike)}" if alike else ""
            raise SkipRefused(f"{stream}: no stream is named so{there}; `bellbuoy source list` has all")

    def _row(self, stream: Stream, position: int) -> StreamRow:
        name = f"{stream.source}:{stream.path}:{stream.partition}"
        ingest = self._ingests.get(stream.source)
        if ingest is None:
            return StreamRow(name, position, None, "not read")
        behind = (ingest.lags() or {}).get(stream)
        halted = ingest.halts.whole
        own = next((one for one in ingest.halts.streams if one.stream == stream), None)
        if (stopped := own or halted) is not None:
            return StreamRow(name, position, behind, "stopped", stopped.reason, stopped.remedy)
        if ingest.source.finished:
            return StreamRow(name, position, 0, "finished")
        if ingest.paused or ingest.trouble:
            return StreamRow(name, position, behind, "paused", ingest.trouble or "the store is behind")
        silence = str(getattr(ingest.source, "silence", ""))
        if silence:
            return StreamRow(name, position, behind, "silent", silence)
        return StreamRow(name, position, behind, "reading")
