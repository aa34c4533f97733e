"""`bellbuoy backtest`: what would have been told, and when."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bellbuoy.monitor.cli.failures import DONE_NO, WRONG_USE, Failure
from bellbuoy.monitor.cli.options import Named, config_option

if TYPE_CHECKING:
    from bellbuoy.config.model import Config
    from bellbuoy.monitor.backtest.running import Fill, Material, Run
    from bellbuoy.monitor.backtest.summary import Summary
    from bellbuoy.monitor.judging.evaluate import Told

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
STOPPED = 130


@click.command("backtest", epilog="Example: bellbuoy backtest -c bellbuoy.yaml --budget 1 --budget 4")
@click.argument("more", nargs=-1, type=FILE, metavar="[FILE]...")
@config_option
@click.option("--events", multiple=True, type=FILE, metavar="FILE", help="Event logs: JSON lines (.gz, .zst), Parquet.")
@click.option("--counts", multiple=True, type=FILE, metavar="FILE", help="Counts: Parquet, CSV or JSON lines.")
@click.option("--from", "since", metavar="TIME", help="Judge from here on; what lies before it still teaches.")
@click.option("--to", "until", metavar="TIME", help="Judge up to here.")
@click.option("--versus", type=FILE, metavar="CONFIG", help="Put another configuration beside it.")
@click.option("--budget", "budgets", multiple=True, metavar="N", help="Put another budget of false pages beside it.")
@click.option("--min-change", "changes", multiple=True, metavar="SHARE", help="Put another min_change beside it.")
@click.option("--expect", type=FILE, metavar="FILE", help="Run alert tests; exit 1 unless all are met.")
@click.option("--pages", is_flag=True, help="Draw the page of each incident.")
@click.option("--format", "form", type=Named(["text", "jsonl"]), default="text", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it there.")
def command(
    more: tuple[Path, ...],
    config: Path,
    events: tuple[Path, ...],
    counts: tuple[Path, ...],
    since: str | None,
    until: str | None,
    versus: Path | None,
    budgets: tuple[str, ...],
    changes: tuple[str, ...],
    expect: Path | None,
    *,
    pages: bool,
    form: str,
    out: Path | None,
) -> int:
    """Judge what is recorded, in the store or in files, as the daemon would have. Nothing is sent, no store is touched."""
    from bellbuoy.monitor.backtest.errors import BacktestError
    from bellbuoy.monitor.backtest.lines import text
    from bellbuoy.monitor.backtest.running import Material
    from bellbuoy.monitor.cli.expecting import Asking, Done, run_tests

    if bool(events) == bool(counts) and (events or more):
        raise Failure("error: files are --events FILE... or --counts FILE..., one of both", WRONG_USE)
    events, counts = (*events, *more) if events else (), (*counts, *more) if counts else ()
    runs = _runs(config, versus, budgets, changes)
    if len(runs) > 1 and (form == "jsonl" or expect is not None):
        one = "--format jsonl tells of one run" if expect is None else "--expect tests one configuration"
        raise Failure(f"error: {one}; leave --versus, --budget and --min-change away", WRONG_USE)
    explain = pages if expect is not None else form == "text"
    how = Asked(_instant(since, "--from"), _instant(until, "--to"), explain=explain)
    recorded = _fill(config, events, counts)
    try:
        with _interrupt() as stopped:
            if expect is not None:

                def judged(fill: "Fill") -> "tuple[Summary, tuple[Told, ...]]":
                    with Material.gathered(fill) as material:
                        return _judged(material, runs[0], how, stopped)

                asked = Asking(expect, runs[0].config, recorded, given=bool(events or counts))
                done = run_tests(asked, judged, stopped, lines=form == "jsonl", pages=pages)
            else:
                with Material.gathered(recorded) as material:
                    first, told = _judged(material, runs[0], how, stopped)
                    others = replace(how, explain=False)
                    beside = [_judged(material, one, others, stopped)[0] for one in runs[1:] if not stopped()]
                done = Done(text(told) if form == "jsonl" else _text([first, *beside], pages=pages))
    except BacktestError as error:
        raise Failure(f"error: {error}", WRONG_USE) from None
    if out is None:
        click.echo(done.made, nl=False)
    else:
        out.write_text(done.made, encoding="utf-8")
    if done.beside:
        click.echo(done.beside, nl=False, err=True)
    if stopped():
        click.echo("stopped: what stands here is of the part that was judged", err=True)
        return STOPPED
    return 0 if done.passed else DONE_NO


@dataclass(frozen=True)
class Asked:
    """What is judged: from when, up to when, and whether changes are explained."""

    since: int | None
    until: int | None
    explain: bool


def _runs(config: Path, versus: Path | None, budgets: tuple[str, ...], changes: tuple[str, ...]) -> "list[Run]":
    """Return the runs that are asked for, that of the configuration itself first."""
    from bellbuoy.config.load import load
    from bellbuoy.monitor.backtest.running import Run, variants

    first = Run("as configured", load(config, secrets=False))
    others = variants(first, *_others(budgets, changes))
    return [first, *others] + ([] if versus is None else [Run(versus.name, load(versus, secrets=False))])


def _text(summaries: "list[Summary]", *, pages: bool) -> str:
    from bellbuoy.monitor.backtest.telling import beside, told

    lines = list(told(summaries[0], pages=pages))
    if len(summaries) > 1:
        lines += ["", *beside(summaries)]
    return "\n".join(lines) + "\n"


def _judged(
    material: "Material", run: "Run", how: Asked, stopped: Callable[[], bool]
) -> "tuple[Summary, tuple[Told, ...]]":
    """Judge one run; return what it comes to, and its changes."""
    from bellbuoy.monitor.backtest.judging import judge
    from bellbuoy.monitor.backtest.summary import summed

    with material.recording(run.config) as recording, _bar(f"judging {run.name}") as bar:

        def day(since: int, at: int, until: int) -> bool:
            bar((at - since) / 86_400, (until - since) / 86_400)
            return stopped()

        judged = judge(recording, run.config, since=how.since, until=how.until, pages=how.explain, on_day=day)
        return summed(run.name, judged), judged.told


def _fill(config: Path, events: tuple[Path, ...], counts: tuple[Path, ...]) -> Callable[[Any, "Config"], None]:
    """Return what fills an empty recording: from files, else from the store or through the door of its daemon."""

    def fill(recording: Any, loaded: "Config") -> None:
        from bellbuoy.monitor.backtest.counted import read_counts
        from bellbuoy.monitor.backtest.filling import fill_events

        if counts:
            recording.take_counts(read_counts(counts), loaded)
        elif events:
            with _bar("reading") as bar:
                stored, reasons = fill_events(recording, events, loaded, bar)
            click.echo(f"{stored:,} events read", err=True)
            for reason in reasons:
                click.echo(f"not read: {reason}", err=True)
        else:
            _from_store(config, recording, loaded)

    return fill


def _from_store(config: Path, recording: Any, loaded: "Config") -> None:
    from bellbuoy.monitor.backtest.asked import fill_asked
    from bellbuoy.monitor.backtest.filling import fill_store
    from bellbuoy.monitor.cli.asking import Daemon, Desk, File

    with Desk(config, None, None).visit() as asked:
        if isinstance(asked, File):
            asked.store.close()
            fill_store(recording, Path(loaded.store.path), loaded)
        elif isinstance(asked, Daemon):
            click.echo("the daemon holds the store: judged are the counts that it gives, without slices", err=True)
            fill_asked(recording, asked.query, loaded)


def _others(budgets: tuple[str, ...], changes: tuple[str, ...]) -> tuple[list[float], list[float]]:
    from bellbuoy.config.quantities import parse_share

    pages = []
    for text in budgets:
        try:
            pages.append(float(text))
        except ValueError:
            pages.append(0.0)
        if not 0 < pages[-1] <= 10_000:
            raise Failure(f"error: --budget {text!r} is no number of false pages such as 2 or 0.5", WRONG_USE)
    shares = []
    for text in changes:
        try:
            shares.append(parse_share(text))
        except ValueError:
            raise Failure(f"error: --min-change {text!r} is no share such as 2%", WRONG_USE) from None
    return pages, shares


def _instant(text: str | None, name: str) -> int | None:
    from bellbuoy.config.instants import parse_instant

    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        raise Failure(f"error: {name} {text!r} is no time; write 2026-10-04 or 2026-10-04T11:35Z", WRONG_USE) from None


@contextmanager
def _interrupt() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C end the judging at the next day, and the second one at once."""
    asked: list[int] = []

    def note(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        click.echo("stopping at the end of this day; Ctrl-C again stops at once", err=True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _bar(what: str) -> Iterator[Callable[..., None]]:
    """Give what moves a progress bar on a terminal, and does nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), TextColumn("{task.completed:,.0f}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total=None: progress.update(task, completed=done, total=total)
