"""Where a partition begins, ends and may go on, as the broker says."""

from collections.abc import Collection, Mapping
from typing import Any

from kafka.errors import KafkaError

from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.sources.skipping import SkipRefused

ASK_MS = 5_000


def begins(
    consumer: Any, start: str | float, new: Mapping[Any, Stream], stored: Mapping[Stream, int], seen: Collection[str]
) -> dict[Any, int]:
    """Return where each new partition begins.

    One that the store knows goes on there. One of a topic that was read before was never left out: it begins at its
    beginning, 0 unless retention took the head. The others begin by `start`.

    Args:
        consumer: is asked.
        start: `earliest`, `latest` or epoch seconds.
        new: partitions and their streams.
        stored: positions.
        seen: topics that were read before.

    Raises:
        KafkaError: no broker answers.
    """
    found = {partition: stored[stream] for partition, stream in new.items() if stream in stored}
    unknown = [partition for partition in new if partition not in found]
    later = [partition for partition in unknown if partition.topic in seen]
    first = [partition for partition in unknown if partition.topic not in seen]
    if later:
        found |= consumer.beginning_offsets(later, timeout_ms=ASK_MS)
    if first and start == "earliest":
        found |= consumer.beginning_offsets(first, timeout_ms=ASK_MS)
    elif first and start == "latest":
        found |= consumer.end_offsets(first, timeout_ms=ASK_MS)
    elif first:
        instant = int(float(start) * 1000)
        times = consumer.offsets_for_times(dict.fromkeys(first, instant), timeout_ms=ASK_MS)
        ends = consumer.end_offsets(first, timeout_ms=ASK_MS)
        found |= {partition: at.offset if (at := times[partition]) else ends[partition] for partition in first}
    return found


def span(consumer: Any, partition: Any) -> tuple[int, int]:
    """Return the first offset that the broker has of a partition, and the one after its last.

    Raises:
        KafkaError: no broker answers.
    """
    begin = consumer.beginning_offsets([partition], timeout_ms=ASK_MS)[partition]
    end = consumer.end_offsets([partition], timeout_ms=ASK_MS)[partition]
    return int(begin), int(end)


def out_of_range(consumer: Any, partition: Any, position: int) -> str:
    """Return what is wrong with a position, with what the broker has where it tells."""
    try:
        begin, end = span(consumer, partition)
    except KafkaError:
        return f"position {position} is out of range"
    lost = f"; {begin - position} records are gone" if position < begin else ""
    return f"position {position} is out of range: the broker has {begin} to {end}{lost}"


def aim(target: str, position: int, begin: int, end: int, *, back: bool) -> int:
    """Return the offset at which a stream goes on.

    Args:
        target: `begin`, `end` or an offset, as a person said.
        position: where it stands.
        begin: first offset that the broker has.
        end: the one after its last.
        back: records before the position were replaced by others: it may go back to them.

    Raises:
        SkipRefused: the broker has no such offset, or what lies there is stored already.
    """
    to = {"begin": begin, "end": end}.get(target)
    to = int(target) if to is None else to
    if not begin <= to <= end:
        raise SkipRefused(f"offset {to} is not there: the broker has {begin} to {end}")
    if to < position and not back:
        raise SkipRefused(
            f"offset {to} lies before the position {position}: what is there is stored, and nothing is stored twice"
        )
    return to
