"""The only place that reads the time; everything else is given it.

Instants are epoch seconds in UTC: whole ones (`int`) for ticks and incidents, floats for what a clock reads.
"""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> float:
        """The instant, in epoch seconds (UTC)."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that no clock change moves: for durations."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until `event` is set or `seconds` have passed; true when it is set."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """The instant, in epoch seconds (UTC)."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that no clock change moves."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until `event` is set or `seconds` have passed; true when it is set."""
        return event.wait(seconds)


class VirtualClock:
    """A clock that stands still until it is moved: simulations and tests."""

    def __init__(self, at: float = 0.0) -> None:
        self.at = at

    def now(self) -> float:
        """The instant that was set, in epoch seconds (UTC)."""
        return self.at

    def monotonic(self) -> float:
        """The same instant: virtual time never jumps back."""
        return self.at

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        self.at += seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Move forward by `seconds` without waiting; true when `event` is set."""
        if not event.is_set():
            self.at += seconds
        return event.is_set()
