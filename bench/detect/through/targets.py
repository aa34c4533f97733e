"""What is promised of the product as a whole, and whether a run has kept it: the bounds are those of its parts."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from bellbuoy.bench.detect import figures
from bellbuoy.bench.detect.figures import False_, geometric
from bellbuoy.bench.detect.scenarios import REALISTIC
from bellbuoy.bench.detect.streams import DAY, World
from bellbuoy.bench.detect.targets import SLACK, WEEK_OPENED, Target, number, or_0, share_error
from bellbuoy.bench.detect.through.sudden import FALLS

LOW, HIGH = 0.4, 1.5
RECOVERED: Final = 60
"""Ticks within which half of the incidents end once all is normal again, where trials are independent."""


def judge(found: Mapping[str, Any], *, quick: bool) -> list[Target]:
    """Return every target that this run says something of.

    Args:
        found: results by job.
        quick: of few workflows: a bound is missed only where it is passed by two standard errors.
    """
    slack = SLACK if quick else 0.0
    parts = (_sudden(found, slack), _quiet(found, slack), _slide(found, slack), _rest(found, slack))
    return [one for part in parts for one in part]


def quiet(found: Mapping[str, Any], what: str) -> dict[str, False_]:
    """Return the false openings by series and 30 days, by world, over all fleets in which there is a month without a change.

    Args:
        found: results by job.
        what: `openings`: of both detectors, as the budget counts them; `series`: those at the same time are one.
    """
    counted: dict[str, list[int]] = {}
    for one in FALLS:
        for world, series in found.get(one.name, {}).get(what, {}).items():
            counted.setdefault(world, []).extend(np.repeat(np.arange(len(series)), series).tolist())
    return {world: figures.false(np.array(own, dtype=np.float64), 1.0) for world, own in counted.items()}


def scattered(world: World) -> float:
    """Return how many times the variance of chance the bad trials of a long span have, given the world's noise.

    A noise on the logit with variance s^2 and correlation exp(-|k| / memory) adds volume x q (1 - q) x s^2 x the sum of its
    correlations. A trial proves as much less: Bellbuoy divides every evidence by it, that of a recovery as well.
    """
    lasting = 1.0 + 2.0 / float(np.expm1(1.0 / world.memory))
    return 1.0 + world.volume * world.bad * (1.0 - world.bad) * world.noise**2 * lasting


def _sudden(found: Mapping[str, Any], slack: float) -> Iterator[Target]:
    own = {one.name: found[one.name]["delay"] for one in FALLS if one.name in found}
    if len(own) == len(FALLS):
        mean = geometric([number(one["mean"]) for one in own.values()])
        share = np.sqrt(sum((or_0(number(one["error"])) / number(one["mean"])) ** 2 for one in own.values())) / len(own)
        kept = bool(mean * (1 - slack * share) <= 20)
        yield Target(
            "T2", "geometric mean of the three delays", "at most 20 ticks", f"{mean:.1f} ± {mean * share:.1f}", kept
        )
    for name, one in own.items():
        if "dip" in name:
            missed = number(one["missed"])
            yield Target("T2", "dips missed", "none", f"{missed:.1%} of {one['streams']}", missed == 0)


def _quiet(found: Mapping[str, Any], slack: float) -> Iterator[Target]:
    for world, own in quiet(found, "openings").items():
        error = slack * or_0(own.error)
        yield Target(
            "T3",
            f"{world}: false openings by series and 30 days, both detectors",
            f"{LOW} to {HIGH}",
            f"{own.mean:.2f} ± {own.error:.2f}",
            bool(own.mean + error >= LOW and own.mean - error <= HIGH),
        )
        p99 = quiet(found, "series")[world].p99
        what = f"{world}: 99 % point of a series, whichever detector opens"
        yield Target("T3", what, "at most 5", f"{p99:.1f}", p99 <= 5 + slack)


def _slide(found: Mapping[str, Any], slack: float) -> Iterator[Target]:
    if "slide" not in found:
        return
    own = found["slide"]
    day, error = number(own["delay"]["mean"]) / DAY, or_0(number(own["delay"]["error"])) / DAY
    kept = day - slack * error <= 11 and own["delay"]["missed"] == 0
    yield Target("T4", "slide, 5 a tick: first opening", "by day 11", f"day {day:.1f} ± {error:.1f}", kept)
    share = number(own["open_in_month_5"])
    yield Target("T4", "slide, 5 a tick: open in month five", "at least 95 %", f"{share:.1%}", share >= 0.95)


def _rest(found: Mapping[str, Any], slack: float) -> Iterator[Target]:
    if "mix" in found:
        seen, size = number(found["mix"]["mix"]["opened"]), found["mix"]["mix"]["delay"]["streams"]
        kept = seen - slack * share_error(WEEK_OPENED, size) <= WEEK_OPENED
        what = "mix shift alone: workflows that open within a week"
        yield Target("T5", what, f"at most {WEEK_OPENED:.0%}", f"{seen:.1%} of {size}", kept)
    if "chain" in found:
        seen, size = number(found["chain"]["right_step"]), found["chain"]["chains"]
        kept = seen + slack * share_error(0.98, size) >= 0.98
        what = "chain of 8: the first incident of a step is named after the one that got worse"
        yield Target("T5", what, "at least 98 %", f"{seen:.1%} of {size}", kept)
    for one in FALLS:
        own = found.get(one.name, {})
        if "still" in own:
            seen, size = number(own["still"]["resolved"]), own["still"]["open"]
            kept = seen - slack * share_error(0.04, size) <= 0.04
            what = f"still bad ({one.name}): resolved within 1,500 ticks"
            yield Target("T5", what, "at most 4 %", f"{seen:.1%} of {size}", kept)
        if "recovered" in own:
            median = number(own["recovered"]["median"])
            what = f"recovered ({one.name}): median to the end of the incident"
            bound = RECOVERED * scattered(REALISTIC)
            told = f"at most {RECOVERED} x {scattered(REALISTIC):.1f} = {bound:.0f} ticks"
            yield Target("T5", what, told, f"{median:.0f} of {own['recovered']['open']}", median <= bound)
