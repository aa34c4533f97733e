"""The daemon itself under a load that lasts: how fast it stores, how much memory it holds, how late an event is stored."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families

from bellbuoy.bench.ingest_topic import broker, fill, filled

SAMPLE_S = 5.0
FLOOR_S = 30.0
SPAN_S = 7 * 86400.0
"""A backlog is what a week brought."""
MEMORY_LIMIT = "96MiB"
"""Enough for taking in and judging; DuckDB fills what it is given with blocks of the file."""
CONFIG = """
version: 1
server: {{ listen: 127.0.0.1:{port} }}
store: {{ path: {folder}/bellbuoy.duckdb, memory_limit: {limit}, compact_every: 1m }}
sources: [{{ kafka: {{ bootstrap_servers: "{address}", topics: [{topic}], start: earliest }} }}]
sinks: {{ out: {{ console: {{}} }} }}
routes: [{{ to: [out] }}]
"""
Floats = NDArray[np.float64]
Metrics = dict[tuple[str, str], float]
"""(sample, its label `le` or empty) → value, summed over the other labels."""


def sustained(address: str | None, seconds: float, rate: float, parts: int) -> dict[str, Any]:
    """Let the daemon work off a backlog, sampled until it is stored or the time is over.

    Args:
        address: HOST:PORT of a broker; None: one is started.
        seconds: how long at most.
        rate: events a second that the backlog is large enough for.
        parts: partitions.
    """
    count = int(seconds * rate)
    with broker(address) as held:
        topic = held.topic(parts)
        apart_s = SPAN_S / count
        start = time.time() - SPAN_S
        filled(fill(held.address, topic, parts, count, start=start, apart_s=apart_s, compression="lz4"), count)
        with daemon(held.address, topic) as running:
            samples = list(running.samples(seconds, count))
            found = running.read()
    length = {"seconds": round(samples[-1][0], 1), "backlog": count, "memory_limit": MEMORY_LIMIT}
    return {**length, **told(samples), **transactions(found)}


def latency(address: str | None, seconds: float, rate: float, parts: int) -> dict[str, Any]:
    """Let the daemon follow a topic that is written at an even rate, and return how late its events are stored."""
    count = int(seconds * rate)
    with broker(address) as held:
        topic = held.topic(parts)
        with daemon(held.address, topic) as running:
            process = fill(held.address, topic, parts, count, start=0.0, apart_s=0.0, rate=rate)
            samples = list(running.samples(seconds + 60.0, count))
            filled(process, count)
            found = running.read()
    late = buckets(found, "bellbuoy_ingest_latency_seconds_bucket")
    return {
        "rate": round(rate),
        "events": count,
        "p50_s": quantile(late, 0.5),
        "p99_s": quantile(late, 0.99),
        "rss_max_mb": told(samples)["rss_max_mb"],
        **transactions(found),
    }


class Running:
    """A daemon that runs, seen from outside."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}/metrics"

    def read(self) -> Metrics:
        """Return what the daemon's metrics say."""
        with urllib.request.urlopen(self.url, timeout=10) as answer:  # noqa: S310 # our own loopback address
            text = answer.read().decode()
        found: Metrics = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = sample.name, sample.labels.get("le", "")
                found[key] = found.get(key, 0.0) + sample.value
        return found

    def samples(self, seconds: float, count: int) -> Iterator[tuple[float, float, float, float]]:
        """Yield (seconds, events stored, RSS in MB, CPU seconds) until all are stored or the time is over.

        Raises:
            SystemExit: the daemon ended.
        """
        began = None
        while True:
            if self.process.poll() is not None:
                raise SystemExit(f"the daemon ended with {self.process.returncode}")
            stored = self.read().get(("bellbuoy_events_total", ""), 0.0)
            now = time.perf_counter()
            if began is None and stored:
                began = now
            since = 0.0 if began is None else now - began
            if began is not None:
                yield since, stored, self.rss_mb(), self.cpu_s()
            if stored >= count or since >= seconds:
                return
            time.sleep(SAMPLE_S if stored else 0.1)

    def rss_mb(self) -> float:
        """Return the resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_s(self) -> float:
        """Return the processor's time."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def daemon(address: str, topic: str) -> Iterator[Running]:
    """Run `bellbuoy run` with the default detectors on a store of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "bellbuoy.yaml"
        config.write_text(CONFIG.format(port=port, folder=folder, limit=MEMORY_LIMIT, address=address, topic=topic))
        log = Path(folder) / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [Path(sys.executable).parent / "bellbuoy", "run", "-c", config, "--log-format", "json"],
                stdout=out, stderr=out,
            )  # fmt: skip
        running = Running(process, port)
        try:
            _await(running, log)
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _complaints(log)


def _complaints(log: Path) -> None:
    """Tell what the daemon complained of: a figure of a run that stood still is none."""
    for line in log.read_text(errors="replace").splitlines():
        if '"level": "error"' in line or not line.startswith("{"):
            print(f"the daemon: {line[:400]}", file=sys.stderr)


def _await(running: Running, log: Path) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            running.read()
        except OSError:
            if running.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the daemon did not start: {log.read_text()[-1000:]}") from None
            time.sleep(0.1)
        else:
            return


def told(samples: list[tuple[float, float, float, float]]) -> dict[str, Any]:
    """Return what the samples say, from the first to the last."""
    at, stored, rss, cpu = np.array(samples).T
    took, events = at[-1] - at[0], stored[-1] - stored[0]
    slope = floor_slope(at, rss, at[-1] / 2)
    return {
        "stored": int(stored[-1]),
        "wall": round(events / max(took, 1e-9)),
        "cpu": round(events / max(cpu[-1] - cpu[0], 1e-9)),
        "rss_max_mb": round(float(rss.max())),
        "rss_slope_mb_per_min": round(slope, 1),
    }


def floor_slope(at: Floats, rss: Floats, since: float) -> float:
    """Return how fast the least memory of each half minute grows, in MB a minute.

    What is in flight comes and goes by tens of megabytes within seconds; what is never given back lifts the least.
    """
    bins = np.floor((at[at >= since] - since) / FLOOR_S).astype(int)
    floors = [rss[at >= since][bins == one].min() for one in np.unique(bins)]
    return float(np.polyfit(np.unique(bins), floors, 1)[0] * 60 / FLOOR_S) if len(floors) > 2 else 0.0


def transactions(found: Metrics) -> dict[str, Any]:
    """Return how long transactions and merges of the log took: the bound of the bucket that the slowest one lies in."""
    lengths = buckets(found, "bellbuoy_ingest_batch_duration_seconds_bucket")
    merges = buckets(found, "bellbuoy_store_merge_duration_seconds_bucket")
    return {
        "transactions": int(lengths[-1][1]),
        "transaction_p50_s": quantile(lengths, 0.5),
        "transaction_max_s": slowest(lengths),
        "merges": int(merges[-1][1]),
        "merge_max_s": slowest(merges),
    }


def slowest(lengths: list[tuple[float, float]]) -> float:
    """Return the bound of the bucket that the slowest one lies in."""
    return next(bound for bound, below in lengths if below >= lengths[-1][1])


def buckets(found: Metrics, name: str) -> list[tuple[float, float]]:
    """Return the bounds of a histogram with how many lie below each, in order."""
    return sorted((float(bound), below) for (sample, bound), below in found.items() if sample == name)


def quantile(lengths: list[tuple[float, float]], share: float) -> float:
    """Return a quantile of a histogram, interpolated within its bucket."""
    total = lengths[-1][1]
    low, before = 0.0, 0.0
    for bound, below in lengths:
        if below >= share * total and below > before:
            if bound == float("inf"):
                return low
            return round(low + (bound - low) * (share * total - before) / (below - before), 3)
        low, before = bound, below
    return low
