"""Whose turn it is when the cores are taken: whoever takes events in comes before whoever asks. Linux only.

DuckDB works for every query with the same threads beside the one that asks, so these have the low priority too: the
thread that writes does its work itself and is slowed by no reader.
"""

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NICE = 10
"""A tenth of a core beside a thread that never rests; at the lowest of all a query would starve on a busy machine."""


def lower(threads: Iterable[int] | None = None) -> None:
    """Give threads of this process, by their numbers in the system, the low priority; the calling one if none are named."""
    if sys.platform == "linux":
        for number in [threading.get_native_id()] if threads is None else threads:
            with suppress(OSError):  # it has ended, or may not be changed: then it keeps what it has
                os.setpriority(os.PRIO_PROCESS, number, NICE)


@contextmanager
def lowered() -> Iterator[None]:
    """Give the low priority to the threads that something other than Python starts while the block runs."""
    before = _all()
    yield
    ours = {thread.native_id for thread in threading.enumerate()}
    lower(_all() - before - ours)


def _all() -> set[int]:
    tasks = Path("/proc/self/task")
    return {int(one.name) for one in tasks.iterdir()} if tasks.is_dir() else set()
