"""`bellbuoy query`: read-only SQL on the running daemon, once or in a shell."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from bellbuoy.monitor.cli.asking import Answers, Desk, given
from bellbuoy.monitor.cli.failures import Failure
from bellbuoy.monitor.cli.options import Named, token_option, url_option, where_option
from bellbuoy.monitor.cli.plans import planned
from bellbuoy.monitor.cli.statements import split
from bellbuoy.monitor.version import VERSION

if TYPE_CHECKING:
    from bellbuoy.client import Result

READABLE = 200
"""Lines that a terminal is given of a table: nobody reads more."""
USEFUL = (
    "select step, count(*) from events group by all",
    "select id, severity, why from incidents where state <> 'resolved'",
    "select step, avg((outcome = 'failure')::int) from events group by 1",
    "select step, quantile_cont(latency_ms, 0.95) from events group by 1",
    "select interaction_id from trials where signal = 'reask' and bad",
)
"""Five that answer something at once; the help shows them."""


@click.command(
    "query",
    epilog=f'\b\nExample: bellbuoy query "{USEFUL[0]}"\n'
    + "".join(f"{'Also:' if one == USEFUL[1] else '':<9}{one}\n" for one in USEFUL[1:])
    + "Tables and columns: bellbuoy schema tables",
)
@click.argument("sql", required=False)
@click.option("-f", "--file", type=click.File("rb"), metavar="FILE", help="Read SQL from a file; - is standard input.")
@click.option(
    "--format",
    "form",
    type=Named(["table", "csv", "jsonl", "json", "parquet", "arrow"]),
    metavar="FORM",
    default="table",
    help="table, csv, jsonl, json, parquet or arrow.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer to a file.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Rows at most.")
@click.option("--timeout", type=click.FloatRange(0, 3600, min_open=True), metavar="S", help="Seconds at most.")
@click.option("--explain", is_flag=True, help="Show the plan, run nothing.")
@click.option("--state", envvar="XDG_STATE_HOME", type=click.Path(path_type=Path), hidden=True)
@where_option
@url_option
@token_option
def command(
    *,
    sql: str | None,
    file: BinaryIO | None,
    form: str,
    out: Path | None,
    limit: int | None,
    timeout: float | None,
    explain: bool,
    state: Path | None,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> int:
    """Ask the daemon in SQL, under its limits. Without SQL it is a shell."""
    if file is not None and sql is not None:
        raise click.UsageError("Give the SELECT once: as an argument, or in a file with -f.")
    form = form.lower()
    alone = sql is None and file is None
    shell = alone and sys.stdin.isatty() and sys.stdout.isatty()
    statements = () if shell else _statements(sys.stdin.buffer if alone or sql == "-" else file, sql)
    if len(statements) > 1 and (out or form in {"arrow", "parquet"}):
        raise click.UsageError(f"{len(statements)} statements have {len(statements)} answers; a file holds one.")
    desk = Desk(given(config), url, token_file)

    def ask(asked: Answers, select: str, plan: bool) -> "Result":
        return asked.query(select, explain=plan or explain, limit=limit, timeout=timeout)

    if shell:
        return _shell(desk, ask, form, state)
    with desk.visit() as asked:
        for number, statement in enumerate(statements, 1):
            try:
                result = ask(asked, *planned(statement))
            except Failure as failure:
                which = f"error: statement {number} of {len(statements)}: " if len(statements) > 1 else "error: "
                raise Failure(which + failure.text.removeprefix("error: "), failure.code) from None
            _write(result, form, out)
    return 0


def _statements(file: BinaryIO | None, sql: str | None) -> tuple[str, ...]:
    """Return the statements of a file, else of the argument."""
    try:
        text = file.read().decode() if file else sql or ""
    except UnicodeDecodeError:
        raise click.UsageError("The SQL is not UTF-8.") from None
    found = split(text).all
    if not found:
        raise click.UsageError('Give a SELECT: bellbuoy query "select * from incidents"')
    return found


def _write(result: "Result", form: str, out: Path | None) -> None:
    """Write an answer to standard output or a file, and about it to standard error."""
    from bellbuoy.monitor.cli.forms import FORMS
    from bellbuoy.monitor.cli.grid import PLAN, fitted

    table = result.arrow()
    shown = table.num_rows
    if form == "table" and out is None and sys.stdout.isatty():
        told, shown = fitted(table, shutil.get_terminal_size().columns, READABLE)
        body = told.encode()
    else:
        body = FORMS[form](table)
    if out:
        out.write_bytes(body)
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
    if (form == "table" and result.columns != PLAN) or result.truncated:
        rows = f"{table.num_rows:,} row{'s' if table.num_rows != 1 else ''}"
        some = "" if shown == table.num_rows else f", the first {shown:,} shown: --out or --format has them all"
        cut = f", {result.note or 'cut off'}" if result.truncated else ""
        click.echo(rows + some + cut, err=True)


def _shell(desk: Desk, ask: "Callable[[Answers, str, bool], Result]", form: str, state: Path | None) -> int:
    """Ask what is typed until the person has enough."""
    from bellbuoy.monitor.cli.shell.commands import SHOWN
    from bellbuoy.monitor.cli.shell.prompt import Terminal, interact
    from bellbuoy.monitor.cli.shell.session import Session

    def visit(select: str, explain: bool) -> "Result":
        with desk.visit() as asked:
            return ask(asked, select, explain)

    with desk.visit():
        who = desk.said
    history = (state or Path("~/.local/state").expanduser()) / "bellbuoy" / "history"
    session = Session(visit, Terminal(), form=form if form in SHOWN else "table")
    about = f"bellbuoy {VERSION}, {who}" if who.startswith("daemon") else f"bellbuoy {VERSION}"
    return interact(session, history, f"{about}\n\\d lists the tables, \\h helps, Ctrl-D ends")
