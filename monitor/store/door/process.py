"""The last bound of memory: what the whole process may take, so that one greedy call fails instead of the machine."""

import sys
from pathlib import Path

AUTO_FACTOR = 2
AUTO_BESIDE = 1 << 30


def bound(memory_limit: int, wanted: int | str = "auto") -> int | None:
    """Let allocations past a limit fail from now on, in this process and its children.

    Some functions of DuckDB take memory past `memory_limit` in one call. Without a limit of the process the machine's
    last resort then ends the daemon; with it, that query is told "out of memory" and the rest goes on.

    What is reserved when this is called comes on top: Arrow's allocator alone reserves 1 GiB with its first array, and
    a process that cannot start a thread any more is ended by its allocator.

    Args:
        memory_limit: DuckDB's, bytes.
        wanted: bytes; `auto` is twice `memory_limit` and 1 GiB; `off` sets none.

    Returns:
        the limit in bytes; None where none was set: switched off, another system than Linux, or a stricter one holds.
    """
    if wanted == "off" or sys.platform != "linux":
        return None
    import resource

    beside = AUTO_FACTOR * memory_limit + AUTO_BESIDE if isinstance(wanted, str) else wanted
    limit = _reserved() + beside
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if any(known not in (resource.RLIM_INFINITY, -1) and known <= limit for known in (soft, hard)):
        return None
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    return limit


def _reserved() -> int:
    """Return the bytes of data that this process has reserved already."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) << 10
    return 0
