"""What a user expects a backtest to find, held against what it found."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bellbuoy.config.instants import parse_span
from bellbuoy.config.load import plain
from bellbuoy.monitor.backtest.errors import BacktestError
from bellbuoy.monitor.backtest.lines import instant
from bellbuoy.monitor.backtest.summary import Story

FORM = "write a list of { series: WORKFLOW[/STEP[/SEGMENT]], between: 2026-10-04..2026-10-08 }"


@dataclass(frozen=True, slots=True)
class Expected:
    """An incident that is expected.

    Attributes:
        series: `workflow`, `workflow/step` or `workflow/step/segment`; * and ? stand for anything.
        since, until: it opens between these, epoch seconds.
    """

    series: str
    since: int
    until: int

    def fits(self, story: Story) -> bool:
        """Tell whether an incident is the expected one: one of its series, opened in time."""
        inside = self.since <= story.opened[0].at <= self.until
        return inside and any(_fits(self.series, member.watched.series) for member in story.last.members)


def read_expected(path: Path) -> list[Expected]:
    """Return what a YAML file expects.

    Raises:
        BacktestError: it says something else; the text says where.
    """
    try:
        data = plain(path)
    except ValueError as error:
        raise BacktestError(str(error)) from None
    if not isinstance(data, list):
        raise BacktestError(f"{path}: this is no list of incidents; {FORM}")
    return [_expected(path, place, one) for place, one in enumerate(data, 1)]


def unmet(expected: Sequence[Expected], stories: Sequence[Story]) -> list[str]:
    """Return a sentence for each incident that is expected and absent, and for each that is there and not expected."""
    told = [
        f"expected and not there: an incident of {one.series} between {instant(one.since)} and {instant(one.until)}"
        for one in expected
        if not any(one.fits(story) for story in stories)
    ]
    return told + [
        f"there and not expected: {story.name}, {story.last.lead.watched.series.text()}, opened {instant(story.opened[0].at)}"
        for story in stories
        if not any(one.fits(story) for one in expected)
    ]


def _expected(path: Path, place: int, one: Any) -> Expected:
    if not isinstance(one, dict) or set(one) != {"series", "between"} or not isinstance(one["series"], str):
        raise BacktestError(f"{path}: number {place} of the list is no expected incident; {FORM}")
    try:
        since, until = parse_span(one["between"])
    except ValueError:
        raise BacktestError(f"{path}: {one['between']!r} is no span of time; {FORM}") from None
    return Expected(one["series"], since, until)


def _fits(pattern: str, series: Any) -> bool:
    parts = [series.workflow, series.step, series.segment]
    wanted = pattern.split("/")
    given = [part or "" for part in parts[: len(wanted)]]
    return len(wanted) <= len(parts) and all(map(fnmatchcase, given, wanted))
