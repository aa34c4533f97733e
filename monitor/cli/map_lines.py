"""`bellbuoy map --lines FILE`: how a source's `map` reads each record of a log, or where the fields of events may stand in it."""

from collections.abc import Iterator
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
    """Print each record of a file as the event that it is read as, and on standard error why others are none.

    Raises:
        Failure: none of them is an event.
    """
    from bellbuoy.monitor.event import Limits
    from bellbuoy.monitor.replay import check_file

    limits = Limits(max_message=limits.max_message, foreign=limits.foreign)  # an old log is no worse for its age
    for made in _made(file, limits, None if whole else SHOWN):
        click.echo(made.decode())
    good, wrong = check_file(file, limits)
    for line, reason in wrong[: None if whole else SHOWN]:
        click.echo(f"{file}:{line}: {reason}", err=True)
    records = good + len(wrong)
    more = f", the first {SHOWN} are shown (--all shows all)" if records > SHOWN and not whole else ""
    click.echo(f"{good:,} of {records:,} records are events{more}", err=True)
    if not good:
        raise Failure(f"error: {file}: none of its records is an event by this map", DONE_NO)


def _made(file: Path, limits: "Limits", most: int | None) -> Iterator[bytes]:
    """Yield the messages that the first records of a file stand for; what is no event is left out."""
    from bellbuoy.monitor.event import decode
    from bellbuoy.monitor.event.batch import FAR_US
    from bellbuoy.monitor.sources.base import Chunk, Stream
    from bellbuoy.monitor.sources.log_file import LogFile

    foreign, stream = limits.foreign, Stream("files", str(file), 0, "")
    assert foreign is not None, "whoever calls has a map"
    with closing(LogFile(file, stream, 0)) as log:
        while (chunk := log.take(most or RECORDS, BYTES, last_line=True)) is not None:
            for value in filter(None, chunk.values):
                alone = Chunk(stream, [0], [value], 1)
                made = foreign.one(value)
                if isinstance(made, bytes) and decode(alone, stream_id=0, received_at_us=FAR_US, limits=limits).rows:
                    yield made
            if most is not None:
                return


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
