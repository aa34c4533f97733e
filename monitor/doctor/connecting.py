"""`bellbuoy check --connect`: what a look at the sources and sinks finds, at its place in the configuration."""

from collections.abc import Iterator

from bellbuoy.config.document import Path
from bellbuoy.config.errors import Remark
from bellbuoy.config.model import Config
from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.doctor import reading, telling
from bellbuoy.monitor.doctor.examining import LONGEST
from bellbuoy.monitor.doctor.finding import Line, found
from bellbuoy.monitor.doctor.knowing import Knowing
from bellbuoy.monitor.sources.build import kind_of, names
from bellbuoy.sinks.text import clean

CODES = {"fail": "BB301", "warn": "BB302"}
"""Of findings that are not `ok`."""


def connected(config: Config) -> Iterator[Remark]:
    """Yield what is wrong with the sources and sinks of a configuration; nobody sees anything of the look.

    Raises:
        SourceSettings: a source asks for what cannot be.
    """
    clock = SystemClock()
    knowing = Knowing(config, clock)
    try:
        lines = found([*reading.checks(config, knowing), *telling.checks(config, clock)], clock)
    finally:
        knowing.close()
    places: dict[tuple[str, str], Path] = {("sinks", name): ("sinks", name) for name in config.sinks}
    for number, (name, source) in enumerate(zip(names(config.sources), config.sources, strict=True)):
        places["sources", name] = ("sources", number, kind_of(source))
    for one in lines:
        if one.finding.level in CODES:
            yield Remark(CODES[one.finding.level], places[one.area, one.name], _said(one), on_key=True)


def _said(one: Line) -> str:
    told = "; ".join(filter(None, (one.finding.said, one.finding.remedy)))
    return clean(f"{one.name}: {told}", LONGEST)
