"""The tables of a run through the backtest, as Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bellbuoy.bench.detect.cells import delay, false, short, table
from bellbuoy.bench.detect.tables import made_on, targets
from bellbuoy.bench.detect.targets import number
from bellbuoy.bench.detect.through.sudden import FALLS
from bellbuoy.bench.detect.through.targets import quiet


def tables(run: Mapping[str, Any]) -> str:
    """Return all tables of a run.

    Args:
        run: as it stands in bench/results/detect-backtest.json.
    """
    rows = [row for part in (_quiet, _falls, _slide, _mix, _chain) for row in part(run["found"])]
    head = "### Through the backtest: figures\n\nDelays are mean ticks of 5 minutes ± standard error, in brackets the median.\n"
    return "\n".join([targets(run, "workflows"), head, table(["scenario", "seen"], rows), made_on(run)])


def _quiet(found: Mapping[str, Any]) -> Iterator[list[str]]:
    for what, words in (("openings", "openings of both detectors"), ("series", "whichever detector opens")):
        for world, seen in quiet(found, what).items():
            counted = [found[one.name][what][world] for one in FALLS if one.name in found]
            worst = max(int(np.flatnonzero(one).max()) for one in counted)
            told = f"{false(seen.row())}; 99 % point {seen.p99:.1f}, at most {worst} in {seen.streams} series"
            yield [f"nothing is wrong, {world}: {words}", told]
    fleets = [found[one.name] for one in FALLS if one.name in found]
    if fleets:
        incidents = sum(one["incidents"] for one in fleets)
        series = sum(sum(own) for one in fleets for own in one["openings"].values())
        told = f"{incidents / series:.2f} by series and 30 days"
        yield ["nothing is wrong: incidents, in which openings of one cause are joined", told]


def _falls(found: Mapping[str, Any]) -> Iterator[list[str]]:
    for one in FALLS:
        own = found.get(one.name)
        if own is None:
            continue
        yield [f"{one.name}: told after", delay(own["delay"])]
        if "still" in own:
            still = own["still"]
            yield [
                f"{one.name}: still bad, and resolved within 1,500 ticks",
                f"{number(still['resolved']):.1%} of {still['open']}",
            ]
        if "recovered" in own:
            over = own["recovered"]
            told = f"{number(over['resolved']):.1%} of {over['open']}; median {short(number(over['median']))}"
            more = f", 90 % within {short(number(over['p90']))} ticks" if over["p90"] is not None else " ticks"
            yield [f"{one.name}: recovered, and the incident resolved", told + more]


def _slide(found: Mapping[str, Any]) -> Iterator[list[str]]:
    if "slide" in found:
        yield ["slide, 5 a tick: told after", delay(found["slide"]["delay"])]
        yield [
            "slide, 5 a tick: share of month five in which it is open",
            f"{number(found['slide']['open_in_month_5']):.1%}",
        ]


def _mix(found: Mapping[str, Any]) -> Iterator[list[str]]:
    if "mix" not in found:
        return
    own = found["mix"]
    yield ["strata .98 and .88, nothing changes", f"{number(own['nothing']['opened']):.1%} open within a week"]
    for name, what in (("mix", "only the mix shifts, 70/30 to 40/60"), ("worse", "both get worse")):
        told = f"{number(own[name]['opened']):.1%} open within a week; {delay(own[name]['delay'])}"
        yield [f"strata .98 and .88, {what}", told]


def _chain(found: Mapping[str, Any]) -> Iterator[list[str]]:
    if "chain" in found:
        own = found["chain"]
        yield [
            "chain of 8 at .98, one to .95: its step is named first",
            f"{number(own['right_step']):.1%} of {own['chains']}",
        ]
        yield ["the same: by steps", delay(own["steps"])]
        yield ["the same: end to end", delay(own["end_to_end"])]
