"""Backtests on public logs of real agents: what was found, when, and what their operators wrote down."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bellbuoy.bench.realdata import letsgo, short

HEAD = """\
# Real data

Public logs of real agents, judged by the daemon's own evaluation (`bellbuoy backtest`), with the defaults unless said. Printed by
`bellbuoy bench realdata DATA --markdown docs/real-data.md`; the logs keep their own licences and are no part of the project.

One record is an anecdote. What follows shows how the numbers look on real traffic, with its gaps, its weekends and its
drift; how often it is wrong is measured on streams whose truth is known (`bellbuoy bench detect`).
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; 2 where the logs are not there."""
    parser = argparse.ArgumentParser(prog="bellbuoy bench realdata", description=__doc__)
    folder = Path(os.environ.get("BELLBUOY_DATA") or "../shared/data")
    parser.add_argument(
        "data", nargs="?", type=Path, default=folder, metavar="DATA", help=f"the logs (default: {folder})"
    )
    parser.add_argument("--days", type=int, metavar="N", help="only so many days of Let's Go")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write it there")
    options = parser.parse_args(argv)
    for name in (letsgo.EVENTS, letsgo.LOG, short.STAR, short.TAU):
        if not (options.data / name).is_file():
            print(f"error: {options.data / name}: there is no such file; name the folder of the logs", file=sys.stderr)
            return 2
    lines = [HEAD, *letsgo.text(letsgo.run(options.data, options.days)), "", *short.text(short.run(options.data))]
    text = "\n".join(lines) + "\n"
    if options.markdown is None:
        print(text, end="")
    else:
        options.markdown.write_text(text, encoding="utf-8")
    return 0


__all__ = ["main"]
