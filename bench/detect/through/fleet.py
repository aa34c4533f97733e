"""Made fleets, and the store that a daemon leaves behind that has counted them: some of the trials came up to a day late."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bellbuoy.bench.detect.streams import DAY
from bellbuoy.config.model import Config
from bellbuoy.detectors.base import Array, Instants
from bellbuoy.monitor.backtest.counted import Counted, Key
from bellbuoy.monitor.backtest.recording import Recording

LATE: Final = 0.04
"""Share of the trials that come after their tick was judged: any number of ticks later that is less than a day."""
TICK: Final = 300
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Counts of S series over T ticks, and of sums of some of them.

    Attributes:
        keys: signal, workflow, step and segment of each series.
        at: ends of the ticks, shape (T,).
        n, bad: trials and bad ones, shape (T, S).
        wholes: keys of the sums.
        whole: which of them each series is part of, shape (S,); -1: of none.
    """

    keys: tuple[Key, ...]
    at: Instants
    n: Array
    bad: Array
    wholes: tuple[Key, ...] = ()
    whole: Places | None = None

    @property
    def began(self) -> int:
        """Beginning of the first tick, epoch seconds."""
        return int(self.at[0]) - TICK


@dataclass(frozen=True, slots=True)
class _Late:
    """Trials that came late, a row each: the place of their tick, that of the tick that took them in, their series, and whether bad."""

    place: Places
    taken: Places
    column: Places
    bad: Places


def written(path: Path, fleet: Fleet, config: Config, random: np.random.Generator) -> None:
    """Write the store.

    Args:
        path: of the store; it is not there yet.
        fleet: what was counted.
        config: of the daemon.
        random: decides what comes late, and how late; what would have come after the last tick is not in the store.
    """
    late = _late(fleet, random)
    keys = (*fleet.keys, *fleet.wholes)
    n, bad = np.zeros((2, len(fleet.at), len(keys)), np.int32)
    n[:, : fleet.n.shape[1]], bad[:, : fleet.n.shape[1]] = fleet.n, fleet.bad
    if fleet.whole is not None:
        for own, one in enumerate(fleet.whole.tolist()):
            if one >= 0:
                n[:, len(fleet.keys) + one] += n[:, own]
                bad[:, len(fleet.keys) + one] += bad[:, own]
        late = _with_wholes(late, fleet.whole, len(fleet.keys))
    never = late.taken >= len(fleet.at)
    np.subtract.at(n, (late.place[never], late.column[never]), 1)
    np.subtract.at(bad, (late.place[never], late.column[never]), late.bad[never])
    begins = fleet.at - TICK
    column, place = np.nonzero(n.T)
    counts = Counted(keys, begins[place], column, n[place, column], bad[place, column])
    came = ~never
    rows = {
        "minute": _instants(begins[late.place[came]]),
        "series": pa.array(late.column[came] + 1, pa.int32()),
        "n": pa.array(np.ones(int(came.sum()), np.int32)),
        "bad": pa.array(late.bad[came], pa.int32()),
        "taken_at": _instants(begins[late.taken[came]]),
    }
    with Recording.open(path, config.store) as store:
        store.follow(config)
        store.take_counts(counts, config)
        with store.transaction() as tx:
            tx.insert("late_counts", pa.table(rows))


def _late(fleet: Fleet, random: np.random.Generator) -> _Late:
    parts = []
    for kind, trials in ((1, fleet.bad), (0, fleet.n - fleet.bad)):
        many = random.binomial(trials.astype(np.int64), LATE)
        place, column = np.nonzero(many)
        times = many[place, column]
        parts.append((np.repeat(place, times), np.repeat(column, times), np.full(int(times.sum()), kind)))
    place, column, bad = (np.concatenate(one) for one in zip(*parts, strict=True))
    return _Late(place, place + random.integers(1, DAY, len(place)), column, bad)


def _with_wholes(late: _Late, whole: Places, first: int) -> _Late:
    """Return them, and once more for the sums that their series are part of."""
    part = whole[late.column] >= 0
    return _Late(
        np.concatenate((late.place, late.place[part])),
        np.concatenate((late.taken, late.taken[part])),
        np.concatenate((late.column, first + whole[late.column[part]])),
        np.concatenate((late.bad, late.bad[part])),
    )


def _instants(seconds: Places) -> pa.Array:
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us"))
