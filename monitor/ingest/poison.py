"""Decides when a source gives so much that cannot be read that reading on would only eat it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST = 10
"""The share is judged once a tenth of the window has come."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is too much.

    Attributes:
        max_share: share of unreadable messages among the last `window`.
        max_consecutive: unreadable messages in a row.
        window: how many messages the share looks back at; it is judged from a tenth of them on.
    """

    max_share: float
    max_consecutive: int
    window: int


class Poison:
    """Follows what came of each message of one source, in the order of arrival.

    The answer is the same however the messages are cut into chunks.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._last = np.zeros(0, bool)
        self._row = 0

    def feed(self, dead: NDArray[np.bool_]) -> str | None:
        """Take messages in; return why it is too much, as a sentence's end, or None while it is not.

        Args:
            dead: for each message, in order, whether it could not be read.
        """
        row, share = self._in_a_row(dead), self._share(dead)
        return row or share

    def _in_a_row(self, dead: NDArray[np.bool_]) -> str | None:
        """Count the run that ends at each message."""
        if not len(dead):
            return None
        place = np.arange(1, len(dead) + 1)
        read = np.maximum.accumulate(np.where(dead, -self._row, place))
        runs = place - read
        self._row = int(runs[-1])
        most = self.bounds.max_consecutive
        return f"more than {most:,} messages in a row cannot be read" if runs.max() > most else None

    def _share(self, dead: NDArray[np.bool_]) -> str | None:
        """Count the unreadable ones among the last `window` at each message."""
        window, before = self.bounds.window, len(self._last)
        flags = np.concatenate([self._last, dead])
        self._last = flags[-window:]
        if not flags.any():
            return None
        sums = np.concatenate([[0], np.cumsum(flags)])
        ends = np.arange(before + 1, len(flags) + 1)
        n = np.minimum(ends, window)
        bad = sums[ends] - sums[ends - n]
        over = (n * LEAST >= window) & (bad > self.bounds.max_share * n)
        if not over.any():
            return None
        first = int(over.argmax())
        return f"{bad[first]:,} of the last {n[first]:,} messages cannot be read, more than {self.bounds.max_share * 100:g} %"


def dead_ones(offsets: Sequence[int], values: Sequence[bytes | None], dead: Sequence[int]) -> NDArray[np.bool_]:
    """Return for each message whether it is dead; tombstones are no messages.

    Args:
        offsets: of the records of a chunk, ascending.
        values: their bytes; None is a tombstone.
        dead: offsets of the dead letters.
    """
    flags = np.isin(np.asarray(offsets, np.int64), np.asarray(dead, np.int64)) if dead else np.zeros(len(offsets), bool)
    if None in values:
        flags = flags[[value is not None for value in values]]
    return flags
