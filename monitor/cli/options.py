"""Options that several commands share."""

from pathlib import Path

import click

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="BELLBUOY_CONFIG",
    default="bellbuoy.yaml",
    show_default=True,
    help="The configuration. Also: $BELLBUOY_CONFIG.",
)

where_option = click.option(
    "-c",
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="BELLBUOY_CONFIG",
    help="The daemon's configuration: names its address and its store. Default: ./bellbuoy.yaml if there.",
)
url_option = click.option(
    "--url",
    envvar="BELLBUOY_URL",
    help="Where the daemon listens. Default: `server.listen`, else http://127.0.0.1:8420.",
)
token_option = click.option(
    "--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with the daemon's token."
)
