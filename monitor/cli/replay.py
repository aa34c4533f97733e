"""`bellbuoy replay`: recorded events into a Kafka topic."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import click


@click.command("replay", epilog="Example: bellbuoy replay my.jsonl --to kafka://localhost:9092/agent.interactions")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", required=True, metavar="TOPIC", help="kafka://HOST:PORT/TOPIC")
@click.option(
    "--create", type=click.IntRange(1, 1000), metavar="N", help="Make a missing topic, with so many partitions."
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Records a second; as fast as it goes unless set.",
)
def command(files: tuple[Path, ...], to: str, create: int | None, rate: float | None) -> None:
    """Send the records of event files (JSON lines, also .gz and .zst) in order, keyed by interaction_id."""
    from bellbuoy.monitor.replay import send

    bootstrap, topic = target(to)
    with _bar() as bar:
        sent = send(files, bootstrap, topic, create_partitions=create, rate=rate, on_progress=bar)
    click.echo(f"{sent:,} records sent to {topic}", err=True)


def send_with_progress(lines: Iterable[bytes], to: str, create: int | None) -> None:
    """Send lines to `kafka://HOST:PORT/TOPIC` with a bar."""
    from bellbuoy.monitor.replay import send_lines

    bootstrap, topic = target(to)
    with _bar() as bar:
        sent = send_lines(lines, bootstrap, topic, create_partitions=create, on_progress=bar)
    click.echo(f"{sent:,} records sent to {topic}", err=True)


def target(to: str) -> tuple[str, str]:
    """Return bootstrap address and topic of `kafka://HOST:PORT/TOPIC`.

    Raises:
        click.UsageError: it is something else.
    """
    scheme, _, rest = to.partition("://")
    servers, _, topic = rest.partition("/")
    whole = scheme == "kafka" and all(map(_is_server, servers.split(",")))
    if not whole or not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", topic):
        raise click.UsageError(f"{to!r} is no topic; write kafka://HOST:PORT/TOPIC")
    return servers, topic


def _is_server(text: str) -> bool:
    """Tell whether a text is HOST or HOST:PORT."""
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        return False


class _bar:  # noqa: N801 - used as a function
    """A progress line: a bar on a terminal, one line every so often elsewhere."""

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("sending"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.task = self.progress.add_task("sending", total=None, rate="")
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def __call__(self, done: int, total: int | None = None) -> None:
        speed = self.progress.tasks[0].speed
        self.progress.update(self.task, completed=done, total=total, rate=f"{speed:,.0f}/s" if speed else "")
