"""`bellbuoy export`: the store's days in Parquet files, now."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bellbuoy.monitor.cli.options import token_option, url_option, where_option

DATE = click.DateTime(["%Y-%m-%d"])
MOST_DAYS = 4_000


@click.command(
    "export",
    epilog=(
        "Without a day: every closed day that is not written yet, or that events were added to since.\n\n"
        "Example: bellbuoy export --from 2026-09-01 --to 2026-09-30"
    ),
)
@click.option("--day", type=DATE, help="One day, in UTC.")
@click.option("--from", "first", type=DATE, help="The first of several days.")
@click.option("--to", "last", type=DATE, help="The last of them. Default: yesterday.")
@click.option("--today", is_flag=True, help="The present day too, as far as it has come.")
@where_option
@url_option
@token_option
def command(
    day: datetime | None,
    first: datetime | None,
    last: datetime | None,
    today: bool,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> None:
    """Write closed days, incidents and changes to Parquet files in `store.exports`."""
    if day is not None and (first is not None or last is not None):
        raise click.UsageError("Give --day, or --from and --to.")
    if last is not None and first is None:
        raise click.UsageError("--to needs --from.")
    from bellbuoy.monitor.cli.upkeeping import keeping
    from bellbuoy.monitor.clock import SystemClock

    if first is not None:
        yesterday = datetime.fromtimestamp(SystemClock().now(), UTC).replace(tzinfo=None) - timedelta(days=1)
        count = ((last or yesterday) - first).days + 1
        if not 0 < count <= MOST_DAYS:
            raise click.UsageError(f"--from to --to are {count} days; give 1 to {MOST_DAYS}.")
        days = [first + timedelta(days=number) for number in range(count)]
    else:
        days = [] if day is None else [day]
    midnights = [int(one.replace(tzinfo=UTC).timestamp()) for one in days]
    with keeping(config, url, token_file) as keeps:
        made = keeps.export(midnights, today=today)
    for one in made:
        click.echo(f"{one['file']}  {one['rows']:,} rows  {one['size'] / 1e6:,.1f} MB")
    click.echo(f"{len(made)} files, {sum(one['rows'] for one in made):,} rows", err=True)
