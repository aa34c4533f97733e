"""`bellbuoy baseline`: what normal is, and what a person decides of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import click

from bellbuoy.monitor.cli.asking import Opened, holder
from bellbuoy.monitor.cli.client import Client
from bellbuoy.monitor.cli.failures import DONE_NO, WRONG_USE, Failure
from bellbuoy.monitor.cli.options import Named, token_option, url_option, where_option

who_option = click.option("--who", metavar="TEXT", help="Who decides.")
why_option = click.option("--why", metavar="TEXT", help="The reason, for those who ask later.")


class _Knows(Protocol):
    def show(self, series: str | None) -> list[dict[str, Any]]: ...

    def decide(self, asked: dict[str, Any]) -> str: ...


@click.group("baseline", epilog="Example: bellbuoy baseline show")
def command() -> None:
    """Show what is taken for normal, or decide it: a row with who and when, never an edit of counts."""


@command.command(
    "show",
    short_help="What is normal for a series, or for all.",
    epilog="Example: bellbuoy baseline show lead-qualifier/qualify",
)
@click.argument("series", required=False)
@click.option("--format", "form", type=Named(["text", "json"]), default="text", show_default=True)
@where_option
@url_option
@token_option
def show(series: str | None, form: str, config: Path | None, url: str | None, token_file: Path | None) -> None:
    """Say what is normal for a series (WORKFLOW/STEP, * for anything), or for all of them, and what it was learned from."""
    with _knowing(config, url, token_file, writes=False) as knows:
        rows = knows.show(series)
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    from bellbuoy.monitor.explain.baselines import lines

    for line in lines(rows):
        click.echo(line)


@command.command(
    "accept",
    short_help="What an incident found is expected.",
    epilog='Example: bellbuoy baseline accept inc_1a2b3c4d5e --why "the new script asks twice" --who kim',
)
@click.argument("incident")
@who_option
@why_option
@where_option
@url_option
@token_option
def accept(
    incident: str, who: str | None, why: str | None, config: Path | None, url: str | None, token_file: Path | None
) -> None:
    """Expect what an incident found: it ends, and its series are learned from its onset on."""
    _decided({"kind": "accept", "incident": incident, "who": who, "why": why}, config, url, token_file)


@command.command("learn", epilog="Example: bellbuoy baseline learn lead-qualifier/qualify --from 2026-10-04")
@click.argument("series")
@click.option("--from", "since", metavar="TIME", help="From when on. Default: from now on.")
@who_option
@why_option
@where_option
@url_option
@token_option
def learn(
    series: str,
    since: str | None,
    who: str | None,
    why: str | None,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> None:
    """Forget what is normal for a series, and learn it again."""
    from bellbuoy.config.instants import parse_instant

    try:
        begins = None if since is None else parse_instant(since)
    except ValueError:
        raise Failure(f"error: --from {since!r} is no time; write 2026-10-04 or 2026-10-04T11:35Z", WRONG_USE) from None
    _decided({"kind": "learn", "series": series, "since": begins, "who": who, "why": why}, config, url, token_file)


@command.command(
    "pin",
    short_help="Learn a named baseline from one span.",
    epilog="Example: bellbuoy baseline pin anchor 2026-09-01..2026-09-28",
)
@click.argument("name")
@click.argument("span", metavar="FROM..TO")
@who_option
@why_option
@where_option
@url_option
@token_option
def pin(
    name: str,
    span: str,
    who: str | None,
    why: str | None,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> None:
    """Learn a named baseline (one of `baselines`, or anchor) from one span, for ever."""
    from bellbuoy.config.instants import parse_span

    try:
        begins, ends = parse_span(span)
    except ValueError:
        raise Failure(f"error: {span!r} is no span of time; write 2026-09-01..2026-09-28", WRONG_USE) from None
    _decided({"kind": "pin", "name": name, "span": [begins, ends], "who": who, "why": why}, config, url, token_file)


def _decided(asked: dict[str, Any], config: Path | None, url: str | None, token_file: Path | None) -> None:
    with _knowing(config, url, token_file, writes=True) as knows:
        click.echo(knows.decide(asked))


class _Daemon:
    def __init__(self, client: Client) -> None:
        self._client = client

    def show(self, series: str | None) -> list[dict[str, Any]]:
        query = "" if series is None else f"?series={quote(series, safe='')}"
        rows: list[dict[str, Any]] = self._client.get(f"/v1/baselines{query}")
        return rows

    def decide(self, asked: dict[str, Any]) -> str:
        answer, _ = self._client.post("/v1/baselines", asked, "application/json")
        return str(json.loads(answer)["done"])


class _File:
    """The store itself, for the next start."""

    def __init__(self, normal: Any) -> None:
        self._normal = normal

    def show(self, series: str | None) -> list[dict[str, Any]]:
        import msgspec

        rows: list[dict[str, Any]] = msgspec.to_builtins(self._or_failure(self._normal.show, series))
        return rows

    def decide(self, asked: dict[str, Any]) -> str:
        from bellbuoy.monitor.judging.normal import Asked

        span = asked.get("span")
        return str(
            self._or_failure(self._normal.decide, Asked(**{**asked, "span": None if span is None else tuple(span)}))
        )

    def _or_failure(self, act: Any, asked: Any) -> Any:
        from bellbuoy.monitor.judging.normal import NotDecided

        try:
            return act(asked)
        except NotDecided as error:
            raise Failure(f"error: {error}", DONE_NO) from None


@contextmanager
def _knowing(config: Path | None, url: str | None, token_file: Path | None, *, writes: bool) -> Iterator[_Knows]:
    """Give who knows what is normal."""
    with holder(config, url, token_file, writes=writes) as found:
        if isinstance(found, Opened):
            from bellbuoy.monitor.judging.normal import Normal

            yield _File(Normal(found.store, found.config))
        else:
            yield _Daemon(found)
