"""`bellbuoy note`: a deploy or another change, put on the time line of the running daemon."""

import json
import uuid
from pathlib import Path

import click

from bellbuoy.monitor.cli.asking import daemon, given
from bellbuoy.monitor.cli.options import Named, token_option, url_option, where_option

KINDS = ["deploy", "config", "prompt", "knowledge", "campaign", "holiday", "other"]


@click.command(
    "note",
    epilog='Example: bellbuoy note "deploy v41" --kind deploy --workflow lead-qualifier',
)
@click.argument("title")
@click.option("--kind", type=Named(KINDS), default="other", show_default=True, help="What kind of change it is.")
@click.option("--workflow", metavar="NAME", help="The workflow that it touches. Default: all of them.")
@click.option("--step", metavar="NAME", help="The step that it touches.")
@click.option("--version", metavar="TEXT", help="What came.")
@click.option("--at", metavar="TIME", help="When, as 2026-11-22T09:14:07Z. Default: now.")
@click.option("--link", metavar="URL", help="Where to read more.")
@click.option("--who", metavar="TEXT", help="Who did it.")
@click.option("--id", "name", metavar="TEXT", help="Its identity: a repeat is not noted again.")
@where_option
@url_option
@token_option
def command(
    title: str,
    kind: str,
    workflow: str | None,
    step: str | None,
    version: str | None,
    at: str | None,
    link: str | None,
    who: str | None,
    name: str | None,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> None:
    """Note a deploy or another change: pages name it under "Just before"."""
    note = {
        "title": title,
        "kind": kind.lower(),
        "workflow": workflow,
        "step": step,
        "version": version,
        "at": at,
        "url": link,
        "who": who,
        "id": name or uuid.uuid4().hex,
    }
    body, _ = daemon(given(config), url, token_file).post(
        "/v1/changes", {key: value for key, value in note.items() if value is not None}, "application/json"
    )
    told = json.loads(body)
    said = "noted" if told["noted"] else "was noted before"
    click.echo(f"{said}: {title} (id {told['ids'][0]})")
