"""`bellbuoy schema`: JSON Schemas and references of what goes in and out."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import click

from bellbuoy.monitor.cli.options import Named


@click.command("schema", epilog="Example: bellbuoy schema event --check my.jsonl")
@click.argument("what", type=Named(["event", "tables", "config", "reference", "tests", "map", "audit"]))
@click.option(
    "--check",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Check a file of events, one JSON a line; - is standard input.",
)
def command(what: str, check: Path | None) -> int:
    """Print the JSON Schema of events, the configuration, alert tests, maps or audits; the reference; the tables of `query`."""
    if check is not None:
        if what != "event":
            raise click.UsageError("--check reads events; a configuration is checked by `bellbuoy check -c FILE`.")
        return _check_input() if str(check) == "-" else _check(check, str(check))
    if what == "event":
        from bellbuoy.monitor.event import json_schema

        click.echo(json.dumps(json_schema(), indent=2))
    elif what in ("map", "audit"):
        import msgspec

        from bellbuoy.monitor.auditing.report import Audit
        from bellbuoy.monitor.mapping.drawn import Map

        lists = {"map": tuple[Map, ...], "audit": tuple[Audit, ...]}
        click.echo(json.dumps(msgspec.json.schema(lists[what]), indent=2))
    elif what == "tables":
        from bellbuoy.monitor.store.tables import tables_text

        click.echo(tables_text(), nl=False)
    else:
        from bellbuoy.config import generate

        made = {"config": generate.schema, "reference": generate.reference, "tests": generate.tests_schema}
        click.echo(made[what](), nl=False)
    return 0


def _check_input() -> int:
    """Check standard input like a file: a position in it has to be found again, so it is kept in one."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        return _check(Path(kept.name), "-")


def _check(path: Path, name: str) -> int:
    """Say of each line of a file whether it is an event; 1 when one is not."""
    from bellbuoy.monitor.replay import check_file

    good, letters = check_file(path)
    for line, reason in letters:
        click.echo(f"{name}:{line}: {reason}")
    click.echo(f"{good:,} events are good, {len(letters):,} would be dead letters", err=True)
    return 1 if letters else 0
