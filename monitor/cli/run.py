"""`bellbuoy run`: the daemon."""

from pathlib import Path

import click

from bellbuoy.monitor.cli.options import Named, config_option


@click.command("run", epilog="Example: bellbuoy run -c bellbuoy.yaml")
@config_option
@click.option("--dry-run", is_flag=True, help="Pages go to the console; works on a copy of the store.")
@click.option("--log-format", type=Named(["text", "json"]), help="Default: text on a terminal, JSON elsewhere.")
@click.option(
    "--log-level",
    type=Named(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="Least level.",
)
def command(config: Path, *, dry_run: bool, log_format: str | None, log_level: str) -> int:
    """Read events, judge, page and serve until SIGTERM, then drain."""
    from bellbuoy.config.load import digest, load
    from bellbuoy.monitor import logs

    sha256 = digest(config)
    loaded = load(config)
    logs.start(logs.secrets_of(loaded), form=log_format, level=log_level.upper())
    from bellbuoy.monitor.app import App

    app = App(loaded, dry_run=dry_run)
    app.metrics.config_info.labels(sha256).set(1)
    return app.run()
