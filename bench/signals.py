"""What the signals cost: the same events are stored with all of them counted, and with none, in turn within one run.

    bellbuoy bench signals

Looking through what amends earlier events (late labels, further attempts, slots) is part of "all".
"""

import argparse
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bellbuoy.bench.ingest_messages import events
from bellbuoy.bench.ingest_rates import DAEMONS, collected
from bellbuoy.bench.machine import busy, machine
from bellbuoy.config.signals import BUILT_IN
from bellbuoy.monitor.event import Batch, Limits, decode
from bellbuoy.monitor.signals import Signal
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

MOST = 0.25
"""Part of the speed that all signals together may cost."""
ROWS = 20_000
STREAM = Stream("bench", "events", 0, "")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the events a second of both ways and what lies between; 1 when the signals cost more than promised."""
    parser = argparse.ArgumentParser(prog="bellbuoy bench signals", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="how many (default: 200000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each way (default: 5)")
    parser.add_argument("--anyway", action="store_true", help="also on a machine that is busy")
    options = parser.parse_args(argv)
    if not options.anyway and (why := busy()):
        print(why, file=sys.stderr)
        return 75
    lines = list(events(options.events))
    none = BUILT_IN[:1]  # one, for without any there is nothing to store but events
    ways: dict[str, list[float]] = {"one": [], "all": []}
    for _ in range(options.rounds):
        ways["one"].append(seconds(lines, none))
        ways["all"].append(seconds(lines, BUILT_IN))
    one, every = (statistics.median(ways[way]) for way in ways)
    cost = 1.0 - one / every
    print(f"{options.events:,} events, decoded and committed, median of {options.rounds}")
    print(f"with one signal    {options.events / one:>9,.0f} a second")
    print(f"with all {len(BUILT_IN)}        {options.events / every:>9,.0f} a second")
    print(f"the signals cost {100 * cost:.0f} % of the speed; promised at most {100 * MOST:.0f} %")
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    sys.stdout.flush()
    return int(cost > MOST)


def seconds(lines: Sequence[bytes], signals: Sequence[Signal]) -> float:
    """Return how long it takes to decode, store and look through events, seconds of the processor."""
    with collected(DAEMONS), tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "b.duckdb") as store:
        store.configure(signals)
        gc.collect()
        began = time.process_time()
        for at in range(0, len(lines), ROWS):
            store.append(_batch(store, lines, at))
        if len(signals) > 1:
            store.amend()
        return time.process_time() - began


def _batch(store: Store, lines: Sequence[bytes], at: int) -> Batch:
    part = lines[at : at + ROWS]
    chunk = Chunk(STREAM, range(at, at + len(part)), part, at + len(part))
    return decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=1_795_344_000_000_000, limits=Limits())
