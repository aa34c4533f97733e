"""`bellbuoy dead-letters`: messages that could not be read: listed, shown, read again."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from bellbuoy.monitor.cli.failures import DONE_NO, Failure
from bellbuoy.monitor.cli.options import token_option, url_option, where_option

SHOWN_BYTES = 4_000
STILL_SHOWN = 20


@click.group(
    "dead-letters",
    invoke_without_command=True,
    epilog=("Example: bellbuoy dead-letters retry --class size"),
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List messages that could not be read, show one, or read them again."""
    if ctx.invoked_subcommand is None:
        with list_.make_context("list", [], parent=ctx) as listing:  # with its defaults and the environment's
            list_.invoke(listing)


@command.command("list", epilog="Example: bellbuoy dead-letters list --since 2026-09-01 --class bounds")
@click.option("--since", type=click.DateTime(), help="Arrived since this instant, in UTC.")
@click.option("--class", "kind", metavar="CLASS", help="Of this class: size, json, bounds, …")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@where_option
@url_option
@token_option
def list_(
    since: datetime | None = None,
    kind: str | None = None,
    limit: int = 50,
    config: Path | None = None,
    url: str | None = None,
    token_file: Path | None = None,
) -> None:
    """List dead letters, the newest first."""
    from bellbuoy.monitor.cli.asking import answers, given
    from bellbuoy.monitor.cli.forms import as_table

    where = ["true"]
    if since is not None:
        where.append(f"received_at >= TIMESTAMP '{since:%Y-%m-%d %H:%M:%S}'")
    if kind is not None:
        where.append("class = '" + kind.replace("'", "''") + "'")
    sql = (
        'SELECT id, received_at, source, path, partition, "offset", size, reason FROM dead_letters '
        f"WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT {limit}"
    )
    with answers(given(config), url, token_file) as asked:
        table = asked.query(sql).arrow()
    if not table.num_rows:
        click.echo("no dead letters" if len(where) == 1 else "no such dead letters")
        return
    sys.stdout.buffer.write(as_table(table))
    sys.stdout.buffer.flush()


@command.command("show", epilog="Example: bellbuoy dead-letters show 17")
@click.argument("number", type=int, metavar="ID")
@click.option("--raw", is_flag=True, help="The bytes alone and as they are, for a file or a pipe.")
@where_option
@url_option
@token_option
def show(number: int, raw: bool, config: Path | None, url: str | None, token_file: Path | None) -> None:
    """Show one dead letter: why it is one, where it stood, and its bytes with all that could harm a terminal escaped."""
    from bellbuoy.monitor.cli.upkeeping import keeping

    if raw and sys.stdout.isatty():
        raise Failure("error: --raw writes the bytes as they are, not to a terminal; redirect them to a file", DONE_NO)
    with keeping(config, url, token_file) as keeps:
        found = keeps.letter(number)
    if raw:
        sys.stdout.buffer.write(found.raw)
        sys.stdout.buffer.flush()
        return
    arrived = datetime.fromtimestamp(found.received_us / 1e6, UTC)
    stream = found.stream
    click.echo(f"dead letter {found.id}")
    click.echo(f"reason    {escaped(found.reason.encode())}")
    click.echo(f"position  {stream.source}:{escaped(stream.path.encode())}:{stream.partition} offset {found.offset}")
    click.echo(f"arrived   {arrived:%Y-%m-%d %H:%M:%S} UTC")
    if found.key is not None:
        click.echo(f"key       {escaped(found.key)}")
    for name, value in found.headers:
        click.echo(f"header    {escaped(name.encode())}: {escaped(value or b'')}")
    kept = "" if len(found.raw) == found.size else f", the first {len(found.raw):,} kept; SHA-256 {found.sha256}"
    click.echo(f"size      {found.size:,} bytes{kept}")
    click.echo("")
    click.echo(escaped(found.raw[:SHOWN_BYTES]))
    if len(found.raw) > SHOWN_BYTES:
        click.echo(f"… {len(found.raw) - SHOWN_BYTES:,} bytes more: --raw writes all of them to a file", err=True)


@command.command(
    "retry",
    epilog=(
        "A letter that is an event now is stored at its own place and deleted; another keeps its letter, with the new "
        "reason. A second time does nothing more.\n\nExample: bellbuoy dead-letters retry --class size"
    ),
)
@click.argument("numbers", type=int, nargs=-1, metavar="[ID]...")
@click.option("--class", "kind", metavar="CLASS", help="All of this class.")
@click.option("--all", "every", is_flag=True, help="All there are.")
@where_option
@url_option
@token_option
def retry(
    numbers: tuple[int, ...],
    kind: str | None,
    every: bool,
    config: Path | None,
    url: str | None,
    token_file: Path | None,
) -> int:
    """Read dead letters again with the present decoder and limits."""
    if bool(numbers) + (kind is not None) + every != 1:
        raise click.UsageError("Say which: numbers, --class CLASS, or --all.")
    from bellbuoy.monitor.cli.upkeeping import keeping

    with keeping(config, url, token_file) as keeps:
        done = keeps.retry(numbers, kind, every=every)
    still = done["still"]
    told = f"{done['stored']:,} stored, {done['duplicates']:,} known already, {len(still):,} still unreadable"
    click.echo(told)
    for number, _, reason in still[:STILL_SHOWN]:
        click.echo(f"  {number}  {escaped(str(reason).encode())}")
    if len(still) > STILL_SHOWN:
        click.echo(f"  … and {len(still) - STILL_SHOWN:,} more: bellbuoy dead-letters list")
    return DONE_NO if still and not done["stored"] else 0


def escaped(raw: bytes) -> str:
    """Return bytes as text in which nothing moves a cursor: what is no printable character is written as an escape."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] if one.isascii() else _code(one) for one in text)


def _code(one: str) -> str:
    return one.encode("unicode_escape").decode()
