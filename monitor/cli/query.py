"""`bellbuoy query`: read-only SQL on the running daemon."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from bellbuoy.monitor.cli.asking import answers, given
from bellbuoy.monitor.cli.options import token_option, url_option, where_option

if TYPE_CHECKING:
    import pyarrow as pa


@click.command(
    "query",
    epilog=(
        "Views: events, interactions, minutes, rates, series, verdicts, incidents, changes, deliveries, dead_letters, streams. "
        'Example: bellbuoy query "select step, outcome, count(*) from events group by all"'
    ),
)
@click.argument("sql", required=False)
@click.option("-f", "--file", type=click.File("r"), help="Read the SQL from a file; - is standard input.")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "jsonl", "arrow"]), default="table", show_default=True
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer to a file.")
@click.option("--timeout", type=float, default=30.0, show_default=True, help="Seconds to wait for the daemon.")
@where_option
@url_option
@token_option
def command(
    sql: str | None,
    file: TextIO | None,
    form: str,
    out: Path | None,
    timeout: float,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> None:
    """Ask the daemon one SELECT, under its limits of time, rows and bytes."""
    text = file.read() if file else (sys.stdin.read() if sql == "-" else sql)
    if not text or not text.strip():
        raise click.UsageError('Give a SELECT: bellbuoy query "select * from incidents"')
    with answers(given(config), url, token_file, timeout) as asked:
        table, truncated = asked.query(text)
    body = FORMS[form](table)
    if out:
        out.write_bytes(body)
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
    if form == "table" or truncated:
        rows = f"{table.num_rows:,} row{'s' if table.num_rows != 1 else ''}"
        cut = ", cut at the limit: narrow the SELECT, or raise query.rows or query.bytes" if truncated else ""
        click.echo(rows + cut, err=True)


def _as_table(table: "pa.Table") -> bytes:
    return _table(table.column_names, [list(row.values()) for row in table.to_pylist()]).encode()


def _as_csv(table: "pa.Table") -> bytes:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(["" if value is None else _cell(value) for value in row.values()] for row in table.to_pylist())
    return text.getvalue().encode()


def _as_jsonl(table: "pa.Table") -> bytes:
    import msgspec

    encoder = msgspec.json.Encoder(enc_hook=str)
    return b"".join(encoder.encode(_instants(row)) + b"\n" for row in table.to_pylist())


def _as_arrow(table: "pa.Table") -> bytes:
    import io

    import pyarrow as pa

    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema) as writer:
        writer.write_table(table)
    return buffer.getvalue()


FORMS = {"table": _as_table, "csv": _as_csv, "jsonl": _as_jsonl, "arrow": _as_arrow}


def _instants(value: object) -> object:
    """Return a row whose instants say that they are UTC."""
    import datetime as dt

    if isinstance(value, dt.datetime) and value.tzinfo is None:
        return value.replace(tzinfo=dt.UTC)
    if isinstance(value, dict):
        return {key: _instants(inner) for key, inner in value.items()}
    return [_instants(inner) for inner in value] if isinstance(value, list) else value


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
