"""Old minutes are summed to hours, and later to days: nothing that is counted is lost, only when within the hour."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from bellbuoy.monitor.store.engine import Engine

DAY = 86400
FINE_S = 35 * DAY
"""Minutes stay minutes at least so long."""
SLICE_S = {"hour": 6 * 3600, "day": DAY}
"""What is summed in one transaction: no append waits long for it."""
FOR_EVER = 2**62


@dataclass(frozen=True, slots=True)
class Needed:
    """Which minutes must stay minutes, because a baseline may still be learned from them.

    Attributes:
        since: those from this instant on, epoch seconds.
        spans: those of these spans.
        series: those of these series.
    """

    since: float
    spans: Sequence[tuple[float, float]] = ()
    series: Collection[int] = ()


def coarsen(engine: Engine, unit: str, before: float, needed: Needed) -> int:
    """Sum what is counted before an instant to hours or days, in place; return how many slices were summed.

    What the judge has not taken in yet stays as it is.

    Args:
        engine: the store.
        unit: `hour` or `day`, in UTC.
        before: nothing later is touched; epoch seconds.
        needed: what stays.

    Raises:
        StoreExhausted: disk or memory is used up; the slices already done stay done.
    """
    reached = engine.rows("aging/folded")[0]
    if reached["judged"] is None:
        return 0
    before = min(before, needed.since, reached["judged"])
    before = int(before // DAY * DAY)
    told: dict[str, Any] = {"protected": sorted(needed.series), "unit": unit}
    told["folded"] = FOR_EVER // 1024 if reached["folded"] is None else reached["folded"]
    done = 0
    for row in engine.rows("aging/sum_days", before=before, **told):
        for span in _slices(row["day"], unit, needed.spans):
            where = {"since": span[0], "until": span[1], **{key: told[key] for key in ("protected", "folded")}}
            with engine.transaction() as tx:
                tx.run("aging/sum_counts", unit=unit, **where)
                tx.run("aging/drop_summed", **where)
                tx.run("aging/add_summed")
                tx.run("aging/set_reached", name="coarse", at=span[1])
            done += 1
    for row in engine.rows("aging/latency_days", before=before, unit=unit):
        for since, until in _slices(row["day"], unit, ()):
            with engine.transaction() as tx:
                tx.run("aging/sum_latency", unit=unit, since=since, until=until)
                tx.run("aging/drop_latency", since=since, until=until)
                tx.run("aging/add_latency")
            done += 1
    return done


def _slices(day: int, unit: str, kept: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """Return the spans of a day that are summed each in one transaction, without those that touch a kept span."""
    size = SLICE_S[unit]
    spans = [(since, since + size) for since in range(day, day + DAY, size)]
    return [one for one in spans if not any(since < one[1] and one[0] < until for since, until in kept)]
