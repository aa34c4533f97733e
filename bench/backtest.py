"""How long a backtest takes: months of counts of many series, from a file to what it comes to, calibration included."""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bellbuoy.bench.machine import machine
from bellbuoy.config.load import load_text
from bellbuoy.monitor.backtest.counted import read_counts
from bellbuoy.monitor.backtest.judging import judge
from bellbuoy.monitor.backtest.running import Material

TARGET_S = 60.0
"""What 180 days of 100 series may take on two cores."""
TARGET_MIB = 1024.0
TARGET_DAYS, TARGET_SERIES = 180, 100
STEPS = 8
START = 1_780_272_000
TICKS = 288
CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the seconds of a backtest; 1 when 180 days of 100 series take longer, or more memory, than promised."""
    parser = argparse.ArgumentParser(prog="bellbuoy bench backtest", description=__doc__)
    parser.add_argument("--days", type=int, default=TARGET_DAYS, help="how many days (default: 180)")
    parser.add_argument("--series", type=int, default=TARGET_SERIES, help="how many series (default: 100)")
    parser.add_argument("--volume", type=float, default=5.0, help="trials a tick and series (default: 5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bellbuoy-bench-") as folder:
        path = Path(folder) / "counts.parquet"
        write(path, options.days, options.series, options.volume)
        found = run(path)
    cells = options.days * TICKS * found["streams"]
    found |= {"days": options.days, "series": options.series, "streams_ticks_s": cells / found["judging_s"]}
    if options.json:
        print(json.dumps({**found, "machine": machine()}))
    else:
        print(
            f"{options.days} days of {options.series} series, {found['streams']:.0f} streams, {found['told']:.0f} changes"
        )
        print(f"reading:  {found['reading_s']:7.1f} s")
        print(
            f"judging:  {found['judging_s']:7.1f} s, {found['streams_ticks_s'] / 1e6:.2f} million streams x ticks a second"
        )
        print(f"memory:   {found['peak_mib']:7.0f} MiB at most, {found['reading_mib']:.0f} MiB when all was read")
    measured = options.days <= TARGET_DAYS and options.series <= TARGET_SERIES
    whole = found["reading_s"] + found["judging_s"]
    return int(measured and (whole > TARGET_S or found["peak_mib"] > TARGET_MIB))


def write(path: Path, days: int, series: int, volume: float) -> None:
    """Write counts with a daily season and noise; two series become worse for some weeks."""
    random = np.random.default_rng(20_261_125)
    writer = None
    place = np.arange(series)
    workflow, step = (pa.array([f"{name}-{one}" for one in numbers.tolist()]) for name, numbers in (
        ("workflow", place // STEPS), ("step", place % STEPS),
    ))  # fmt: skip
    for day in range(days):
        hour = np.arange(TICKS) / 12
        season = 1 + 0.5 * np.cos(2 * np.pi * (hour - 14) / 24)
        n = random.poisson(volume * season[:, None], (TICKS, series))
        worse = ((place % 50 == 3) & (0.5 * days <= day < 0.6 * days))[None, :]
        rate = 0.05 * np.exp(random.normal(0, 0.2, (24, series))).repeat(12, axis=0) + 0.05 * worse
        bad = random.binomial(n, np.minimum(rate, 1.0))
        tick, column = np.nonzero(n)
        minute = pa.array((START + 86_400 * day + 300 * tick) * 1_000_000, pa.int64()).cast(pa.timestamp("us"))
        names = {"workflow": workflow.take(pa.array(column)), "step": step.take(pa.array(column))}
        table = pa.table({"minute": minute, **names, "n": n[tick, column], "bad": bad[tick, column]})
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def run(path: Path) -> dict[str, float]:
    """Return the seconds of reading and of judging, streams, changes and the largest memory."""
    config = load_text(CONFIG)
    began = time.perf_counter()
    with (
        Material.gathered(lambda recording, one: recording.take_counts(read_counts([path]), one)) as material,
        material.recording(config) as recording,
    ):
        read, first = time.perf_counter(), peak()
        judged = judge(recording, config)
        done = time.perf_counter()
        streams = len(judged.evaluation.lines)
    told = float(len(judged.told))
    return {
        "reading_s": read - began,
        "judging_s": done - read,
        "streams": float(streams),
        "told": told,
        "reading_mib": first,
        "peak_mib": peak(),
    }


def peak() -> float:
    """Return the largest memory of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
