"""The columns of an event, read off the definition: names, Arrow types, DuckDB types."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec.inspect
import pyarrow as pa

from bellbuoy.monitor.event.definition import TYPES, Event

Shape = Literal["text", "bool", "int", "float", "time", "expiry", "texts", "struct", "structs", "map"]

TIMESTAMP = pa.timestamp("us")

HEAD = (
    ("stream", pa.int32(), "INTEGER"),
    ("offset", pa.int64(), "BIGINT"),
    ("idx", pa.int32(), "INTEGER"),
    ("received_at", TIMESTAMP, "TIMESTAMP"),
    ("counted", pa.bool_(), "BOOLEAN"),
)
"""What the daemon knows of every event and the message does not say."""

_SCALARS: dict[Shape, tuple[Any, str]] = {
    "text": (pa.string(), "VARCHAR"),
    "bool": (pa.bool_(), "BOOLEAN"),
    "float": (pa.float64(), "DOUBLE"),
    "time": (TIMESTAMP, "TIMESTAMP"),
    "expiry": (TIMESTAMP, "TIMESTAMP"),
    "texts": (pa.list_(pa.string()), "VARCHAR[]"),
    "map": (pa.map_(pa.string(), pa.string()), "MAP(VARCHAR, VARCHAR)"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One field as a column.

    Attributes:
        name: the field's name in messages, tables and SQL.
        attribute: its name on the class.
        shape: how its array is built.
        type: Arrow type.
        sql: DuckDB type.
        kind: name of its kind in the documents (`name`, `count`, `ms`, …).
        children: fields of the object or of the listed objects.
        values: what an enumeration allows.
        longest: most characters of a text; None: as many as come.
        description: what it means.
        required, default: of the class in which it was first seen.
        types: letters of the event types that have it (S, I, O); a capital R beside one means required there.
    """

    name: str
    attribute: str
    shape: Shape
    type: Any
    sql: str
    kind: str
    children: tuple["Column", ...] = ()
    values: tuple[str, ...] = ()
    longest: int | None = None
    description: str = ""
    required: bool = False
    default: Any = None
    types: tuple[str, ...] = ()


_Form: TypeAlias = tuple[Shape, Any, str, tuple[Column, ...], tuple[str, ...]]
"""Shape, Arrow type, DuckDB type, children, values of an enumeration."""


def columns_of(cls: type[msgspec.Struct]) -> tuple[Column, ...]:
    """Return the columns of one class, in the order of its fields.

    Raises:
        TypeError: a field's type has no column, or an integer has no bounds: it would pass decoding and then break
            the batch around it.
    """
    info = msgspec.inspect.type_info(cls)
    assert isinstance(info, msgspec.inspect.StructType)
    attributes = dict(zip(cls.__struct_encode_fields__, cls.__struct_fields__, strict=True))
    return tuple(_column(field, attributes[field.encode_name], f"{cls.__name__}.{field.name}") for field in info.fields)


def _column(field: msgspec.inspect.Field, attribute: str, place: str) -> Column:
    inner, extra, description = _unwrap(field.type)
    shape, arrow, sql, children, values = _shape(inner, extra, place)
    kind = str(extra.get("kind") or {"bool": "bool", "float": "number", "map": "attributes"}.get(shape, "enum"))
    return Column(
        name=field.encode_name,
        attribute=attribute,
        shape=shape,
        type=arrow,
        sql=sql,
        kind="object" if shape == "struct" else "list" if shape in ("structs", "texts") else kind,
        children=children,
        values=values,
        longest=inner.max_length if isinstance(inner, msgspec.inspect.StrType) else None,
        description=description,
        required=field.required,
        default=None if field.default is msgspec.NODEFAULT else field.default,
    )


def _unwrap(kind: Any) -> tuple[Any, dict[str, Any], str]:
    """Return the type without None and metadata, with what the metadata said."""
    extra: dict[str, Any] = {}
    description = ""
    while True:
        if isinstance(kind, msgspec.inspect.Metadata):
            extra |= kind.extra or {}
            description = description or (kind.extra_json_schema or {}).get("description", "")
            kind = kind.type
        elif isinstance(kind, msgspec.inspect.UnionType):
            rest = [member for member in kind.types if not isinstance(member, msgspec.inspect.NoneType)]
            if len(rest) != 1:
                return kind, extra, description
            kind = rest[0]
        else:
            return kind, extra, description


def _shape(kind: Any, extra: dict[str, Any], place: str) -> _Form:
    match kind:
        case msgspec.inspect.StrType():
            return "text", *_SCALARS["text"], (), ()
        case msgspec.inspect.LiteralType(values=values):
            return "text", *_SCALARS["text"], (), tuple(str(value) for value in values)
        case msgspec.inspect.BoolType():
            return "bool", *_SCALARS["bool"], (), ()
        case msgspec.inspect.FloatType():
            return "float", *_SCALARS["float"], (), ()
        case msgspec.inspect.IntType(ge=low, le=high):
            if low is None or high is None:
                raise TypeError(f"{place}: an integer needs both bounds, or one message breaks its whole batch")
            small = low >= -(2**31) and high < 2**31
            return "int", pa.int32() if small else pa.int64(), "INTEGER" if small else "BIGINT", (), ()
        case msgspec.inspect.UnionType() if extra.get("kind") in ("time", "expiry"):
            shape: Shape = "expiry" if extra["kind"] == "expiry" else "time"
            return shape, *_SCALARS[shape], (), ()
        case _:
            return _container(kind, place)


def _container(kind: Any, place: str) -> _Form:
    match kind:
        case msgspec.inspect.DictType():
            return "map", *_SCALARS["map"], (), ()
        case msgspec.inspect.StructType(cls=cls):
            children = columns_of(cls)
            return "struct", _struct(children), _struct_sql(children), children, ()
        case msgspec.inspect.ListType(item_type=item):
            inner, _, _ = _unwrap(item)
            if isinstance(inner, msgspec.inspect.StructType):
                children = columns_of(inner.cls)
                return "structs", pa.list_(_struct(children)), _struct_sql(children) + "[]", children, ()
            if isinstance(inner, msgspec.inspect.StrType):
                return "texts", *_SCALARS["texts"], (), ()
    raise TypeError(f"{place}: there is no column for {kind}")


def _struct(children: tuple[Column, ...]) -> Any:
    return pa.struct([pa.field(child.name, child.type) for child in children])


def _struct_sql(children: tuple[Column, ...]) -> str:
    return f"STRUCT({', '.join(f'{quoted(child.name)} {child.sql}' for child in children)})"


def quoted(name: str) -> str:
    """Return the name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _merge() -> tuple[Column, ...]:
    """Return the columns of all types of event: those of a step first, then what the others add."""
    found: dict[str, Column] = {
        "type": Column(
            "type",
            "type",
            "text",
            pa.string(),
            "VARCHAR",
            "enum",
            values=tuple(tag(cls) for cls in TYPES),
            description="what the message is",
            required=True,
            types=tuple(f"{tag(cls)[0].upper()}R" for cls in TYPES),
        )
    }
    for cls in TYPES:
        letter = tag(cls)[0].upper()
        for column in columns_of(cls):
            seen = found.get(column.name)
            if seen is not None and seen.type != column.type:
                raise TypeError(f"{cls.__name__}.{column.name}: another type than in an earlier class")
            here = (*(seen.types if seen else ()), letter + "R" * column.required)
            found[column.name] = _with_types(seen or column, here)
    return tuple(found.values())


def _with_types(column: Column, types: tuple[str, ...]) -> Column:
    values = {name: getattr(column, name) for name in Column.__slots__}
    return Column(**(values | {"types": types}))


def tag(cls: type[Event]) -> str:
    """Return the `type` of a class of event."""
    info = msgspec.inspect.type_info(cls)
    assert isinstance(info, msgspec.inspect.StructType)
    return str(info.tag)


COLUMNS = _merge()
"""The event's own columns, in order."""

for _cls in TYPES:  # a column that a type lacks reads as None from its class, so that all rows are read alike
    _cls.type = tag(_cls)  # type: ignore[attr-defined] # not a field: the decoder reads it from the tag
    for _column_ in COLUMNS:
        if not hasattr(_cls, _column_.attribute):
            setattr(_cls, _column_.attribute, None)


def arrow_schema() -> Any:
    """Return the Arrow schema of a batch: the daemon's columns, then the event's."""
    head = [pa.field(name, kind, nullable=False) for name, kind, _ in HEAD]
    return pa.schema(head + [pa.field(column.name, column.type) for column in COLUMNS])


def _always(column: Column) -> bool:
    return len(column.types) == len(TYPES) and all(letter.endswith("R") for letter in column.types)


def create_table_sql(table: str = "events_raw", only: Container[str] | None = None) -> str:
    """Return the DDL of a table of events.

    Args:
        table: its name.
        only: columns that it has beside those that no event lacks; None: all.
    """
    lines = [f"    {quoted(name)} {sql} NOT NULL" for name, _, sql in HEAD]
    lines += [
        f"    {quoted(column.name)} {column.sql}{' NOT NULL' * _always(column)}"
        for column in COLUMNS
        if only is None or _always(column) or column.name in only
    ]
    return f"CREATE TABLE {table} (\n" + ",\n".join(lines) + "\n)"


def walk(columns: tuple[Column, ...] = COLUMNS, path: str = "$") -> Iterator[tuple[str, Column]]:
    """Yield every column, those inside objects too, with its JSON path (`$.knowledge[...].as_of`)."""
    for column in columns:
        here = f"{path}.{column.name}"
        yield here, column
        if column.children:
            yield from walk(column.children, here + ("[...]" if column.shape == "structs" else ""))
