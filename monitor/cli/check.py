"""`bellbuoy check`: the errors of a configuration, with line and column, and what it means."""

import json
import logging
import shutil
import sys
import textwrap
from pathlib import Path

import click

from bellbuoy.monitor.cli.failures import BAD_CONFIG, DONE_NO
from bellbuoy.monitor.cli.options import Named, config_option


@click.command("check", epilog="Example: bellbuoy check -c bellbuoy.yaml --strict")
@config_option
@click.option("--format", "form", type=Named(["text", "json"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Warnings count: exit 1 when there are some.")
@click.option("--connect", is_flag=True, help="Try the sources and sinks too, as `doctor` does: exit 1 for a fault.")
def command(config: Path, *, form: str, strict: bool, connect: bool) -> int:
    """Read a configuration and say all that is wrong with it, then what it means."""
    from bellbuoy.config.errors import render
    from bellbuoy.config.load import inspect
    from bellbuoy.monitor.beyond import beyond

    found = inspect(config, beyond=beyond)
    valid = found.config
    if connect and valid is not None:
        from bellbuoy.monitor.doctor.connecting import connected

        logging.getLogger().addHandler(logging.NullHandler())  # what goes wrong is told once, as a finding
        found = inspect(config, beyond=connected)
    if form == "json":
        click.echo(json.dumps([finding.record() for finding in found.findings], indent=2))
    elif found.findings:
        click.echo(render(found.findings), err=True)
    if valid is None:
        return BAD_CONFIG
    if form == "text":
        from bellbuoy.monitor.cli.meaning import meaning

        for line in [*meaning(valid), *_seen(config)]:
            click.echo(fitted(line))
    return DONE_NO if found.config is None or (strict and found.findings) else 0


def _seen(config: Path) -> list[str]:
    """Return what the configuration can see with what is stored; nothing where there is no store, or nobody answers."""
    from bellbuoy.monitor.cli.asking import Desk
    from bellbuoy.monitor.cli.failures import Failure

    desk = Desk(config, None, None, timeout=5.0)
    if not desk.stored:
        return []
    from bellbuoy.monitor.explain.sights import sentence
    from bellbuoy.monitor.judging.sight import Sight
    from bellbuoy.monitor.store import StoreError

    try:
        with desk.visit(say=False) as asked:
            return list(sentence([Sight(**one) for one in asked.sights()]))
    except (Failure, StoreError):
        return []


def fitted(line: str) -> str:
    """Return a sentence broken at words on a terminal; elsewhere as it is."""
    if not sys.stdout.isatty():
        return line
    return textwrap.fill(
        line,
        max(40, shutil.get_terminal_size().columns),
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
