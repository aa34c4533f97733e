"""The event described for others: JSON Schema, and the table of fields for the documents."""

from functools import reduce
from typing import Any

import msgspec

from bellbuoy.monitor.event.columns import COLUMNS, Column, walk
from bellbuoy.monitor.event.definition import TYPES

_TIME = "RFC 3339 with offset, or whole epoch: ms (≥ 1e11) or µs (≥ 1e14)"
_BOUNDS = {
    "id": "string, 1-256",
    "name": "string, 1-128, no control or direction characters",
    "label": "string, ≤ 256",
    "text": "string, ≤ 1,024",
    "url": "string, ≤ 2,048",
    "version": "string, 1-16",
    "count": "integer, 0 .. 2,147,483,647",
    "index": "integer, 0 .. 10,000",
    "attempt": "integer, 1 .. 1,000",
    "status": "integer, 100 .. 599",
    "share": "number, 0 .. 1",
    "ms": "number, 0 .. 1e9",
    "s": "number, 0 .. 1e9",
    "usd": "number, 0 .. 1e6",
    "time": _TIME,
    "expiry": f"{_TIME}; may lie ahead",
    "bool": "true, false",
    "number": "number, finite",
    "attributes": "object",
    "object": "object",
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one message, with `type` as the discriminator."""
    union: Any = reduce(lambda a, b: a | b, TYPES)  # type: ignore[arg-type, return-value] # a union of classes is no class
    schema = msgspec.json.schema(union)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Bellbuoy event, version 1",
        **schema,
    }


def field_table_markdown() -> str:
    """Return the table of fields, in Markdown."""
    lines = ["| field | in | type | meaning |", "|---|---|---|---|"]
    for path, column in walk(COLUMNS):
        name = path.removeprefix("$.").replace("[...]", "[]")
        shown = f"**{name}**" if column.required else name
        lines.append(f"| {shown} | {_where(column)} | {_type(column)} | {_meaning(column)} |")
    return "\n".join(lines) + "\n"


def _where(column: Column) -> str:
    return ", ".join(letter[0] + (" R" if letter.endswith("R") else "") for letter in column.types)


def _type(column: Column) -> str:
    if column.values:
        return " ".join(f"`{value}`" for value in column.values)
    if column.shape == "texts":
        return "list of names, ≤ 64"
    if column.shape == "structs":
        return "list of objects"
    return _BOUNDS[column.kind]


def _meaning(column: Column) -> str:
    default = str(column.default).lower() if isinstance(column.default, bool) else column.default
    text = column.description if default is None else f"{column.description} (default `{default}`)"
    return text.replace("|", "\\|")
