"""All that `bellbuoy bench detect` runs, by name, in as many processes as there are cores."""

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bellbuoy.bench.detect import endings, families, fleets, others, slides, speed, strata
from bellbuoy.bench.detect.scenarios import FAMILIES
from bellbuoy.bench.detect.size import Size
from bellbuoy.bench.detect.through import chain, mix, slide, sudden

QUICK_PEERS: Final = ("ADWIN",)
"""Of the peers that look at every outcome those of a quick run."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is run by itself.

    Attributes:
        name: of it.
        work: gives what was found.
        quick: whether it is part of a quick run.
        alone: whether nothing may run beside it, for it tells times.
    """

    name: str
    work: Callable[[Size], dict[str, Any]]
    quick: bool = True
    alone: bool = False


JOBS: Final = (
    *(Job(family.name, partial(families.run, family), family.name != "noise of 6 h") for family in FAMILIES),
    Job("ramp, 5 a tick", partial(slides.run, 5.0, 23)),
    Job("ramp, 20 a tick", partial(slides.run, 20.0, 25), quick=False),
    Job("fleet", fleets.fleet),
    Job("volume", others.volume),
    Job("recovery", endings.run),
    Job("mix", strata.run),
    Job("chain", fleets.chain),
    Job("clocks", others.clocks, quick=False),
    Job("late", others.late),
    Job("sparse", others.sparse),
    Job("speed", speed.run, alone=True),
)
"""Through the fold."""
THROUGH: Final = (
    Job("slide", slide.run),
    *(Job(fall.name, partial(sudden.run, fall)) for fall in sudden.FALLS),
    Job("mix", mix.run),
    Job("chain", chain.run),
)
"""Through the backtest; what takes longest first."""


def run(jobs: Iterable[Job], size: Size, processes: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the result of each job, in the order in which they end; those that tell times last, alone."""
    chosen = list(jobs)
    beside = [job for job in chosen if not job.alone]
    if processes <= 1 or len(beside) <= 1:
        for job in beside:
            yield job.name, _timed(job, size)
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            running = {pool.submit(_timed, job, size): job.name for job in beside}
            for done in as_completed(running):
                yield running[done], done.result()
    for job in chosen:
        if job.alone:
            yield job.name, _timed(job, size)


def _timed(job: Job, size: Size) -> dict[str, Any]:
    """Return what a job found, and the seconds that it took."""
    began = time.perf_counter()
    found = job.work(size)
    return {**found, "seconds": round(time.perf_counter() - began, 1)}
