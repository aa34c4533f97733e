"""`bellbuoy map`: a workflow as it is declared, and as interactions went through it."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from bellbuoy.monitor.cli.asking import answers, given
from bellbuoy.monitor.cli.durations import Length, check_time
from bellbuoy.monitor.cli.failures import WRONG_USE, Failure
from bellbuoy.monitor.cli.options import Named, token_option, url_option, where_option

ONE = ("svg", "mermaid")
"""Forms that hold one workflow."""
PATIENCE_S = 120.0


@click.command("map", epilog="Example: bellbuoy map lead-qualifier --span 7d")
@click.argument("workflow", required=False)
@click.option("--span", type=Length(), default="28d", show_default=True, help="How long a time it shows.")
@click.option("--to", metavar="TIME", help="Its end, a day or an instant. Default: the last tick that was judged.")
@click.option("--format", "form", type=Named(["text", "json", "svg", "mermaid"]), default="text", show_default=True)
@click.option("--all", "whole", is_flag=True, help="Draw every step, or show every record, however many there are.")
@click.option(
    "--lines",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Show how a source's `map` reads the records of a log.",
)
@click.option("--suggest", "suggested", is_flag=True, help="With --lines: propose a `map` for them.")
@where_option
@url_option
@token_option
def command(
    *,
    workflow: str | None,
    span: str,
    to: str | None,
    form: str,
    whole: bool,
    lines: Path | None,
    suggested: bool,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> None:
    """Draw a workflow as it is lived: steps, how many interactions run each, what that comes to, what each needs."""
    if lines is None and suggested:
        raise click.UsageError("--suggest is about a log: name it with --lines FILE.")
    if lines is not None:
        from bellbuoy.monitor.cli.map_lines import limits_in, show, suggest

        if suggested:
            suggest(lines)
        else:
            show(lines, limits_in(given(config)), whole=whole)
        return
    check_time("--to", to)
    with answers(given(config), url, token_file, PATIENCE_S) as asked:
        found = asked.maps(workflow, span, to)
    if form == "json":
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    if form in ONE and len(found) != 1:
        names = ", ".join(one["workflow"] for one in found)
        raise Failure(f"error: --format {form} draws one workflow; name one of: {names}", WRONG_USE)
    click.echo("\n".join(_drawn(one, form, whole=whole) for one in found), nl=False)


def _drawn(found: dict[str, Any], form: str, *, whole: bool) -> str:
    import msgspec

    from bellbuoy.monitor.mapping.drawn import Map

    drawn = msgspec.convert(found, Map)
    if form == "svg":
        from bellbuoy.monitor.mapping.svg import svg

        return svg(drawn, whole=whole)
    if form == "mermaid":
        from bellbuoy.monitor.mapping.mermaid import mermaid

        return mermaid(drawn, whole=whole)
    from bellbuoy.monitor.mapping.text import WIDEST, text

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST
    return text(drawn, max(60, columns), whole=whole)
