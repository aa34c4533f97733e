"""Bellbuoy itself: Python, packages, the room it has, time zones, and what its configuration leaves doubtful."""

import importlib.metadata
import importlib.util
import platform
import re
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bellbuoy.config.errors import Finding as Remark
from bellbuoy.config.model import Config
from bellbuoy.monitor.doctor.finding import Check, Findings, fail, ok, warn
from bellbuoy.monitor.doctor.machine import Room, room
from bellbuoy.monitor.version import VERSION
from bellbuoy.monitor.web.wording import size

BESIDE = 768 << 20
"""Bytes that the process needs beside `store.memory_limit`."""
SHOWN = ("duckdb", "pyarrow", "kafka-python", "slack-sdk", "numpy", "scipy", "pandas")
"""Packages whose version is told when all is well."""
OURS = ("test", "bench")
"""Extras of those who develop Bellbuoy."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A package that is wanted: its name, the versions that are taken (`>=2,<3`), and the extra that wants it, or ''."""

    name: str
    versions: str
    extra: str = ""


def checks(config: Config, remarks: Sequence[Remark]) -> Iterator[Check]:
    """Yield what to look at.

    Args:
        config: the configuration.
        remarks: what was found in it.
    """
    yield Check("itself", "configuration", lambda: configured(remarks))
    yield Check("itself", "python", python)
    yield Check("itself", "packages", lambda: packages(wanted()))
    yield Check("itself", "room", lambda: enough(config, room()))
    yield Check("itself", "time zones", lambda: time_zone(config.server.timezone))


def configured(remarks: Sequence[Remark]) -> Findings:
    """Yield that the configuration is accepted, and its first warning; the heartbeat has a check of its own."""
    told = [one for one in remarks if one.code != "BB219"]
    if not told:
        yield ok("accepted")
        return
    many = "a warning" if len(told) == 1 else f"{len(told)} warnings; the first"
    yield warn(f"accepted with {many}: {told[0].message}", "`bellbuoy check` shows where")


def python() -> Findings:
    """Yield what it runs on."""
    said = f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}"
    needs = importlib.metadata.metadata("bellbuoy")["Requires-Python"] or ""
    if fits(platform.python_version(), needs):
        yield ok(f"Bellbuoy {VERSION}, {said}")
    else:
        yield fail(f"{said}; Bellbuoy {VERSION} needs {needs}", "install it for a Python that it knows")


def wanted() -> list[Wanted]:
    """Return the packages that this version of Bellbuoy wants, from its own metadata."""
    return [read(line) for line in importlib.metadata.requires("bellbuoy") or ()]


def read(requirement: str) -> Wanted:
    """Return a line of the metadata, as `kafka-python[crc32c]<4,>=3; extra == "x"`."""
    spec, _, marker = requirement.partition(";")
    found = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?([^)]*)", spec)
    assert found is not None, "metadata is written by the build"
    extra = re.search(r"""extra == ["']([^"']+)""", marker)
    return Wanted(found[1], found[2].strip(), extra[1] if extra else "")


def installed(name: str) -> str | None:
    """Return the version of a package that is installed; None where it is not."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def packages(needs: Sequence[Wanted], version_of: Callable[[str], str | None] = installed) -> Findings:
    """Yield which packages are missing or of a version that is not taken, and what is there."""
    have = {one.name: version_of(one.name) for one in needs}
    core = [one for one in needs if not one.extra]
    wrong = [one for one in core if not fits(have[one.name], one.versions)]
    for one in wrong:
        there = "is missing" if have[one.name] is None else f"{have[one.name]} is not taken"
        yield fail(f"{one.name} {there}, {one.versions} is wanted", f"pip install '{one.name}{one.versions}'")
    if importlib.util.find_spec("crc32c") is None:
        yield fail("crc32c is missing: Kafka is read eleven times slower without it", "pip install crc32c")
    if not wrong:
        shown = ", ".join(f"{name} {have[name]}" for name in SHOWN if name in have)
        yield ok(f"all {len(core)} are of a version that is taken: {shown}{_extras(needs, have)}")


def _extras(needs: Sequence[Wanted], have: dict[str, str | None]) -> str:
    told = []
    for extra in dict.fromkeys(one.extra for one in needs if one.extra and one.extra not in OURS):
        own = [one for one in needs if one.extra == extra]
        there = all(fits(have[one.name], one.versions) for one in own)
        told.append(f"{extra} is {'there' if there else 'not installed'}")
    return f"; extras: {', '.join(told)}" if told else ""


def fits(version: str | None, versions: str) -> bool:
    """Tell whether a version is one of those that are taken: bounds as `>=2,<3`, of whole numbers."""
    if version is None:
        return False
    have = _numbers(version)
    for bound in filter(None, versions.replace(" ", "").split(",")):
        least, below = bound.startswith(">="), bound.startswith("<")
        if (least and have < _numbers(bound)) or (below and have >= _numbers(bound)):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    found = re.search(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def enough(config: Config, here: Room) -> Findings:
    """Yield whether the memory suffices for what the store may take and the process beside it."""
    who = "the container" if here.limited else "the machine"
    said = f"{who} has {size(here.memory)} of memory and {here.cpus:g} processors"
    needs = config.store.memory_limit + BESIDE
    if here.memory >= needs:
        yield ok(f"{said}; {size(needs)} is needed")
    elif here.memory > config.store.memory_limit:
        yield warn(
            f"{said}, less than store.memory_limit ({size(config.store.memory_limit)}) and 768 MiB beside it",
            "give more memory, or lower store.memory_limit",
        )
    else:
        yield fail(
            f"{said}, and store.memory_limit alone is {size(config.store.memory_limit)}",
            "lower store.memory_limit, or the system ends the daemon",
        )


def time_zone(name: str) -> Findings:
    """Yield whether the data of the time zone is there."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, OSError, ValueError):
        yield fail(f"there is no data of {name}", "pip install tzdata, or set server.timezone")
        return
    system = any((Path(folder) / name).is_file() for folder in zoneinfo.TZPATH)
    yield ok(f"{name} is known, from {'the system' if system else 'the package tzdata'}")
