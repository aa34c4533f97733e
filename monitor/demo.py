"""Six months of an agent going quietly bad, in virtual time, through the product's own pipeline."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from bellbuoy.config.model import Config
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation, Told
from bellbuoy.monitor.judging.learn import DAY
from bellbuoy.monitor.simulate import Plan, days
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

STREAM = Stream("demo", "simulation", 0, "1")
LINE = 0.90
"""The fixed line that people draw first: a day under it alerts."""
LOOKBACK = 30
Z = 2.326
"""A z-test's usual threshold: one sided, 1 %."""


@dataclass(frozen=True, slots=True)
class Day:
    """What one simulated day brought.

    Attributes:
        at: its beginning, epoch seconds.
        good, all: interactions that ended well, and those whose end is known.
    """

    at: int
    good: int
    all: int


@dataclass(frozen=True, slots=True)
class Usual:
    """What the usual alerts would have said of the same six months.

    Attributes:
        line_first: first day under the fixed line, epoch seconds, or None.
        line_false: days under it before the slide began.
        line_after: days after the first one under it.
        line_back: how many of these were at or above it again.
        line_alerts: how often it was crossed downwards since the slide began.
        z_days: days of the last 30 on which a z-test against the 30 days before alerted.
        z_false: days on which it alerted before the slide began.
    """

    line_first: int | None
    line_false: int
    line_after: int
    line_back: int
    line_alerts: int
    z_days: int
    z_false: int


def play(
    plan: Plan,
    store: Store,
    config: Config,
    *,
    together: int = 1,
    on_day: Callable[[Day, int], None] = lambda _day, _number: None,
    on_change: Callable[[Told], None] = lambda _told: None,
) -> tuple[list[Told], list[Day]]:
    """Run a plan through decode, append, judge and explain, some days at a time.

    Args:
        plan: what is simulated.
        store: where it ends up, empty at the start.
        config: detectors, budget and all else.
        together: days that are taken in at once, as after a pause.
        on_day: hears of each day that is done, and its number from 1.
        on_change: hears of each change of an incident, as it happens.

    Returns:
        every change with its page, oldest first, and the days.
    """
    evaluation = Evaluation(store, config)
    limits = Limits()
    told: list[Told] = []
    done: list[Day] = []
    offset = 0
    simulated = enumerate(days(plan), 1)
    while some := list(islice(simulated, together)):
        lines = [line for _, (_, lines) in some for line in lines]
        until = some[-1][1][0] + DAY
        chunk = Chunk(STREAM, range(offset, offset + len(lines)), lines, offset + len(lines))
        store.append(decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=until * 1_000_000, limits=limits))
        offset += len(lines)
        changes = evaluation.advance(until)
        for one in changes:
            on_change(one)
        told += changes
        for number, (begins, _) in some:
            done.append(_day(store, plan.workflow.name, begins))
            on_day(done[-1], number)
    return told, done


def usual_alerts(done: Sequence[Day], slide_at: int) -> Usual:
    """Return what a fixed line and a z-test against the last 30 days say of the same days.

    Args:
        done: the days.
        slide_at: when the slide began, epoch seconds.
    """
    known = [day for day in done if day.all]
    under = [day for day in known if day.good / day.all < LINE]
    first = next((day.at for day in under if day.at >= slide_at), None)
    after = [] if first is None else [day for day in known if day.at > first]
    back = sum(day not in under for day in after)
    sliding = [day in under for day in known if day.at >= slide_at]
    flagged = []
    for place, day in enumerate(done):
        past = done[max(0, place - LOOKBACK) : place]
        n, good = sum(one.all for one in past), sum(one.good for one in past)
        if not n or not day.all or not 0 < good < n:
            continue
        rate = good / n
        if (rate - day.good / day.all) / math.sqrt(rate * (1 - rate) * (1 / n + 1 / day.all)) > Z:
            flagged.append(day)
    return Usual(
        line_first=first,
        line_false=sum(day.at < slide_at for day in under),
        line_after=len(after),
        line_back=back,
        line_alerts=sum(now and not before for before, now in zip([False, *sliding], sliding, strict=False)),
        z_days=sum(day.at >= done[-LOOKBACK].at for day in flagged) if len(done) >= LOOKBACK else 0,
        z_false=sum(day.at < slide_at for day in flagged),
    )


def _day(store: Store, workflow: str, begins: int) -> Day:
    rows = store.rows(
        "explain/buckets",
        signal="interaction_failure",
        workflow=workflow,
        step=None,
        bucket=DAY,
        since=begins,
        until=begins + DAY,
    )
    n, bad = (rows[0]["n"], rows[0]["bad"]) if rows else (0, 0)
    return Day(begins, n - bad, n)
