"""The newest records of some partitions, as a look from outside: positions and groups are not touched."""

from collections.abc import Mapping, Sequence
from typing import Any

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.sources.base import Chunk, Stream


def newest(
    consumer: Any,
    firsts: Mapping[Any, int],
    ends: Mapping[Any, int],
    most: int,
    clock: Clock,
    *,
    seconds: float,
    most_bytes: int,
) -> tuple[list[Chunk], bool]:
    """Return the newest records of each partition, the same number of each.

    Args:
        consumer: connected; its partitions are assigned anew.
        firsts: first offset of each partition.
        ends: the one after its last, of those that are looked at.
        most: records of all partitions together, about.
        clock: tells the time.
        seconds: in which they have to come.
        most_bytes: of values at which no more is read.

    Returns:
        A chunk for each partition of which some came, and whether all came that were asked for.
    """
    waiting = {one for one in ends if ends[one] > firsts[one]}
    if not waiting:
        return [], True
    each = -(-most // len(waiting))
    consumer.assign(sorted(waiting))
    for one in waiting:
        consumer.seek(one, max(firsts[one], ends[one] - each))
    records: dict[Any, list[Any]] = {}
    size = 0
    until = clock.monotonic() + seconds
    while waiting and size < most_bytes and (left := until - clock.monotonic()) > 0:
        for one, came in consumer.poll(timeout_ms=int(left * 1000)).items():
            records.setdefault(one, []).extend(came)
            size += sum(len(record.value or b"") for record in came)
        waiting = {one for one in waiting if consumer.position(one) < ends[one]}
    return [_chunk(one, came[:each]) for one, came in sorted(records.items()) if came], not waiting


def _chunk(partition: Any, records: Sequence[Any]) -> Chunk:
    stream = Stream("kafka", partition.topic, partition.partition, "")
    return Chunk(stream, [one.offset for one in records], [one.value for one in records], records[-1].offset + 1)
