"""STAR and tau2: logs of days, too short for what the defaults learn from; what is said of them with shorter baselines."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bellbuoy.bench.realdata.operated import configured, gathered
from bellbuoy.detectors.base import STATES
from bellbuoy.detectors.interval import wilson
from bellbuoy.detectors.mix import split
from bellbuoy.monitor.backtest.judging import Backtesting
from bellbuoy.monitor.judging.watched import Watched

STAR, TAU = "star_0512_0519.jsonl.gz", "tau2_gym.jsonl.gz"
HOUR = 3600
SHIFT = "2020-05-18"
"""Day from which six of ten STAR dialogues are told to make trouble, one of ten before."""
STAR_SETTINGS = """\
baselines: { default: { lag: 0s, min_span: 3d, min_trials: 500 } }
detectors:
  - { name: whole, signal: reask, by: [workflow], kind: rate_shift }
  - { name: by-path, signal: reask, by: [workflow], kind: rate_shift, stratify: [path] }
  - { name: ends, signal: interaction_failure, by: [workflow], kind: rate_shift }
  - { name: ends-by-path, signal: interaction_failure, by: [workflow], kind: rate_shift, stratify: [path] }
"""
TAU_SETTINGS = """\
baselines: { default: { lag: 0s, min_span: 1m, min_trials: 40, min_bad: 5 } }
detectors:
  - { name: ends, signal: interaction_failure, by: [workflow], kind: rate_shift, direction: both }
"""
DEFAULTS = """\
detectors:
  - { name: ends, signal: interaction_failure, by: [workflow], kind: rate_shift, direction: both }
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What the evaluation said of a log.

    Attributes:
        openings: headlines of the incidents, in order.
        verdicts: for each detector and series the verdict states it was given, in order, without repetition.
        highest: for each the largest share of its threshold that the evidence reached.
    """

    openings: tuple[str, ...]
    verdicts: dict[str, tuple[str, ...]]
    highest: dict[str, float]


def said(file: Path, settings: str) -> Said:
    """Judge an event file by the daemon's evaluation, and look at its verdicts every hour."""
    config = configured(settings)
    states: dict[str, list[str]] = {}
    highest: dict[str, float] = {}
    opened = []
    with gathered([file]) as material, material.recording(config) as recording:
        recording.seal(int(config.tick))
        evaluation = Backtesting(recording, config, recording.since)
        for at in [*range(recording.since + HOUR, recording.until, HOUR), recording.until]:
            opened += [page.headline for change, page in evaluation.advance(at) if change.kind == "opened"]
            for line, state, share in _now(evaluation):
                known = states.setdefault(line, [])
                if not known or known[-1] != state:
                    known.append(state)
                highest[line] = max(highest.get(line, 0.0), share)
    return Said(tuple(opened), {key: tuple(own) for key, own in states.items()}, highest)


def _now(evaluation: Backtesting) -> Iterator[tuple[str, str, float]]:
    """Yield each line with its verdict state and its evidence as a share of its threshold."""
    judged = set()
    for group in evaluation.groups:
        shares = group.state["judge.value"] / group.watch.threshold
        for place, line in enumerate(group.lines):
            judged.add(line.watched)
            yield _name(line.watched), STATES[int(group.state["judge.state"][place])], float(shares[place])
    for line in evaluation.lines:
        if line.watched not in judged:
            yield _name(line.watched), "learning", 0.0


def _name(watched: Watched) -> str:
    less = " (less)" if watched.direction < 0 else ""
    return f"{watched.detector} on {watched.series.workflow}{less}"


@dataclass(frozen=True, slots=True)
class Short:
    """What was found in both: of STAR the mix of the change, of tau2 each pair of models."""

    star: Said
    rate: float
    mix: float
    tau: Said
    defaults: Said
    pairs: tuple[tuple[str, str, str, int, int, int, int], ...]


def run(folder: Path) -> Short:
    """Judge both logs and count what changed in them."""
    n: Counter[tuple[bool, str]] = Counter()
    bad: Counter[tuple[bool, str]] = Counter()
    with gzip.open(folder / STAR) as file:
        for line in file:
            event = json.loads(line)
            if event["type"] == "step" and event.get("reask") is not None:
                key = event["ts"] >= SHIFT, event["path"]
                n[key] += 1
                bad[key] += event["reask"]
    paths = ("happy", "edge")
    parts = split(*(np.array([one[side, path] for path in paths], float) for side in (False, True) for one in (n, bad)))
    return Short(
        said(folder / STAR, STAR_SETTINGS),
        parts.by_rate,
        parts.by_mix,
        said(folder / TAU, TAU_SETTINGS),
        said(folder / TAU, DEFAULTS),
        tuple(_pairs(folder / TAU)),
    )


def _pairs(file: Path) -> Iterator[tuple[str, str, str, int, int, int, int]]:
    """Yield (workflow, model, next model, n, bad, n, bad) of models that follow each other in a workflow."""
    n: Counter[tuple[str, str]] = Counter()
    bad: Counter[tuple[str, str]] = Counter()
    with gzip.open(file) as lines:
        for line in lines:
            event = json.loads(line)
            if event["type"] == "interaction":
                key = event["workflow"], event["model"]
                n[key] += 1
                bad[key] += event["outcome"] != "success"
    last: dict[str, str] = {}
    for workflow, model in n:
        if workflow in last:
            old = (workflow, last[workflow])
            yield workflow, last[workflow], model, n[old], bad[old], n[workflow, model], bad[workflow, model]
        last[workflow] = model


def newcombe(n0: int, bad0: int, n1: int, bad1: int) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two shares, after Newcombe (1998), from Wilson's intervals."""
    low, high = wilson(np.array([n0, n1], float), np.array([bad0, bad1], float), np.ones(2))
    first, second = bad0 / n0, bad1 / n1
    change = second - first
    down = float(np.hypot(second - low[1], high[0] - first))
    up = float(np.hypot(high[1] - second, first - low[0]))
    return change - down, change + up


def text(found: Short) -> Iterator[str]:
    """Yield the lines of the report, in Markdown."""
    yield "## STAR: a shift of the mix that makes the whole worse while every part gets better"
    yield ""
    yield (
        "A week of dialogues. From the sixth day on six of ten users are told to make trouble, one of ten before. Re-asks per asking "
        f"step change by {100 * (found.rate + found.mix):+.2f} points: {100 * found.rate:+.2f} in the rates, "
        f"{100 * found.mix:+.2f} in the mix. `ends` fails because the first trouble-makers left early; later ones were given other "
        "scenarios. The defaults want a week and 1,000 trials before they judge; here three days and 500."
    )
    yield ""
    yield from _said(found.star)
    yield ""
    yield "## tau2-bench: changes of the model"
    yield ""
    yield (
        "Each model runs 20 to 50 tasks, within minutes. With the defaults every series is "
        f"{', '.join(sorted({state for own in found.defaults.verdicts.values() for state in own}))} and nothing is told "
        f"({len(found.defaults.openings)} incidents): that is right, for nothing was learned. With baselines that are content with "
        "40 interactions of the days before:"
    )
    yield ""
    yield from _said(found.tau)
    yield ""
    yield "| workflow | model → next model | failed | change, 95 % interval (Newcombe) |"
    yield "|---|---|---|---|"
    for workflow, old, new, n0, bad0, n1, bad1 in found.pairs:
        low, high = newcombe(n0, bad0, n1, bad1)
        yield (
            f"| {workflow} | {old} → {new} | {bad0}/{n0} → {bad1}/{n1} | {100 * (bad1 / n1 - bad0 / n0):+.0f} points "
            f"({100 * low:+.0f} … {100 * high:+.0f}) |"
        )


def _said(one: Said) -> Iterator[str]:
    yield "| detector | verdicts, in order | evidence at most, of its threshold |"
    yield "|---|---|---|"
    for key, states in one.verdicts.items():
        share = f"{100 * one.highest[key]:.0f} %" if one.highest[key] > 0.0 else "–"
        yield f"| {key} | {', '.join(states)} | {share} |"
    yield ""
    yield "Incidents: " + ("; ".join(one.openings) or "none") + "."
