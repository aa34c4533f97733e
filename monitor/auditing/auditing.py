"""Makes the audit of a workflow: the lines in their order, what changed, and the parts beside them."""

from collections.abc import Sequence
from math import ceil
from typing import Final, get_args

from bellbuoy.config.model import Config
from bellbuoy.detectors.against import WIDE
from bellbuoy.monitor.auditing.known import Known
from bellbuoy.monitor.auditing.parts import bypasses_of, coverage_of, demo_gap_of, gates_of, lengths_of
from bellbuoy.monitor.auditing.report import Audit, Change, Judgement, Line
from bellbuoy.monitor.auditing.rules import RULES, Facts, facts_of
from bellbuoy.monitor.auditing.telling import step_line
from bellbuoy.monitor.auditing.things import finding, things_of
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.mapping.drawn import MappedStep
from bellbuoy.monitor.mapping.mapping import named

Z: Final = 1.96
SURE: Final = 0.95
"""The rate that trials still needed are reckoned by where all went well or all badly."""


def audits(
    reader: Reader, config: Config, workflow: str | None, since: int, until: int, back: int
) -> tuple[Audit, ...]:
    """Return the audit of a workflow, or of each that is declared or seen, by name.

    Args:
        reader: the store.
        config: declares workflows and detectors.
        workflow: a name, or None for all.
        since: beginning of the span, epoch seconds.
        until: its end.
        back: seconds by which the span that it is compared with ended earlier; 0: it is compared with none.

    Raises:
        NotMapped: there is no such workflow, or there are too many to judge them all.
    """
    return tuple(_audit(reader, config, name, since, until, back) for name in named(reader, config, workflow))


def _audit(reader: Reader, config: Config, name: str, since: int, until: int, back: int) -> Audit:
    known = Known(reader, config, name, since, until)
    lines = lines_of(known)
    before = Known(reader, config, name, since - back, until - back, ways=False) if back else None
    if before is not None and not before.map.interactions:
        before = None  # it did not run then: there is nothing to compare with
    return Audit(
        map=known.map,
        compared=before.until if before else None,
        changes=changes_of(lines_of(before), lines) if before else (),
        lines=lines,
        coverage=coverage_of(known),
        demo_gap=demo_gap_of(known),
        gates=gates_of(known),
        bypasses=bypasses_of(known),
        lengths=lengths_of(known),
    )


def lines_of(known: Known) -> tuple[Line, ...]:
    """Return the lines: what is to be hardened by what the whole gains, then the other verdicts in their order."""
    steps = [_step(facts_of(known, step)) for step in known.map.steps]
    order = {verdict: place for place, verdict in enumerate(get_args(Judgement))}
    lines = [*steps, *things_of(known, steps)]
    return tuple(sorted(lines, key=lambda one: (order[one.verdict], -one.gain if one.verdict == "harden" else 0.0)))


def changes_of(before: Sequence[Line], now: Sequence[Line]) -> tuple[Change, ...]:
    """Return what is to be hardened or killed and was not, and the other way round, in the order of the lines of now.

    That something is kept, or is not judged any more, tells nothing that one could act on.
    """
    was = {(line.kind, line.name): line.verdict for line in before}
    is_now = {(line.kind, line.name): line.verdict for line in now}
    keys = [*is_now, *(key for key in was if key not in is_now)]
    changed = [Change(*key, was.get(key), is_now.get(key)) for key in keys if was.get(key) != is_now.get(key)]
    return tuple(one for one in changed if {one.before, one.now} & {"harden", "kill"})


def _step(facts: Facts) -> Line:
    """Return the line of a step."""
    known, step = facts.known, facts.step
    found = [(rule, figures) for rule in RULES for figures in rule.holds(facts)]
    needed, gain = known.needed(step.name), known.gain(step.name)
    verdict: Judgement = found[0][0].verdict if found else _unfound(facts)
    ok, more = step.ok, 0
    if verdict == "not_judged" and step.ok is not None and step.ok.high - step.ok.low > WIDE:
        more = _more(step, facts.scatter, WIDE / 2.0)
    elif verdict == "unproven" and ok is not None and needed is not None:
        least = needed if known.map.needed is not None else needed - known.worth("step_failure")
        more = _more(step, facts.scatter, abs(ok.rate - least))
    steady = [row["steady_at"] for row in known.verdicts(step.name) if row["signal"] == "step_failure"]
    since = max((one for one in steady if one is not None), default=None)
    says = step_line(verdict, ok, needed, gain, step.trials, more, since, asked=known.map.needed is not None)
    findings = tuple(finding(rule.code, figures) for rule, figures in found)
    return Line("step", step.name, step.number, verdict, ok, needed, gain, (), says, findings)


def _unfound(facts: Facts) -> Judgement:
    """Return the verdict on a step for which no rule holds: kept if it surely meets its rate, or surely did not fall far."""
    ok, needed, risen = facts.step.ok, facts.known.map.needed, facts.risen("step_failure")
    if not facts.enough or ok is None:
        return "not_judged"
    if needed is not None:
        return "keep" if ok.low >= needed else "unproven"
    return "keep" if risen is not None and risen.high < facts.known.worth("step_failure") else "unproven"


def _more(step: MappedStep, scatter: float, half: float) -> int:
    """Return how many more trials make the interval so narrow: z^2 p (1 - p) d / h^2 in all; 0 where that is out of reach: ten times as many.

    Args:
        step: it has a rate.
        scatter: dispersion d.
        half: half width h that is wanted.
    """
    assert step.ok is not None
    rate = min(step.ok.rate, SURE) if step.ok.rate > 0.5 else max(step.ok.rate, 1.0 - SURE)
    wanted = Z * Z * rate * (1.0 - rate) * scatter / half**2 if half > 0 else float("inf")
    more = wanted - step.trials
    return ceil(more) if 0 < more <= max(10 * step.trials, 1000) else 0
