"""Retention: what is past its age leaves the store, in slices, so that no append waits long."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bellbuoy.config.server import Retention
from bellbuoy.monitor.store.aging.coarsen import FINE_S, Needed, coarsen
from bellbuoy.monitor.store.engine import Engine
from bellbuoy.monitor.store.kept import delete, shed

DAY = 86400
HOUR = 3600
FEW = 50_000
"""So many events of a day leave in one transaction; more go by the hour."""
ANSWERS_S = DAY
"""How long the answer to an HTTP request is remembered for its repeat."""
WHOLE = {
    "store/drop_baselines": "events",
    "store/drop_limits": "events",
    "store/drop_verdicts": "daily",
    "aging/drop_notes": "daily",
    "aging/drop_late": "minutes",
}
"""Small tables, each in one go, with the retention that they go by; what is in force always stays."""
PARTS = {
    "minutes": ("store/drop_counts", "daily"),
    "latency": ("aging/drop_latency", "daily"),
    "dead_letters": ("store/drop_letters", "dead_letters"),
}
"""Large ones, a day in one transaction."""


@dataclass(frozen=True, slots=True)
class Retained:
    """How many rows left.

    Attributes:
        events, minutes, latency, dead_letters: rows deleted of each.
        kept: days past their retention that stay, for their export is missing or does not hold all of them.
    """

    events: int
    minutes: int
    latency: int
    dead_letters: int
    kept: int = 0


def retain(
    engine: Engine,
    now: float,
    retention: Retention,
    needed: Needed | None = None,
    forgotten: Callable[[int], None] = lambda _: None,
) -> Retained:
    """Delete or sum what is older than its retention at `now`.

    Events go a day or, where it holds many, an hour in one transaction; where exports are configured, only whole days whose file holds them all. Minutes
    are summed to hours after 35 days, to days after `retention.minutes`, and go after `retention.daily`. Baselines and
    latency limits that were replaced go with the events that they were learned from. No event leaves before it is judged:
    while old records are read for the first time, none of them is taken for one that has left.

    Args:
        engine: the store.
        now: epoch seconds.
        retention: how long each kind is kept.
        needed: minutes that stay minutes; None leaves every minute as it is until it is summed to days.
        forgotten: hears, before their transaction ends, before which instant (epoch seconds) events leave.

    Raises:
        StoreExhausted: disk or memory is used up; what is already deleted stays deleted.
    """
    oldest = engine.rows("store/oldest")[0]
    gone = dict.fromkeys(PARTS, 0)
    for part, (name, kind) in PARTS.items():
        keep_from = int(now - getattr(retention, kind))
        first = oldest[part]
        while first is not None and first < keep_from:
            until = min(first - first % DAY + DAY, keep_from)
            with engine.transaction() as tx:
                gone[part] += tx.run(name, since=first, until=until)
            first = until
    for name, part in WHOLE.items():
        with engine.transaction() as tx:
            tx.run(name, before=int(now - getattr(retention, part)))
    with engine.transaction() as tx:
        tx.run("aging/drop_answers", before=int(now - ANSWERS_S))
    judged = engine.rows("aging/folded")[0]["judged"]
    leave = now - retention.events if judged is None else min(now - retention.events, judged)
    events, kept = _events(engine, int(leave), forgotten)
    if needed is not None:
        coarsen(engine, "hour", now - FINE_S, needed)
        coarsen(engine, "day", now - max(FINE_S, retention.minutes), needed)
    return Retained(events, **gone, kept=kept)


def _events(engine: Engine, keep_from: int, forgotten: Callable[[int], None]) -> tuple[int, int]:
    """Delete events of before an instant; return how many, and how many days had to stay."""
    gone = kept = 0
    folder = engine.settings.exports
    days = {int(row["day"]): DAY if row["held"] <= FEW else HOUR for row in engine.rows("exports/days_events")}
    for day, step in days.items():
        if day >= keep_from:
            break
        if folder is None:
            gone += _parts(engine, day, min(day + DAY, keep_from), step, forgotten)
        elif day + DAY <= keep_from:  # a day is exported whole, and leaves whole
            left, whole = _exported(engine, Path(folder), day, step, forgotten)
            gone += left
            kept += not whole
    if gone:
        with engine.transaction() as tx:
            tx.run("amend/forget_closed")
            shed(tx)
    return gone, kept


def _parts(engine: Engine, since: int, until: int, step: int, forgotten: Callable[[int], None]) -> int:
    gone = 0
    for part in range(since, until, step):
        with engine.transaction() as tx:
            gone += delete(tx, "store/drop_events", since=part, until=min(part + step, until))
            tx.run("amend/forget", since=part, until=min(part + step, until))
            tx.run("amend/forget_lacking", since=part, until=min(part + step, until))
            tx.run("aging/set_reached", name="forgotten", at=min(part + step, until))
            forgotten(min(part + step, until))
    return gone


def _exported(engine: Engine, folder: Path, day: int, step: int, forgotten: Callable[[int], None]) -> tuple[int, bool]:
    """Delete a day's events as long as its file holds them all; return how many went, and whether all did."""
    gone = 0
    for part in range(day, day + DAY, step):
        with engine.transaction() as tx:
            found = tx.rows("exports/clean", day=day)
            if not found or not found[0]["clean"] or not _there(folder / found[0]["file"], found[0]["size"]):
                return gone, False
            deleted = delete(tx, "store/drop_events", since=part, until=part + step)
            tx.run("amend/forget", since=part, until=part + step)
            tx.run("amend/forget_lacking", since=part, until=part + step)
            if deleted:
                tx.run("exports/deleted", gone=deleted, day=day)
                tx.run("aging/set_reached", name="forgotten", at=part + step)
                forgotten(part + step)
            gone += deleted
    return gone, True


def _there(path: Path, size: int) -> bool:
    return path.exists() and path.stat().st_size == size
