"""Times counted from a beginning, and values over such times: `20d6h`, `20d..22d`, `5% until 28d, then 12%`, `40/h`."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic_core import PydanticCustomError

from bellbuoy.config.instants import parse_instant, parse_last
from bellbuoy.config.quantities import UNITS, Quantity, parse_share, text_schema, write_share

AFTER = r"(?=[0-9])([0-9]{1,4}w)?([0-9]{1,5}d)?([0-9]{1,6}h)?([0-9]{1,8}m)?"
"""A time after the beginning: weeks, days, hours, minutes, each once."""
FLOW = r"([0-9]{1,9}(\.[0-9]{1,6})?)/(m|h|d)"
"""Trials a minute, an hour or a day."""
_PIECE = re.compile(r"(?:(to) )?(\S+?)(?: (until|by) (\S+))?")
_THEN = re.compile(r",? then ")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time: `20d6h` after a beginning that is known later, or a date or time as elsewhere.

    Attributes:
        seconds: after the beginning, or epoch seconds.
        after: it counts from the beginning.
    """

    seconds: int
    after: bool = True

    def of(self, begins: int) -> int:
        """Return epoch seconds."""
        return begins + self.seconds if self.after else self.seconds


@dataclass(frozen=True, slots=True)
class Within:
    """Two times and what lies between: an end that is a date counts as a whole."""

    since: Moment
    until: Moment


@dataclass(frozen=True, slots=True)
class Turn:
    """A change of a value: sudden, or a straight slide. Times are seconds after the beginning.

    Attributes:
        begins: when it changes. ends: when the slide has arrived; None for a sudden change.
        before, after: the value.
    """

    begins: float
    ends: float | None
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Course:
    """A value over time.

    Attributes:
        first: where nothing turns.
        turns: in their order.
        text: as written.
    """

    first: float
    turns: tuple[Turn, ...] = ()
    text: str = ""


def parse_after(text: str) -> int | None:
    """Return the seconds of `20d6h30m`; None where it is not written so."""
    found = re.fullmatch(AFTER, text)
    parts = [part for part in found.groups() if part] if found else []
    return int(sum(int(part[:-1]) * UNITS[part[-1]] for part in parts)) if parts else None


def write_after(seconds: int) -> str:
    """Return the text that `parse_after` reads as so many seconds, to the minute."""
    days, rest = divmod(seconds, 86_400)
    parts = ((days, "d"), (rest // 3600, "h"), (rest // 60 % 60, "m"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0d"


def parse_moment(value: object) -> Moment:
    """Return a time: `20d6h`, `2026-06-21`, `2026-06-21T06:00Z`."""
    return _moment(value, end=False)


def _moment(value: object, *, end: bool) -> Moment:
    after = parse_after(value) if isinstance(value, str) else None
    if after is not None:
        return Moment(after)
    try:
        return Moment((parse_last if end else parse_instant)(value), after=False)
    except PydanticCustomError:
        raise PydanticCustomError("moment", "") from None


def parse_within(value: object) -> Within:
    """Return the times of `FROM..TO`."""
    parts = value.split("..") if isinstance(value, str) else []
    if len(parts) != 2:
        raise PydanticCustomError("within", "")
    since, until = _moment(parts[0], end=False), _moment(parts[1], end=True)
    if since.after is until.after and until.seconds <= since.seconds:
        raise PydanticCustomError("span_reversed", "", {"since": parts[0], "until": parts[1]})
    return Within(since, until)


def parse_flow(value: object) -> float:
    """Return trials an hour: `40/h`, `2/m`, `960/d`."""
    found = re.fullmatch(FLOW, value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("flow", "")
    return float(found[1]) * 3600 / UNITS[found[3]]


def _course(parse: Callable[[object], float], kind: str) -> Callable[[object], Course]:
    """Return what reads values over time: `5% until 28d, then to 12% by 40d, then 5%`."""

    def read(value: object) -> Course:
        if not isinstance(value, str):
            return Course(parse(value), (), str(value))
        pieces = list(_pieces(value, parse, kind))
        turns, now, at = [], pieces[0][0], 0
        for (worth, end, slides), following in zip(pieces, [*pieces[1:], None], strict=True):
            if slides:
                turns.append(Turn(at, end, now, worth))
            elif worth != now:
                turns.append(Turn(at, None, now, worth))
            if end is None and following is not None:
                raise PydanticCustomError("course_open", "", {"kind": kind})
            if end is not None and end <= at:
                raise PydanticCustomError("course_order", "", {"text": write_after(end), "before": write_after(at)})
            now, at = worth, end or 0
        if pieces[0][2]:
            raise PydanticCustomError(kind, "")
        if pieces[-1][1] is not None and not pieces[-1][2]:
            raise PydanticCustomError("course_ends", "", {"text": write_after(at)})
        return Course(pieces[0][0], tuple(turns), value)

    return read


def _pieces(text: str, parse: Callable[[object], float], kind: str) -> Iterator[tuple[float, int | None, bool]]:
    """Yield value, end and whether it slides there, piece by piece."""
    for piece in _THEN.split(text):
        found = _PIECE.fullmatch(piece)
        if found is None or (found[1] == "to") != (found[3] == "by"):
            raise PydanticCustomError(kind, "")
        end = None if found[4] is None else parse_after(found[4])
        if found[4] is not None and end is None:
            raise PydanticCustomError("course_time", "", {"text": found[4]})
        try:
            worth = parse(found[2])
        except PydanticCustomError as error:
            raise (error if error.type == "share_above" else PydanticCustomError(kind, "")) from None
        yield worth, end, found[1] == "to"


def _text_of(course: Course) -> str:
    return course.text


_TURNS = r"( until \S+(,? then \S+ until \S+|,? then to \S+ by \S+)*,? then (to \S+ by )?\S+)?"
_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]\S+)?"

When: TypeAlias = Annotated[
    Moment,
    Quantity(
        "moment",
        parse_moment,
        lambda value: write_after(value.seconds),
        text_schema(f"^({AFTER}|{_INSTANT})$", "20d6h", "2026-06-21T06:00Z"),
    ),
]
"""A time after the beginning, or a date or time."""

Between: TypeAlias = Annotated[
    Within,
    Quantity(
        "within",
        parse_within,
        lambda value: f"{write_after(value.since.seconds)}..{write_after(value.until.seconds)}",
        text_schema(rf"^({AFTER}|{_INSTANT})\.\.({AFTER}|{_INSTANT})$", "20d..22d", "2026-06-21..2026-06-22"),
    ),
]
"""Two times."""

Flow: TypeAlias = Annotated[
    Course,
    Quantity("flow", _course(parse_flow, "flow"), _text_of, text_schema(rf"^{FLOW}{_TURNS}$", "40/h", "960/d")),
]
"""Trials an hour over time, written `40/h`, `40/h until 20d, then 0/h`."""

Shares: TypeAlias = Annotated[
    Course,
    Quantity(
        "shares",
        _course(parse_share, "shares"),
        _text_of,
        {"anyOf": [text_schema(rf"^[0-9.]+%{_TURNS}$", "5%", "5% until 28d, then 12%"), {"const": 0}]},
    ),
]
"""A share over time, 0 to 1, written `5%`, `5% until 28d, then 12%`, `5% until 28d, then to 12% by 40d`."""

NEVER = Course(0.0, (), write_share(0.0))
"""No share at any time."""
