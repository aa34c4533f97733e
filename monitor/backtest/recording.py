"""A store of its own for a backtest: filled once, then its counts are held as dense arrays, so that judging reads no table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bellbuoy.config.model import Config
from bellbuoy.detectors.base import Counts
from bellbuoy.monitor.backtest.counted import KEYS, Counted
from bellbuoy.monitor.backtest.errors import BacktestError
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.adding.registry import Draft

MOST_CELLS = 150_000_000
"""Ticks times series that are held, 8 bytes each: 180 days of 2,900 series."""
DAY = 86_400
ROWS = 500_000
"""Stored at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Late:
    """Counts of minutes that came after their tick was judged, in the order in which they were taken in, shape (L,) each.

    Attributes:
        taken: beginning of the tick at which they were taken in, epoch seconds.
        minute: of theirs, epoch seconds.
        row, column: place in the arrays; the row may lie outside of them.
        n, bad: differences; they may be negative.
    """

    taken: NDArray[np.int64]
    minute: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    n: NDArray[np.int32]
    bad: NDArray[np.int32]

    def add(self, counted: tuple[NDArray[np.int32], NDArray[np.int32]], some: slice, sign: int) -> None:
        """Add some of them to arrays of counts, or take them away, in place."""
        inside = (self.row[some] >= 0) & (self.row[some] < len(counted[0]))
        place = self.row[some][inside], self.column[some][inside]
        for into, own in zip(counted, (self.n, self.bad), strict=True):
            np.add.at(into, place, sign * own[some][inside])


class Recording(Store):
    """A store in a temporary file; after `seal` it takes in no more, and `ticks` is a slice of arrays.

    Attributes:
        counted: it holds counts, and no events.
        since, until: whole ticks that hold its counts, epoch seconds; 0 before `seal`.
        late: what came after its tick was judged; None before `seal`.
    """

    counted = False
    since = until = 0
    _tick = 300
    _n: NDArray[np.int32] | None = None
    _bad: NDArray[np.int32] | None = None
    _column: NDArray[np.int64]
    _seen: tuple[NDArray[np.int32], NDArray[np.int32]]
    late: Late | None = None
    _known = 0

    def take_counts(self, counts: Counted, config: Config) -> None:
        """Store counts; once, into an empty recording.

        Raises:
            BacktestError: there are more series than `ingest.max_series`.
        """
        if len(counts.series) > config.ingest.max_series:
            raise BacktestError(f"{len(counts.series):,} series are more than ingest.max_series allows; raise it")
        begins = np.searchsorted(counts.place, np.arange(len(counts.series) + 1))
        first, last = counts.minute[begins[:-1]], counts.minute[begins[1:] - 1]
        number = np.arange(1, len(counts.series) + 1, dtype=np.int32)
        series = {"id": pa.array(number)}
        series |= {name: pa.array([key[at] for key in counts.series], pa.string()) for at, name in enumerate(KEYS)}
        series |= {"first_minute": _instants(first), "last_minute": _instants(last)}
        with self.transaction() as tx:
            tx.insert("series", pa.table(series))
            for since in range(0, len(counts.n), ROWS):
                part = slice(since, since + ROWS)
                rows = {"minute": _instants(counts.minute[part]), "series": pa.array(number[counts.place[part]])}
                rows |= {name: pa.array(getattr(counts, name)[part].astype(np.int32)) for name in ("n", "bad")}
                tx.insert("counts", pa.table({**rows, "known_at": _instants(0 * counts.minute[part])}))
        self.counted = True
        spans = zip(number.tolist(), first.tolist(), last.tolist(), strict=True)
        self._appender.registry.take(
            Draft(dict(zip(counts.series, number.tolist(), strict=True)), {one: (a, b) for one, a, b in spans})
        )

    def seal(self, tick: int) -> None:
        """Hold all counts as arrays from now on.

        Args:
            tick: length of a tick, seconds.

        Raises:
            BacktestError: nothing was counted, or there is too much of it.
        """
        series = self.series()
        if not series:
            raise BacktestError("nothing was counted: there is no event or row that a signal counts")
        first, last = min(one.first_minute for one in series), max(one.last_minute for one in series)
        since, until = first // tick * tick, last // tick * tick + tick
        size = (until - since) // tick
        if size * len(series) > MOST_CELLS:
            raise BacktestError(
                f"{size:,} ticks of {len(series):,} series are more than {MOST_CELLS:,} cells; give fewer days"
            )
        ids = [one.id for one in series]
        n, bad = (np.zeros((size, len(ids)), np.int32) for _ in range(2))
        self._column = np.full(max(ids) + 2, -1)
        self._column[ids] = np.arange(len(ids))
        for begins in range(since, until, 28 * DAY):
            span = {"since": begins, "until": min(until, begins + 28 * DAY), "tick": tick, "least": 0, "most": max(ids)}
            found = self.arrow("store/ticks", **span, upto=None)
            row, column = (
                (begins - since) // tick + found["tick"].to_numpy(),
                self._column[found["series"].to_numpy()],
            )
            n[row, column], bad[row, column] = found["n"].to_numpy(), found["bad"].to_numpy()
        self._n, self._bad, self._tick, self.since, self.until = n, bad, tick, since, until
        self.late = self._late()
        self._seen = self._n, self._bad
        if len(self.late.taken):
            self._seen = n.copy(), bad.copy()
            self.late.add(self._seen, slice(None), -1)
            self._n, self._bad = (part.copy() for part in self._seen)

    def _late(self) -> Late:
        found = self.arrow("backtest/late")
        minute, series, n, bad, taken = (found[name].to_numpy() for name in ("minute", "series", "n", "bad", "taken"))
        return Late(taken, minute, (minute - self.since) // self._tick, self._column[series], n, bad)

    def know(self, at: int) -> None:
        """Learn from now on also from what came late and was taken in before an instant, epoch seconds."""
        assert self._n is not None
        assert self._bad is not None
        assert self.late is not None
        upto = int(np.searchsorted(self.late.taken, at))
        if upto > self._known:
            self.late.add((self._n, self._bad), slice(self._known, upto), 1)
            self._known = upto

    def late_in(self, series: Sequence[int], since: int, until: int, reach: NDArray[np.int64]) -> Counts:
        """Return what came late and was taken in at the ticks of a span: a row a tick that took some, a column a series.

        Args:
            series: ids; a column each.
            since: beginning of the first tick, epoch seconds.
            until: end of the last one.
            reach: of each series, minutes that lie so many seconds before the tick, and no more, are in it.

        Returns:
            The differences, which may be negative; `at` is the beginning of the tick.
        """
        assert self._n is not None, "it is sealed before it is judged"
        assert self.late is not None
        some = slice(*np.searchsorted(self.late.taken, (since, until)).tolist())
        taken, row = np.unique(self.late.taken[some], return_inverse=True)
        columns = self._columns(series)
        held = np.flatnonzero(columns >= 0)
        into = np.full(self._n.shape[1], -1)
        into[columns[held]] = held
        column = into[self.late.column[some]]
        kept = (column >= 0) & (self.late.minute[some] >= self.late.taken[some] - reach[column])
        n, bad = np.zeros((len(taken), len(columns))), np.zeros((len(taken), len(columns)))
        for counts, own in ((n, self.late.n), (bad, self.late.bad)):
            np.add.at(counts, (row[kept], column[kept]), own[some][kept])
        return Counts(taken, n, bad)

    def _columns(self, series: Sequence[int]) -> NDArray[np.int64]:
        """Return the column of each series in the arrays; -1 for one that is not in them."""
        return self._column[np.minimum(np.asarray(series, np.int64), len(self._column) - 1)]

    def add_slow(self, at: int, offset: int) -> None:
        """Count `slow` for the steps that have a latency limit since a midnight, as an append after it would have."""
        last = max(one.id for one in self.series())
        last_minute = self.until - 60
        draft = Draft()
        for number, row in enumerate(self.rows("backtest/limited", at=at, offset=offset), last + 1):
            draft.ids[("slow", row["workflow"], row["step"], None)] = number
            draft.spans[number] = (row["first"], last_minute)
        rows = [
            {
                "id": number,
                "signal": key[0],
                "workflow": key[1],
                "step": key[2],
                "segment": None,
                "first_minute": draft.spans[number][0] * 1_000_000,
                "last_minute": last_minute * 1_000_000,
            }
            for key, number in draft.ids.items()
        ]
        if rows:
            with self.transaction() as tx:
                tx.insert("series", rows)
            self._appender.registry.take(draft)

    def ticks(
        self, series: Sequence[int], since: int, until: int, tick_seconds: int, upto: int | None = None
    ) -> Counts:
        """Return dense counts, a row a tick and a column a series; see `bellbuoy.monitor.store.ticks.ticks`.

        With `upto`, whatever it is, they are what was known when each tick was judged; without, what is known by now.
        """
        if self._n is None or self._bad is None or tick_seconds != self._tick:
            return super().ticks(series, since, until, tick_seconds, upto)
        columns = self._columns(series)
        size = (until - since) // tick_seconds
        n, bad = np.zeros((size, len(columns))), np.zeros((size, len(columns)))
        skipped = (since - self.since) // tick_seconds
        low, high = max(skipped, 0), min(skipped + size, len(self._n))
        if low < high:
            into, out = slice(low - skipped, high - skipped), slice(low, high)
            held = columns >= 0
            counted = self._seen if upto is not None else (self._n, self._bad)
            n[into, held] = np.maximum(counted[0][out, columns[held]], 0)
            bad[into, held] = np.maximum(counted[1][out, columns[held]], 0)
            np.minimum(bad, n, out=bad)
        return Counts(since + tick_seconds * np.arange(1, size + 1, dtype=np.int64), n, bad)

    def last_heard(self, since: int, until: int) -> dict[int, int]:
        """Return when each series last had a trial in a span, to the tick; those without one are not in it.

        Those that are counted from the events themselves (`slow`) are taken to be heard.
        """
        assert self._n is not None, "it is sealed before it is judged"
        low = max((since - self.since) // self._tick, 0)
        some: NDArray[np.bool_] = np.greater(self._n[low : max((until - self.since) // self._tick, 0)], 0)
        if not len(some):
            return {}
        last = low + len(some) - 1 - some[::-1].argmax(axis=0)
        counts: NDArray[np.int64] = some.sum(axis=0)
        heard = {}
        for one in self.series():
            at = int(self._column[min(one.id, len(self._column) - 1)])
            if at < 0 or counts[at]:
                heard[one.id] = until - 60 if at < 0 else int(self.since + last[at] * self._tick)
        return heard


def _instants(seconds: NDArray[np.int64]) -> pa.Array:
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us"))
