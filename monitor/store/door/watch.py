"""Runs a query on a thread of its own and watches it: interrupts it at its time, and tells when it does not come back."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from bellbuoy.monitor.store.door.gate import QueryRefused
from bellbuoy.monitor.store.door.priority import lower

GRACE_S = 15.0
"""How long an interrupted query may take to come back before it counts as stuck."""
AGAIN_S = 0.05
"""An interrupt between two steps of a query is lost, so it is repeated."""

T = TypeVar("T")


class Watched(Generic[T]):
    """One query at work.

    Args:
        work: what to do; runs on the new thread.
        interrupt: stops it from outside.

    Attributes:
        late: set when the time is over; what `work` raises after that is the consequence.
    """

    def __init__(self, work: Callable[[], T], interrupt: Callable[[], None]) -> None:
        self.late = threading.Event()
        self._work = work
        self._interrupt = interrupt
        self._done = threading.Event()
        self._found: list[T] = []
        self._error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="query", daemon=True)

    def result(self, seconds: float, grace: float = GRACE_S) -> T:
        """Start, wait, and return what `work` returned, or raise what it raised.

        Raises:
            QueryRefused: `timeout` when it ended after its time; `stuck` when it did not end.
        """
        self.thread.start()
        if not self._done.wait(seconds):
            self.late.set()
            left = grace
            while left > 0 and not self._done.wait(min(AGAIN_S, left)):
                left -= AGAIN_S
                self._interrupt()
            if not self._done.is_set():
                raise QueryRefused("stuck", f"not stopped {grace:g} s after its time was over; the daemon restarts")
        self.thread.join()
        if self._error is None:
            return self._found[0]
        if self.late.is_set():
            told = f"longer than {seconds:g} s; ask for less, or raise `query.seconds`"
            raise QueryRefused("timeout", told) from self._error
        raise self._error

    def _run(self) -> None:
        lower()
        try:
            self._found.append(self._work())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._error = error
        finally:
            self._done.set()
