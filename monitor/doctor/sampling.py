"""A sample of what a source brings: how many of its records are events, and the first reason why one is not."""

from collections.abc import Sequence

from bellbuoy.config.sources import Log
from bellbuoy.monitor.doctor.finding import Finding, Findings, fail, ok, warn
from bellbuoy.monitor.doctor.knowing import Knowing, Unknown
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk

RECORDS = 200
"""Records of a sample."""
MUCH_BEHIND = 100_000
"""Records behind from which a running daemon is told to be."""


def sampled(chunks: Sequence[Chunk], feed: Log, limits: Limits, now: float) -> Finding:
    """Return how many records of a sample are events.

    Args:
        chunks: the sample.
        feed: its source; `dead_letters.max_share` says which share of unreadable ones halts it.
        limits: what a message may be.
        now: the instant, epoch seconds.
    """
    letters, many = [], 0
    for number, chunk in enumerate(chunks):
        batch = decode(chunk, stream_id=number, received_at_us=int(now * 1e6), limits=limits)
        letters += batch.letters
        many += batch.received - batch.tombstones
    if not many:
        return warn("no record is there yet", "see whether anybody writes them")
    if not letters:
        return ok(f"all of the {many:,} records that were looked at are events")
    first, share = letters[0], len(letters) / many
    stream = f"{first.stream.path}:{first.stream.partition} at {first.offset:,}"
    said = f"{many - len(letters):,} of {many:,} records that were looked at are events; the first that is none, {stream}: {first.reason}"
    if share > feed.dead_letters.max_share:
        return fail(said, f"mend the sender: past {feed.dead_letters.max_share:.1%} the source is halted")
    return warn(said, "mend the sender; `bellbuoy dead-letters` has what could not be read")


def standing(name: str, knowing: Knowing) -> Findings:
    """Yield of the streams of a source, by its name, which do not go on, and how far the source is behind."""
    try:
        rows = [row for row in knowing.streams() if row["name"].startswith(f"{name}:")]
    except Unknown as why:
        yield ok(f"how far it is read is not known: {why}")
        return
    held = knowing.holder is not None
    for row in rows:
        if row["state"] in {"stopped", "silent"} or (held and row["state"] == "not read"):
            yield fail(
                f"{row['name']} is {row['state']}: {row['why'] or 'no source of the daemon reads it'}", row["remedy"]
            )
    if not rows:
        yield ok("nothing of it is stored yet")
        return
    behind = [row["behind"] for row in rows if row["behind"] is not None]
    said = f"{len(rows)} stream{'' if len(rows) == 1 else 's'}"
    if behind:
        said += f", {sum(behind):,} behind"
    yield warn(said, "see whether it grows: bellbuoy_kafka_lag_messages") if sum(behind) > MUCH_BEHIND else ok(said)
