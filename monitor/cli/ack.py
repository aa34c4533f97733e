"""`bellbuoy ack`: somebody takes an incident."""

from pathlib import Path

import click

from bellbuoy.monitor.cli.options import token_option, url_option, where_option
from bellbuoy.monitor.cli.people import people, who_option


@click.command("ack", epilog='Example: bellbuoy ack inc_1a2b3c4d5e --why "rolling v41 back"')
@click.argument("incidents", nargs=-1, required=True, metavar="INC...")
@click.option("--why", metavar="TEXT", help="What you do about it, for those who see it.")
@who_option
@where_option
@url_option
@token_option
def command(
    incidents: tuple[str, ...], why: str | None, who: str, config: Path | None, url: str | None, token_file: Path | None
) -> None:
    """Take incidents: every sink that shows one shows who has it. It stays watched, and ends when it has recovered."""
    with people(config, url, token_file, writes=True) as asked:
        for key in dict.fromkeys(incidents):
            click.echo(asked.acknowledge(key, who, why))
