"""Weekly times and spans: `Mon 08:00`, `Tue 02:00-02:30`, `Mon-Fri 18:00-08:00`, `daily 03:00`."""

import re
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic_core import PydanticCustomError

from bellbuoy.config.quantities import Quantity

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_DAYS = rf"(?:daily|{_DAY}-{_DAY}|{_DAY}(?:,{_DAY})*)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
TIME = rf"^{_DAYS} {_TIME}$"
SPAN = rf"^{_DAYS} {_TIME}-{_TIME}$"


@dataclass(frozen=True, slots=True)
class Week:
    """Times of the week, in local time.

    Attributes:
        days: weekdays on which it begins, Monday = 0, ascending.
        start: minute of the day at which it begins.
        minutes: how long it lasts; 0 for a time. A span may pass midnight.
    """

    days: tuple[int, ...]
    start: int
    minutes: int = 0


def _days(text: str) -> tuple[int, ...]:
    if text == "daily":
        return tuple(range(7))
    if "-" in text:
        first, last = (DAYS.index(day) for day in text.split("-"))
        return tuple(sorted((first + ahead) % 7 for ahead in range((last - first) % 7 + 1)))
    return tuple(sorted({DAYS.index(day) for day in text.split(",")}))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def parse_time(value: object) -> Week:
    """Return when in the week: `Mon 08:00`."""
    if not isinstance(value, str) or not re.fullmatch(TIME, value):
        raise PydanticCustomError("week_time", "")
    days, time = value.split()
    return Week(_days(days), _minute(time))


def parse_span(value: object) -> Week:
    """Return from when to when in the week: `Tue 02:00-02:30`; equal times mean a whole day."""
    if not isinstance(value, str) or not re.fullmatch(SPAN, value):
        raise PydanticCustomError("week_span", "")
    days, times = value.split()
    since, until = (_minute(time) for time in times.split("-"))
    return Week(_days(days), since, (until - since) % 1440 or 1440)


def write(week: Week) -> str:
    """Return the text that is read as `week`."""

    def clock(minute: int) -> str:
        return f"{minute // 60 % 24:02d}:{minute % 60:02d}"

    days = "daily" if len(week.days) == 7 else ",".join(DAYS[day] for day in week.days)
    return f"{days} {clock(week.start)}" + (f"-{clock(week.start + week.minutes)}" if week.minutes else "")


WeeklyTime: TypeAlias = Annotated[
    Week, Quantity("week_time", parse_time, write, {"type": "string", "pattern": TIME, "examples": ["Mon 08:00"]})
]
"""A time of the week."""

WeeklySpan: TypeAlias = Annotated[
    Week, Quantity("week_span", parse_span, write, {"type": "string", "pattern": SPAN, "examples": ["Tue 02:00-02:30"]})
]
"""A span of the week."""
