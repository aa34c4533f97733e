"""Who is not told now: silences that people put on, and quiet hours on a timetable.

What is muted is judged, stored and shown like anything else. A mute holds pages back; it never loses one.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal
from zoneinfo import ZoneInfo

from bellbuoy.config.model import Quiet, Week
from bellbuoy.monitor.explain.wording import moment
from bellbuoy.monitor.judging.incidents import RANK, Incident
from bellbuoy.monitor.judging.records import About, Reader, incident
from bellbuoy.monitor.judging.routes import matches
from bellbuoy.monitor.judging.watched import SeriesKey


@dataclass(frozen=True, slots=True)
class Mute:
    """Why nobody is told of an incident at present.

    Attributes:
        kind: `silence` or `quiet`.
        name: id of the silence, name of the quiet hours.
        until: when it ends, epoch seconds.
        reason: one sentence.
    """

    kind: Literal["silence", "quiet"]
    name: str
    until: int
    reason: str


class Mutes:
    """Tells what mutes an incident.

    Args:
        reader: where silences and incidents are.
        quiet: quiet hours of the configuration.
        zone: in which they are meant, and of the times in sentences.
    """

    def __init__(self, reader: Reader, quiet: Sequence[Quiet] = (), zone: str = "UTC") -> None:
        self._reader = reader
        self._quiet = quiet
        self._zone = zone

    def any(self, now: float) -> bool:
        """Tell whether something may be muted at `now`, epoch seconds."""
        return bool(self._quiet) or bool(self._reader.rows("people/active", now=int(now)))

    def of(self, one: Incident, about: About, now: float) -> Mute | None:
        """Return what mutes an incident at `now`, epoch seconds; of several the one that ends last."""
        found = [*self._silences(one, now), *self._hours(one, about, now)]
        return max(found, key=lambda mute: mute.until, default=None)

    def named(self, key: str, about: About, now: float) -> tuple[Incident, Mute | None]:
        """Return the stored incident with the id `key`, and what mutes it at `now`."""
        found = incident(self._reader, key)
        assert found is not None, f"the outbox names {key}, which is not stored"
        return found, self.of(found, about, now)

    def _silences(self, one: Incident, now: float) -> list[Mute]:
        return [
            Mute(
                "silence",
                row["id"],
                row["until"],
                f"silenced by {row['who']} until {moment(row['until'], self._zone)}: {row['why']}",
            )
            for row in self._reader.rows("people/active", now=int(now))
            if covers(row["selector"], one)
        ]

    def _hours(self, one: Incident, about: About, now: float) -> list[Mute]:
        found = []
        for hours in self._quiet:
            until = covering(hours.every, now, self._zone)
            if until is not None and quiets(hours, one, about):
                told = f"quiet hours {hours.name} until {moment(until, self._zone)}"
                found.append(Mute("quiet", hours.name, until, told))
        return found


def quiets(hours: Quiet, one: Incident, about: About) -> bool:
    """Tell whether quiet hours are about an incident, whenever they are."""
    grave = hours.below is not None and RANK[one.severity] >= RANK[hours.below]
    return not grave and matches(hours.when, one, about)


def covers(selector: str, one: Incident) -> bool:
    """Tell whether a silence is about an incident: by its id, or by what is bad in it.

    Every step that is bad must be meant: a silence for one step does not hide another. What is bad of whole interactions
    follows from the steps, and must be meant only where no step is bad.
    """
    if selector == one.id:
        return True
    series = [member.watched.series for member in one.members if member.resolved_at is None]
    series = series or [member.watched.series for member in one.members]
    steps = [key for key in series if key.step is not None]
    return all(meant(selector, key) for key in steps or series)


def meant(selector: str, key: SeriesKey) -> bool:
    """Tell whether `workflow[/step[/segment]]`, with * and ? for anything, means a series, or what it is a part of."""
    name = "/".join(part for part in (key.workflow, key.step, key.segment) if part)
    return fnmatchcase(name, selector) or fnmatchcase(name, f"{selector}/*")


def covering(week: Week, now: float, zone: str) -> int | None:
    """Return the end of the weekly span that `now` lies in, epoch seconds; None when it lies in none.

    Both ends are read off the clock on the wall: where it is put back a span lasts to the second time that its end is read,
    and of one that the clock leaves out nothing is there.
    """
    there = ZoneInfo(zone)
    today = datetime.fromtimestamp(now, there).date()
    ends = []
    for ago in range(3):  # a span lasts a day at most, and may have begun the day before
        day = today - timedelta(days=ago)
        if day.weekday() in week.days:
            begins = datetime.combine(day, datetime.min.time()) + timedelta(minutes=week.start)
            over = begins + timedelta(minutes=week.minutes)
            since, until = _instant(begins, there, last=False), _instant(over, there, last=True)
            if since <= now < until:
                ends.append(until)
    return max(ends, default=None)


def _instant(wall: datetime, zone: ZoneInfo, *, last: bool) -> int:
    """Return when the clock on the wall shows a time, epoch seconds: of a time that comes twice the first or the `last` one.

    Of a time that is left out it is the instant at which the clock is put on.
    """
    first, second = (int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    if first <= second:
        return second if last else first
    before = datetime.fromtimestamp(second, zone).utcoffset()
    between = range(second, first + 1)
    return between[bisect_left(between, 1, key=lambda at: datetime.fromtimestamp(at, zone).utcoffset() != before)]
