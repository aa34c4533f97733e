"""How far event time has come: ticks that end before the watermark are closed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bellbuoy.monitor.sources.base import Source, Stream
from bellbuoy.monitor.store import Store

QUIET_TICKS = 2
"""A stream that is read to its end and had no record for so many ticks does not hold the watermark back."""


class Reads(Protocol):
    """What takes a source's records into the store; see `bellbuoy.monitor.ingest.Ingest`."""

    @property
    def source(self) -> Source:
        """Where they come from."""

    def lags(self) -> Mapping[Stream, int] | None:
        """How far each stream is behind; None before it is known."""

    def idle(self, stream: Stream) -> bool:
        """Whether a stream stands still until a person decides."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What one stream says about event time.

    Attributes:
        newest: greatest of least(ts, received_at) over its events, epoch seconds; None before the first event.
        arrived: when its last record arrived, epoch seconds; None before the first.
        lag: records that are there and not yet read.
        ended: nothing more will ever come: it never is quiet, and what it had is complete.
    """

    newest: float | None
    arrived: float | None
    lag: int
    ended: bool = False


def mark(streams: Iterable[Progress], now: float, lateness: float, tick: float) -> float | None:
    """Return the least over streams of what each has reached, less `lateness`.

    A stream without lag that had no record for two ticks is taken to have reached `now`. One with lag never is: while
    it catches up, its silence means nothing. One that has ended has reached its newest event and all before it: no
    event is late any more, and the wall clock does not close its ticks.

    Args:
        streams: the active ones.
        now: the instant, epoch seconds.
        lateness: seconds that an event may come late.
        tick: seconds of a tick.

    Returns:
        Epoch seconds, or None while no stream tells: none is there, or one with lag has given no event yet.
    """
    least: float | None = None
    reached: float | None
    for one in streams:
        if one.ended:
            reached = None if one.newest is None else one.newest + lateness + tick
        elif one.lag == 0 and (one.arrived is None or now - one.arrived >= QUIET_TICKS * tick):
            reached = now
        else:
            reached = one.newest
        if reached is None:
            if one.lag:
                return None
            if one.ended:
                continue
            reached = now
        reached = min(reached, now)
        least = reached if least is None else min(least, reached)
    return None if least is None else least - lateness


def watermark(store: Store, ingests: Iterable[Reads], now: float, lateness: float, tick: float) -> float | None:
    """Return the watermark of the fleet, epoch seconds; None while a source has not said how far it is behind.

    See `mark` for the rule. Streams count while their source names them in its lag, or, for a source without lag, while
    the store has them. One that stands still until a person decides does not: the others are judged on.
    """
    stored = {one.stream: one for one in store.streams()}
    streams = []
    for ingest in ingests:
        lags = ingest.lags()
        if lags is None:
            return None
        mine = {stream for stream in stored if stream.source == ingest.source.name}
        for stream in set(lags) | mine:
            if ingest.idle(stream):
                continue
            known = stored.get(stream)
            streams.append(
                Progress(
                    None if known is None else known.newest,
                    None if known is None else known.arrived,
                    lags.get(stream, 0),
                    ended=ingest.source.finished,
                )
            )
    return mark(streams, now, lateness, tick)
