"""Statements made at random: reads of the published views with what is allowed and what is not, and mutations of hostile ones."""

import random
import re

from hostile_statements import BOMBS, REFUSED

from bellbuoy.monitor.store.door.adhoc import PUBLISHED
from bellbuoy.monitor.store.door.tree import functions

TABLES = (
    *PUBLISHED,
    *PUBLISHED,
    "meta",
    "events_raw",
    "counts",
    "duckdb_settings()",
    "information_schema.tables",
    "'/etc/passwd'",
    "c",
    "r",
)
COLUMNS = (
    "step",
    "workflow",
    "n",
    "bad",
    "ts",
    "minute",
    "outcome",
    "latency_ms",
    "attributes",
    "x",
    "1",
    "'a'",
    "NULL",
    "id",
)
FORBIDDEN = (
    "getenv",
    "repeat",
    "range",
    "read_text",
    "query",
    "list_transform",
    "current_setting",
    "nextval",
    "lpad",
    "error",
)
TYPES = (
    "INTEGER",
    "VARCHAR",
    "DOUBLE",
    "TIMESTAMP",
    "DATE",
    "INTEGER[]",
    "JSON",
    "BIGNUM",
    "BIT",
    "STRUCT(a INTEGER)",
    "DECIMAL(3, 1)",
)
OPERATORS = (
    "+",
    "-",
    "*",
    "/",
    "%",
    "||",
    "=",
    "<>",
    "<",
    "AND",
    "OR",
    "LIKE",
    "ILIKE",
    "IS DISTINCT FROM",
    "->>",
    "^@",
    "<<",
    "**",
)
WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def fuzzed(seed, many):
    """Yield `many` statements; the same seed yields the same."""
    dice = random.Random(seed)
    allowed = sorted(name for name in functions() if name.isidentifier())
    hostile = [one for one in (*REFUSED, *BOMBS.values()) if len(one) < 2000]
    for _ in range(many):
        kind = dice.random()
        if kind < 0.6:
            yield query(dice, allowed, dice.randint(0, 3))
        elif kind < 0.9:
            yield mutated(dice, dice.choice(hostile), hostile)
        else:
            yield mutated(dice, query(dice, allowed, 2), hostile)


def query(dice, allowed, depth):
    """Return a SELECT."""
    made = dice.choice(("", "", "", "DISTINCT ")) + ", ".join(
        expression(dice, allowed, depth) for _ in range(dice.randint(1, 3))
    )
    text = f"SELECT {made} FROM {source(dice, allowed, depth)}"
    if dice.random() < 0.4:
        text += f" WHERE {expression(dice, allowed, depth)}"
    if dice.random() < 0.3:
        text += " GROUP BY ALL"
    if dice.random() < 0.2:
        text += f" ORDER BY {expression(dice, allowed, 0)}"
    if dice.random() < 0.3:
        text += f" LIMIT {dice.choice(('1', '10', '99999999999', '-1', '10%'))}"
    if depth and dice.random() < 0.15:
        text = f"WITH {dice.choice(('', 'RECURSIVE '))}c AS ({query(dice, allowed, depth - 1)}) {text}"
    if depth and dice.random() < 0.1:
        text += f" {dice.choice(('UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT'))} {query(dice, allowed, depth - 1)}"
    return text


def source(dice, allowed, depth):
    """Return what stands behind FROM."""
    kind = dice.random()
    if depth and kind < 0.2:
        return f"({query(dice, allowed, depth - 1)})"
    if depth and kind < 0.4:
        join = dice.choice((" JOIN ", " CROSS JOIN ", ", ", " POSITIONAL JOIN ", " NATURAL JOIN ", " ASOF JOIN "))
        return source(dice, allowed, depth - 1) + join + source(dice, allowed, depth - 1)
    if kind < 0.5:
        return f"unnest([{', '.join(dice.choice(COLUMNS) for _ in range(3))}]) AS t(x)"
    return dice.choice(TABLES) + dice.choice(("", "", "", " AS t", " TABLESAMPLE 10%", " AT (VERSION => 1)"))


def expression(dice, allowed, depth):
    """Return an expression."""
    kind = dice.random()
    if not depth or kind < 0.25:
        return dice.choice(
            (
                *COLUMNS,
                *COLUMNS,
                "*",
                "COLUMNS(*)",
                "'%_a%b'",
                "[1, 2]",
                "{'a': 1}",
                "9999999999999999999",
                "1e308",
                "INTERVAL 1 DAY",
            )
        )
    inner = [expression(dice, allowed, depth - 1) for _ in range(3)]
    if kind < 0.5:
        name = dice.choice(allowed) if dice.random() < 0.9 else dice.choice(FORBIDDEN)
        call = f"{name}({', '.join(inner[: dice.randint(0, 3)])})"
        return call + dice.choice(("", "", "", " OVER (ORDER BY 1)", " FILTER (WHERE true)"))
    if kind < 0.75:
        return f"({inner[0]} {dice.choice(OPERATORS)} {inner[1]})"
    if kind < 0.85:
        return f"{dice.choice(('CAST', 'TRY_CAST'))}({inner[0]} AS {dice.choice(TYPES)})"
    if kind < 0.92:
        return f"CASE WHEN {inner[0]} THEN {inner[1]} ELSE {inner[2]} END"
    return f"({query(dice, allowed, depth - 1)})"


def mutated(dice, text, others):
    """Return a text with a few of its words left out, doubled, swapped or taken from another."""
    words = WORDS.findall(text) or [" "]
    for _ in range(dice.randint(1, 4)):
        at, kind = dice.randrange(len(words)), dice.random()
        if kind < 0.25:
            words[at] = ""
        elif kind < 0.5:
            words[at] += " " + words[at]
        elif kind < 0.7:
            words[at] = dice.choice(WORDS.findall(dice.choice(others)) or [" "])
        elif kind < 0.85:
            words[at] = words[at].swapcase()
        else:
            words[at] += dice.choice(
                ("\x00", ";", "--", "/*", "'", '"', "\u202e", "\uff07", "(", ")", "$1", "?", "\ufeff", "\u0130")
            )
    return "".join(words)
