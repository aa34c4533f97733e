"""Who reads at present; and the moment between them in which the file can be opened anew."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

BRIEF_S: Final = 0.5
"""How long a read of our own lets such a moment come."""
ASKED_S: Final = 15.0
"""How long a person's query lets it come: those before it run no longer."""


class Readers:
    """Counts who reads. When a moment without readers is wanted, those who come wait a little for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._now = 0
        self._long = 0
        self._wanted = False

    def enter(self, patience: float, *, long: bool = False) -> None:
        """Count one more.

        Args:
            patience: seconds to wait at most while a moment without readers is wanted. Whoever reads already and enters
                again must be brief.
            long: it may read for minutes: meanwhile no such moment is wanted.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._wanted, patience) or long:
                self._wanted = False  # until it is asked for again
            self._now += 1
            self._long += long

    def leave(self, *, long: bool = False) -> None:
        """Count one less."""
        with self._changed:
            self._now -= 1
            self._long -= long
            self._changed.notify_all()

    def gone(self, seconds: float) -> bool:
        """Wait until nobody reads, or `seconds` are over; return whether nobody does."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._now, seconds)

    @contextmanager
    def within(self, patience: float = BRIEF_S) -> Iterator[None]:
        """Read while the block runs."""
        self.enter(patience)
        try:
            yield
        finally:
            self.leave()

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Give true where nobody reads, and let nobody in while the block runs; else let the moment for it come."""
        with self._changed:
            alone = not self._now
            self._wanted = not alone and not self._long
            try:
                yield alone
            finally:
                self._changed.notify_all()
