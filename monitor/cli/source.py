"""`bellbuoy source`: which streams are read and how far, and what a person decides where one stopped."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import click

from bellbuoy.monitor.cli.asking import Opened, holder
from bellbuoy.monitor.cli.client import Client
from bellbuoy.monitor.cli.failures import DONE_NO, Failure
from bellbuoy.monitor.cli.options import Named, token_option, url_option, where_option


class _Decides(Protocol):
    def streams(self) -> list[dict[str, Any]]: ...

    def skip(self, stream: str, to: str, why: str) -> str: ...

    def resume(self, source: str) -> str: ...


@click.group("source", epilog="Example: bellbuoy source list")
def command() -> None:
    """List the streams that are read, and decide where one that stopped goes on."""


@command.command("list", epilog="Example: bellbuoy source list --format json")
@click.option("--format", "form", type=Named(["text", "json"]), default="text", show_default=True)
@where_option
@url_option
@token_option
def list_(form: str, config: Path | None, url: str | None, token_file: Path | None) -> None:
    """Say how far each stream is read, and why one is not."""
    with _deciding(config, url, token_file) as decides:
        rows = decides.streams()
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for line in lines(rows):
        click.echo(line)


@command.command(
    "skip",
    epilog=(
        "Nothing is ever passed by without this. It is written into the table `skips`, with the records that are lost.\n\n"
        'Example: bellbuoy source skip kafka:agent.interactions:3 --to begin --why "retention was a day"'
    ),
)
@click.argument("stream")
@click.option("--to", required=True, metavar="begin|end|N", help="The first record, the end, or an offset.")
@click.option("--why", default="", metavar="TEXT", help="The reason, for those who ask later.")
@where_option
@url_option
@token_option
def skip(stream: str, to: str, why: str, config: Path | None, url: str | None, token_file: Path | None) -> None:
    """Let a stream go on elsewhere: SOURCE:TOPIC:PARTITION, as `bellbuoy source list` names it."""
    with _deciding(config, url, token_file) as decides:
        click.echo(decides.skip(stream, to, why))


@command.command("resume", epilog="Example: bellbuoy source resume kafka")
@click.argument("source")
@where_option
@url_option
@token_option
def resume(source: str, config: Path | None, url: str | None, token_file: Path | None) -> None:
    """Read a source again that was halted, for too much of it could not be read."""
    with _deciding(config, url, token_file) as decides:
        click.echo(decides.resume(source))


def lines(rows: list[dict[str, Any]]) -> list[str]:
    """Return the streams as lines of text."""
    if not rows:
        return ["no stream was read yet"]
    width = max(len("stream"), *(len(row["name"]) for row in rows))
    told = [f"{'stream':<{width}}  {'position':>12}  {'behind':>10}  state"]
    for row in rows:
        behind = "?" if row["behind"] is None else f"{row['behind']:,}"
        why = f": {row['why']}" if row["why"] else ""
        told.append(f"{row['name']:<{width}}  {row['position']:>12,}  {behind:>10}  {row['state']}{why}")
        if row["remedy"]:
            told.append(f"{'':<{width}}  {'':>12}  {'':>10}  {row['remedy']}")
    return told


class _Daemon:
    """A running daemon decides."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def streams(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._client.get("/v1/sources")["streams"]
        return found

    def skip(self, stream: str, to: str, why: str) -> str:
        return self._done("/v1/source/skip", {"stream": stream, "to": to, "why": why})

    def resume(self, source: str) -> str:
        return self._done("/v1/source/resume", {"source": source})

    def _done(self, path: str, body: dict[str, str]) -> str:
        answer, _ = self._client.post(path, body, "application/json")
        return str(json.loads(answer)["done"])


class _File:
    """The store itself, for the next start."""

    def __init__(self, decides: Any) -> None:
        self._decides = decides

    def streams(self) -> list[dict[str, Any]]:
        import msgspec

        return [msgspec.to_builtins(row) for row in self._decides.streams()]

    def skip(self, stream: str, to: str, why: str) -> str:
        return self._or_failure(stream, to, why, act=self._decides.skip)

    def resume(self, source: str) -> str:
        return self._or_failure(source, act=self._decides.resume)

    def _or_failure(self, *arguments: str, act: Any) -> str:
        from bellbuoy.monitor.sources.skipping import SkipRefused

        try:
            return str(act(*arguments))
        except SkipRefused as error:
            raise Failure(f"error: {error}", DONE_NO) from None


@contextmanager
def _deciding(config: Path | None, url: str | None, token_file: Path | None) -> Iterator[_Decides]:
    """Give who decides: whoever holds the store is its daemon; where nobody does, the store itself."""
    with holder(config, url, token_file, writes=True) as held:
        if not isinstance(held, Opened):
            yield _Daemon(held)
            return
        from bellbuoy.monitor.clock import SystemClock
        from bellbuoy.monitor.ingest.deciding import Deciding

        yield _File(Deciding(held.store, SystemClock(), running=False))
