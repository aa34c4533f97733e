"""Runs a query on a thread of its own and watches it: interrupts it at its time, and tells when it does not come back."""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.store.door.gate import LEFT, QueryRefused
from bellbuoy.monitor.store.door.priority import lower

GRACE_S = 15.0
"""How long an interrupted query may take to come back before it counts as stuck."""
STARVED = 4
"""How many times as long where it had less than half of a core: it waits for its turn, or for another thread."""
AGAIN_S = 0.05
"""An interrupt between two steps of a query is lost, so it is repeated."""

T = TypeVar("T")


def _nothing() -> Any:
    """Stands where work was that is done: it held all that it worked with."""


class Watched(Generic[T]):
    """One query at work.

    Args:
        work: what to do; runs on the new thread.
        interrupt: stops it from outside.

    Attributes:
        late: set when the time is over, or nobody waits any more; what `work` raises after that is the consequence.
    """

    def __init__(self, work: Callable[[], T], interrupt: Callable[[], None]) -> None:
        self.late = threading.Event()
        self._work = work
        self._interrupt = interrupt
        self._done = threading.Event()
        self._found: list[T] = []
        self._error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="query", daemon=True)

    def result(
        self,
        seconds: float,
        grace: float = GRACE_S,
        *,
        limit: str = "`query.seconds`",
        gone: threading.Event | None = None,
    ) -> T:
        """Start, wait, and return what `work` returned, or raise what it raised.

        Args:
            seconds: how long it may run.
            grace: how long it may take to come back once it is interrupted, seconds.
            limit: what to raise for more time, in words.
            gone: set when nobody waits for the answer any more: it is interrupted then.

        Raises:
            QueryRefused: `timeout` when it ended after its time; `gone` when nobody waited for it; `stuck` when it did
                not end.
        """
        self.thread.start()
        try:
            ended = self._ended(seconds, gone)
        except BaseException:  # Ctrl-C: nothing of the query may outlive the wait for it, or the file stays open
            self.late.set()
            self._interrupted(grace)
            if self._done.is_set():
                self.thread.join()
            self._error = None  # its frames hold the cursor
            raise
        if not ended:
            self.late.set()
            self._interrupted(grace)
            if not self._done.is_set():
                raise QueryRefused("stuck", f"not stopped {grace:g} s after it was to end; the daemon restarts")
        self.thread.join()
        if self._error is None:
            return self._found[0]
        if self.late.is_set():
            if gone is not None and gone.is_set():
                raise QueryRefused("gone", LEFT) from None
            raise QueryRefused("timeout", f"longer than {seconds:g} s; ask for less, or raise {limit}") from None
        raise self._error

    def _ended(self, seconds: float, gone: threading.Event | None) -> bool:
        """Wait for the end of the work; false when the time is over, or nobody waits any more."""
        if gone is None:
            return self._done.wait(seconds)
        clock = SystemClock()
        until = clock.monotonic() + seconds
        while not gone.is_set():
            left = until - clock.monotonic()
            if self._done.wait(max(0.0, min(left, AGAIN_S))):
                return True
            if left <= 0:
                break
        return False

    def _interrupted(self, grace: float) -> None:
        """Interrupt until the work has ended, or has had its grace: on a busy machine it is not blamed for waiting its turn."""
        waited, worked = 0.0, self._worked()
        while not self._done.wait(AGAIN_S):
            waited += AGAIN_S
            busy = self._worked() - worked >= grace / 2
            if waited >= (grace if busy else STARVED * grace):
                return
            self._interrupt()

    def _worked(self) -> float:
        """Return the seconds of a core that the thread has had; 0 where the system does not tell."""
        if sys.platform != "linux" or self.thread.ident is None:
            return 0.0
        try:
            return time.clock_gettime(time.pthread_getcpuclockid(self.thread.ident))
        except OSError:  # it has just ended
            return 0.0

    def _run(self) -> None:
        lower()
        try:
            self._found.append(self._work())
        except QueryRefused as refusal:
            # without where it came from: that holds cursors and rows, which then are let go of by chance, in another query
            refusal.__cause__ = refusal.__context__ = None
            self._error = refusal.with_traceback(None)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._error = error
        finally:
            self._work = _nothing
            self._done.set()
