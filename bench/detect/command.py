"""How often the detectors are wrong and how soon they are right, beside everything they could be replaced by.

    bellbuoy bench detect                         # all of it: 200 series a scenario, four minutes
    bellbuoy bench detect --quick                 # 20 series a scenario, a minute
    bellbuoy bench detect --scenario realistic    # one scenario
    bellbuoy bench detect --markdown docs/detection-bench.md    # its tables, from bench/results/

Streams are made from seeds; the detectors are the shipped ones, driven through their own fold, with baselines fitted at
every midnight and thresholds learned from four weeks. It ends with 1 when something that is promised was missed.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from bellbuoy.bench.detect import jobs
from bellbuoy.bench.detect.columns import COLUMNS
from bellbuoy.bench.detect.families import PRODUCT
from bellbuoy.bench.detect.outcomes import PEERS
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.streams import SEED
from bellbuoy.bench.detect.tables import tables
from bellbuoy.bench.detect.targets import Target, judge
from bellbuoy.bench.machine import busy, machine
from bellbuoy.detectors.base import Detector
from bellbuoy.detectors.rate_shift import RateShift

RESULT: Final = Path(__file__).parent.parent / "results" / "detect.json"
BEGIN, END = "<!-- detect: begin -->", "<!-- detect: end -->"
FULL, QUICK = 200, 20
NAMES: Final = (*(one.name for one in COLUMNS), *(one.name for one in PEERS))


def main(argv: Sequence[str] | None = None, detector: Detector | None = None) -> int:
    """Print the tables of a run; 1 when something promised was missed.

    Args:
        argv: of the command line.
        detector: what is judged with; None: `rate_shift` as shipped.
    """
    options = _options(argv)
    if options.markdown == "-":
        print(tables(json.loads(RESULT.read_text())), end="")
        return 0
    if options.markdown:
        page = Path(options.markdown)
        page.write_text(placed(page.read_text(), tables(json.loads(RESULT.read_text()))))
        return 0
    run = measured(options, detector or RateShift())
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(run, indent=1) + "\n")
    print(tables(run), end="")
    missed = [one for one in run["targets"] if one["kept"] is False]
    for one in missed:
        print(f"missed: {one['number']} {one['what']} is {one['seen']}, promised {one['bound']}", file=sys.stderr)
    return 1 if missed else 0


def measured(options: argparse.Namespace, detector: Detector) -> dict[str, Any]:
    """Return a run as it stands in bench/results."""
    why = busy()
    load = round(os.getloadavg()[0], 1)
    columns = options.columns
    if options.quick and columns is None:
        left_out = {one.name for one in PEERS if one.name not in jobs.QUICK_PEERS}
        columns = frozenset(NAMES) - left_out
        print(f"not run in a quick run: {', '.join(sorted(left_out))}", file=sys.stderr)
    size = Size(
        replicates=options.replicates,
        outcomes=4 if options.quick else 48,
        columns=columns,
        seed=options.seed,
        detector=detector,
        days=18 if options.quick else 180,
    )
    names = options.scenario or [job.name for job in jobs.JOBS if job.quick or not options.quick]
    began = time.perf_counter()
    found = {}
    for name, result in jobs.run(names, size, options.jobs):
        found[name] = result
        print(f"{name}: {result['seconds']} s", file=sys.stderr)
        for peer, note in result.get("notes", {}).items():
            print(f"{peer} {note}", file=sys.stderr)
    order = [job.name for job in jobs.JOBS if job.name in found]
    found = {name: found[name] for name in order}
    return {
        "machine": {**machine(), **_versions("scipy", "river")},
        "load": load,
        "seed": options.seed,
        "replicates": options.replicates,
        "quick": options.quick,
        "seconds": round(time.perf_counter() - began, 1),
        "targets": [one.row() for one in _judged(found, options, why)],
        "found": found,
    }


def _judged(found: dict[str, Any], options: argparse.Namespace, why: str | None) -> list[Target]:
    return judge(found, quick=options.quick, busy=None if why is None else why.split(",", 1)[0])


def placed(page: str, told: str) -> str:
    """Return a page with the tables between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n\n{told}\n{end}{after}"


def _versions(*names: str) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bellbuoy bench detect", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    scenarios = [job.name for job in jobs.JOBS]
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} series a scenario, in a minute")
    parser.add_argument(
        "--scenario",
        action="append",
        choices=scenarios,
        metavar="NAME",
        help=f"one of: {'; '.join(scenarios)}; may be given several times",
    )
    parser.add_argument(
        "--columns", metavar="A,B", help=f"what the product is compared with, of: {', '.join(NAMES)}; none: nothing"
    )
    parser.add_argument("--replicates", type=int, help=f"series of a scenario (default: {FULL})")
    parser.add_argument(
        "--seed",
        type=int,
        default=SEED,
        help=f"first part of all seeds (default: {SEED}, which is that of the published figures)",
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the run there as JSON")
    parser.add_argument(
        "--markdown",
        nargs="?",
        const="-",
        metavar="FILE",
        help="print the tables of bench/results, or put them into FILE",
    )
    options = parser.parse_args(argv)
    options.replicates = options.replicates or (QUICK if options.quick else FULL)
    if options.replicates < 2:
        parser.error("--replicates: at least 2, for a standard error")
    if options.columns is not None:
        chosen = frozenset(one.strip() for one in options.columns.split(",")) - {"", "none", PRODUCT}
        unknown = sorted(chosen - set(NAMES))
        if unknown:
            parser.error(f"--columns: no column is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
        options.columns = chosen
    return options
