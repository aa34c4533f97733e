"""How this process holds memory: what large arrays took goes back to the system when they are freed, on Linux with glibc.

A batch of events is some tens of arrays of a megabyte. Kept for the next one, by three allocators that know nothing of
each other, they double what the daemon holds.
"""

import ctypes
import gc
import sys

import pyarrow as pa

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of `mallopt`, from glibc's <malloc.h>."""
LARGE = 256 << 10
"""Bytes from which an allocation is a mapping of its own; glibc by itself raises this to 32 MiB as such are freed."""
KEPT = 1 << 20
"""Free bytes at the end of the heap from which they are given back."""
ARENAS = 2
"""Heaps that threads share; glibc by itself gives nearly every thread one, whose free parts no other can use."""
COLLECTED_AFTER = 50_000
"""New objects after which Python looks for such as refer to each other; by itself after 700. A poll brings 20,000 records,
all alive and none of them in a circle: looking through them again and again took an eighth of the time of the ingest."""


def unhurried() -> None:
    """Look for objects in circles seldom from now on, and no more among those that are there; others are freed at once all the same.

    Modules, classes and what was read at the start stay for ever: looking through them took 0.07 s each time.
    """
    first, *others = gc.get_threshold()
    gc.set_threshold(max(first, COLLECTED_AFTER) if first else 0, *others)
    gc.collect()
    gc.freeze()


def give_back() -> bool:
    """Give the free pages within the heaps back to the system too; return whether this system can.

    A heap ends where its last live object lies: with objects of all ages in it a third of it was free after ten million
    events, 190 MB, and growing. Takes 5 to 30 ms.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is None:
        return False
    trim(0)
    return True


def frugal() -> bool:
    """Let freed memory go back to the system from now on; return whether this system can."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    wanted = {_MMAP_THRESHOLD: LARGE, _TRIM_THRESHOLD: KEPT, _ARENA_MAX: ARENAS}
    if mallopt is None or not all(mallopt(*one) for one in wanted.items()):
        return False
    pa.set_memory_pool(pa.system_memory_pool())  # its own keeps what is freed, by thread
    return True
