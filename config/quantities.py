"""How quantities are written in YAML and what they become: durations, shares, sizes, ticks, threads.

Every parser raises `PydanticCustomError` whose type is a row of `bellbuoy.config.faults.SENTENCES`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
"""Seconds in each unit of a duration; a year is 365 days."""

BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
"""Bytes in each unit of a size."""

LONGEST = 100 * UNITS["y"]
"""Seconds of the longest duration."""
LARGEST = 1 << 50
"""Bytes of the largest size."""

DURATION = r"^[0-9]{1,9}(\.[0-9]{1,6})?(ms|s|m|h|d|w|y)$"
SHARE = r"^[0-9]{1,9}(\.[0-9]{1,6})?%$"
SIZE = r"^[0-9]{1,9}(\.[0-9]{1,6})?(B|KiB|MiB|GiB|TiB)$"


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """Marks a field whose YAML text is parsed into another type.

    Attributes:
        name: `duration`, `share`, …: also the type of the error.
        parse: YAML value → Python value.
        write: Python value → YAML text, for the generated reference.
        schema: JSON Schema of the YAML value.
    """

    name: str
    parse: Callable[[object], Any]
    write: Callable[[Any], str]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Parse what comes from YAML (there is a context); from code the parsed type itself is taken as well."""

        def validate(value: object, info: core_schema.ValidationInfo) -> Any:
            from_code = info.context is None and not isinstance(value, str)
            return value if from_code else self.parse(value)

        return core_schema.with_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of the text, not of the number."""
        return dict(self.schema)


def _number(pattern: str, value: object, error: str) -> tuple[float, str]:
    text = str(value)
    if not isinstance(value, str) or not re.fullmatch(pattern, text):
        raise PydanticCustomError(error, "")
    digits = re.match(r"[0-9.]+", text)
    assert digits is not None
    return float(digits.group()), text[digits.end() :]


def parse_duration(value: object) -> float:
    """Return seconds above 0: `800ms`, `30s`, `5m`, `2h`, `28d`, `4w`, `5y`."""
    seconds = parse_delay(value)
    if not seconds:
        raise PydanticCustomError("zero", "")
    return seconds


def parse_delay(value: object) -> float:
    """Return seconds; a delay may be `0s`."""
    number, unit = _number(DURATION, value, "duration")
    seconds = round(number * UNITS[unit], 6)
    if seconds > LONGEST:
        raise PydanticCustomError("duration_above", "")
    return seconds


def parse_tick(value: object) -> float:
    """Return seconds of a tick: whole minutes that divide an hour."""
    seconds = parse_duration(value)
    if seconds < 60 or seconds % 60 or 3600 % seconds:
        raise PydanticCustomError("tick", "")
    return seconds


def write_duration(seconds: float) -> str:
    """Return the shortest text that `parse_duration` reads as `seconds`."""
    for unit in ("y", "d", "h", "m", "s"):
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0:
            return f"{seconds / UNITS[unit]:.0f}{unit}"
    number, unit = (seconds, "s") if seconds >= 1 or not seconds else (seconds * 1000, "ms")
    return f"{number:.6f}".rstrip("0").rstrip(".") + unit


def parse_share(value: object) -> float:
    """Return a share from 0 to 1: `2%`, `1.5%`; a plain 0 needs no sign."""
    if value == 0 and type(value) is int:
        return 0.0
    number, _ = _number(SHARE, value, "share")
    if number > 100:
        raise PydanticCustomError("share_above", "", {"smaller": f"{number / 10:g}%" if number <= 1000 else ""})
    return round(number / 100, 9)


def write_share(share: float) -> str:
    """Return a share in percent."""
    return f"{share * 100:g}%"


def parse_size(value: object) -> int:
    """Return bytes: `64KiB`, `16MiB`, `1GiB`."""
    number, unit = _number(SIZE, value, "size")
    size = round(number * BYTES[unit])
    if not size:
        raise PydanticCustomError("zero", "")
    if size > LARGEST:
        raise PydanticCustomError("size_above", "")
    return size


def write_size(size: int) -> str:
    """Return the shortest text that `parse_size` reads as `size`."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size and size % BYTES[unit] == 0:
            return f"{size // BYTES[unit]}{unit}"
    return f"{size}B"


def parse_threads(value: object) -> Literal["auto"] | int:
    """Return `auto` or a number of threads from 1 to 64."""
    if value == "auto":
        return "auto"
    if type(value) is not int or not 1 <= value <= 64:
        raise PydanticCustomError("threads", "")
    return value


def parse_memory(value: object) -> Literal["auto", "off"] | int:
    """Return `auto`, `off` or bytes."""
    return value if value in ("auto", "off") else parse_size(value)


def write_memory(value: Literal["auto", "off"] | int) -> str:
    """Return the text that `parse_memory` reads as `value`."""
    return write_size(value) if isinstance(value, int) else value


def text_schema(pattern: str, *examples: str) -> dict[str, Any]:
    """Return the JSON Schema of a text with a pattern."""
    return {"type": "string", "pattern": pattern, "examples": list(examples)}


Duration: TypeAlias = Annotated[
    float, Quantity("duration", parse_duration, write_duration, text_schema(DURATION, "30s", "5m", "2h", "28d", "4w"))
]
"""Seconds, written `30s`, `5m`, `2h`, `28d`, `4w`, `800ms`."""

Delay: TypeAlias = Annotated[
    float, Quantity("delay", parse_delay, write_duration, text_schema(DURATION, "0s", "5m", "7d"))
]
"""Seconds, which may be none: `0s`."""

Share: TypeAlias = Annotated[
    float,
    Quantity("share", parse_share, write_share, {"anyOf": [text_schema(SHARE, "2%", "1.5%"), {"const": 0}]}),
]
"""0 to 1, written `2%`."""

Size: TypeAlias = Annotated[int, Quantity("size", parse_size, write_size, text_schema(SIZE, "64KiB", "1GiB"))]
"""Bytes, written `64KiB`, `16MiB`, `1GiB`."""

Tick: TypeAlias = Annotated[
    float,
    Quantity(
        "tick",
        parse_tick,
        write_duration,
        {"enum": ["1m", "2m", "3m", "4m", "5m", "6m", "10m", "12m", "15m", "20m", "30m", "60m", "1h"]},
    ),
]
"""Seconds of a tick."""

Threads: TypeAlias = Annotated[
    Literal["auto"] | int,
    Quantity(
        "threads", parse_threads, str, {"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": 64}]}
    ),
]
"""`auto` or a number of threads."""

Memory: TypeAlias = Annotated[
    Literal["auto", "off"] | int,
    Quantity("size", parse_memory, write_memory, {"anyOf": [{"enum": ["auto", "off"]}, text_schema(SIZE, "3GiB")]}),
]
"""`auto`, `off`, or bytes."""
