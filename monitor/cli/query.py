"""`bellbuoy query`: read-only SQL on the running daemon."""

import sys
from pathlib import Path
from typing import BinaryIO

import click

from bellbuoy.monitor.cli.asking import answers, given
from bellbuoy.monitor.cli.options import Named, token_option, url_option, where_option

READABLE = 200
"""Rows that a terminal is given of a table: nobody reads more."""


@click.command(
    "query",
    epilog=(
        "\b\nColumns: bellbuoy schema tables.\n"
        "Tables: events, interactions, minutes, rates, trials, series, verdicts,\n"
        "incidents, changes, deliveries, dead_letters, streams, notes.\n"
        'Example: bellbuoy query "select step, count(*) from events group by all"'
    ),
)
@click.argument("sql", required=False)
@click.option(
    "-f", "--file", type=click.File("rb"), metavar="FILE", help="Read the SQL from a file; - is standard input."
)
@click.option("--format", "form", type=Named(["table", "csv", "jsonl", "arrow"]), default="table", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer to a file.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    default=30.0,
    show_default=True,
    help="Seconds to wait for the daemon.",
)
@where_option
@url_option
@token_option
def command(
    sql: str | None,
    file: BinaryIO | None,
    form: str,
    out: Path | None,
    timeout: float,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> None:
    """Ask the daemon one SELECT, under its limits of time, rows and bytes."""
    if file is not None and sql is not None:
        raise click.UsageError("Give the SELECT once: as an argument, or in a file with -f.")
    given_file = sys.stdin.buffer if sql == "-" else file
    try:
        text = given_file.read().decode() if given_file else sql
    except UnicodeDecodeError:
        raise click.UsageError("The SQL is not UTF-8.") from None
    if not text or not text.strip():
        raise click.UsageError('Give a SELECT: bellbuoy query "select * from incidents"')
    from bellbuoy.monitor.cli.forms import FORMS

    with answers(given(config), url, token_file, timeout) as asked:
        table, truncated = asked.query(text)
    shown = table.slice(0, READABLE) if form == "table" and out is None and sys.stdout.isatty() else table
    body = FORMS[form](shown)
    if out:
        out.write_bytes(body)
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
    if form == "table" or truncated:
        rows = f"{table.num_rows:,} row{'s' if table.num_rows != 1 else ''}"
        cut = ", cut at the limit: narrow the SELECT, or raise query.rows or query.bytes" if truncated else ""
        first = (
            "" if shown.num_rows == table.num_rows else f", the first {READABLE} shown: --out or --format has them all"
        )
        click.echo(rows + first + cut, err=True)
