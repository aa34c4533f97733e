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
    if name is not None and str(name).lower() not in functions():
        return f"function {name!r} is not offered"
    if "class" in part:
        return None if part["class"] in CLASSES else f"{str(part['class']).lower()} expressions are not offered"
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
