"""`bellbuoy doctor`: whether everything is there that the daemon needs."""

import logging
from pathlib import Path

import click

from bellbuoy.monitor.cli.check import fitted
from bellbuoy.monitor.cli.failures import DONE_NO
from bellbuoy.monitor.cli.options import Named, config_option


@click.command("doctor", epilog="Example: bellbuoy doctor -c bellbuoy.yaml")
@config_option
@click.option("--format", "form", type=Named(["text", "json"]), default="text", show_default=True)
def command(config: Path, *, form: str) -> int:
    """Look whether all is there that the daemon needs: a line a finding, with how to mend it. Exit 1 for a fault.

    It looks at itself, the store, the sources, the sinks, the detectors and the daemon, within five seconds; nobody sees
    anything of it.
    """
    from bellbuoy.config.errors import ConfigError
    from bellbuoy.config.load import inspect

    read = inspect(config)
    if read.config is None:
        raise ConfigError(read.findings)
    from bellbuoy.monitor.clock import SystemClock
    from bellbuoy.monitor.doctor.examining import examine, record, text

    logging.getLogger().addHandler(logging.NullHandler())  # what goes wrong is told once, as a finding
    clock = SystemClock()
    lines = examine(read.config, read.findings, config, clock)
    if form == "json":
        click.echo(record(lines, read.config, clock))
    else:
        for line in text(lines, read.config):
            click.echo(fitted(line))
    return DONE_NO if any(one.finding.level == "fail" for one in lines) else 0
