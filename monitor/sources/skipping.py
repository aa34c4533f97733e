"""What a person decides about a stream: where it goes on."""

import re
from dataclasses import dataclass

from bellbuoy.monitor.sources.base import Stream

_NAME = re.compile(r"([a-z][a-z0-9_-]*):(.+):([0-9]{1,9})")
_OFFSET = re.compile(r"[0-9]{1,18}")


class SkipRefused(ValueError):  # noqa: N818 - it says what became of the request
    """A stream cannot go on where somebody wants it to; the text says why and what can be."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Where a person wants a stream to go on.

    Attributes:
        id: its number in the table `skips`.
        path: topic.
        partition: Kafka's partition.
        target: `begin`, `end` or an offset.
    """

    id: int
    path: str
    partition: int
    target: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Where a stream goes on, as its source found it.

    Attributes:
        old: the stream that was read.
        stream: the one that is read on: the same, or one of a new epoch when it goes back behind records that are gone.
        start: where it stood.
        to: where it goes on.
        lost: records between the two that the broker no longer had: nobody can read them.
        left_out: records between the two that were there and are not read.
    """

    old: Stream
    stream: Stream
    start: int
    to: int
    lost: int
    left_out: int


def named(text: str) -> tuple[str, str, int]:
    """Return source, path and partition of a stream's name, `kafka:TOPIC:PARTITION`.

    Raises:
        SkipRefused: it is no such name.
    """
    found = _NAME.fullmatch(text)
    if found is None:
        raise SkipRefused(
            f"{text}: no stream is named so; write SOURCE:TOPIC:PARTITION, as `bellbuoy source list` does"
        )
    return found[1], found[2], int(found[3])


def targeted(text: str) -> str:
    """Return where to go on, checked: `begin`, `end` or an offset.

    Raises:
        SkipRefused: it is none of these.
    """
    if text in ("begin", "end") or _OFFSET.fullmatch(text):
        return text
    raise SkipRefused(f"{text}: a stream goes on at `begin`, at `end` or at an offset; say one of them")


def turned(stream: Stream) -> Stream:
    """Return the stream under its next epoch: the same place, and other records at the same offsets."""
    base, _, turn = stream.epoch.partition("+")
    return Stream(stream.source, stream.path, stream.partition, f"{base}+{int(turn or 0) + 1}")


def base_of(stream: Stream) -> str:
    """Return the epoch that the broker or the file system knows, without our own count behind the `+`."""
    return stream.epoch.partition("+")[0]


def turn_of(stream: Stream) -> int:
    """Return our own count behind the `+` of the epoch."""
    return int(stream.epoch.partition("+")[2] or 0)
