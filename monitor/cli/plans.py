"""`EXPLAIN SELECT …` as people type it; the door is asked for a plan with a flag."""

import re

_EXPLAIN = re.compile(r"\s*explain\s+(?!analyze\b)(?=\S)", re.IGNORECASE)


def planned(statement: str) -> tuple[str, bool]:
    """Return the SELECT, and whether its plan is wanted instead of its rows."""
    found = _EXPLAIN.match(statement)
    return (statement[found.end() :], True) if found else (statement, False)
