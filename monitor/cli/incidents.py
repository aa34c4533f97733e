"""`bellbuoy incidents`: what is wrong, as a list, or one with its whole story."""

import json
from pathlib import Path

import click

from bellbuoy.monitor.cli.durations import Length
from bellbuoy.monitor.cli.options import Named, token_option, url_option, where_option
from bellbuoy.monitor.cli.people import people


@click.command("incidents", epilog="Example: bellbuoy incidents --since 30d")
@click.argument("incident", required=False, metavar="[INC]")
@click.option("--state", type=Named(["open", "acknowledged", "resolved"]), help="Only those in this state.")
@click.option(
    "--since", type=Length(), default="7d", show_default=True, help="Those that ended before it are left out."
)
@click.option("--follow", is_flag=True, help="Write changes as they come, until Ctrl-C.")
@click.option("--samples", is_flag=True, help="Of INC: the failed interactions behind it, with links.")
@click.option("--format", "form", type=Named(["text", "json"]), default="text", show_default=True)
@where_option
@url_option
@token_option
def command(
    incident: str | None,
    state: str | None,
    since: str,
    follow: bool,
    samples: bool,
    form: str,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> None:
    """List what is wrong, or tell INC in full: what, since when, who was told, who did what, and what to do next."""
    from bellbuoy.config.quantities import parse_duration
    from bellbuoy.monitor.clock import SystemClock

    if samples and (incident is None or follow):
        raise click.UsageError("--samples shows the interactions behind one incident: bellbuoy incidents INC --samples")
    begins = max(0, int(SystemClock().now() - parse_duration(since)))
    if follow:
        if incident is not None or state is not None:
            raise click.UsageError("--follow writes the changes of all incidents; leave INC and --state out")
        from bellbuoy.monitor.cli.asking import Desk, given
        from bellbuoy.monitor.cli.following import follow_changes

        follow_changes(Desk(given(config), url, token_file), begins, form)
        return
    with people(config, url, token_file, writes=False) as asked:
        if incident is None:
            found = asked.incidents(begins)
        else:
            found = asked.behind(incident) if samples else asked.story(incident)
    if incident is None and state is not None:
        found = [one for one in found if one["state"] == state]
    if form == "json":
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    from bellbuoy.monitor.cli.telling import list_lines, sample_lines, story_text

    if incident is not None and not samples:
        click.echo(story_text(found), nl=False)
        return
    for line in sample_lines(found) if samples else list_lines(found, since, state):
        click.echo(line)
