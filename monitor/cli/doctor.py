"""`bellbuoy doctor`: whether everything is there that the daemon needs."""

import contextlib
import difflib
import logging
import sys
from pathlib import Path

import click

from bellbuoy.monitor.cli.check import fitted
from bellbuoy.monitor.cli.failures import DONE_NO
from bellbuoy.monitor.cli.options import Named, config_option


@click.command("doctor", epilog="Example: bellbuoy doctor -c bellbuoy.yaml")
@config_option
@click.option("--format", "form", type=Named(["text", "json"]), default="text", show_default=True)
@click.option("--send-test", "sink", metavar="SINK", help="Also send a sample page there, which people see.")
def command(config: Path, *, form: str, sink: str | None) -> int:
    """Look whether all is there that the daemon needs: a line a finding, with how to mend it. Exit 1 for a fault.

    It looks at itself, the store, the sources, the sinks, the detectors and the daemon, within ten seconds. Nobody sees
    anything of it without --send-test.
    """
    from bellbuoy.config.errors import ConfigError
    from bellbuoy.config.load import inspect
    from bellbuoy.monitor.beyond import beyond

    read = inspect(config, beyond=beyond)
    if read.config is None:
        raise ConfigError(read.findings)
    if sink is not None and sink not in read.config.sinks:
        near = difflib.get_close_matches(sink, read.config.sinks, 1) or list(read.config.sinks)
        raise click.BadParameter(f"no sink is named {sink}; did you mean {near[0]}?", param_hint="--send-test")
    from bellbuoy.monitor.clock import SystemClock
    from bellbuoy.monitor.doctor.examining import examine, record, text, tried

    logging.getLogger().addHandler(logging.NullHandler())  # what goes wrong is told once, as a finding
    clock = SystemClock()
    lines = examine(read.config, read.findings, config, clock)
    if sink is not None:
        with contextlib.redirect_stdout(sys.stderr):  # where a console writes its page
            lines += tried(read.config, sink, clock)
    if form == "json":
        click.echo(record(lines, read.config, clock))
    else:
        for line in text(lines, read.config):
            click.echo(fitted(line))
    return DONE_NO if any(one.finding.level == "fail" for one in lines) else 0
