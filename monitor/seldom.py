"""Says a thing that happens often at most once an hour, with how often it happened."""

from bellbuoy.monitor.clock import Clock

HOUR_S = 3600.0


class Seldom:
    """Adds up what is not told yet; the first time is told at once."""

    def __init__(self, clock: Clock, every: float = HOUR_S) -> None:
        self._clock = clock
        self._every = every
        self._told_at = float("-inf")
        self._waiting = 0

    def add(self, n: int) -> int:
        """Return how many there are to tell now; 0 while it is too early, or when there is nothing."""
        self._waiting += n
        if not self._waiting or self._clock.monotonic() - self._told_at < self._every:
            return 0
        told, self._waiting, self._told_at = self._waiting, 0, self._clock.monotonic()
        return told
