"""How fast events go into the store, beside how fast the same bytes can be read at all.

    bellbuoy bench ingest                     # four ways over the same bytes, in turn within one run
    bellbuoy bench ingest --sustained 10m     # the daemon itself works off a backlog: speed, memory, transactions
    bellbuoy bench ingest --latency 60s       # the daemon follows a topic: from readable in Kafka to committed
    bellbuoy bench ingest --markdown docs/performance.md    # its table, from bench/results/

Apache Kafka is started on loopback from the jars of the tests, unless `--kafka HOST:PORT` names a broker; the topic is
its own and is deleted. Speeds differ between machines, ratios within one run hardly do: they alone are judged.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bellbuoy.bench.ingest_messages import events
from bellbuoy.bench.ingest_rates import WAYS, measure
from bellbuoy.bench.ingest_sustained import latency, sustained
from bellbuoy.bench.machine import BUSY, busy, machine
from bellbuoy.config.quantities import parse_duration

__all__ = ["events", "main", "markdown"]

RESULTS = Path(__file__).parent / "results"
TARGETS = {"c/a": {"wall": 0.40, "cpu": 0.40}, "d/b": {"wall": 0.50, "cpu": 0.50}}
"""The ratios that are promised; by the wall both cores may help, by the processor they may not."""
BEGIN, END = "<!-- ingest: begin -->", "<!-- ingest: end -->"
RSS_MB = 600
TRANSACTION_S = 0.5
LATE_S = 2.0
NOT_NOW = 75


def main(argv: Sequence[str] | None = None) -> int:
    """Print one measurement; 1 when it misses what is promised, 75 when it cannot be taken now."""
    options = _options(argv)
    if options.markdown == "-":
        print(markdown(RESULTS), end="")
        return 0
    if options.markdown:
        page = Path(options.markdown)
        page.write_text(placed(page.read_text(), markdown(RESULTS)))
        return 0
    why = None if options.anyway else busy()
    if why:
        print(f"Error: {why}", file=sys.stderr)
        return NOT_NOW
    before: dict[str, Any] = {"machine": machine(), "load": round(os.getloadavg()[0], 1)}
    found, lines, missed = _measured(options)
    found = before | found
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(found, indent=2) + "\n")
    if options.json:
        print(json.dumps(found))
    else:
        print("\n".join(lines))
        print(", ".join(f"{name} {value}" for name, value in found["machine"].items()))
    for sentence in missed:
        print(f"missed: {sentence}", file=sys.stderr)
    return 1 if missed else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bellbuoy bench ingest", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kafka", help="HOST:PORT of a broker; one is started where this is missing")
    parser.add_argument(
        "--events", type=int, default=204_800, help="messages of the four ways (default: 204800, ten batches)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each way is taken (default: 5)")
    parser.add_argument("--partitions", type=int, default=4, help="of the topic (default: 4)")
    parser.add_argument("--compression", default="none", help="of the topic in the four ways (default: none)")
    parser.add_argument("--sustained", metavar="TIME", type=parse_duration, help="let the daemon work off a backlog")
    parser.add_argument("--latency", metavar="TIME", type=parse_duration, help="let the daemon follow a topic")
    parser.add_argument("--rate", type=float, help="events a second of --sustained (45000) or --latency (20000)")
    parser.add_argument("--quick", action="store_true", help="small, to see that it runs")
    parser.add_argument("--anyway", action="store_true", help="measure although the machine is not free")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there too")
    parser.add_argument(
        "--markdown", nargs="?", const="-", metavar="FILE", help="print the table of bench/results, or put it into FILE"
    )
    options = parser.parse_args(argv)
    options.kafka = options.kafka or os.environ.get("BELLBUOY_TEST_KAFKA")
    if options.quick:
        options.events, options.rounds = min(options.events, 40_000), min(options.rounds, 2)
        options.sustained = options.sustained and min(options.sustained, 20.0)
        options.latency = options.latency and min(options.latency, 10.0)
    return options


def _measured(options: argparse.Namespace) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return what was found, how it is told, and the sentences of what was missed."""
    if options.sustained:
        found = sustained(options.kafka, options.sustained, options.rate or 45_000.0, options.partitions)
        return found, told_sustained(found), missed_daemon(found)
    if options.latency:
        found = latency(options.kafka, options.latency, options.rate or 20_000.0, options.partitions)
        return found, told_latency(found), missed_daemon(found)
    found = measure(options.kafka, options.events, options.rounds, options.partitions, options.compression)
    return found, told_rates(found), missed_rates(found)


def told_rates(found: Mapping[str, Any]) -> list[str]:
    """Return the lines about the four ways."""
    lines = [f"{found['events']:,} events of {found['bytes']:.0f} B, median of {found['rounds']}, events a second"]
    for way, text in WAYS.items():
        low, high = found[way]["wall_spread"]
        one = f"{found[way]['wall']:>9,} by the wall ({low:,} to {high:,}), {found[way]['cpu']:>9,} a CPU-second"
        lines.append(f"({way}){'' if way.endswith('*') else ' '} {one}  {text}")
    for name, target in TARGETS.items():
        one = found[name]
        promised = f"promised {target['wall']:.2f} and {target['cpu']:.2f}"
        lines.append(f"{name}   {one['wall']:.2f} by the wall, {one['cpu']:.2f} a CPU-second; {promised}")
    lines += [
        f"{name}  {found[name]['wall']:.2f} by the wall, {found[name]['cpu']:.2f} a CPU-second"
        for name in ("c/a*", "d/b*")
    ]
    return lines


def missed_rates(found: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each ratio that is lower than promised."""
    names = {"wall": "by the wall", "cpu": "a CPU-second"}
    return [
        f"{name} is {found[name][kind]:.2f} {names[kind]}, promised {least:.2f}"
        for name, target in TARGETS.items()
        for kind, least in target.items()
        if found[name][kind] < least
    ]


def told_sustained(found: Mapping[str, Any]) -> list[str]:
    """Return the lines about a backlog."""
    slope = f"{found['rss_slope_mb_per_min']:+.1f} MB a minute over the last half"
    return [
        f"{found['stored']:,} events of a backlog of {found['backlog']:,} stored in {found['seconds']:.0f} s",
        f"{found['wall']:,} events a second, {found['cpu']:,} a CPU-second",
        f"RSS at most {found['rss_max_mb']} MB with a memory_limit of {found['memory_limit']}, {slope}",
        told_transactions(found),
    ]


def told_latency(found: Mapping[str, Any]) -> list[str]:
    """Return the lines about the latency."""
    return [
        f"{found['events']:,} events at {found['rate']:,} a second, from readable in Kafka to committed:",
        f"p50 {found['p50_s']:.2f} s, p99 {found['p99_s']:.2f} s; RSS at most {found['rss_max_mb']} MB",
        told_transactions(found),
    ]


def told_transactions(found: Mapping[str, Any]) -> str:
    """Return the line about transactions."""
    lengths = f"p50 {found['transaction_p50_s']:.3f} s, the slowest at most {found['transaction_max_s']} s"
    merged = f"; {found['merges']} merges of the log, at most {found['merge_max_s']} s" if "merges" in found else ""
    return f"{found['transactions']:,} transactions: {lengths}{merged}"


def missed_daemon(found: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each thing that the daemon promises and did not keep."""
    missed = []
    if found["rss_max_mb"] > RSS_MB:
        missed.append(f"RSS was {found['rss_max_mb']} MB, promised {RSS_MB}")
    if found["transaction_max_s"] > TRANSACTION_S:
        missed.append(f"a transaction took up to {found['transaction_max_s']} s, promised {TRANSACTION_S}")
    if found.get("p99_s", 0.0) > LATE_S:
        missed.append(f"p99 was {found['p99_s']:.2f} s, promised {LATE_S}")
    return missed


def markdown(results: Path) -> str:
    """Return the table of the results that lie in a folder."""
    lines = ["| measured | events a second | a CPU-second | more | command |", "|---|--:|--:|---|---|"]
    rows: dict[str, tuple[str, Callable[[dict[str, Any]], list[tuple[str, ...]]]]] = {
        "ingest.json": ("bellbuoy bench ingest", _rate_rows),
        "ingest-sustained.json": ("bellbuoy bench ingest --sustained 10m", _sustained_rows),
        "ingest-latency.json": ("bellbuoy bench ingest --latency 60s", _latency_rows),
    }
    machines = []
    for name, (command, made) in rows.items():
        if not (results / name).exists():
            continue
        found = json.loads((results / name).read_text())
        machines.append(", ".join(f"{part} {value}" for part, value in found["machine"].items()))
        if found["load"] > BUSY:
            machines.append(
                f"`{name}` while the machine was busy (load {found['load']}): speeds by the wall say little"
            )
        lines += [f"| {' | '.join(cells)} | `{command} --out bench/results/{name}` |" for cells in made(found)]
    return "\n".join([*lines, "", f"Measured on: {'; '.join(dict.fromkeys(machines))}.", ""])


def placed(page: str, table: str) -> str:
    """Return a page with the table between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n\n{table}\n{end}{after}"


def _rate_rows(found: dict[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for way, text in WAYS.items():
        low, high = found[way]["wall_spread"]
        rows.append(
            (f"({way}) {text}", f"{found[way]['wall']:,}", f"{found[way]['cpu']:,}", f"{low:,} to {high:,} by the wall")
        )
    for name in ("c/a", "c/a*", "d/b", "d/b*"):
        target = TARGETS.get(name)
        promised = f"promised {target['wall']:.2f} and {target['cpu']:.2f}" if target else ""
        rows.append((name, f"{found[name]['wall']:.2f}", f"{found[name]['cpu']:.2f}", promised))
    return rows


def _sustained_rows(found: dict[str, Any]) -> list[tuple[str, ...]]:
    minutes = found["seconds"] / 60
    more = "; ".join([f"{found['stored']:,} events", *told_sustained(found)[2:]])
    return [(f"the daemon under a backlog for {minutes:.0f} min", f"{found['wall']:,}", f"{found['cpu']:,}", more)]


def _latency_rows(found: dict[str, Any]) -> list[tuple[str, ...]]:
    more = f"p50 {found['p50_s']:.2f} s, p99 {found['p99_s']:.2f} s"
    return [("from readable in Kafka to committed", f"{found['rate']:,}", "", more)]


if __name__ == "__main__":
    sys.exit(main())
