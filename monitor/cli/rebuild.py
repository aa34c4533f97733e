"""`bellbuoy rebuild`: the counts again from the events, the detectors' memory again from the counts."""

from pathlib import Path

import click

from bellbuoy.monitor.cli.options import config_option


@click.command(
    "rebuild",
    epilog=(
        "Stop the daemon first. Verdicts and incidents stay as they were told.\n\n"
        "Example: bellbuoy rebuild -c bellbuoy.yaml --from-exports exports"
    ),
)
@config_option
@click.option(
    "--from-exports",
    "exports",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Bring the events back from these Parquet files first, into an empty store.",
)
def command(config: Path, exports: Path | None) -> None:
    """Count the events in the store again, and judge anew from the counts."""
    from bellbuoy.config.load import load
    from bellbuoy.monitor.judging.rebuild import rebuild
    from bellbuoy.monitor.store import Store, Uncounted
    from bellbuoy.monitor.store.aging.restore import restore

    loaded = load(config, secrets=False)
    path = Path(loaded.store.path)
    if exports is not None:
        with Store.open(path, loaded.store) as store:
            click.echo(f"{restore(store, exports.absolute()):,} events came back from {exports}")
    with Uncounted.open(path, loaded.store) as store:
        store.follow(loaded)
        done = rebuild(store, loaded, lambda told: click.echo(told, err=True))
    click.echo(f"{done.days:,} days counted again, {done.mended:,} of them were wrong")
    if done.kept:
        click.echo(f"{done.kept:,} days keep their counts: their events have left the store")
