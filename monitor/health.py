"""Whether the daemon is alive and ready: named checks, each with its reason."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from bellbuoy.monitor.clock import Clock

ALIVE_S = 120.0
"""How long the judging thread may stand still before the daemon counts as dead."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: whether it passes, and why not."""

    name: str
    ok: bool
    why: str = ""


class Health:
    """What the threads report of themselves."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._failing: dict[str, str] = {"started": "starting"}
        self._beat = clock.monotonic()
        self._names = {"started", "store", "ingest", "draining"}
        self._asked: dict[str, Callable[[], str | None]] = {}

    def beat(self) -> None:
        """The judging thread moved."""
        self._beat = self.clock.monotonic()

    def watch(self, name: str, trouble: Callable[[], str | None]) -> None:
        """A check that is asked: it fails while `trouble` gives a reason."""
        self._names.add(name)
        self._asked[name] = trouble

    def fail(self, name: str, why: str) -> None:
        """A check fails from now on, for the reason `why`."""
        with self._lock:
            self._names.add(name)
            self._failing[name] = why

    def mend(self, name: str) -> None:
        """A check passes from now on."""
        with self._lock:
            self._failing.pop(name, None)

    def alive(self) -> bool:
        """Tell whether the judging thread moved lately."""
        return self.clock.monotonic() - self._beat < ALIVE_S

    def started(self) -> bool:
        """Tell whether the store is open and the server listens."""
        return "started" not in self._failing

    def checks(self) -> list[Check]:
        """Return every readiness check."""
        with self._lock:
            failing = dict(self._failing)
        failing |= {name: why for name, trouble in self._asked.items() if (why := trouble())}
        return [Check(name, name not in failing, failing.get(name, "")) for name in sorted(self._names)]
