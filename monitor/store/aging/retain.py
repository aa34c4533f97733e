"""Retention: what is past its age leaves the store, a day at a time, so that no append waits long."""

from dataclasses import dataclass

from bellbuoy.config.server import Retention
from bellbuoy.monitor.store.engine import Engine

DAY = 86400
HOUR = 3600
ANSWERS_S = DAY
"""How long the answer to an HTTP request is remembered for its repeat."""
WHOLE = {
    "store/drop_baselines": "events",
    "store/drop_limits": "events",
    "store/drop_verdicts": "daily",
    "aging/drop_notes": "daily",
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
        events, minutes, dead_letters: rows deleted of each.
    """

    events: int
    minutes: int
    dead_letters: int


def retain(engine: Engine, now: float, retention: Retention) -> Retained:
    """Delete what is older than its retention at `now`, one transaction for each day.

    Baselines and latency limits that were replaced go with the events that they were learned from.

    Raises:
        StoreExhausted: disk or memory is used up; the days already deleted stay deleted.
    """
    oldest = engine.rows("store/oldest")[0]
    gone = dict.fromkeys(PARTS, 0)
    for part, name in PARTS.items():
        keep_from = int(now - getattr(retention, part))
        first = oldest[part]
        while first is not None and first < keep_from:
            until = min(first - first % DAY + DAY, keep_from)
            with engine.transaction() as tx:
                gone[part] += tx.run(name, since=first, until=until)
            first = until
    for name, part in WHOLE.items():
        with engine.transaction() as tx:
            tx.run(name, before=int(now - getattr(retention, part)))
    return Retained(**gone)
