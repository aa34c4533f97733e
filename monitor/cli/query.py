"""`bellbuoy query`: read-only SQL on the running daemon."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from bellbuoy.monitor.cli.client import Client, token_of
from bellbuoy.monitor.cli.options import token_option, url_option

if TYPE_CHECKING:
    import pyarrow as pa

ACCEPT = {
    "jsonl": "application/x-ndjson",
    "arrow": "application/vnd.apache.arrow.stream",
}


@click.command(
    "query",
    epilog=(
        "Views: events, minutes, series, verdicts, incidents, changes, deliveries, dead_letters, streams. "
        'Example: bellbuoy query "select step, count(*) from events group by step"'
    ),
)
@click.argument("sql", required=False)
@click.option("-f", "--file", type=click.File("r"), help="Read the SQL from a file; - is standard input.")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "jsonl", "arrow"]), default="table", show_default=True
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer to a file.")
@click.option("--timeout", type=float, default=30.0, show_default=True, help="Seconds to wait for the daemon.")
@url_option
@token_option
def command(
    sql: str | None,
    file: TextIO | None,
    form: str,
    out: Path | None,
    timeout: float,
    url: str | None,
    token_file: Path | None,
) -> None:
    """Ask the daemon one SELECT, under its limits of time, rows and bytes."""
    text = file.read() if file else (sys.stdin.read() if sql == "-" else sql)
    if not text or not text.strip():
        raise click.UsageError('Give a SELECT: bellbuoy query "select * from incidents"')
    client = Client(url, token_of(token_file), timeout)
    body = client.post("/v1/query", {"sql": text}, ACCEPT.get(form, ACCEPT["arrow"]))
    if form in ("table", "csv"):
        body = _rendered(body, form).encode()
    if out:
        out.write_bytes(body)
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


def _rendered(body: bytes, form: str) -> str:
    """Return an Arrow stream as a table for people or as CSV."""
    import io

    import pyarrow as pa
    import pyarrow.csv

    table = pa.ipc.open_stream(io.BytesIO(body)).read_all()
    if form == "csv":
        buffer = io.BytesIO()
        pyarrow.csv.write_csv(_plain(table), buffer)
        return buffer.getvalue().decode()
    rows = f"{table.num_rows:,} row{'s' if table.num_rows != 1 else ''}"
    click.echo(rows, err=True)
    return _table(table.column_names, [list(row.values()) for row in table.to_pylist()])


def _table(names: list[str], rows: list[list[object]]) -> str:
    """Return rows as a table; on a terminal too narrow for it, each row as a list of its values.

    Numbers stand to the right.
    """
    import shutil

    cells = [["" if value is None else _cell(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[place]) for row in cells)]) for place, name in enumerate(names)]
    right = [any(isinstance(row[place], int | float) for row in rows) for place in range(len(names))]
    if sys.stdout.isatty() and sum(widths) + 2 * len(widths) > shutil.get_terminal_size().columns:
        left = max(map(len, names), default=0)
        return "".join(
            f"-- row {number} --\n"
            + "".join(f"{name:<{left}}  {value}\n" for name, value in zip(names, row, strict=True))
            for number, row in enumerate(cells, 1)
        )
    lines = [names, ["-" * width for width in widths], *cells]
    return "".join(
        "  ".join(
            text.rjust(width) if turn else text.ljust(width)
            for text, width, turn in zip(line, widths, right, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain(table: "pa.Table") -> "pa.Table":
    """Return the table with nested columns as text, which CSV can hold."""
    import pyarrow as pa

    columns = [
        pa.array([None if one is None else str(one) for one in column.to_pylist()], pa.string())
        if pa.types.is_nested(column.type)
        else column
        for column in table.columns
    ]
    return pa.table(dict(zip(table.column_names, columns, strict=True)))
