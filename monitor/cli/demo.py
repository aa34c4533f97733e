"""`bellbuoy demo`: six months of an agent going quietly bad, with nothing to set up."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from bellbuoy.monitor.cli.failures import WRONG_USE, Failure

FOLDER = Path("bellbuoy-demo")
WEEK = 7
"""Days that are taken in at once: who looks on is not kept waiting."""


@click.command("demo", epilog="Example: bellbuoy demo --exit")
@click.option("--exit", "leave", is_flag=True, help="End after the page instead of serving the dashboard.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    metavar="N",
    default=1,
    show_default=True,
    help="The same seed tells the same story.",
)
@click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    default=FOLDER / "bellbuoy.duckdb",
    show_default=True,
    help="The store that is written; another than the default must not be there yet.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=8420,
    show_default=True,
    help="Of the dashboard; the next free one if taken.",
)
def command(*, leave: bool, seed: int, db: Path, port: int) -> None:
    """Simulate a voice agent that ends well 94 % of the time, and 79 % six months later; find it; show the page."""
    from rich.console import Console

    from bellbuoy.config.load import load
    from bellbuoy.monitor.cli.demo_story import Story
    from bellbuoy.monitor.demo import play, usual_alerts
    from bellbuoy.monitor.judging.learn import DAY
    from bellbuoy.monitor.simulate import demo_plan
    from bellbuoy.monitor.store import Store

    written = _prepare(db)
    config = load(written)
    plan = demo_plan(seed)
    console = Console(highlight=False)
    with Store.open(db, config.store) as store:
        store.follow(config)
        with Story(console, plan) as story:
            told, done = play(plan, store, config, together=WEEK, on_day=story.day, on_change=story.change)
        story.end(told, done, usual_alerts(done, plan.start_epoch + 30 * DAY))
        _next(console, told, db, written)
        if not leave:
            _serve(console, store, config, written, port, plan.start_epoch + plan.days * DAY)


def _prepare(db: Path) -> Path:
    """Clear an old demo away and write the configuration beside the store; return its path."""
    from importlib.resources import files

    if db.exists():
        if db.parent != FOLDER:
            raise Failure(f"error: {db} is there already; the demo writes a new store: name another file", WRONG_USE)
        db.unlink()
        db.with_name(db.name + ".wal").unlink(missing_ok=True)
    db.parent.mkdir(parents=True, exist_ok=True)
    text = files("bellbuoy.config").joinpath("demo.yaml").read_text()
    text = text.replace("${BELLBUOY_DEMO_STORE:-bellbuoy-demo/bellbuoy.duckdb}", str(db))
    text = text.replace("${BELLBUOY_DEMO_FILES:-bellbuoy-demo/*.jsonl}", str(db.parent / "*.jsonl"))
    text = text.replace("# yaml-language-server: $schema=schema.json\n", "")
    written = db.with_name("bellbuoy.yaml")
    written.write_text(text)
    return written


def _next(console: Any, told: Sequence[Any], db: Path, written: Path) -> None:
    program = _program()
    query = f"{program} query -c {written} "
    told_where = f"\n[bold]The store is [cyan]{db}[/cyan], its configuration [cyan]{written}[/cyan]. Now try:[/bold]"
    console.print(told_where, soft_wrap=True)
    for line, what in (
        (f"{program} status -c {written}", "each step against what is normal"),
        (query + '"select * from changes"', "everything it would have told you"),
        (query + '"select step, outcome, count(*) from events group by all order by 1, 2"', "your own question"),
        (f"{program} check -c {written}", "what this configuration means"),
        (f"{program} simulate --help", "your own drift"),
    ):
        console.print(f"  {line:<74} [dim]{what}[/dim]", soft_wrap=True)
    if told:
        console.print(f"  [dim]the incident above is {told[0][0].incident.id}[/dim]")


def _serve(console: Any, store: Any, config: Any, written: Path, port: int, until: int) -> None:
    """Show the dashboard until Ctrl-C."""
    import socket

    import uvicorn

    from bellbuoy.monitor.clock import VirtualClock
    from bellbuoy.monitor.reading import Reading
    from bellbuoy.monitor.web.app import create_app

    with socket.socket() as listener:
        for candidate in (*range(port, min(port + 20, 65536)), 0):
            try:
                listener.bind(("127.0.0.1", candidate))
                break
            except OSError:
                continue
        listener.listen(64)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        console.print(f"\n[bold]The dashboard: {address}/[/bold]   (Ctrl-C ends)", soft_wrap=True)
        written.write_text(written.read_text().replace(config.server.listen, address.removeprefix("http://")))
        reading = Reading(store, config, clock=VirtualClock(until))
        server = uvicorn.Server(uvicorn.Config(create_app(reading), log_config=None, lifespan="off", access_log=False))
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def _program() -> str:
    """Return how this program is called from here: by its name where the shell finds it, else by its path."""
    import shutil
    import sys

    path = Path(sys.argv[0])
    if path.name != "bellbuoy" or shutil.which("bellbuoy"):
        return "bellbuoy"
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
