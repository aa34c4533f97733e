"""How often the detectors are wrong and how soon they are right, beside everything they could be replaced by.

    bellbuoy bench detect                         # all of it: 200 series a scenario, four minutes
    bellbuoy bench detect --quick                 # 20 series a scenario, a minute
    bellbuoy bench detect --scenario realistic    # one scenario
    bellbuoy bench detect --through backtest      # whole fleets through what `bellbuoy backtest` runs, with late data
    bellbuoy bench detect --markdown docs/detection-bench.md    # its tables, from bench/results/

Streams are made from seeds; the detectors are the shipped ones, driven through their own fold, with baselines fitted at
every midnight and thresholds learned from four weeks. It ends with 1 when something that is promised was missed.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from bellbuoy.bench.detect.through import tables as through_tables
from bellbuoy.bench.detect.through import targets as through_targets
from bellbuoy.bench.machine import busy, machine
from bellbuoy.detectors.base import Detector
from bellbuoy.detectors.rate_shift import RateShift

RESULTS: Final = Path(__file__).parent.parent / "results"


@dataclass(frozen=True, slots=True)
class Way:
    """What the streams go through.

    Attributes:
        jobs: that are run.
        judge: gives the targets of what was found; told whether the run is a quick one, and why speeds are not judged.
        tables: gives the tables of a run.
        name: of its result, and of its place on a page.
        full, quick: series of a scenario; through the backtest workflows.
    """

    jobs: tuple[jobs.Job, ...]
    judge: Callable[[Mapping[str, Any], bool, str | None], list[Target]]
    tables: Callable[[Mapping[str, Any]], str]
    name: str
    full: int
    quick: int

    @property
    def result(self) -> Path:
        """The file of the published run."""
        return RESULTS / f"{self.name}.json"


WAYS: Final = {
    "fold": Way(jobs.JOBS, lambda found, quick, busy: judge(found, quick=quick, busy=busy), tables, "detect", 200, 20),
    "backtest": Way(
        jobs.THROUGH,
        lambda found, quick, _: through_targets.judge(found, quick=quick),
        through_tables.tables,
        "detect-backtest",
        60,
        6,
    ),
}
NAMES: Final = (*(one.name for one in COLUMNS), *(one.name for one in PEERS))


def main(argv: Sequence[str] | None = None, detector: Detector | None = None) -> int:
    """Print the tables of a run; 1 when something promised was missed.

    Args:
        argv: of the command line.
        detector: what is judged with; None: `rate_shift` as shipped.
    """
    options = _options(argv)
    way = WAYS[options.through]
    if options.markdown == "-":
        print(way.tables(json.loads(way.result.read_text())), end="")
        return 0
    if options.markdown:
        page = Path(options.markdown)
        page.write_text(placed(page.read_text(), way))
        return 0
    run = measured(options, detector or RateShift())
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(run, indent=1) + "\n")
    print(way.tables(run), end="")
    missed = [one for one in run["targets"] if one["kept"] is False]
    for one in missed:
        print(f"missed: {one['number']} {one['what']} is {one['seen']}, promised {one['bound']}", file=sys.stderr)
    return 1 if missed else 0


def measured(options: argparse.Namespace, detector: Detector) -> dict[str, Any]:
    """Return a run as it stands in bench/results."""
    why = busy()
    way = WAYS[options.through]
    load = round(os.getloadavg()[0], 1)
    columns = options.columns
    if options.quick and columns is None and options.through == "fold":
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
    chosen = [
        job
        for job in way.jobs
        if (job.name in options.scenario if options.scenario else job.quick or not options.quick)
    ]
    began = time.perf_counter()
    found = {}
    for name, result in jobs.run(chosen, size, options.jobs):
        found[name] = result
        print(f"{name}: {result['seconds']} s", file=sys.stderr)
        for peer, note in result.get("notes", {}).items():
            print(f"{peer} {note}", file=sys.stderr)
    found = {job.name: found[job.name] for job in chosen}
    return {
        "machine": {**machine(), **_versions("scipy", "river")},
        "load": load,
        "seed": options.seed,
        "replicates": options.replicates,
        "quick": options.quick,
        "seconds": round(time.perf_counter() - began, 1),
        "targets": [
            one.row() for one in way.judge(found, options.quick, None if why is None else why.split(",", 1)[0])
        ],
        "found": found,
    }


def placed(page: str, way: Way) -> str:
    """Return a page with the tables of the published run between their two marks."""
    begin, end = (f"<!-- {way.name}: {word} -->" for word in ("begin", "end"))
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{way.tables(json.loads(way.result.read_text()))}\n{end}{after}"


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
    parser.add_argument("--quick", action="store_true", help="a tenth of the series, in a minute")
    parser.add_argument(
        "--through",
        choices=list(WAYS),
        default="fold",
        help="the detectors' own fold, beside other rules (default), or the whole backtest",
    )
    scenarios = "; ".join(job.name for job in jobs.JOBS)
    through = "; ".join(job.name for job in jobs.THROUGH)
    parser.add_argument(
        "--scenario",
        action="append",
        metavar="NAME",
        help=f"one of: {scenarios}; through the backtest: {through}; may be given several times",
    )
    parser.add_argument(
        "--columns", metavar="A,B", help=f"what the product is compared with, of: {', '.join(NAMES)}; none: nothing"
    )
    parser.add_argument("--replicates", type=int, help="series of a scenario, or workflows of a fleet")
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
    way = WAYS[options.through]
    options.replicates = options.replicates or (way.quick if options.quick else way.full)
    if options.replicates < 2:
        parser.error("--replicates: at least 2, for a standard error")
    unknown = sorted(set(options.scenario or ()) - {job.name for job in way.jobs})
    if unknown:
        parser.error(
            f"--scenario: none is called {', '.join(unknown)}; there are {'; '.join(job.name for job in way.jobs)}"
        )
    if options.columns is not None:
        if options.through != "fold":
            parser.error("--columns: through the backtest nothing is compared")
        chosen = frozenset(one.strip() for one in options.columns.split(",")) - {"", "none", PRODUCT}
        unknown = sorted(chosen - set(NAMES))
        if unknown:
            parser.error(f"--columns: no column is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
        options.columns = chosen
    return options
