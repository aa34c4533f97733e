"""The hours that the clock on the wall leaves out in spring and shows twice in autumn, and which times of the week fall into them."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bellbuoy.config.timetable import DAYS, Week

DAY = 1440
"""Minutes."""
WEEK = 7 * DAY
YEAR = 2100
"""Far enough ahead that a zone has its standing rule alone: what is said of it does not depend on today."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the clock.

    Attributes:
        begins: minute of the week at which the hour begins that is left out or comes twice, Monday 00:00 = 0.
        minutes: how long it is.
        twice: it comes twice; else it is left out.
        month: in which it is: `Mar`.
    """

    begins: int
    minutes: int
    twice: bool
    month: str

    def inside(self, minute: int) -> bool:
        """Tell whether a minute of the week lies in the hour, its beginning included."""
        return (minute - self.begins) % WEEK < self.minutes

    def __str__(self) -> str:
        """Return when it is, and what: `on a Sun in Mar (02:00 to 03:00 is not there)`."""
        day = DAYS[self.begins // DAY]
        told = "comes twice" if self.twice else "is not there"
        return f"on a {day} in {self.month} ({clock(self.begins)} to {clock(self.begins + self.minutes)} {told})"


def changes(zone: ZoneInfo) -> list[Change]:
    """Return the changes of the clock in a year, by the standing rule of the zone; none where there is no summer time."""
    midnight = datetime(YEAR, 1, 1, tzinfo=UTC)
    found = []
    for day in range(366):
        before, after = (_offset(midnight, (day + ahead) * DAY, zone) for ahead in (0, 1))
        if before != after:
            minutes = range(day * DAY, (day + 1) * DAY + 1)
            place = bisect_left([_offset(midnight, minute, zone) == after for minute in minutes], x=True)
            wall = midnight + timedelta(minutes=minutes[place]) + min(before, after)
            begins = wall.weekday() * DAY + wall.hour * 60 + wall.minute
            length = int(abs(after - before).total_seconds()) // 60
            found.append(Change(begins, length, after < before, f"{wall:%b}"))
    return found


def oddities(week: Week, zone: ZoneInfo) -> Iterator[str]:
    """Yield what becomes of a time or a span of the week when the clock is changed, where it begins or ends in such an hour.

    Of a span see `bellbuoy.monitor.muting.covering`; a time that is left out comes so much later, one that comes twice counts once.
    """
    for change in changes(zone):
        for day in week.days:
            begin = (day * DAY + week.start) % WEEK
            told = _span(begin, week.minutes, change) if week.minutes else _time(begin, change)
            if told:
                yield f"{told} {change}"
                break


def clock(minute: int) -> str:
    """Return a minute of the week as a time of its day: `02:30`."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def _time(begin: int, change: Change) -> str:
    if not change.inside(begin):
        return ""
    return "comes at the first of both" if change.twice else f"comes at {clock(begin + change.minutes)}"


def _span(begin: int, minutes: int, change: Change) -> str:
    end = (begin + minutes) % WEEK
    within = change.inside(begin) and begin != change.begins
    if change.twice:
        return f"lasts {change.minutes} minutes longer" if within or change.inside(end) else ""
    after = clock(change.begins + change.minutes)
    if change.inside(begin) and (begin - change.begins) % WEEK + minutes <= change.minutes:
        return "is left out"
    if within:
        return f"begins at {after}"
    return f"ends at {after}" if change.inside(end) and end != change.begins else ""


def _offset(midnight: datetime, minutes: int, zone: ZoneInfo) -> timedelta:
    offset = (midnight + timedelta(minutes=minutes)).astimezone(zone).utcoffset()
    assert offset is not None, "an instant in a zone has one"
    return offset
