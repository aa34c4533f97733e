"""Foreign values as the values that a field of an event has; only where a person said that they stand for it."""

from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from bellbuoy.monitor.event.columns import Column, Shape

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_SHOWN: Final = 60


class Uncoerced(ValueError):  # noqa: N818 - what it says is the value's state
    """A value cannot stand for what is wanted, which the text names.

    Attributes:
        shown: the value, for people.
    """

    def __init__(self, wanted: str, value: object) -> None:
        super().__init__(wanted)
        self.shown = repr(value)[:_SHOWN]


def plain(value: Any) -> str:
    """Return a JSON scalar as text: `true`, `200`."""
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)


def coerced(value: Any, column: Column | None) -> Any:
    """Return a value as a column has it; text that is too long for it ends with `…`.

    Args:
        value: as JSON has it, not None.
        column: a field of an event; None: a slice of one's own, which is text.

    Raises:
        Uncoerced: it cannot stand for that.
    """
    if column is None:
        return _text(value)
    found = _BY_SHAPE[column.shape](value)
    if isinstance(found, str) and column.longest is not None and len(found) > column.longest:
        return found[: column.longest - 1] + "…"
    return found


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise Uncoerced("text", value)
    return plain(value)


def _bool(value: Any) -> bool:
    word = plain(value).lower()
    if isinstance(value, dict | list) or word not in _TRUE + _FALSE:
        raise Uncoerced("true or false", value)
    return word in _TRUE


def _float(value: Any) -> float:
    try:
        if isinstance(value, bool | dict | list) or not isfinite(number := float(value)):
            raise Uncoerced("number", value)
    except (ValueError, OverflowError):
        raise Uncoerced("number", value) from None
    return number


def _int(value: Any) -> int:
    if type(value) is int:
        return value
    number = _float(value)
    if number != int(number):
        raise Uncoerced("whole number", value)
    return int(number)


def _time(value: Any) -> int:
    """Return microseconds UTC: of RFC 3339 (without a zone: UTC), or of an epoch in s, ms, µs or ns, told by its size."""
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value.strip())
        except ValueError:
            pass
        else:
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            return round(at.timestamp() * 1e6)
    try:
        number = _float(value)
    except Uncoerced:
        raise Uncoerced("time", value) from None
    for least, factor in ((1e17, 1e-3), (1e14, 1.0), (1e11, 1e3)):
        if abs(number) >= least:
            return round(number * factor)
    return round(number * 1e6)


def _texts(value: Any) -> list[str]:
    return [_text(one) for one in value] if isinstance(value, list) else [_text(value)]


def _map(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Uncoerced("object", value)
    return {key: plain(one) for key, one in value.items() if one is not None and not isinstance(one, dict | list)}


_BY_SHAPE: Final[dict[Shape, Callable[[Any], Any]]] = {
    "text": _text,
    "bool": _bool,
    "int": _int,
    "float": _float,
    "time": _time,
    "expiry": _time,
    "texts": _texts,
    "map": _map,
}
