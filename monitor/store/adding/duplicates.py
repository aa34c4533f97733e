"""Which events were stored already: the hashes of the identities of the last day, as sorted arrays in memory.

An index of the table would cost several times the insert and the file; this costs 8 bytes for each event and a look.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bellbuoy.monitor.store.engine import Engine

PARTS = 8
"""A generation holds at most this part of the keys and spans at most this part of the window: they are forgotten whole."""
GROWTH = 3
"""Two neighbouring generations become one as soon as the older is less than so many times as large as the newer."""

MINUTE_US = 60_000_000
Keys = NDArray[np.uint64]
BITS_A_KEY = 8
_THREE, _SEVEN = np.uint64(3), np.uint64(7)
NO_KEYS: Keys = np.zeros(0, np.uint64)


@dataclass(frozen=True, slots=True)
class _Generation:
    """Keys that came one after another.

    Attributes:
        keys: sorted.
        oldest_us, newest_us: arrival of the first and the last of them, in microseconds.
    """

    keys: Keys
    oldest_us: int
    newest_us: int


def _bit(at: Keys) -> NDArray[np.uint8]:
    """Return the bit of its byte that a place has, in the order of `numpy.packbits`."""
    return np.uint8(128) >> (at & _SEVEN).astype(np.uint8)


class _Sieve:
    """One bit for each beginning of a key: most new keys are told by it alone, without a look into the generations."""

    def __init__(self, keys: int) -> None:
        self._shift = np.uint64(64 - max(10, (BITS_A_KEY * keys).bit_length()))
        self._bits = np.zeros(1 << 61 - int(self._shift), np.uint8)

    def maybe(self, keys: Keys) -> NDArray[np.bool_]:
        """Return which keys may be known; the others are new."""
        at = keys >> self._shift
        found: NDArray[np.bool_] = self._bits[at >> _THREE] & _bit(at) != 0
        return found

    def add(self, keys: Keys) -> None:
        """Let keys be known from now on."""
        at = keys >> self._shift
        np.bitwise_or.at(self._bits, at >> _THREE, _bit(at))

    def fill(self, generations: Iterable[Keys]) -> None:
        """Let these keys be known and no others."""
        flags = np.zeros(len(self._bits) * 8, np.bool_)
        for keys in generations:
            flags[keys >> self._shift] = True
        self._bits = np.packbits(flags)


class Duplicates:
    """The identities that came in the last while: at least 7/8 of the window and of the keys, at most `keys`.

    The clock of arrival may jump. What counts as the present never goes back, and each append moves it on by an eighth of the
    window at most: one batch of a clock far ahead forgets no more than that.
    """

    def __init__(self, window_us: int, keys: int) -> None:
        self.window_us = window_us
        self.keys = keys
        self._present_us = 0  # 0: nothing came yet
        self._generations: list[_Generation] = []
        self._sieve = _Sieve(keys)

    def __len__(self) -> int:
        return sum(len(one.keys) for one in self._generations)

    def new(self, keys: Keys) -> NDArray[np.bool_] | None:
        """Return which keys come for the first time, the first of several equal ones alone; None when all do."""
        if not len(keys):
            return None
        ordered = np.sort(keys)
        again = ordered[1:] == ordered[:-1]
        known = self._sieve.maybe(ordered)
        known[known] = self._known(ordered[known])
        if not again.any() and not known.any():
            return None
        known[1:] |= again
        order = np.argsort(keys, kind="stable")
        fresh = np.ones(len(keys), np.bool_)
        fresh[order] = ~known
        return fresh

    def _known(self, ordered: Keys) -> NDArray[np.bool_]:
        found = np.zeros(len(ordered), np.bool_)
        for one in self._generations:
            place = np.searchsorted(one.keys, ordered)
            place[place == len(one.keys)] = 0
            found |= one.keys[place] == ordered
        return found

    def take(self, keys: Keys, at_us: int) -> None:
        """Remember keys that are stored now, arrived at an instant; what is too old or too much is forgotten."""
        step_us = self.window_us // PARTS
        if self._present_us:
            self._present_us = max(self._present_us, min(at_us, self._present_us + step_us))
        else:
            self._present_us = at_us
        if len(keys):
            at_us = max(at_us, self._present_us)  # so that none leaves before its time
            self._sieve.add(keys)
            for start in range(0, len(keys), self._largest):
                self._push(_Generation(np.sort(keys[start : start + self._largest]), at_us, at_us))
        self._forget()

    def fill(self, parts: Iterable[tuple[Keys, int, int]], at_us: int = 0) -> None:
        """Begin anew with keys that are stored, in the order of their arrival.

        Args:
            parts: keys with the arrival of the first and the last of them.
            at_us: what counts as the present from now on; 0: the next arrival.
        """
        self._present_us = at_us
        self._generations = []
        for keys, oldest_us, newest_us in parts:
            self._push(_Generation(np.sort(keys), oldest_us, newest_us))
        self._sieve.fill(one.keys for one in self._generations)

    @property
    def _largest(self) -> int:
        return max(1, self.keys // PARTS)

    def _push(self, newest: _Generation) -> None:
        while self._generations:
            last = self._generations[-1]
            oldest_us, newest_us = min(last.oldest_us, newest.oldest_us), max(last.newest_us, newest.newest_us)
            if (
                len(last.keys) >= GROWTH * len(newest.keys)
                or len(last.keys) + len(newest.keys) > self._largest
                or newest_us - oldest_us > self.window_us // PARTS
            ):
                break
            keys = np.sort(np.concatenate((last.keys, newest.keys)), kind="stable")  # merges runs that are sorted
            newest = _Generation(keys, oldest_us, newest_us)
            self._generations.pop()
        self._generations.append(newest)

    def _forget(self) -> None:
        before = self._present_us - self.window_us
        kept = [one for one in self._generations if one.newest_us >= before]
        size = sum(len(one.keys) for one in kept)
        while size > self.keys:
            size -= len(kept[0].keys)
            del kept[0]
        if len(kept) < len(self._generations):
            self._generations = kept
            self._sieve.fill(one.keys for one in kept)


def stored(engine: Engine, at_us: int, window_us: int, keys: int) -> Iterable[tuple[Keys, int, int]]:
    """Return the newest identities of a store's events within a window before an instant, for `Duplicates.fill`."""
    since_us, room = at_us - window_us, keys
    for row in engine.rows("duplicates/arrivals", since_us=since_us):
        room -= row["n"]
        if room <= 0:
            since_us = max(since_us, row["minute"] * MINUTE_US)
            break
    found = engine.arrow("duplicates/stored", since_us=since_us)
    key, at = found["key"].to_numpy(), found["at"].to_numpy()
    order = np.argsort(at, kind="stable")[-keys:]
    for start in range(0, len(order), max(1, keys // PARTS)):
        part = order[start : start + max(1, keys // PARTS)]
        yield key[part], int(at[part[0]]), int(at[part[-1]])
