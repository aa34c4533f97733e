"""How many ad hoc queries run at once, and what they are told when they are not answered."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

WAITING = 8
LOOK_S = 0.1
"""How soon one that waits sees that nobody waits for it, seconds."""
LEFT = "whoever asked has gone"


class QueryRefused(Exception):  # noqa: N818 - the state is the name
    """A query was not answered; the text says why and what would be.

    Attributes:
        result: `refused` (not allowed), `busy` (too many at once), `timeout`, `gone` (nobody waits for it any more),
            `stuck` (it could not be stopped), or `error` (DuckDB's own words).
    """

    def __init__(self, result: str, text: str) -> None:
        self.result = result
        super().__init__(text)


class Gate:
    """Lets a few queries run at once and a few more wait."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._running = 0
        self._waiting = 0

    @contextmanager
    def passed(
        self, at_once: int, seconds: float, waiting: int = WAITING, gone: threading.Event | None = None
    ) -> Iterator[None]:
        """Hold one of `at_once` places, waiting for it at most `seconds`, together with at most `waiting` others.

        Args:
            at_once: places that there are.
            seconds: how long to wait for one.
            waiting: how many others may wait.
            gone: set when nobody waits for the answer any more.

        Raises:
            QueryRefused: too many wait, none became free, or nobody waits for the answer any more.
        """
        with self._free:
            if self._running >= at_once:
                if self._waiting >= waiting:
                    raise QueryRefused("busy", f"{self._running} queries run and {self._waiting} wait; try again later")
                self._waiting += 1
                try:
                    if not self._became_free(at_once, seconds, gone):
                        raise QueryRefused("busy", f"no place became free in {seconds:g} s (query.at_once: {at_once})")
                finally:
                    self._waiting -= 1
            self._running += 1
        try:
            yield
        finally:
            with self._free:
                self._running -= 1
                self._free.notify()

    def _became_free(self, at_once: int, seconds: float, gone: threading.Event | None) -> bool:
        """Wait until a place is free; false when none became so in time. The lock is held."""
        if gone is None:
            return self._free.wait_for(lambda: self._running < at_once, seconds)
        for _ in range(math.ceil(seconds / LOOK_S)):
            if self._free.wait_for(lambda: self._running < at_once, LOOK_S):
                return True
            if gone.is_set():
                raise QueryRefused("gone", LEFT)
        return False
