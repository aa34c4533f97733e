"""A log of another form, read as events: where in it each field of an event stands.

A foreign message is taken apart, made into the message that its producer would have sent in the native schema, and read as
that one: bounds and names are checked in one place only. What the map does not name is not stored.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec

from bellbuoy.monitor.event.coercing import Uncoerced, coerced, plain
from bellbuoy.monitor.event.columns import COLUMNS, Column
from bellbuoy.monitor.event.refusal import Refusal, refusal, refusal_of

Path: TypeAlias = tuple[str | int, ...]
"""Keys of objects and places in lists, from the outside in; a place below 0 counts from the end."""
Read: TypeAlias = bytes | Refusal | None
"""A message in the native schema, no message, or why there is none."""

_PART = re.compile(r"\.([^.\[\]'\"\s]+)|\[(-?\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_AT = re.compile(r" - at \$\.([\w.]+)")
_NAMES: Final = {column.name: column for column in COLUMNS}
_REQUIRED: Final = {
    kind: tuple(one.name for one in COLUMNS if f"{kind[0].upper()}R" in one.types and one.name != "type")
    for kind in ("step", "interaction", "outcome")
}


class MapError(ValueError):
    """A map cannot be used; the text names its key and says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one field stands.

    Attributes:
        path: as it is written, `$.span.name`; None: every event has the same value.
        value: that value.
        values: what each foreign value means, by its text; others are kept as they are.
    """

    path: str | None = None
    value: str | float | bool | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Field:
    """An entry, ready to be read: its name as in `$.name`, the way to it in an event, and how it is read there."""

    name: str
    keys: tuple[str, ...]
    column: Column | None
    path: Path
    entry: Entry


class Foreign:
    """Reads messages of one other form.

    Args:
        entries: field of an event → where it stands. `attributes.KEY` is a slice, `integration.status` a field of an object.

    Raises:
        MapError: there is no such field, or a path is none.
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._fields = [_field(name, entry) for name, entry in entries.items()]
        self._from = {one.name: one.entry.path or "a constant" for one in self._fields}
        self._typed = "type" in entries

    def read(self, values: Sequence[bytes | None], longest: int) -> list[Read]:
        """Return messages in the native schema; what is empty or longer than `longest` bytes is left as it is."""
        return [value if not value or len(value) > longest else self.one(value) for value in values]

    def one(self, value: bytes) -> bytes | Refusal:
        """Return one message in the native schema, or why it is none."""
        try:
            document = msgspec.json.decode(value)
        except Exception as error:  # noqa: BLE001 # classified by its form, as every decoder's error is
            return refusal_of(error)
        if not isinstance(document, dict):
            return refusal("type", f"expected `object`, got `{_kind(document)}`")
        made: dict[str, Any] = {}
        for one in self._fields:
            try:
                found = _value(document, one)
            except Uncoerced as error:
                return refusal("map", f"no {error} for `{one.name}`: {error.shown}", one.entry.path or "$")
            if found is not None:
                _put(made, one.keys, found)
        if not self._typed:
            made["type"] = "step" if "step" in made else "interaction"
        _complete(made, _OBJECTS)
        for name in _REQUIRED.get(made.get("type", ""), ()):
            if name not in made:
                said = self._from.get(name)
                what = f"no value for `{name}`" + ("" if said else ", which the map does not name")
                return refusal("map", what, said or "$")
        return msgspec.json.encode(made)

    def told(self, why: Refusal) -> Refusal:
        """Return a refusal of the message that was made, with where the wrong value came from."""
        found = _AT.search(why.reason)
        place = self._from.get(found.group(1)) if found else None
        return Refusal(why.kind, f"{why.reason} (read from {place}: see `map` of this source)") if place else why


def fields(columns: Iterable[Column] = COLUMNS, path: str = "") -> Iterator[str]:
    """Yield the names that a map may have, those of slices apart: `step`, `integration.status`."""
    for column in columns:
        if column.children:
            yield from fields(column.children, f"{path}{column.name}.")
        else:
            yield path + column.name


def path_of(text: str) -> Path:
    """Return the parts of a JSONPath to one value: `$.a.b[0]`, `$['key.with.dots']`, `$` for the whole.

    Raises:
        MapError: it is none.
    """
    parts: list[str | int] = []
    at = 1
    while text.startswith("$") and at < len(text) and (found := _PART.match(text, at)):
        name, number, *quoted = found.groups()
        parts.append(int(number) if number is not None else next(one for one in (name, *quoted) if one is not None))
        at = found.end()
    if not text.startswith("$") or at != len(text):
        raise MapError(f"{text!r} is no path to one value; write $.a.b, $.list[0] or $['a key with dots']")
    return tuple(parts)


def look(document: Any, path: Path) -> Any:
    """Return what stands at a path; None where nothing does."""
    for part in path:
        if type(part) is int:
            if not isinstance(document, list) or not -len(document) <= part < len(document):
                return None
            document = document[part]
        elif isinstance(document, dict):
            document = document.get(part)
        else:
            return None
    return document


def _field(name: str, entry: Entry) -> _Field:
    try:
        path = () if entry.path is None else path_of(entry.path)
    except MapError as error:
        raise MapError(f"{name}: {error}") from None
    first, *rest = name.split(".", 1) if name.startswith("attributes.") else name.split(".")
    column = _NAMES.get(first)
    if column is not None and column.shape == "map" and rest:
        return _Field(name, (first, *rest), None, path, entry)
    for part in rest:
        column = next((one for one in column.children if one.name == part), None) if column else None
    if column is None:
        raise MapError(f"{name}: an event has no such field; docs/events.md lists them, or name it attributes.{first}")
    if column.children:
        inner = ", ".join(f"{name}.{one.name}" for one in column.children[:3])
        raise MapError(f"{name}: this is an object; name its fields, such as {inner}")
    return _Field(name, (first, *rest), column, path, entry)


def _value(document: Any, one: _Field) -> Any:
    found = one.entry.value if one.entry.path is None else look(document, one.path)
    if found is None:
        return None
    if one.entry.values and not isinstance(found, dict | list):
        found = one.entry.values.get(plain(found), found)
    return coerced(found, one.column)


def _put(made: dict[str, Any], keys: Sequence[str], value: Any) -> None:
    for key in keys[:-1]:
        made = made.setdefault(key, {})
    made[keys[-1]] = value


def _objects(columns: Iterable[Column]) -> list[tuple[Column, list[Any]]]:
    return [(one, _objects(one.children)) for one in columns if one.children]


_OBJECTS: Final = _objects(COLUMNS)


def _complete(made: dict[str, Any], objects: Sequence[tuple[Column, list[Any]]]) -> None:
    """Leave out objects that lack what they cannot be without, and make a list of one where a list is wanted."""
    for column, inner in objects:
        found = made.get(column.name)
        if found is None:
            continue
        _complete(found, inner)
        if any(child.required and child.name not in found for child in column.children):
            del made[column.name]
        elif column.shape == "structs":
            made[column.name] = [found]


def _kind(value: object) -> str:
    kinds = {list: "array", str: "str", bool: "bool", int: "int", float: "float"}
    return kinds.get(type(value), "null")
