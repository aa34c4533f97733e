"""What four hostile readers at the SQL door cost the ingest: its rate beside theirs, and its slowest commit.

The readers ask without pause: a join that never ends, a memory bomb, an endless recursion, and rows as wide as they get.
Alone and beside them take turns in one process and one store, so that the machine is the same for both.
"""

import argparse
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bellbuoy.bench.ingest_messages import START, events
from bellbuoy.config.load import load_text
from bellbuoy.config.model import Config
from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.event import Batch, Limits
from bellbuoy.monitor.ingest import Ingest
from bellbuoy.monitor.reading import Reading
from bellbuoy.monitor.sources.base import Chunk, Outcome, Stream
from bellbuoy.monitor.store import Appended, Store
from bellbuoy.monitor.web.door import QueryRefused

# ruff: noqa: S608 - the SQL is this file's own
SHARE = 0.8
"""What is left of the rate beside four hostile readers: at least this."""
SLOWEST_S = 1.0
"""What one commit may take beside them."""
CONFIG = """
version: 1
sources: [{{ files: {{ path: none.jsonl }} }}]
sinks: {{ out: {{ console: {{}} }} }}
routes: [{{ to: [out] }}]
query: {{ seconds: {seconds} }}
"""
JOIN = "events AS a, events AS b"
READERS = {
    "join": f"SELECT count(*) FROM {JOIN}, events AS c WHERE a.latency_ms * b.latency_ms % 7 = c.latency_ms % 11",
    "memory bomb": f"SELECT len(list(a.interaction_id || b.interaction_id)) FROM {JOIN}",
    "recursion": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    "wide rows": f"SELECT a.*, b.* FROM {JOIN}",
}


class Endless:
    """A source that always has a record more, up to a time.

    Args:
        values: what it gives, over and over; made outside what is measured.
        seconds: how long it goes on.
    """

    name = "bench"

    def __init__(self, values: Sequence[bytes], seconds: float) -> None:
        self.values = values
        self.stream = Stream("bench", "memory", 0, "e")
        self.at = 0
        self.until = time.monotonic() + seconds
        self.paused = False

    def open(self, positions: Mapping[Stream, int]) -> None:
        """Go on where the store is."""
        self.at = positions.get(self.stream, 0)

    def read(self, max_records: int, max_bytes: int, wait: float) -> list[Chunk]:  # noqa: ARG002 - the port's signature
        """Return the next records."""
        if self.paused or self.finished:
            time.sleep(wait / 10)
            return []
        start = self.at % len(self.values)
        part = self.values[start : start + min(2000, max_records)]
        fresh = b'"event_id": "%08x' % (self.at // len(self.values))  # else all but the first pass came twice
        part = [value.replace(b'"event_id": "00000000', fresh, 1) for value in part]
        chunk = Chunk(self.stream, range(self.at, self.at + len(part)), part, self.at + len(part))
        self.at += len(part)
        return [chunk]

    def pause(self) -> None:
        """Give nothing."""
        self.paused = True

    def resume(self) -> None:
        """Give again."""
        self.paused = False

    def lag(self) -> dict[Stream, int]:
        """There is always more, as after an outage."""
        return {self.stream: 1_000_000}

    def stored(self, positions: Mapping[Stream, int], outcome: Outcome | None = None) -> None:
        """Nothing to tell."""

    @property
    def finished(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.until

    def close(self) -> None:
        """Nothing to close."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print both rates and the slowest commit; 1 when the readers cost more than is promised."""
    parser = argparse.ArgumentParser(prog="bellbuoy bench hostile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds of each measurement (default: 10)")
    parser.add_argument("--rounds", type=int, default=3, help="how often both take turns (default: 3)")
    parser.add_argument("--readers", type=int, default=4, help="readers that ask without pause (default: 4)")
    options = parser.parse_args(argv)
    config = load_text(CONFIG.format(seconds=max(1.0, options.seconds / 4)))
    made = list(events(40_000))
    rounds: list[tuple[float, float]] = []
    slowest, asked = 0.0, 0
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "bellbuoy.duckdb", config.store) as store:
        store.follow(config)
        taken(store, config, made, options.seconds / 2)  # warm
        for number in range(options.rounds):
            alone, _ = taken(store, config, made, options.seconds)
            readers = Readers(store, config, options.readers)
            beside, slow = taken(store, config, made, options.seconds, readers)
            asked += readers.end()
            rounds.append((alone, beside))
            slowest = max(slowest, slow)
            print(f"round {number + 1}: alone {alone:,.0f} events/s, beside {beside:,.0f}, slowest commit {slow:.2f} s")
    share = statistics.median(beside / alone for alone, beside in rounds)
    print(f"{options.readers} readers ended {asked} queries; {100 * share:.0f} % of the rate is left (promised: 80 %)")
    print(f"slowest commit beside them: {slowest:.2f} s (promised: 1 s)")
    return int(share < SHARE or slowest > SLOWEST_S)


def taken(
    store: Store, config: Config, values: Sequence[bytes], seconds: float, readers: "Readers | None" = None
) -> tuple[float, float]:
    """Take events in for some seconds; return events a second and the seconds of the slowest commit."""
    source, spent = Endless(values, seconds), [0.0]

    limits = Limits(max_message=config.ingest.max_message, keep_s=time.time() - START + 30 * 86_400)
    ingest = Ingest(source, store, config, SystemClock(), limits=limits)
    append = ingest.writing.append

    def timed(batch: Batch) -> Appended:
        began = time.monotonic()
        try:
            return append(batch)
        finally:
            spent.append(time.monotonic() - began)

    ingest.writing.append = timed  # type: ignore[method-assign]  # to be timed is what it is here for
    if readers is not None:
        readers.begin(ingest)
    stop = threading.Event()
    threads = [threading.Thread(target=work, args=(stop,)) for work in (ingest.read_loop, ingest.write_loop)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ingest.total.received / (time.monotonic() - began), max(spent)


class Readers:
    """Threads that ask hostile queries at the daemon's door, from `begin` to `end`."""

    def __init__(self, store: Store, config: Config, number: int) -> None:
        self.stop = threading.Event()
        self.ended = 0
        self.store, self.config = store, config
        kinds = itertools.islice(itertools.cycle(READERS.values()), number)
        self.threads = [threading.Thread(target=self._ask, args=(sql,)) for sql in kinds]

    def begin(self, ingest: Ingest) -> None:
        """Ask from now on, beside an ingest."""
        self.reading = Reading(self.store, self.config, ingests=[ingest])
        for thread in self.threads:
            thread.start()

    def _ask(self, sql: str) -> None:
        while not self.stop.is_set():
            with suppress(QueryRefused):
                self.reading.ask(sql)
            self.ended += 1

    def end(self) -> int:
        """Let them finish; return how many queries came to an end, whichever."""
        self.stop.set()
        for thread in self.threads:
            thread.join()
        return self.ended
