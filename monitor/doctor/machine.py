"""What this process may use of the machine: memory and processors, as its control group (v1 or v2) allows."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NONE = 1 << 60
"""Bytes from which a limit of version 1 means that there is none."""


@dataclass(frozen=True, slots=True)
class Room:
    """What may be used.

    Attributes:
        memory: bytes. cpus: processors, a part of one as a fraction.
        limited: whether a control group sets the memory; else it is the machine's.
    """

    memory: int
    cpus: float
    limited: bool


def room(root: Path = Path("/")) -> Room:
    """Return what this process may use.

    Args:
        root: where `proc` and `sys` are.
    """
    groups = list(_groups(root))
    memory = [found for group in groups if (found := _memory(group)) is not None]
    cpus = [share for group in groups if (share := _cpus(group)) is not None]
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Room(min([*memory, machine]), min([*cpus, float(own)]), limited=min(memory, default=machine) < machine)


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folders of the process's control groups, and all that stand above them: each sets limits."""
    mount = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, kinds, place = [*line.split(":", 2), "", ""][:3]
        for kind in {"memory", "cpu"} & set(kinds.split(",")) if kinds else {""}:
            base = mount / kind
            group = base / place.strip("/")
            yield from (one for one in (group, *group.parents) if one.is_relative_to(base) and one.is_dir())


def _memory(group: Path) -> int | None:
    said = _text(group / "memory.max") or _text(group / "memory.limit_in_bytes")
    return int(said) if said.isdecimal() and int(said) < NONE else None


def _cpus(group: Path) -> float | None:
    said = _text(group / "cpu.max") or f"{_text(group / 'cpu.cfs_quota_us')} {_text(group / 'cpu.cfs_period_us')}"
    quota, _, period = said.partition(" ")
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else None


def _text(path: Path) -> str:
    """Return what a small file says, or '' where it cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
