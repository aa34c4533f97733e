"""A finding, and the checks that find: side by side, none of them longer than its time."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bellbuoy.monitor.clock import Clock

LIMIT_S = 10.0
"""Seconds that a check may take. All begin at once, so that the whole takes no longer."""

Level: TypeAlias = Literal["ok", "warn", "fail"]
Area: TypeAlias = Literal["itself", "store", "sources", "sinks", "detectors", "daemon", "test"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look at one thing gave.

    Attributes:
        level: `ok`; `warn`: it works, but something is amiss or not known; `fail`: a fault.
        said: what was measured.
        remedy: what to do, or ''.
    """

    level: Level
    said: str
    remedy: str = ""


Findings: TypeAlias = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    Attributes:
        area: where it belongs.
        name: of the thing.
        look: yields what is found; what it yielded before its time was over counts.
        late: what it is when its time is over: `warn` where there is only much to look at.
    """

    area: Area
    name: str
    look: Callable[[], Findings]
    late: Level = "fail"


@dataclass(frozen=True, slots=True)
class Line:
    """A finding with its place."""

    area: Area
    name: str
    finding: Finding


def ok(said: str) -> Finding:
    """Return that a thing is as it must be."""
    return Finding("ok", said)


def warn(said: str, remedy: str) -> Finding:
    """Return that something is amiss, and what to do."""
    return Finding("warn", said, remedy)


def fail(said: str, remedy: str) -> Finding:
    """Return a fault, and what to do."""
    return Finding("fail", said, remedy)


def found(checks: Sequence[Check], clock: Clock, limit_s: float = LIMIT_S) -> list[Line]:
    """Look at all things at the same time; return what was found, in the order of the checks.

    Args:
        checks: what to look at.
        clock: tells the time.
        limit_s: seconds after which a check that has not ended is told of as a fault, and left to itself.
    """
    looks = [_Look(check) for check in checks]
    until = clock.monotonic() + limit_s
    for one in looks:
        one.thread.start()
    for one in looks:
        one.thread.join(max(0.0, until - clock.monotonic()))
    return [Line(one.check.area, one.check.name, finding) for one in looks for finding in one.told(limit_s)]


class _Look:
    """A check under way; its thread does not hold up the end of the process."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.thread = threading.Thread(target=self._run, name=f"{check.area} {check.name}", daemon=True)
        self._findings: list[Finding] = []
        self._over = False

    def _run(self) -> None:
        try:
            self._findings.extend(self.check.look())
        except Exception as error:  # noqa: BLE001 - one check that breaks must not hide what the others found
            bug = f"the check itself failed: {type(error).__name__}: {error}"
            self._findings.append(fail(bug, "this is a bug in Bellbuoy: please report it"))
        self._over = True

    def told(self, limit_s: float) -> list[Finding]:
        over, findings = self._over, list(self._findings)
        if over:
            return findings
        remedy = "see whether it is reachable from here, and how busy it and this machine are"
        return [*findings, Finding(self.check.late, f"no answer within {limit_s:g} s", remedy)]
