"""The narrow reading: classes that know only the fields which messages have brought of late.

An event has 75 fields and a log uses about 25 of them, always the same ones. A decoder for those few makes smaller
objects, and a column that no message has is never read from any of them. A field that was not seen before is learned
from the first message that brings it, so that nothing but the speed depends on what is known.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import attrgetter, or_
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from bellbuoy.monitor.event.columns import COLUMNS, Column, tag
from bellbuoy.monitor.event.definition import TYPES, Event

_ALWAYS = frozenset({"type", "event_id"})
_RELEARN_EVERY = 1_000_000
"""Events after which all is forgotten: a field that came once shall not cost for ever."""


class Form:
    """Classes and a decoder for some of the fields.

    Attributes:
        names: the fields of messages that it reads; those that are required in any type are always among them.
        read: bytes → event, refusing every field that is not in `names`.
        columns: the columns that have to be read from its events; `type` is not among them.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = frozenset(names) | _ALWAYS | _REQUIRED
        classes = [_narrowed(cls, self.names) for cls in TYPES]
        self.read: Callable[[bytes], Event] = msgspec.json.Decoder(reduce(or_, classes)).decode
        self.columns = tuple(column for column in COLUMNS if column.name in self.names and column.name != "type")
        self._absent = {
            column.name: _Absent(column, classes) for column in COLUMNS if column.name not in {*self.names, "type"}
        }
        self._type = _Absent(COLUMNS[0], classes)

    def absent(self, events: Sequence[Any]) -> dict[str, Any]:
        """Return the column `type`, and each column that none of the events brings: it holds its type's default."""
        types = pa.array(np.fromiter(map(_PLACES.__getitem__, map(_TYPE, events)), np.int8, len(events)))
        arrays = {name: one.array(types) for name, one in self._absent.items()}
        return arrays | {"type": self._type.array(types)}


class _Absent:
    """A column that holds one value for each type of event."""

    def __init__(self, column: Column, classes: list[type]) -> None:
        values = [getattr(cls, column.attribute) for cls in classes]
        self._values = pa.array(values, column.type)
        self._alike = values == values[:1] * len(values)
        self._column = self._repeated(0)

    def array(self, types: Any) -> Any:
        """Return the column of events of these types, each by its place among the classes."""
        if not self._alike:
            return self._values.take(types)
        column = self._column  # several threads may lengthen it at once: each goes on with its own
        if len(column) < len(types):
            column = self._column = self._repeated(len(types))
        return column.slice(0, len(types))

    def _repeated(self, n: int) -> Any:
        return pa.repeat(self._values[0], n) if self._values[0].is_valid else pa.nulls(n, self._values.type)


_TYPE = attrgetter("type")
_TAGS = {cls: tag(cls) for cls in TYPES}
_PLACES = {name: place for place, name in enumerate(_TAGS.values())}
_FIELDS = {cls: msgspec.structs.fields(cls) for cls in TYPES}
_REQUIRED = frozenset(field.encode_name for fields in _FIELDS.values() for field in fields if field.required)


def _narrowed(cls: type[Event], names: frozenset[str]) -> type[Event]:
    """Return a class with only these fields; every other attribute reads as its default, as if it had not been sent."""
    here = [field for field in _FIELDS[cls] if field.encode_name in names]
    fields = [(one.name, one.type, msgspec.field(name=one.encode_name, default=one.default)) for one in here]
    taken = {field.name for field in here}
    namespace: dict[str, Any] = {column.attribute: None for column in COLUMNS if column.attribute not in taken}
    namespace |= {field.name: field.default for field in _FIELDS[cls] if field.name not in taken}
    namespace["type"] = _TAGS[cls]
    if hasattr(cls, "__post_init__"):
        namespace["__post_init__"] = cls.__post_init__
    return msgspec.defstruct(  # type: ignore[return-value] # it has the attributes of an event, and is no subclass
        f"Narrow{cls.__name__}",
        fields,
        namespace=namespace,
        kw_only=True,
        gc=False,
        tag_field="type",
        tag=_TAGS[cls],
        forbid_unknown_fields=True,
    )


class Learned:
    """The form that is in use; threads may share it, for a form that is lost is learned again.

    The first one is made for the first events: it loads pandas by way of pyarrow, and most commands read none.
    """

    def __init__(self) -> None:
        self._form: Form | None = None
        self._events = 0

    def form(self, events: int) -> Form:
        """Return the form to read so many events with."""
        self._events += events
        if self._events > _RELEARN_EVERY:
            self._events, self._form = 0, None
        form = self._form = self._form or Form()
        return form

    def widen(self, form: Form, names: Iterable[str]) -> Form:
        """Return a form that knows these fields too, and keep it."""
        kept = self._form or form
        wider = self._form = Form({*form.names, *names, *kept.names})
        return wider
