"""All checks of one configuration, and how their findings are told."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bellbuoy.config.errors import Finding as Remark
from bellbuoy.config.model import Config
from bellbuoy.config.plugins import sink as sink_of
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.doctor import itself, reading, running, storing, telling, watching
from bellbuoy.monitor.doctor.finding import Check, Line, found
from bellbuoy.monitor.doctor.knowing import Knowing
from bellbuoy.monitor.doctor.sending import LIMIT_S, send
from bellbuoy.monitor.logs import Masked, secrets_of
from bellbuoy.monitor.version import VERSION
from bellbuoy.sinks.text import clean

LONGEST = 600
"""Characters of one finding: what brokers and services say of themselves may be long."""


def examine(config: Config, remarks: Sequence[Remark], file: Path, clock: Clock) -> list[Line]:
    """Look at everything that a configuration needs; nothing is changed, and nobody sees anything of it.

    Args:
        config: the configuration.
        remarks: the warnings that were found in it.
        file: where it stands.
        clock: tells the time.
    """
    knowing = Knowing(config, clock)
    try:
        return found(
            [
                *itself.checks(config, remarks),
                *storing.checks(config, knowing),
                *reading.checks(config, knowing),
                *telling.checks(config, clock),
                *watching.checks(config, knowing),
                *running.checks(config, file, knowing),
            ],
            clock,
        )
    finally:
        knowing.close()


def tried(config: Config, name: str, clock: Clock) -> list[Line]:
    """Send a sample page through the sink of that name: people see it; return what became of each step."""
    entry = config.sinks[name]
    sink = sink_of(entry.kind, entry.settings)
    return found([Check("test", name, lambda: send(sink, clock, config.server.timezone))], clock, LIMIT_S)


def text(lines: Sequence[Line], config: Config) -> list[str]:
    """Return the findings, one a line, and how many there are of each level; no secret of the configuration is in it."""
    mask = Masked(secrets_of(config), as_json=False).mask
    width = max(len(one.area) for one in lines)
    told = []
    for one in lines:
        said = clean(mask("; ".join(filter(None, (one.finding.said, one.finding.remedy)))), LONGEST)
        told.append(f"{one.finding.level:<4}  {one.area:<{width}}  {one.name}: {said}")
    many = {level: sum(one.finding.level == level for one in lines) for level in ("fail", "warn", "ok")}
    faults, warnings = _count(many["fail"], "fault"), _count(many["warn"], "warning")
    return [*told, f"{faults}, {warnings}, {many['ok']} as they must be"]


def record(lines: Sequence[Line], config: Config, clock: Clock) -> str:
    """Return the findings as JSON, for support; no secret of the configuration is in it."""
    mask = Masked(secrets_of(config), as_json=False).mask
    rows = [
        {
            "level": one.finding.level,
            "area": one.area,
            "name": one.name,
            "said": clean(mask(one.finding.said), LONGEST),
            "remedy": clean(mask(one.finding.remedy), LONGEST),
        }
        for one in lines
    ]
    at = datetime.fromtimestamp(int(clock.now()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"version": VERSION, "at": at, "findings": rows}, indent=2, ensure_ascii=False)


def _count(many: int, noun: str) -> str:
    return f"{many or 'no'} {noun}{'' if many == 1 else 's'}"
