r"""The shell's own commands: `\d`, `\timing`, … and the words of other shells that mean the same."""

import difflib
import re
import textwrap
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bellbuoy.monitor.cli.failures import DONE_NO, Failure
from bellbuoy.monitor.cli.forms import FORMS, WHOLE

if TYPE_CHECKING:
    from bellbuoy.monitor.cli.shell.session import Session

Done = Callable[["Session"], None]

HELP = r"""A SELECT ends with ; and may take several lines. EXPLAIN shows its plan.

  \d               the tables            \d TABLE       its columns and what they mean
  \format FORM     table, csv, jsonl, json
  \rows N          show N rows; \rows fits them to the screen
  \timing          tell how long each answer took
  \watch N         ask the last SELECT again every N seconds
  \h  \?           this text             \q  Ctrl-D     end

  Tab completes tables, columns, functions. Ctrl-C stops an answer, or drops
  the line. Arrow keys find earlier lines, Ctrl-R searches them.
"""
SHOWN = tuple(form for form in FORMS if form not in WHOLE)


def command(text: str) -> Done | None:
    """Return what a line does, or None where it is SQL."""
    line = text.rstrip().rstrip(";").rstrip()
    word, _, rest = line.partition(" ")
    word, rest = ALIASES.get(word.lower(), word), rest.strip()
    if described := re.fullmatch(r"(?:describe|desc|show)\s+(?:table\s+|columns\s+from\s+)?(\w+)", line, re.IGNORECASE):
        name = described[1].lower()
        return lambda session: _describe(session, "" if name == "tables" else name)
    if not word.startswith("\\"):
        return None
    if word not in COMMANDS:
        return lambda _: _unknown(word)
    return lambda session: COMMANDS[word](session, rest)


def _describe(session: "Session", name: str) -> None:
    from bellbuoy.monitor.store.door.adhoc import PUBLISHED
    from bellbuoy.monitor.store.tables import TABLES, described

    columns, _ = session.screen.size()
    told = {table: TABLES[table] for table in PUBLISHED}
    if not name:
        session.screen.write("".join(_entry(f"{table:<13}", says, columns) for table, says in told.items()))
        session.screen.write("\\d TABLE shows its columns\n")
        return
    name = name.strip('"').lower()
    if name not in told:
        raise Failure(f"there is no table {name}; {_near(name, told, 'lists them', command='d')}", DONE_NO)
    session.screen.write("\n".join(textwrap.wrap(f"{name}: {told[name]}", columns)) + "\n")
    for one in described():
        if one.table == name:
            session.screen.write(_entry(f"  {one.name:<18} {one.type:<9} ", one.meaning, columns))


def _entry(head: str, says: str, columns: int) -> str:
    """Return a line of a list, what does not fit on it below its beginning."""
    whole = f"{head} {says}".rstrip()
    if len(whole) <= columns:
        return whole + "\n"
    return (
        "\n".join(textwrap.wrap(whole, max(40, columns), subsequent_indent=" " * (len(head) + 1), drop_whitespace=True))
        + "\n"
    )


def _format(session: "Session", form: str) -> None:
    form = form.lower()
    if form in WHOLE:
        way = f'bellbuoy query "…" --format {form} --out FILE'
        raise Failure(f"no terminal shows {form}; outside of this shell: {way}", DONE_NO)
    if form and form not in SHOWN:
        raise Failure(f"no form is named {form}; there are {', '.join(SHOWN)}", DONE_NO)
    session.form = form or session.form
    session.screen.write(f"format: {session.form}\n")


def _rows(session: "Session", number: str) -> None:
    if number and not (number.isdecimal() and 1 <= int(number) <= 1_000_000):
        raise Failure(f"'{number}' is no number of rows; write \\rows 100", DONE_NO)
    session.rows = int(number) if number else None
    session.screen.write(f"rows: {session.rows or 'as many as fit'}\n")


def _timing(session: "Session", word: str) -> None:
    if word.lower() not in {"", "on", "off"}:
        raise Failure(f"'{word}' is neither on nor off", DONE_NO)
    session.timing = not session.timing if not word else word.lower() == "on"
    session.screen.write(f"timing: {'on' if session.timing else 'off'}\n")


def _help(session: "Session", _: str) -> None:
    session.screen.write(HELP)


def _quit(session: "Session", _: str) -> None:
    session.ended = True


def _unknown(word: str) -> None:
    raise Failure(f"there is no {word}; {_near(word, COMMANDS, 'lists what there is', command='h')}", DONE_NO)


def _near(name: str, names: Iterable[str], hint: str, *, command: str) -> str:
    """Return which name was probably meant, else which command helps."""
    near = difflib.get_close_matches(name, list(names), 1)
    return f"did you mean {near[0]}?" if near else f"\\{command} {hint}"


COMMANDS: dict[str, Callable[["Session", str], None]] = {
    "\\d": _describe,
    "\\format": _format,
    "\\rows": _rows,
    "\\timing": _timing,
    "\\watch": lambda session, every: session.watch(every),
    "\\h": _help,
    "\\q": _quit,
}
ALIASES = {
    "\\?": "\\h", "help": "\\h", ".help": "\\h", "\\help": "\\h",
    "exit": "\\q", "quit": "\\q", ".quit": "\\q", ".exit": "\\q", "\\quit": "\\q",
    "\\dt": "\\d", ".tables": "\\d", ".schema": "\\d", ".columns": "\\d",
    ".mode": "\\format", ".timer": "\\timing", ".maxrows": "\\rows",
}  # fmt: skip
"""The habits of psql, DuckDB's shell and sqlite3."""
