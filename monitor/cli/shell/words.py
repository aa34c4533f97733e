"""What can be completed: SQL's own words, the published tables and columns, the functions that the door allows."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

KEYWORDS = (
    *("select", "from", "where", "group", "by", "order", "having", "limit", "offset", "distinct", "as", "and", "or"),
    *("not", "in", "is", "null", "like", "ilike", "between", "case", "when", "then", "else", "end", "join", "left"),
    *("right", "full", "inner", "cross", "on", "using", "union", "all", "except", "intersect", "with", "recursive"),
    *("over", "partition", "filter", "qualify", "asc", "desc", "nulls", "first", "last", "cast", "interval", "date"),
    *("timestamp", "true", "false", "values", "exists", "any", "explain"),
)
_TABLE_NEXT = re.compile(r"\b(?:from|join)\s+(?:\w+(?:\s+\w+)?\s*,\s*)*\w*$", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:from|join|,)\s+(\w+)(?:\s+(?:as\s+)?(\w+))?", re.IGNORECASE)
_LAST = re.compile(r"(?:(\w+)\.)?(\w*)$")


@dataclass(frozen=True, slots=True)
class Words:
    """The names that the door knows.

    Attributes:
        columns: by table, in order.
        functions: that the door allows.
    """

    columns: dict[str, tuple[str, ...]]
    functions: tuple[str, ...] = ()

    def complete(self, before: str, whole: str | None = None) -> list[str]:
        """Return what may stand at the cursor, the likeliest first.

        Args:
            before: the statement up to the cursor.
            whole: all of it, for the tables behind the cursor.
        """
        found = _LAST.search(before)
        assert found is not None, "it matches the empty text"
        owner, begun = found.groups()
        whole = before if whole is None else whole
        if owner is not None:
            return _begin(begun, self._of(owner, whole))
        if _TABLE_NEXT.search(before):
            return _begin(begun, self.columns)
        named = [table for table, _ in _NAMED.findall(whole) if table in self.columns]
        if not begun:
            return _begin("", self._all(named or ["events"])) if before.strip() else ["select"]
        nearest = list(self._all(named or self.columns))
        likely = (
            [*KEYWORDS, *nearest] if before.strip() == begun else [*nearest, *KEYWORDS]
        )  # a statement begins with a verb
        return _begin(begun, [*likely, *self.columns, *self.functions])

    def _of(self, owner: str, whole: str) -> tuple[str, ...]:
        """Return the columns of a table, named by itself or by what the statement calls it."""
        for table, called in _NAMED.findall(whole):
            if called.lower() == owner.lower() and table in self.columns:
                return self.columns[table]
        return self.columns.get(owner.lower(), ())

    def _all(self, tables: Iterable[str]) -> Iterator[str]:
        for table in tables:
            yield from self.columns[table]


def _begin(begun: str, words: Iterable[str]) -> list[str]:
    """Return each word that begins so, once, in their order."""
    low = begun.lower()
    return list(dict.fromkeys(word for word in words if word.lower().startswith(low)))


@cache
def known() -> Words:
    """Return the names of this version: those of the daemon, which is of the same."""
    from bellbuoy.monitor.store.door.tree import functions
    from bellbuoy.monitor.store.tables import described

    columns: dict[str, list[str]] = {}
    for one in described():
        columns.setdefault(one.table, []).append(one.name)
    allowed = sorted(word for word in functions() if word.isidentifier())
    return Words({table: tuple(names) for table, names in columns.items()}, tuple(allowed))
