"""Keeps when each version, model and prompt was first seen, so that an explanation need not read every event."""

from bellbuoy.monitor.store.engine import Engine

SPARE_US = 600 * 1_000_000
"""A batch is stored a while after it arrived: the last minutes are looked at again."""


def learn_firsts(engine: Engine, now: float) -> int:
    """Keep the first sights among what arrived since the last time; return how many are new.

    It reads without holding up any append, and writes only what is new.

    Args:
        engine: the store.
        now: epoch seconds.
    """
    after = int(engine.rows("explain/firsts_known")[0]["after"])
    until = int(now * 1e6) - SPARE_US
    if until <= after:
        return 0
    fresh = engine.arrow("aging/new_firsts", after=after, until=until)
    with engine.transaction() as tx:
        if fresh.num_rows:
            tx.insert("firsts", fresh)
        tx.run("aging/set_firsts", until=until)
    return int(fresh.num_rows)
