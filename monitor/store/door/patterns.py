"""Which patterns may be matched: those whose cost is known from the text, for one match cannot be interrupted."""

import re
from collections.abc import Mapping
from typing import Any

LIKE = frozenset(["~~", "!~~"])
BACKTRACKING = frozenset(["~~*", "!~~*", "~~~", "like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape"])
"""DuckDB 1.5 tries every way to place each wildcard of these: ten of them in 80 characters never end."""
REGULAR = frozenset(["regexp_matches", "regexp_full_match", "regexp_extract", "regexp_extract_all"])
LONGEST = 1000
"""Characters of a pattern of LIKE."""
COST = 1000
"""What a regular expression may cost: its characters and counts, times the counts of groups."""
_COUNTED = re.compile(r"(\))?\{(\d+)?,?(\d+)?\}")


def pattern_objection(part: Mapping[str, Any]) -> str | None:
    """Return why a call, or COLUMNS, may not match its pattern; None where it has none or may.

    Args:
        part: a function or a star of DuckDB's tree, of 1.5 or 2.0.
    """
    if part.get("class") == "STAR":
        found = part.get("expr")
        text = None if not found else text_of(found)
        return _regular(text) if text is not None else None
    name = str(part.get("function_name")).lower()
    if name not in LIKE | BACKTRACKING | REGULAR:
        return None
    given = part.get("children") or [one.get("expression") for one in part.get("arguments") or []]
    text = text_of(given[1]) if len(given) > 1 else None
    if text is None:
        return "a pattern is a text in quotes, not an expression"
    return _regular(text) if name in REGULAR else _like(text, plain=name in LIKE)


def text_of(node: Any) -> str | None:
    """Return the text of a constant, or None."""
    if not isinstance(node, dict) or node.get("class") != "CONSTANT":
        return None
    literal = node.get("literal")
    if literal is not None:
        return str(literal.get("text")) if literal.get("kind") == "STRING" else None
    value = node.get("value") or {}
    return value["value"] if isinstance(value.get("value"), str) else None


def _like(text: str, *, plain: bool) -> str | None:
    if len(text) > LONGEST:
        return f"a pattern has at most {LONGEST:,} characters"
    if plain and "_" not in text:
        return None
    wild = len(re.findall(r"[%*]+(?!$)", re.sub(r"[%*]+$", "", text)))
    if wild <= 1:
        return None
    return "more than one % before the end, with _, ILIKE, GLOB or ESCAPE: write lower(x) LIKE '%a%b%', without _"


def _regular(text: str) -> str | None:
    singles, groups = len(text), 1
    for group, least, most in _COUNTED.findall(text):
        count = max(int(least or 0), int(most or 0))
        if group:
            groups *= max(1, count)
        else:
            singles += count
    if singles * groups <= COST:
        return None
    return "the regular expression is too large: fewer or smaller {counts}, above all of groups"
