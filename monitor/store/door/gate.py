"""How many ad hoc queries run at once, and what they are told when they are not answered."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

WAITING = 8


class QueryRefused(Exception):  # noqa: N818 - the state is the name
    """A query was not answered; the text says why and what would be.

    Attributes:
        result: `refused` (not allowed), `busy` (too many at once), `timeout`, `stuck` (it could not be stopped), or
            `error` (DuckDB's own words).
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
    def passed(self, at_once: int, seconds: float, waiting: int = WAITING) -> Iterator[None]:
        """Hold one of `at_once` places, waiting for it at most `seconds`, together with at most `waiting` others.

        Raises:
            QueryRefused: too many wait, or none became free.
        """
        with self._free:
            if self._running >= at_once:
                if self._waiting >= waiting:
                    raise QueryRefused("busy", f"{self._running} queries run and {self._waiting} wait; try again later")
                self._waiting += 1
                try:
                    if not self._free.wait_for(lambda: self._running < at_once, seconds):
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
