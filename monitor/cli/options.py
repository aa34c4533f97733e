"""Options that several commands share."""

import difflib
from collections.abc import Sequence
from pathlib import Path

import click


class Named(click.Choice[str]):
    """One of several words; another one is answered with the nearest."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(words, case_sensitive=False)

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """Return what the words are, and which was probably meant."""
        near = difflib.get_close_matches(str(value), self.choices, 1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        return super().get_invalid_choice_message(value, ctx) + hint


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
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="BELLBUOY_CONFIG",
    help="Names the daemon's address and its store. Default: ./bellbuoy.yaml if there.",
)
url_option = click.option(
    "--url",
    envvar="BELLBUOY_URL",
    metavar="URL",
    help="Of the daemon. Default: `server.listen`, else http://127.0.0.1:8420.",
)
token_option = click.option(
    "--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with the daemon's token."
)
