"""Says what a source runs into, and the same thing at most once a minute."""

import logging

from bellbuoy.monitor.clock import Clock

AGAIN_S = 60.0
_MAX_LINES = 1_000


class Teller:
    """Logs a line unless the same line was logged within the last minute."""

    def __init__(self, logger: logging.Logger, clock: Clock) -> None:
        self._logger = logger
        self._clock = clock
        self._told: dict[str, float] = {}

    def say(self, level: int, line: str) -> None:
        """Log the line at this level."""
        now = self._clock.monotonic()
        told = self._told.get(line)
        if told is not None and now - told < AGAIN_S:
            return
        if len(self._told) >= _MAX_LINES:
            self._told.clear()
        self._told[line] = now
        self._logger.log(level, "%s", line)
