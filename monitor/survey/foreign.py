"""Why records are no events, said so that whoever wrote them knows what to do."""

from collections.abc import Mapping
from typing import Any

import msgspec

from bellbuoy.monitor.event import COLUMNS
from bellbuoy.monitor.event.batch import DeadLetter
from bellbuoy.monitor.survey.sample import Sample, place

MOST_FIELDS = 8
_TYPES = {"step": "SR", "interaction": "IR", "outcome": "OR"}
_KNOWN = frozenset(column.name for column in COLUMNS)


def refusal(sample: Sample, name: str) -> str:
    """Return why nothing can be concluded from a sample, and the way out; '' where something can.

    Args:
        sample: what was looked at.
        name: of it, for people.
    """
    if not sample.records:
        return f"{name}: there is no record in it; let some interactions be logged first, or try it with `bellbuoy simulate`"
    if sample.first is None or not sample.foreign:
        return ""
    good = sample.records - sample.letters
    are = "none is an event" if not good else "1 is an event" if good == 1 else f"{good:,} are events"
    check = ""
    if sample.first.stream.source == "files":
        check = f"; `bellbuoy schema event --check {sample.first.stream.path}` tells it of every line"
    return (
        f"{place(sample.first)}: {_why(sample.first)}\n"
        f"Looked at {sample.records:,} record{'s' * (sample.records != 1)}, of which {are}. Where the fields of events stand "
        "in it could not be guessed: say it\n"
        "by `map` of the source (docs/mapping.md), or let what writes the log write events (docs/events.md lists the fields, "
        f"`bellbuoy schema event` is their JSON Schema){check}"
    )


def mistakes(sample: Sample) -> str:
    """Return how many records are no events, where nothing is refused for it; '' where all are."""
    if sample.first is None:
        return ""
    are = "record is no event" if sample.letters == 1 else "records are no events"
    return f"{sample.letters:,} {are}, the first one {place(sample.first)}: {sample.first.reason}."


def _why(letter: DeadLetter) -> str:
    """Return all fields that a record lacks and what it has instead, or the decoder's own reason."""
    try:
        record = msgspec.json.decode(letter.raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return letter.reason
    if not isinstance(record, dict):
        return letter.reason
    missing = _missing(record)
    if not missing:
        return letter.reason
    lacks = f"{', '.join(f'`{name}`' for name in missing)} {'is' if len(missing) == 1 else 'are'} missing"
    other = [_shown(key) for key in record if key not in _KNOWN]
    if other:
        lacks += f"; it has {', '.join(other[:MOST_FIELDS])}{', …' if len(other) > MOST_FIELDS else ''}"
    return (
        f"{letter.reason}; {lacks}" if "type" in record and str(record["type"]) not in _TYPES else f"no event: {lacks}"
    )


def _missing(record: Mapping[str, Any]) -> list[str]:
    """Return the fields that the record's type requires and it lacks; without a type it is taken for a step."""
    required = _TYPES.get(str(record.get("type")), "SR")
    return [column.name for column in COLUMNS if required in column.types and column.name not in record]


def _shown(text: str) -> str:
    return "".join(one if one.isprintable() else "·" for one in text[:40])
