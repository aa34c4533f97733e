"""One day of interactions as arrays: who comes, what each step does, how it ends."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bellbuoy.monitor.simulate.plan import DAY_SECONDS, WEEK, Plan
from bellbuoy.monitor.simulate.rates import bad_rates, follow, leaning
from bellbuoy.monitor.simulate.workflow import EDGE, RECOVERS, STAYS, Choice

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

SUCCESS, FAILURE, TIMEOUT, ABANDONED = range(4)
EDGE_FACTOR, HAPPY_FACTOR = 1.6, 0.68
SLICED = ("tenant", "channel", "language", "intent", "model")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One day: arrays of shape (N,) or (S, N) for N interactions and S steps. Times in epoch seconds.

    Attributes:
        mix: code of each sliced field, by name; `agent_version` counts the plan's versions.
        edge: left the script. edge_class: how, 0 to 3.
        begins: when a step begins. ends: when the interaction ended, shape (N,).
        ran: the step ran. outcome: stated outcome of its last attempt. retried: it took two attempts.
        reask, handed: what the step did. latency_ms: of the last attempt.
        final: stated outcome of the interaction. quiet: a failure that only the late label knows.
        labelled: the label step of this interaction gets a late label. label_step: its row.
        uniform: spare uniform numbers for the writer, shape (S, 8, N); normal: normal ones, shape (S, 5, N).
    """

    mix: dict[str, Codes]
    edge: Mask
    edge_class: Codes
    begins: Array
    ends: Array
    ran: Mask
    outcome: Codes
    retried: Mask
    reask: Mask
    handed: Mask
    latency_ms: Array
    final: Codes
    quiet: Mask
    labelled: Mask
    label_step: int
    uniform: Array
    normal: Array


@dataclass(frozen=True, slots=True)
class _People:
    """Who comes on a day: when, with which mix, how difficult (`lean`), and spare uniform numbers, shape (3, N)."""

    starts: Array
    mix: dict[str, Codes]
    edge: Mask
    edge_class: Codes
    lean: Array
    spare: Array


@dataclass(frozen=True, slots=True)
class _Rates:
    """Shares of bad per step and interaction, shape (S, N), and when in the day each runs."""

    fails: Array
    reasks: Array
    hands: Array
    slows: Array
    rhythm: Array


def draw(plan: Plan, day: int, noise: Array) -> Drawn:
    """Draw one day.

    Args:
        plan: what is simulated.
        day: number of the day, from 0.
        noise: of `noise_factors`.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(plan.seed, spawn_key=(1, day))))
    steps = plan.workflow.steps
    people = _people(plan, day, noise[-1], rng)
    rows, count = len(steps), len(people.starts)
    uniform, normal = rng.random((rows, 20, count)), rng.standard_normal((rows, 8, count))
    enters = np.array([_enters(step.reach, people.edge, uniform[row, 0]) for row, step in enumerate(steps)])
    usual = np.array([step.duration for step in steps])[:, None]
    lasts = np.where(enters, usual * np.exp(0.5 * normal[:, 0] - 0.125) + 1.0, 0.0)
    begins = people.starts + np.cumsum(lasts, axis=0) - lasts
    rates = _rates(plan, people.mix, (begins - plan.start_epoch) / DAY_SECONDS, noise)
    return _walk(plan, people, rates, begins, lasts, enters, uniform, normal)


def _people(plan: Plan, day: int, noise: Array, rng: np.random.Generator) -> _People:
    starts = _starts(plan, day, noise, rng)
    single = rng.random((12, len(starts)))
    lean = rng.gamma(2.0, 0.5, len(starts)) + 0.02
    mix = {name: _choose(getattr(plan.workflow, f"{name}s"), single[at]) for at, name in enumerate(SLICED)}
    mix["agent_version"] = _version(plan, (starts - plan.start_epoch) / DAY_SECONDS, single[5])
    edge = single[6] < EDGE
    lean *= np.where(edge, EDGE_FACTOR, HAPPY_FACTOR)
    for name in SLICED:
        lean *= np.array([choice.factor for choice in getattr(plan.workflow, f"{name}s")])[mix[name]]
    return _People(starts, mix, edge, (single[9] * 4).astype(np.int64), lean, single[7:10])


def _rates(plan: Plan, mix: dict[str, Codes], when: Array, noise: Array) -> _Rates:
    """Return the rates at the days `when`, shape (S, N)."""
    steps = plan.workflow.steps
    of = partial(bad_rates, plan, day=when, has=partial(_has, plan, mix))
    hour = np.minimum((when * 24).astype(int), noise.shape[1] - 1)
    return _Rates(
        np.minimum(of("success", [step.success for step in steps]) * np.take_along_axis(noise[:-1], hour, 1), 1.0),
        of("reask", [step.reask or 0.0 for step in steps]),
        of("handoff", [step.handoff for step in steps]),
        of("slow", [step.slow for step in steps]),
        1.0 + 0.25 * np.sin((when % 1.0 - 0.25) * 2 * np.pi),
    )


def _walk(
    plan: Plan, people: _People, rates: _Rates, begins: Array, lasts: Array, enters: Mask, uniform: Array, normal: Array
) -> Drawn:
    """Lead everybody through the steps: whoever fails mostly stops there."""
    steps, spare = plan.workflow.steps, people.spare
    label_step = next((row for row, step in enumerate(steps) if step.kind == "route"), len(steps) - 1)
    labelled = spare[0] < plan.late
    goes, quiet = np.ones(labelled.shape, dtype=bool), np.zeros(labelled.shape, dtype=bool)
    final, ends = np.zeros(labelled.shape, dtype=np.int64), people.starts + 1.0
    ran, failed, handed, reask, slow = (np.zeros(begins.shape, dtype=bool) for _ in range(5))
    outcome = np.where(uniform[:, 7] < 0.7, FAILURE, np.where(uniform[:, 7] < 0.82, TIMEOUT, ABANDONED))
    for row in range(len(steps)):
        run = ran[row] = goes & enters[row]
        fail = failed[row] = run & (uniform[row, 1] < leaning(people.lean, run, rates.fails[row]))
        hand = handed[row] = run & (uniform[row, 2] < _hands(rates.hands[row], rates.fails[row], fail))
        reask[row] = run & (uniform[row, 4] < leaning(people.lean, run, rates.reasks[row]))
        slow[row] = run & (uniform[row, 5] < leaning(rates.rhythm[row], run, rates.slows[row]))
        hidden = fail & labelled & (row == label_step)
        quiet |= hidden
        ends = np.where(run, begins[row] + lasts[row], ends)
        stops = (fail & ~hidden & (uniform[row, 3] >= STAYS)) | hand
        spoilt = fail & ~hidden & (stops | (uniform[row, 6] >= RECOVERS))
        how = np.where(outcome[row] == ABANDONED, ABANDONED, np.where(spare[1] < 0.3, ABANDONED, FAILURE))
        final = np.where(spoilt & (final == SUCCESS), how, final)
        outcome[row] = np.where(fail & ~hidden, outcome[row], SUCCESS)
        goes = goes & ~stops
    often = np.array([step.retry for step in steps])[:, None]
    retried = ran & (uniform[:, 8] < np.where(failed, np.where(often > 0, 0.5, 0.0), often)) & (outcome != ABANDONED)
    limit = np.array([step.slow_after_ms for step in steps])[:, None]
    quick = np.minimum(limit * 0.3 * rates.rhythm * np.exp(0.4 * normal[:, 1]), limit * 0.98)
    return Drawn(
        people.mix,
        people.edge,
        people.edge_class,
        begins,
        ends,
        ran,
        outcome,
        retried,
        reask,
        handed,
        np.where(slow, limit * (1.02 - 0.4 * np.log1p(-uniform[:, 9])), quick),
        final,
        quiet,
        labelled,
        label_step,
        uniform[:, 10:18],
        normal[:, 2:7],
    )


def _hands(rate: Array, fails: Array, fail: Mask) -> Array:
    """Return the probability of a handoff: more likely after a failure, `rate` on the whole."""
    after = np.minimum(np.where(fails > 0, 0.6 * rate / np.maximum(fails, 1e-12), 0.0), 0.35)
    after = np.where(fails >= 1.0, rate, after)
    return np.where(fail, after, (rate - fails * after) / np.maximum(1.0 - fails, 1e-12))


def _starts(plan: Plan, day: int, noise: Array, rng: np.random.Generator) -> Array:
    """Return when interactions begin, sorted, shape (N,)."""
    weights = np.array(plan.hour_weights) / sum(plan.hour_weights)
    hours = day + np.arange(24) / 24
    volume = [drift for drift in plan.drifts if drift.kind == "volume"]
    weekday = (plan.start.weekday() + day) % 7
    share = WEEK[weekday] if plan.hours == "office" else 1.0
    expected = plan.per_day * share * weights * follow(1.0, volume, hours) * noise[24 * day : 24 * day + 24]
    counts = rng.poisson(expected)
    offsets = np.repeat(np.arange(24), counts) + rng.random(int(counts.sum()))
    return np.sort(plan.start_epoch + day * DAY_SECONDS + offsets * 3600.0)


def _choose(choices: tuple[Choice, ...], uniform: Array) -> Codes:
    edges = np.cumsum([choice.weight for choice in choices])
    return np.minimum(np.searchsorted(edges / edges[-1], uniform, side="right"), len(choices) - 1)


def _version(plan: Plan, day: Array, uniform: Array) -> Codes:
    """Return the version of each interaction: 10 % on the first day of a roll-out, half on the second, then all."""
    code = np.zeros(len(day), dtype=np.int64)
    for number, (_, begins) in enumerate(plan.versions):
        age = day - begins
        share = np.where(age < 0, 0.0, np.where(age < 1, 0.1, np.where(age < 2, 0.5, 1.0)))
        code = np.where(uniform < share, number, code)
    return code


def _has(plan: Plan, mix: dict[str, Codes], key: str, value: str) -> Mask:
    if key == "agent_version":
        names = [name for name, _ in plan.versions]
    else:
        names = [choice.value for choice in getattr(plan.workflow, f"{key}s")]
    inside: Mask = mix[key] == names.index(value)
    return inside


def _enters(reach: float, edge: Mask, uniform: Array) -> Mask:
    """Return who needs a step; an optional one is needed mostly off the script, `reach` holds on the whole."""
    off = min(1.0, reach * 2.2)
    on = (reach - EDGE * off) / (1.0 - EDGE)
    return uniform < np.where(edge, off, max(on, 0.0))
