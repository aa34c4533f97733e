"""The scenarios: what the streams are like, what goes wrong in them, and their numbers, which are part of the seeds."""

from dataclasses import dataclass
from typing import Final

from bellbuoy.bench.detect.streams import DAY, Change, World


@dataclass(frozen=True, slots=True)
class Cell:
    """A change in a family's streams.

    Attributes:
        name: as printed.
        number: second part of the seeds.
        change: what goes wrong.
        horizon: ticks after which it counts as missed.
        sudden: whether the oracle, who knows both rates, is asked too.
    """

    name: str
    number: int
    change: Change
    horizon: int
    sudden: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """Streams of one kind: a month in which nothing is wrong, and changes.

    Attributes:
        name: as printed.
        number: second part of the seeds of the month.
        world: how they behave.
        cells: what goes wrong.
        judged: bounds of the false openings by series and 30 days, over the budget; None: not promised.
        outcomes: whether the peers that look at every outcome are run.
        known: whether the bad rate is one number.
    """

    name: str
    number: int
    world: World
    cells: tuple[Cell, ...] = ()
    judged: tuple[float, float] | None = None
    outcomes: bool = False
    known: bool = False


REALISTIC: Final = World(season=0.02, traffic=0.5, noise=0.25)
WEEKLY: Final = World(season=0.02, traffic=0.5, noise=0.25, weekend=0.02)
USUAL: Final = (0.4, 1.5)


def _sudden(number: int, size: float, horizon: int, name: str) -> Cell:
    return Cell(name, number, Change(size), horizon, sudden=True)


def _moved(number: int) -> tuple[Cell, ...]:
    return (
        Cell("-.03", number, Change(0.03), 10 * DAY),
        Cell("-.10", number + 1, Change(0.10), 2 * DAY),
        Cell("dip -.20 for 2 h", number + 2, Change(0.20, lasts=24), 48),
    )


FAMILIES: Final = (
    Family("realistic", 30, REALISTIC, _moved(31), USUAL, outcomes=True),
    Family(
        "i.i.d. .95, 20 a tick",
        10,
        World(),
        (
            _sudden(11, 0.03, 5 * DAY, ".95 to .92"),
            _sudden(12, 0.10, DAY, ".95 to .85"),
            Cell("dip .80 for 2 h", 13, Change(0.15, lasts=24), 48),
        ),
        USUAL,
        outcomes=True,
        known=True,
    ),
    Family("with weekends", 40, WEEKLY, _moved(41), USUAL),
    Family(
        "i.i.d. .95, 5 a tick",
        5,
        World(volume=5),
        (_sudden(6, 0.03, 10 * DAY, ".95 to .92"), _sudden(7, 0.10, 2 * DAY, ".95 to .85")),
        USUAL,
        known=True,
    ),
    Family(
        "i.i.d. .95, 100 a tick",
        15,
        World(volume=100),
        (_sudden(16, 0.03, DAY, ".95 to .92"), _sudden(17, 0.10, DAY, ".95 to .85")),
        USUAL,
        known=True,
    ),
    Family(
        "i.i.d. .99, 20 a tick", 20, World(bad=0.01), (_sudden(21, 0.02, 5 * DAY, ".99 to .97"),), USUAL, known=True
    ),
    Family("i.i.d. .99, 5 a tick", 22, World(bad=0.01, volume=5), (), USUAL, known=True),
    Family("noise of 6 h", 50, World(season=0.02, traffic=0.5, noise=0.25, memory=72), (), (0.0, 2.0)),
    Family("correlated trials", 51, World(volume=100, scatter=0.01), (), USUAL),
    Family("falls in the history", 52, World(season=0.02, traffic=0.5, noise=0.25, falls=True), (), (0.0, 1.0)),
)
"""The families, those that take longest first."""
