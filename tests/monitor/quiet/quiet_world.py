"""A fleet that is well for a month, judged once: what goes wrong then goes wrong in a copy of its store."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quiet_fleet import DAY, LABEL_D, START, Fleet, Habits, end

from bellbuoy.config.load import load_text
from bellbuoy.monitor.judging.evaluate import Evaluation, Told
from bellbuoy.monitor.store import Store

CONFIG = load_text((Path(__file__).parent / "quiet-failures.yaml").read_text(encoding="utf-8"))
WELL_D = 32
"""Days in which all is well."""


@dataclass(frozen=True, slots=True)
class Month:
    """The store of the good days of a fleet, and what was told in them."""

    fleet: Fleet
    path: Path
    told: list[Told]

    def goes_on(
        self, path: Path, days: int, habits: dict[str, Habits], last: dict[str, Habits]
    ) -> Iterator[list[Told]]:
        """Copy the store, append further days, and yield what is told of each.

        Args:
            path: of the copy.
            days: how many.
            habits: of the workflows in which something goes wrong.
            last: the same of the last day.
        """
        shutil.copy(self.path, path)
        with Store.open(path, CONFIG.store) as store:
            store.follow(CONFIG)
            evaluation = Evaluation(store, CONFIG)
            for number in range(WELL_D, WELL_D + days):
                now = last if number == WELL_D + days - 1 else habits
                self.fleet.append(store, number, now, habits if number >= WELL_D + LABEL_D else {})
                yield evaluation.advance(end(number))


def month_of(seed: int, path: Path) -> Month:
    """Write the store of the good days."""
    fleet, told = Fleet(seed), []
    with Store.open(path, CONFIG.store) as store:
        store.follow(CONFIG)
        evaluation = Evaluation(store, CONFIG)
        for number in range(WELL_D):
            fleet.append(store, number, {}, {})
            told += evaluation.advance(end(number))
    return Month(fleet, path, told)


def days_after(at: int) -> float:
    """Return how many days after the good ones an instant is."""
    return (at - START) / DAY - WELL_D
