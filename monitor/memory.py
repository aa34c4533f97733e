"""How this process gives memory back: what large arrays took goes to the system when they are freed. Linux with glibc only.

A batch of events is some tens of arrays of a megabyte. Kept for the next one, by three allocators that know nothing of
each other, they double what the daemon holds.
"""

import ctypes
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
