"""`bellbuoy silence`: pages that nobody wants for a while."""

import json
from pathlib import Path

import click

from bellbuoy.monitor.cli.durations import Length
from bellbuoy.monitor.cli.failures import WRONG_USE, Failure
from bellbuoy.monitor.cli.options import Named, token_option, url_option, where_option
from bellbuoy.monitor.cli.people import people, who_option


@click.command("silence", epilog='Example: bellbuoy silence lead-qualifier/qualify --for 2h --why "deploy of v42"')
@click.argument("selector", required=False)
@click.option("--for", "lasts", type=Length(), metavar="DURATION", help="How long: 30m, 2h, 7d.")
@click.option("--why", metavar="TEXT", help="The reason, for those who ask later.")
@click.option("--list", "lists", is_flag=True, help="Show the silences, those that are over too.")
@click.option("--end", "ends", metavar="ID", help="End one now; what it kept back and is still open is told.")
@who_option
@click.option("--format", "form", type=Named(["text", "json"]), default="text", show_default=True, help="Of --list.")
@where_option
@url_option
@token_option
def command(
    *,
    selector: str | None,
    lasts: str | None,
    why: str | None,
    lists: bool,
    ends: str | None,
    who: str,
    form: str,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> None:
    """Mute the pages of SELECTOR: WORKFLOW[/STEP[/SEGMENT]], with * for anything, or an incident's id."""
    if (selector is not None) + lists + (ends is not None) != 1:
        raise Failure("error: give a SELECTOR with --for and --why, or --list, or --end ID", WRONG_USE)
    if selector is not None and (lasts is None or not (why or "").strip()):
        raise Failure('error: say for how long and why: --for 2h --why "deploy of v42"', WRONG_USE)
    with people(config, url, token_file, writes=not lists) as asked:
        if lists:
            found = asked.silences()
            if form == "json":
                click.echo(json.dumps(found, indent=2, ensure_ascii=False))
                return
            from bellbuoy.monitor.cli.telling import silence_lines

            for line in silence_lines(found):
                click.echo(line)
        elif ends is not None:
            click.echo(asked.end(ends, who))
        elif selector is not None and lasts is not None and why is not None:
            key, done = asked.silence(selector, lasts, who, why)
            click.echo(f"{key}: {done}; `bellbuoy silence --end {key}` ends it sooner")
