"""`bellbuoy bench`: our own numbers on this machine, as ratios within one run."""

import sys

import click

from bellbuoy.monitor.cli.options import Named


@click.command("bench", context_settings={"ignore_unknown_options": True}, epilog="Example: bellbuoy bench tick")
@click.argument(
    "what", type=Named(["ingest", "query", "tick", "pages", "hostile", "signals", "detect", "realdata", "backtest"])
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(what: str, arguments: tuple[str, ...]) -> int:
    """Measure `ingest`, `query`, `tick`, `pages`, `hostile`, `signals`, `detect`, `realdata` or `backtest`.

    `ingest` is Kafka to committed, against a bare poll; `query` people's questions on 50 million events; `tick` judging
    1,000 series; `pages` from the end of a tick to the message; `hostile` the ingest beside four hostile readers; `signals` what counting them all costs; `detect` how often the detectors are wrong and how soon they are right;
    `realdata` backtests on public logs of real agents; `backtest` half a year of 100 series.
    """
    import importlib

    module = importlib.import_module(f"bellbuoy.bench.{what}")
    result = module.main(list(arguments))
    sys.stdout.flush()
    return int(result or 0)
