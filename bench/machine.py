"""What a figure was measured on, whether the machine is free enough to measure, and how fast it is at the moment."""

import os
import platform
import time
from importlib.metadata import version
from typing import Any

import duckdb

BUSY = 1.0
"""Load of the last minute past which no figure is taken."""

TURNS = 1_000_000


def pace() -> float:
    """Return the milliseconds of `TURNS` turns of a bare loop: a shared machine can be twice as slow from one minute to the next."""
    began = time.perf_counter()
    for _ in range(TURNS):
        pass
    return 1000 * (time.perf_counter() - began)


def machine() -> dict[str, Any]:
    """Return the versions and the size of this machine; nothing that names it."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        **{name: version(name) for name in ("kafka-python", "msgspec", "pyarrow", "numpy")},
    }


def busy() -> str | None:
    """Return a sentence when something else runs; None when the machine is free."""
    load = os.getloadavg()[0]
    if load <= BUSY:
        return None
    return (
        f"the load of this machine is {load:.1f}, more than {BUSY:.0f}: a figure taken now says little; "
        "wait, or measure all the same with --anyway"
    )
