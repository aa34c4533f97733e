"""What a person's SQL may contain: judged on the tree that DuckDB makes of the text, never on the text itself."""

import json
import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

CLASSES = frozenset(
    [
        "FUNCTION",
        "WINDOW",
        "COLUMN_REF",
        "CONSTANT",
        "COMPARISON",
        "CONJUNCTION",
        "OPERATOR",
        "CASE",
        "CAST",
        "BETWEEN",
        "SUBQUERY",
        "STAR",
        "COLLATE",
        "POSITIONAL_REFERENCE",
        "TYPE",
    ]
)
"""Kinds of expression that are allowed; lambdas and parameters are not among them."""

TABLES = frozenset(["BASE_TABLE", "SUBQUERY", "JOIN", "EXPRESSION_LIST", "EMPTY", "TABLE_FUNCTION"])
NODES = frozenset(["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"])
TABLE_FUNCTIONS = frozenset(["unnest"])
HOMES = frozenset(["", "main", "pg_catalog", "system"])
"""Where functions and types may be looked up."""
TOLD = frozenset(
    ["current_catalog", "current_database", "current_role", "current_schema", "current_user", "session_user", "user"]
)
"""Names that read like columns and tell who asks what."""
TYPES = frozenset(
    [
        "bool",
        "boolean",
        "logical",
        "bit1",
        "tinyint",
        "int1",
        "smallint",
        "int2",
        "short",
        "integer",
        "int",
        "int4",
        "signed",
        "bigint",
        "int8",
        "long",
        "hugeint",
        "utinyint",
        "usmallint",
        "uinteger",
        "ubigint",
        "uhugeint",
        "float",
        "real",
        "float4",
        "double",
        "float8",
        "decimal",
        "dec",
        "numeric",
        "varchar",
        "text",
        "string",
        "char",
        "bpchar",
        "nvarchar",
        "date",
        "time",
        "timestamp",
        "datetime",
        "timestamp_us",
        "timestamp_ms",
        "timestamp_ns",
        "timestamp_s",
        "timestamptz",
        "interval",
        "list",
        "array",
        "struct",
        "row",
        "map",
        "json",
        "uuid",
        "timestamp_sec",
        "timestamp_with_time_zone",
        "time_with_time_zone",
        "timetz",
        "null",
        "sqlnull",
    ]
)
"""What may be cast to. Not BIGNUM, BIT, ENUM or GEOMETRY: their casts cost the square of the text, or carry code."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")


@cache
def functions() -> frozenset[str]:
    """Return the functions that `functions.txt` allows."""
    lines = (Path(__file__).parent / "functions.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def serialized(cursor: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """Return the tree of a text that holds one SELECT.

    Raises:
        ValueError: DuckDB does not understand it, it is no SELECT, or it is nested too deeply; the text says which.
    """
    try:
        found = cursor.execute("SELECT json_serialize_sql(CAST($sql AS VARCHAR))", {"sql": sql}).fetchall()
        tree = json.loads(found[0][0])
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except (duckdb.Error, ValueError) as error:
        raise ValueError(str(error).split("\n", 1)[0]) from error
    if tree.get("error"):
        raise ValueError(str(tree.get("error_message", "not understood")).split("\n", 1)[0])
    return tree


def objection(tree: Any, published: Collection[str], taken: Collection[str]) -> str | None:
    """Return why a tree is refused, or None.

    Args:
        tree: what `serialized` returned.
        published: names that may be read.
        taken: names of all tables and views there are, in small letters: a WITH may not hide one of them, for outside
            its reach the name would mean the real one.
    """
    parts = list(dicts(tree))
    named = {str(name) for part in parts for name in _with_names(part)}
    for name in sorted(named):
        if not _PLAIN.match(name) or name.lower() in taken:
            return f"WITH {name!r}: give it another name, in plain letters"
    readable = {name.lower() for name in (*published, *named)}
    for part in parts:
        found = _wrong(part, readable)
        if found is not None:
            return found
    return None


def _wrong(part: dict[str, Any], readable: Collection[str]) -> str | None:
    kind = str(part.get("type"))
    name = part.get("function_name")
    if name is not None and (str(name).lower() not in functions() or not _at_home(part)):
        return f"function {name!r} is not offered"
    if "class" in part:
        return _wrong_expression(part)
    if kind.endswith("_NODE") and kind not in NODES:
        return f"{kind} is not offered"
    if kind == "BASE_TABLE":
        table = str(part.get("table_name"))
        plain = part.get("schema_name") in ("", "main") and not part.get("catalog_name") and not part.get("at_clause")
        if not plain or table.lower() not in readable:
            return f"table {table!r} is not offered"
        return None
    if kind == "TABLE_FUNCTION":
        called = part.get("function") or {}
        name = called.get("function_name")
        return None if name in TABLE_FUNCTIONS else f"function {name!r} is not offered as a table"
    looks_like_table = "alias" in part and "sample" in part
    if kind == "SHOW_REF":
        return "DESCRIBE and SHOW are not offered"
    if looks_like_table and kind not in TABLES:
        return f"{kind} is not offered"
    return None


def _wrong_expression(part: dict[str, Any]) -> str | None:
    if part["class"] not in CLASSES:
        return f"{str(part['class']).lower()} expressions are not offered"
    for field in ("cast_type", "type_expr"):
        strange = next(_strange_types(part[field]), None) if part.get(field) else None
        if strange is not None:
            return f"type {strange!r} is not offered in a cast"
    names = part.get("column_names")
    if names and len(names) == 1 and str(names[0]).lower() in TOLD:
        return f"{names[0]!r} is not offered"
    return None


def _at_home(part: dict[str, Any]) -> bool:
    """Tell whether a function or type is looked up where DuckDB's own are, and nowhere else."""
    path = (part.get("qualified_name") or {}).get("path") or [""]
    places = [part.get("catalog"), part.get("schema"), *path[:-1]]
    return all(str(place or "").lower() in HOMES for place in places)


def _strange_types(kind: Any) -> Iterator[str]:
    """Yield the types in a cast that are not offered; 1.5 tells them by `id`, 2.0 by `type_name`."""
    for part in dicts(kind):
        name = part.get("type_name") or part.get("id")
        if name == "UNBOUND":
            name = (part.get("type_info") or {}).get("name")
            if (part.get("type_info") or {}).get("schema"):
                yield str(name)
        if name is not None and str(name).lower().replace(" ", "_") not in TYPES:
            yield str(name)
        alias = (part.get("type_info") or {}).get("alias")
        if alias and str(alias).lower() not in TYPES:
            yield str(alias)
        if "type_name" in part and not _at_home(part):
            yield str(name)


def _with_names(part: dict[str, Any]) -> Iterator[str]:
    held = part.get("cte_map")
    if isinstance(held, dict):
        for entry in held.get("map", []):
            yield entry["key"]
    if part.get("cte_name"):
        yield part["cte_name"]
    if part.get("ctename"):
        yield part["ctename"]


def dicts(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a tree."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
