"""Counts slow calls over the limits that hold now: what was counted under older limits, or before there were any, does not compare."""

from collections.abc import Sequence

import numpy as np

from bellbuoy.config.model import Config
from bellbuoy.detectors.base import Counts
from bellbuoy.detectors.baseline import offset_of
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.store import Store

SLOW = "slow"


class SlowCalls:
    """Counts `slow` from the events themselves, so that it depends on their times alone and not on when they arrived."""

    def __init__(self, store: Store, config: Config) -> None:
        self.store = store
        self.tick = int(config.tick)
        self.zone = config.server.timezone
        self._limited = {
            (workflow.name, step.name)
            for workflow in config.workflows
            for step in workflow.steps
            if step.slow_after is not None
        }

    def recount(self, counts: Counts, keys: Sequence[SeriesKey | None], since: int, until: int, at: int) -> None:
        """Count the columns of `slow` anew, in place, over the limits that are in force at an instant.

        Steps whose limit is configured keep their counts: that limit holds for all times.

        Args:
            counts: of the ticks between `since` and `until`.
            keys: series of each column; None leaves the column as it is.
            since: beginning of the first tick, epoch seconds.
            until: end of the last tick.
            at: midnight from which the limits hold.
        """
        wanted: dict[tuple[str, str | None], list[int]] = {}
        for column, key in enumerate(keys):
            if key is not None and key.signal == SLOW and (key.workflow, key.step) not in self._limited:
                wanted.setdefault((key.workflow, key.step), []).append(column)
        if not wanted:
            return
        columns = [column for same in wanted.values() for column in same]
        counts.n[:, columns] = 0.0
        counts.bad[:, columns] = 0.0
        found = self.store.arrow(
            "judgement/slow_ticks", since=since, until=until, tick=self.tick, at=at, offset=offset_of(at, self.zone)
        )
        workflows = found["workflow"].combine_chunks().dictionary_encode()
        steps = found["step"].combine_chunks().dictionary_encode()
        tick, n, bad = (found[name].to_numpy() for name in ("tick", "n", "bad"))
        for whole in (False, True):  # a call counts for its step, and for all steps together
            place = np.array(
                [
                    [wanted.get((workflow, None if whole else step), [-1])[0] for step in steps.dictionary.to_pylist()]
                    for workflow in workflows.dictionary.to_pylist()
                ],
                dtype=np.int64,
            ).reshape(len(workflows.dictionary), len(steps.dictionary))
            column = place[workflows.indices.to_numpy(), steps.indices.to_numpy()]
            known = column >= 0
            np.add.at(counts.n, (tick[known], column[known]), n[known])
            np.add.at(counts.bad, (tick[known], column[known]), bad[known])
        for first, *twins in wanted.values():
            counts.n[:, twins] = counts.n[:, [first]]
            counts.bad[:, twins] = counts.bad[:, [first]]
