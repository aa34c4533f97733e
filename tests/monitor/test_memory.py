"""What large arrays took goes back to the system when they are freed."""

import gc
import subprocess
import sys
import textwrap

import pytest

from bellbuoy.monitor.memory import COLLECTED_AFTER, unhurried

PROGRAM = """
    import os
    from pathlib import Path
    import numpy as np
    import pyarrow as pa
    from bellbuoy.monitor.memory import frugal

    def held():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    assert frugal()
    assert pa.default_memory_pool().backend_name == "system"
    pa.concat_arrays([pa.array(np.ones(1)), pa.array(np.ones(1))])  # brings in what stays
    before = held()
    for _ in range(3):
        wide = [pa.array(np.ones(1 << 17)) for _ in range(100)]
        owned = [pa.concat_arrays([one, one]) for one in wide]
        assert held() - before > 250_000_000
        del wide, owned
    print(held() - before)
"""

HEAP = """
    import os
    from pathlib import Path
    from bellbuoy.monitor.memory import frugal, give_back

    def held():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    assert frugal()
    before = held()
    objects = [bytes(600) for _ in range(200_000)]
    full = held() - before
    last = objects[-1]  # the heap cannot end before it
    del objects
    kept = held() - before
    assert give_back()
    print(full, kept, held() - before)
"""
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc and glibc's mallopt are of Linux")


def numbers(program):
    run = [sys.executable, "-c", textwrap.dedent(program)]
    return [
        int(one) for one in subprocess.run(run, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    ]


@linux
def test_freed_arrays_go_back_to_the_system():
    assert numbers(PROGRAM)[0] < 20_000_000


@linux
def test_free_pages_below_a_live_object_go_back_to_the_system():
    full, kept, after = numbers(HEAP)
    assert full > 100_000_000
    assert kept > 100_000_000
    assert after < 20_000_000


@pytest.mark.parametrize(("before", "after"), [(700, COLLECTED_AFTER), (10**6, 10**6), (0, 0)])
def test_circles_are_looked_for_seldom_or_as_somebody_wanted(before, after):
    kept = gc.get_threshold()
    try:
        gc.set_threshold(before, 7, 8)
        unhurried()
        assert gc.get_threshold() == (after, 7, 8)
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < 1_000
    finally:
        gc.unfreeze()
        gc.set_threshold(*kept)
