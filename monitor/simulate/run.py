"""Plays a plan day by day: the same plan gives the same bytes."""

from collections.abc import Iterator

import numpy as np

from bellbuoy.monitor.simulate.draw import draw
from bellbuoy.monitor.simulate.plan import DAY_SECONDS, Plan
from bellbuoy.monitor.simulate.rates import noise_factors
from bellbuoy.monitor.simulate.write import Line, Writer


def days(plan: Plan) -> Iterator[tuple[int, list[bytes]]]:
    """Yield each day's beginning (epoch seconds) and its events: JSON without line ends, in the order of `ts`.

    Events that fall on a later day (calls past midnight, late labels) come with that day; what lies behind the last
    day is left out.
    """
    writer, noise = Writer(plan), noise_factors(plan)
    waiting: list[Line] = []
    for day in range(plan.days):
        begins = plan.start_epoch + day * DAY_SECONDS
        waiting += writer.lines(day, draw(plan, day, noise))
        waiting.sort(key=_instant)
        until = (begins + DAY_SECONDS) * 1000
        now = [line for line in waiting if line[0] < until]
        waiting = waiting[len(now) :]
        yield begins, _sent(plan, day, now)


def simulate(plan: Plan) -> Iterator[bytes]:
    """Yield all events in the order of `ts`: JSON without line ends."""
    for _, lines in days(plan):
        yield from lines


def _instant(line: Line) -> int:
    return line[0]


def _sent(plan: Plan, day: int, lines: list[Line]) -> list[bytes]:
    """Return what arrives: nothing during a silence, some of it twice."""
    for drift in plan.drifts:
        if drift.kind == "silence":
            since = 1000 * (plan.start_epoch + drift.begins * DAY_SECONDS)
            lines = [line for line in lines if not since <= line[0] < since + 1000 * drift.seconds]
    if plan.duplicates == 0:
        return [text for _, text in lines]
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(plan.seed, spawn_key=(3, day))))
    twice = (rng.random(len(lines)) < plan.duplicates).tolist()
    return [text for (_, text), again in zip(lines, twice, strict=True) for text in ([text, text] if again else [text])]
