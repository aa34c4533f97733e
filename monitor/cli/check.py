"""`bellbuoy check`: the errors of a configuration, with line and column, and what it means."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellbuoy.monitor.cli.failures import BAD_CONFIG, DONE_NO
from bellbuoy.monitor.cli.options import Named, config_option

if TYPE_CHECKING:
    from bellbuoy.config.model import Config


@click.command("check", epilog="Example: bellbuoy check -c bellbuoy.yaml --strict")
@config_option
@click.option("--format", "form", type=Named(["text", "json"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Warnings count: exit 1 when there are some.")
def command(config: Path, *, form: str, strict: bool) -> int:
    """Read a configuration and say all that is wrong with it, then what it means."""
    from bellbuoy.config.errors import render
    from bellbuoy.config.load import inspect

    found = inspect(config)
    if form == "json":
        click.echo(json.dumps([finding.record() for finding in found.findings], indent=2))
    elif found.findings:
        click.echo(render(found.findings), err=True)
    if found.config is None:
        return BAD_CONFIG
    if form == "text":
        for line in meaning(found.config):
            click.echo(line)
    return DONE_NO if strict and found.findings else 0


def meaning(config: "Config") -> list[str]:
    """Return what a configuration means, a sentence a line."""
    from bellbuoy.monitor.explain.wording import span

    lines = [f"{len(config.workflows)} workflows, {len(config.detectors)} detectors, judged every {span(config.tick)}."]
    budget = config.budget
    lines.append(
        f"Budget: {budget.false_pages:g} false pages in {span(budget.per)} over the {budget.scope}; "
        "the threshold follows from it and from how many series are watched."
    )
    for route in config.routes:
        when = (
            ", ".join(f"{key} {value}" for key, value in route.when.model_dump(exclude_none=True).items()) or "all else"
        )
        lines.append(f"Incidents ({when}) go to {', '.join(route.to)}.")
    return lines
