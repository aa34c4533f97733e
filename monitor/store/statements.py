"""The product's SQL: one statement a file under `sql/` and the migrations, read once."""

import re
from functools import cache
from pathlib import Path

ROOM = Path(__file__).parent
SQL = ROOM / "sql"
PART = re.compile(r"\{([a-z]+/[a-z_]+)\}")
"""What stands in a statement for another one, which is a part of it."""


@cache
def statement(name: str) -> str:
    """Return the statement of `sql/NAME.sql`, for example `incidents/open`, with those in it that it names: `{map/ended}`.

    Raises:
        LookupError: there is no such file, it lies outside `sql/`, or it does not begin with a comment.
    """
    path = (SQL / f"{name}.sql").resolve()
    if not path.is_relative_to(SQL.resolve()) or not path.is_file():
        raise LookupError(f"no statement {name!r} under {SQL}")
    text = path.read_text(encoding="utf-8")
    if not text.startswith("-- "):
        raise LookupError(f"{path}: a statement begins with a comment that says what it answers")
    return PART.sub(lambda part: statement(part[1]), text)


@cache
def migrations() -> tuple[tuple[int, str, str], ...]:
    """Return (number, name, SQL) of every migration, in order.

    Raises:
        LookupError: a number is missing or given twice.
    """
    paths = sorted((ROOM / "migrations").glob("[0-9][0-9][0-9][0-9]_*.sql"))
    found = [(int(path.name[:4]), path.stem[5:], path.read_text(encoding="utf-8")) for path in paths]
    numbers = [number for number, _, _ in found]
    if numbers != list(range(1, len(found) + 1)):
        raise LookupError(f"migrations must be numbered 1, 2, …; found {numbers}")
    return tuple(found)
