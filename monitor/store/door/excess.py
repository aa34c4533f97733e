"""What a short text may not blow up into: columns, copies of a value, tables of a plan, patterns without an end.

DuckDB looks for an interrupt between steps, never within one. A plan that doubles with each line of the text, or one call
that tries every way to match a pattern, is such a step: so it is measured on the tree before anything is planned.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bellbuoy.monitor.store.door.patterns import pattern_objection
from bellbuoy.monitor.store.door.tree import dicts

COPIES = 1024
"""How often one column may stand in an expression once every name for a part of it is written out."""
COLUMNS = 10_000
"""How many columns may stand side by side once every * is written out."""
SOURCES = 200
"""How many tables may be read once every WITH is written out where it is used."""
DEPTH = 20
"""How deep a query may stand within queries: DuckDB 1.5 plans each level several times over."""
VIEW_COLUMNS = 64
"""More than any published view has."""
SAMPLE_ROWS = 100_000
"""Rows of a sample: it is held outside the limit of memory."""
WHOLE = frozenset(["mode", "mad", "entropy", "histogram", "approx_top_k"])
"""Aggregates that a moving window computes anew for each row, in one step."""
GROWING = frozenset(
    ["||", "list_value", "struct_pack", "row", "map", "list", "array_agg", "string_agg", "group_concat", "listagg"]
)
"""What makes a value of several: in a recursion it would double with each round."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a query is when everything is written out: copies of a column, columns side by side, tables read."""

    copies: int = 1
    columns: int = 1
    sources: int = 0


class _TooMuch(Exception):  # noqa: N818 - carries the sentence from the depth of the tree
    """The sentence."""


def excess(tree: Any) -> str | None:
    """Return why a tree would blow up, or None.

    Args:
        tree: what `tree.serialized` returned.

    Raises:
        RecursionError: it is nested too deeply to be measured.
    """
    try:
        for statement in tree["statements"]:
            _query(statement["node"], {"": Size(0)})
    except _TooMuch as found:
        return str(found)
    return None


def _query(node: Mapping[str, Any], known: Mapping[str, Size]) -> Size:
    """Measure one query; `known` are the WITHs in its reach, and under "" how deep it stands."""
    depth = known[""].copies + 1
    if depth > DEPTH:
        raise _TooMuch(f"queries stand more than {DEPTH} deep within each other")
    reach = {**known, "": Size(depth)}
    for entry in (node.get("cte_map") or {}).get("map", []):
        value = entry["value"]
        inner = value.get("query_node") or (value.get("query") or {}).get("node")
        if inner is not None:
            reach[entry["key"].lower()] = _query(inner, {**reach, entry["key"].lower(): Size()})
    if node.get("type") == "SELECT_NODE":
        return _checked(_select(node, reach))
    if node.get("type") == "RECURSIVE_CTE_NODE":
        _recursion(node["right"])
        reach[str(node.get("cte_name")).lower()] = Size(1, VIEW_COLUMNS, 1)
    parts = [_query(one, reach) for one in _direct_queries(node)]
    return _checked(
        Size(
            max((one.copies for one in parts), default=1),
            max((one.columns for one in parts), default=1),
            sum(one.sources for one in parts),
        )
    )


def _direct_queries(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key, value in node.items():
        if key == "cte_map":
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                inner = one.get("node", one)
                if isinstance(inner, dict) and str(inner.get("type")).endswith("_NODE"):
                    yield inner


def _select(node: Mapping[str, Any], known: Mapping[str, Size]) -> Size:
    under = _source(node.get("from_table") or {}, known)
    named: dict[str, int] = {}
    most, columns, sources = 1, 0, under.sources
    for one in node.get("select_list") or []:
        found = _expression(one, known, named, under)
        columns += max(1, found.columns)
        sources += found.sources
        most = max(most, found.copies)
        if one.get("alias"):
            named[str(one["alias"]).lower()] = max(1, found.copies)
    for key in ("where_clause", "having", "qualify", "group_expressions", "modifiers"):
        found = _expression(node.get(key), known, named, under)
        sources += found.sources
        _checked(Size(found.copies, 1, sources))
    _sampled(node.get("sample"))
    return Size(most, max(1, columns), sources)


def _source(table: Mapping[str, Any], known: Mapping[str, Size]) -> Size:
    """Measure what stands behind FROM."""
    _sampled(table.get("sample"))
    kind = table.get("type")
    if kind == "BASE_TABLE":
        return known.get(str(table.get("table_name")).lower(), Size(1, VIEW_COLUMNS, 1))
    if kind == "SUBQUERY":
        return _query(table["subquery"]["node"], known)
    if kind == "JOIN":
        left, right = _source(table["left"], known), _source(table["right"], known)
        both = Size(
            max(left.copies, right.copies), left.columns + right.columns, max(1, left.sources) + max(1, right.sources)
        )
        found = _expression(table.get("condition"), known, {}, both)
        return _checked(Size(max(both.copies, found.copies), both.columns, both.sources + found.sources))
    inner = {key: value for key, value in table.items() if key not in ("sample", "alias")}
    found = _expression(inner, known, {}, Size())
    return Size(max(1, found.copies), max(1, found.columns), found.sources)


def _expression(part: Any, known: Mapping[str, Size], named: Mapping[str, int], under: Size) -> Size:
    """Measure an expression, or anything that holds some: copies add up, and so do columns of a star."""
    if isinstance(part, list):
        found = [_expression(one, known, named, under) for one in part]
        return _checked(Size(*(sum(getattr(one, of) for one in found) for of in ("copies", "columns", "sources"))))
    if not isinstance(part, dict):
        return Size(0, 0, 0)
    kind = part.get("class")
    if kind == "COLUMN_REF":
        names = part.get("column_names") or [""]
        own = named.get(str(names[0]).lower(), 0) if len(names) == 1 else 0
        return Size(max(own, under.copies), 0, 0)
    if kind == "STAR":
        _patterned(part)
        return Size(under.copies, under.columns, 0)
    if kind == "SUBQUERY":
        inner = _query(part["subquery"]["node"], known)
        beside = _expression(part.get("child"), known, named, under)
        return Size(inner.copies + beside.copies, 0, inner.sources + beside.sources)
    if part.get("function_name"):
        _patterned(part)
        name = str(part["function_name"]).lower()
        if kind == "WINDOW" and name in WHOLE:
            raise _TooMuch(f"{name} is not offered as a window: group, or take a subquery")
    return _expression(
        [value for key, value in part.items() if isinstance(value, dict | list) and key != "value"], known, named, under
    )


def _recursion(round_: Any) -> None:
    """Refuse a recursion whose rounds put a column together with itself."""
    for part in dicts(round_):
        if str(part.get("function_name")).lower() in GROWING:
            names = [str(one["column_names"][-1]).lower() for one in dicts(part) if one.get("class") == "COLUMN_REF"]
            if len(names) != len(set(names)) or len(set(names)) > 4:
                raise _TooMuch("a recursion that puts a value together with itself doubles it each round")


def _sampled(sample: Any) -> None:
    size = (sample or {}).get("sample_size")
    if size is None or sample.get("is_percentage"):
        return
    value = size.get("value")
    if not isinstance(value, int | float) or value > SAMPLE_ROWS:
        raise _TooMuch(f"a sample has at most {SAMPLE_ROWS:,} rows; take a percentage")


def _patterned(part: Mapping[str, Any]) -> None:
    why = pattern_objection(part)
    if why is not None:
        raise _TooMuch(why)


def _checked(size: Size) -> Size:
    if size.copies > COPIES:
        raise _TooMuch(f"written out, a column stands more than {COPIES:,} times in one expression")
    if size.columns > COLUMNS:
        raise _TooMuch(f"written out, * stands for more than {COLUMNS:,} columns")
    if size.sources > SOURCES:
        raise _TooMuch(f"written out, more than {SOURCES} tables are read")
    return size
