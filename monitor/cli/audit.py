"""`bellbuoy audit`: what to keep, to harden and to kill, each with the numbers it rests on."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from bellbuoy.monitor.cli.asking import answers, given
from bellbuoy.monitor.cli.durations import Length, check_time
from bellbuoy.monitor.cli.options import Named, token_option, url_option, where_option

PATIENCE_S = 300.0


@click.command("audit", epilog="Example: bellbuoy audit lead-qualifier --span 28d")
@click.argument("workflow", required=False)
@click.option("--span", type=Length(), default="28d", show_default=True, help="How long a time it judges.")
@click.option("--to", metavar="TIME", help="Its end, a day or an instant. Default: the last tick that was judged.")
@click.option(
    "--compare",
    type=Length(none=True),
    default="7d",
    show_default=True,
    help="Compare with the span that ended so much earlier; 0d: with none.",
)
@click.option("--format", "form", type=Named(["text", "markdown", "json", "html"]), default="text", show_default=True)
@click.option("--all", "whole", is_flag=True, help="List every line, however many there are.")
@where_option
@url_option
@token_option
def command(
    *,
    workflow: str | None,
    span: str,
    to: str | None,
    compare: str,
    form: str,
    whole: bool,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> None:
    """Say of each step whether to keep, to harden or to kill it, and why."""
    check_time("--to", to)
    with answers(given(config), url, token_file, PATIENCE_S) as asked:
        found = asked.audits(workflow, span, to, compare)
    if form == "json":
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    click.echo(_told(found, form, whole=whole), nl=False)


def _told(found: list[dict[str, Any]], form: str, *, whole: bool) -> str:
    import msgspec

    from bellbuoy.monitor.auditing.report import Audit

    audits = msgspec.convert(found, tuple[Audit, ...])
    if form == "html":
        from bellbuoy.monitor.web.templating import page_of

        return page_of(audits, whole=whole)
    if form == "markdown":
        from bellbuoy.monitor.auditing.markdown import markdown

        return "\n".join(markdown(one, whole=whole) for one in audits)
    from bellbuoy.monitor.auditing.text import text
    from bellbuoy.monitor.mapping.text import WIDEST

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST
    return "\n".join(text(one, max(60, columns), whole=whole) for one in audits)
