"""`bellbuoy map --lines FILE`: how a source's `map` reads each record of a log, or where the fields of events may stand in it."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellbuoy.monitor.cli.failures import DONE_NO, WRONG_USE, Failure

if TYPE_CHECKING:
    from bellbuoy.monitor.event import Limits

SHOWN = 20
"""Records that are shown unless all are asked for."""
RECORDS, BYTES = 2_000, 4 << 20
"""What is read at once, and looked at for a suggestion."""


def suggest(file: Path) -> None:
    """Print the `map` of a source that the first records of a file suggest.

    Raises:
        Failure: none can be suggested.
    """
    from bellbuoy.monitor.sources.base import Stream
    from bellbuoy.monitor.sources.log_file import LogFile
    from bellbuoy.monitor.survey.mapped import written
    from bellbuoy.monitor.survey.suggest import suggestion

    with closing(LogFile(file, Stream("files", str(file), 0, ""), 0)) as log:
        chunk = log.take(RECORDS, BYTES, last_line=True)
    values = [one for one in chunk.values if one] if chunk else []
    found = suggestion(values, file.name.partition(".")[0] or "agent")
    if not found:
        raise Failure(
            f"error: {file}: in none of its {len(values):,} first records is there a time and an identity that several "
            "share; write `map` by hand (docs/mapping.md)",
            DONE_NO,
        )
    click.echo("\n".join(written(found)))


def show(file: Path, limits: "Limits", *, whole: bool) -> None:
    """Print each record of a file as the event that it is read as, and on standard error why one is none.

    Raises:
        Failure: none of them is an event.
    """
    from bellbuoy.monitor.event import Limits, decode
    from bellbuoy.monitor.sources.base import Chunk, Stream
    from bellbuoy.monitor.sources.log_file import LogFile, lines_of

    foreign = limits.foreign
    assert foreign is not None, "whoever calls has a map"
    limits = Limits(max_message=limits.max_message, foreign=foreign)  # an old log is no worse for its age
    stream = Stream("files", str(file), 0, "")
    good = seen = 0
    with closing(LogFile(file, stream, 0)) as log:
        while (chunk := log.take(RECORDS, BYTES, last_line=True)) is not None:
            for offset, value in zip(chunk.offsets, chunk.values, strict=True):
                one = decode(
                    Chunk(stream, [offset], [value], offset + 1), stream_id=0, received_at_us=FAR_US, limits=limits
                )
                seen, good = seen + 1, good + one.rows
                if seen > SHOWN and not whole:
                    continue
                if one.letters:
                    click.echo(f"{file}:{lines_of(file, [offset])[0]}: {one.letters[0].reason}", err=True)
                elif value is not None:
                    made = foreign.one(value)
                    assert isinstance(made, bytes), "it was decoded"
                    click.echo(made.decode())
    more = f", the first {SHOWN} are shown (--all shows all)" if seen > SHOWN and not whole else ""
    click.echo(f"{good:,} of {seen:,} records are events{more}", err=True)
    if not good:
        raise Failure(f"error: {file}: none of its records is an event by this map", DONE_NO)


FAR_US = 4_102_444_800_000_000
"""An arrival far ahead (the year 2100): no event is in its future."""


def limits_in(config: Path | None) -> "Limits":
    """Return how the first source reads that has a `map`.

    Raises:
        Failure: there is none.
    """
    from bellbuoy.config.load import load
    from bellbuoy.monitor.ingest.limits import limits

    if config is None:
        raise Failure(
            "error: there is no bellbuoy.yaml here; name a configuration with -c, or use --suggest", WRONG_USE
        )
    found = next((one for one in limits(load(config, secrets=False)) if one.foreign is not None), None)
    if found is None:
        raise Failure(f"error: {config}: no source has a `map`; --suggest proposes one", WRONG_USE)
    return found
