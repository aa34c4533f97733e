"""Dates, times and spans: `2026-11-01`, `2026-11-01T00:00Z`, `2026-09-01..2026-09-28`; all become epoch seconds."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic_core import PydanticCustomError

from bellbuoy.config.quantities import Quantity, text_schema

INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
SPAN = INSTANT[:-1] + r"\.\." + INSTANT[1:]
DAY = 10
"""Characters of a date without a time."""


def _instant(text: str, *, end: bool = False) -> int:
    if not re.fullmatch(INSTANT, text):
        raise PydanticCustomError("instant", "", {"text": text})
    try:
        if len(text) == DAY:
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise PydanticCustomError("instant", "", {"text": text}) from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def parse_instant(value: object) -> int:
    """Return epoch seconds of a date (its first second, UTC) or a time with `Z` or an offset (without: UTC)."""
    return _instant(value if isinstance(value, str) else "")


def parse_last(value: object) -> int:
    """Return epoch seconds of the end of a span: a date counts as a whole, so this is the next midnight (UTC)."""
    return _instant(value if isinstance(value, str) else "", end=True)


def write_instant(at: int) -> str:
    """Return the instant as a time in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_span(value: object) -> tuple[int, int]:
    """Return (since, until) in epoch seconds of `FROM..TO`; a date as TO counts as a whole."""
    parts = value.split("..") if isinstance(value, str) else []
    if len(parts) != 2:
        raise PydanticCustomError("span", "")
    since, until = _instant(parts[0]), _instant(parts[1], end=True)
    if until <= since:
        raise PydanticCustomError("span_reversed", "", {"since": parts[0], "until": parts[1]})
    return since, until


def write_span(span: tuple[int, int]) -> str:
    """Return the span as `FROM..TO` with times in UTC."""
    return f"{write_instant(span[0])}..{write_instant(span[1])}"


def parse_start(value: object) -> Literal["earliest", "latest"] | int:
    """Return `earliest`, `latest`, or epoch seconds of a time."""
    if value == "earliest" or value == "latest":  # noqa: PLR1714 - mypy narrows this form to the two literals
        return value
    try:
        return parse_instant(value)
    except PydanticCustomError:
        raise PydanticCustomError("start", "") from None


Instant: TypeAlias = Annotated[
    int, Quantity("instant", parse_instant, write_instant, text_schema(INSTANT, "2026-11-01", "2026-11-01T00:00Z"))
]
"""Epoch seconds, written as a date or a time."""

Last: TypeAlias = Annotated[
    int, Quantity("instant", parse_last, write_instant, text_schema(INSTANT, "2026-11-01", "2026-11-01T00:00Z"))
]
"""Epoch seconds of an end; a date counts as a whole."""

Span: TypeAlias = Annotated[
    tuple[int, int], Quantity("span", parse_span, write_span, text_schema(SPAN, "2026-09-01..2026-09-28"))
]
"""(since, until) in epoch seconds, written `2026-09-01..2026-09-28`."""

Start: TypeAlias = Annotated[
    Literal["earliest", "latest"] | int,
    Quantity(
        "start",
        parse_start,
        lambda value: value if isinstance(value, str) else write_instant(value),
        {"anyOf": [{"enum": ["earliest", "latest"]}, text_schema(INSTANT, "2026-11-01T00:00Z")]},
    ),
]
"""`earliest`, `latest` or epoch seconds."""
