"""The rules by which a step is judged, in one table: the first that holds decides, all that hold are told."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from bellbuoy.detectors.against import WIDE
from bellbuoy.detectors.interval import jeffreys, newcombe
from bellbuoy.detectors.strata import mantel_haenszel
from bellbuoy.monitor.auditing.known import BOUNDS, WEEK, Known
from bellbuoy.monitor.auditing.report import Axis, Figure
from bellbuoy.monitor.mapping.drawn import MappedStep

Figures = dict[str, Figure]

GROUP: Final = 200
"""Trials that a group needs to be compared with another."""
STRATUM: Final = 10
"""Interactions that each group needs in a stratum, or the stratum is left out."""
SLICE: Final = 30
"""Trials without which nothing is said of a slice."""
FAILURES: Final = 20
"""Failures without which nothing is said of what they come with."""
UNTRIED: Final = 50
"""Runs that were not confident in which a branch would have been taken."""


@dataclass(frozen=True, slots=True)
class Risen:
    """A bad share that was normal, what it is, and the 95 % interval of the change."""

    was: float
    now: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Facts:
    """A step and all that is known of it.

    Attributes:
        known: of the workflow.
        step: the step.
        enough: its rate is known to 10 points, and it was seen for 7 days: statistics may judge it.
    """

    known: Known
    step: MappedStep
    enough: bool

    @property
    def name(self) -> str:
        """The name of the step."""
        return self.step.name

    @property
    def scatter(self) -> float:
        """The dispersion of its failures."""
        return self.known.counted.scatter("step_failure", self.name)

    def low(self, signal: str) -> tuple[int, int, float]:
        """Return trials of a signal, bad ones, and the lower end of the 95 % interval of their share."""
        n, bad = self.known.counted.of(signal, self.name)
        return n, bad, jeffreys(n, bad, 1.0, 0.95)[0] if n > 0 else 0.0

    def risen(self, signal: str) -> Risen | None:
        """Return by how much the bad share of a signal rose above what was normal; None where that is not known."""
        normal, (n, bad) = self.known.normal(signal, self.name), self.known.counted.of(signal, self.name)
        if normal is None or n <= 0:
            return None
        return Risen(normal.bad / normal.n, bad / n, *newcombe((normal.n, normal.bad), (n, bad), normal.scatter))


def facts_of(known: Known, step: MappedStep) -> Facts:
    """Return what is known of a step."""
    first, _ = known.seen("steps", step.name)
    long = first is not None and known.until - max(first, known.since) >= WEEK
    return Facts(known, step, long and step.ok is not None and step.ok.high - step.ok.low <= WIDE)


def dead(facts: Facts) -> Iterator[Figures]:
    """K1: it is declared and was not seen for 30 days, while the workflow ran."""
    _, last = facts.known.seen("steps", facts.name)
    if facts.step.declared and facts.known.unused(last):
        yield {"last_at": last, "interactions": facts.known.map.interactions}


def no_help(facts: Facts) -> Iterator[Figures]:
    """K2: interactions that did without it end well surely more often, compared within intents and channels."""
    groups: dict[tuple[str | None, str | None], dict[bool, tuple[int, int]]] = {}
    for row in facts.known.of("without", facts.name):
        groups.setdefault((row["intent"], row["channel"]), {})[row["ran"]] = (row["n"], row["well"])
    both = [one for one in groups.values() if len(one) == 2 and min(n for n, _ in one.values()) >= STRATUM]
    if not facts.enough or not both:
        return
    counts = np.array([(*one[True], *one[False]) for one in both], np.float64).T
    n, well, m, good = (float(one) for one in counts.sum(axis=1))
    found = mantel_haenszel(*counts)
    if found is not None and min(n, m) >= GROUP and found.low > 0.0:
        yield {
            "n_with": int(n), "well_with": well / n, "n_without": int(m), "well_without": good / m,
            "difference": found.rate, "low": found.low, "high": found.high, "strata": found.strata,
        }  # fmt: skip


def asks_again(facts: Facts) -> Iterator[Figures]:
    """K3: most of its questions were answered already."""
    n, bad, low = facts.low("reask")
    if facts.enough and n >= GROUP and low > 0.5:
        slots = facts.known.of("slots", facts.name)
        total = sum(row["n"] for row in slots)
        told = {f"slot_{place}": row["slot"] for place, row in enumerate(slots[:3], 1)}
        parts = {f"share_{place}": row["n"] / total for place, row in enumerate(slots[:3], 1)}
        yield {"n": n, "share": bad / n, "low": low, **told, **parts}


def below(facts: Facts) -> Iterator[Figures]:
    """H1: its rate is surely below the one that the objective asks of it."""
    known, ok = facts.known, facts.step.ok
    needed = known.map.needed
    if facts.enough and ok is not None and needed is not None and ok.high < needed:
        figures: Figures = {"rate": ok.rate, "low": ok.low, "high": ok.high, "needed": needed}
        yield figures | {"gain": known.gain(facts.name)} | _worst(facts)


def _worst(facts: Facts) -> Figures:
    """Return the two values of slices that surely fail most beyond the rest, by how many failures that makes."""
    rows = [row for row in facts.known.of("slices", facts.name) if row["n"] >= SLICE]
    found = []
    for row in rows:
        rest = [one for one in rows if one["slice"] == row["slice"] and one is not row]
        n, bad = sum(one["n"] for one in rest), sum(one["bad"] for one in rest)
        if n >= SLICE and newcombe((n, bad), (row["n"], row["bad"]), looks=len(rows))[0] > 0.0:
            found.append((row["bad"] - row["n"] * bad / n, row))
    found.sort(key=lambda one: (-one[0], one[1]["slice"], one[1]["value"]))
    figures: Figures = {}
    for place, (_, row) in enumerate(found[:2], 1):
        figures |= {f"slice_{place}": row["slice"], f"value_{place}": row["value"]}
        figures |= {f"rate_{place}": 1.0 - row["bad"] / row["n"], f"n_{place}": row["n"]}
    return figures


def decaying(facts: Facts) -> Iterator[Figures]:
    """H2: it is worse than it was: a detector says so, an incident about it is open, or its rate has surely left what was normal."""
    known = facts.known
    told = set()
    for row in known.incidents(facts.name):
        if row["id"] not in told:
            told.add(row["id"])
            yield {"incident": row["id"], "signal": row["signal"], "since": row["began_at"]}
    worse = [row for row in known.verdicts(facts.name) if row["state"] == "worse"]
    if worse and not told:
        row = worse[0]
        yield {
            "detector": row["detector"], "signal": row["signal"], "since": row["onset"],
            "was": row["baseline_rate"], "now": row["current_rate"],
        }  # fmt: skip
    risen = facts.risen("step_failure")
    if facts.enough and not told and not worse and risen is not None and risen.low >= known.worth("step_failure"):
        figures: Figures = {"was": risen.was, "now": risen.now, "low": risen.low, "signal": "step_failure"}
        yield figures | ({} if known.map.needed is not None else _worst(facts))


def no_branch(facts: Facts) -> Iterator[Figures]:
    """H3: it has no failure branch though it needs one, or it guesses."""
    if not facts.enough:
        return
    n, unsure, low = facts.low("low_confidence")
    guessed, guesses, least = facts.low("guess")
    branches = any(one.declared if facts.step.declared else one.n for one in facts.step.branches)
    decides = any(row["decides"] for row in facts.known.of("runs", facts.name))
    bare = not branches and (low >= 0.01 or (bool(facts.step.declared) and decides and facts.step.gate is None))
    if bare or least > 0.02:
        yield {
            "declared": int(branches), "decides": int(decides), "n": n, "not_confident": unsure,
            "unsure": guessed, "guesses": guesses, "low": least,
        }  # fmt: skip


def untested_branch(facts: Facts) -> Iterator[Figures]:
    """H4: a declared branch was never taken though it was needed, or leads nowhere."""
    if not facts.enough:
        return
    unsure = facts.known.counted.of("low_confidence", facts.name)[1]
    after = {row["branch"]: (row["n"], row["well"]) for row in facts.known.of("after", facts.name)}
    n, well = after.get("none", (0, 0))
    for one in facts.step.branches:
        if not one.declared:
            continue
        taken, good = after.get(one.name, (0, 0))
        if one.n == 0 and unsure >= UNTRIED:
            yield {"branch": one.name, "not_confident": unsure}
        elif taken >= UNTRIED and n > 0 and jeffreys(taken, good, 1.0, 0.95)[1] < 0.5 * well / n:
            yield {"branch": one.name, "taken": taken, "well": good / taken, "n": n, "well_without": well / n}


def short_handoff(facts: Facts) -> Iterator[Figures]:
    """H5: its handoffs go without the context that they need."""
    n, bad, low = facts.low("handoff_incomplete")
    if not facts.enough or low <= 0.05:
        return
    rows = facts.known.of("handoffs", facts.name)
    target = next((row for row in rows if row["short"]), None)
    yield {
        "n": n, "bad": bad, "low": low,
        "passed": sum(row["passed"] for row in rows), "required": sum(row["required"] for row in rows),
        "target": target["target"] if target else None, "short": target["short"] if target else 0,
    }  # fmt: skip


def ungated(facts: Facts) -> Iterator[Figures]:
    """H6: consequential actions went without their gate."""
    rows = facts.known.of("gates", facts.name)
    passed = [row for row in rows if row["state"] != "gated"]
    if passed:
        states: dict[str, int] = {}
        for row in passed:
            states[row["state"]] = states.get(row["state"], 0) + row["n"]
        yield {
            "n": sum(row["n"] for row in rows), "ungated": sum(states.values()), **states,
            "last_at": max(row["last_at"] for row in passed),
        }  # fmt: skip


def unpinned(facts: Facts) -> Iterator[Figures]:
    """H7: answers stood on a source that is stale, of another version, unpinned or undeclared."""
    rows = [row for row in facts.known.made.asked.touches if (row["step"], row["kind"]) == (facts.name, "source")]
    for row in rows:
        if row["bad"]:
            age = None if row["as_of"] is None else facts.known.until - row["as_of"]
            figures: Figures = {"source": row["name"], "n": row["n"], "bad": row["bad"], "state": row["state"]}
            yield figures | {"age_s": age, "last_at": row["bad_at"]}


def fragile(facts: Facts) -> Iterator[Figures]:
    """H8: a good part of its failures are those of a system that it calls, or a token of one ends soon."""
    rows = facts.known.of("errors", facts.name)
    failed = sum(row["n"] for row in rows)
    carried = [row for row in rows if row["system"] is not None]
    bad = sum(row["n"] for row in carried)
    if facts.enough and failed >= FAILURES and jeffreys(failed, bad, 1.0, 0.95)[0] >= 0.3:
        systems = Counter({row["system"]: 0 for row in carried})
        for row in carried:
            systems[row["system"]] += row["n"]
        ((system, most),) = systems.most_common(1)
        kind = next(row["class"] for row in carried if row["system"] == system)
        yield {"failures": failed, "carried": bad, "system": system, "class": kind, "most": most}
    for one in facts.step.touches:
        if one.state in ("expiring", "expired"):
            yield {"system": one.name, "token": one.state, "ends_at": one.token_ends_at}


def forgets(facts: Facts) -> Iterator[Figures]:
    """H9: it fares worse late in an interaction, or loses or asks again what it knew more often than it used to."""
    if not facts.enough:
        return
    for axis in BOUNDS:
        bands = bands_of(facts.known, axis, facts.name)
        seen = [(place, n, bad) for place, n, bad in bands if n >= GROUP]
        if len(seen) < 2 or seen[0][0] != 0:
            continue
        (_, n, bad), (place, last, failed) = seen[0], seen[-1]
        low, _ = newcombe((n, bad), (last, failed))
        if low >= facts.known.worth("step_failure"):
            figures: Figures = {"axis": axis, "from": BOUNDS[axis][place - 1], "first": 1.0 - bad / n}
            yield figures | {"last": 1.0 - failed / last, "n": last, "low": low}
    for signal in ("context_lost", "reask"):
        risen = facts.risen(signal)
        if risen is not None and risen.low >= facts.known.worth(signal):
            yield {"signal": signal, "was": risen.was, "now": risen.now, "low": risen.low}


def bands_of(known: Known, axis: Axis, step: str | None) -> list[tuple[int, int, int]]:
    """Return for each band of a length its place, the trials of a step (None: of all) in it and the bad ones."""
    found: dict[int, list[int]] = {}
    for row in known.rows("runs"):
        if row[axis] is not None and step in (None, row["step"]):
            sums = found.setdefault(row[axis], [0, 0])
            sums[0] += row["n"]
            sums[1] += row["bad"]
    return [(place, n, bad) for place, (n, bad) in sorted(found.items())]


def blind(facts: Facts) -> Iterator[Figures]:
    """H10: nobody says how it ended, or nothing watches it."""
    n, bad, low = facts.low("outcome_unknown")
    if low > 0.2:
        yield {"n": n, "unknown": bad / n}
    if facts.known.rows("verdicts") and facts.step.trials > 0 and not facts.known.verdicts(facts.name):
        yield {"trials": facts.step.trials}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its code, what becomes of a step for which it holds, and the numbers with which it holds, one set for each way."""

    code: str
    verdict: Literal["kill", "harden"]
    holds: Callable[[Facts], Iterator[Figures]]


RULES: Final = (
    Rule("K1", "kill", dead),
    Rule("K2", "kill", no_help),
    Rule("K3", "kill", asks_again),
    Rule("H1", "harden", below),
    Rule("H2", "harden", decaying),
    Rule("H3", "harden", no_branch),
    Rule("H4", "harden", untested_branch),
    Rule("H5", "harden", short_handoff),
    Rule("H6", "harden", ungated),
    Rule("H7", "harden", unpinned),
    Rule("H8", "harden", fragile),
    Rule("H9", "harden", forgets),
    Rule("H10", "harden", blind),
)
