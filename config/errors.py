"""What is wrong with a configuration, where, and what to write instead."""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

Level = Literal["error", "warning"]

CODES: dict[str, str] = {
    "BB101": "a key that is not known",
    "BB102": "a key that is missing",
    "BB103": "a value of the wrong type",
    "BB104": "a value that is none of the possible ones",
    "BB105": "a duration, share or size that cannot be read",
    "BB106": "a number or text outside its limits",
    "BB107": "a date, a span or a time of the week that cannot be read",
    "BB108": "a span that ends before it begins",
    "BB109": "not exactly one of several keys",
    "BB110": "a secret written into the file",
    "BB111": "an environment variable that is not set",
    "BB112": "a secret file that cannot be read",
    "BB113": "a key given twice",
    "BB114": "YAML that cannot be read",
    "BB115": "a file that cannot be opened or is not UTF-8",
    "BB116": "a file that is too large",
    "BB117": "aliases that repeat without end, or nesting that is too deep",
    "BB118": "a tag, which is not used here",
    "BB119": "a text that does not have the right form",
    "BB120": "a name that nothing has",
    "BB121": "a kind of detector or sink that is not known or cannot be imported",
    "BB122": "settings that the detector or sink refuses",
    "BB201": "an incident can match no route",
    "BB202": "other people can reach the server and there is no token",
    "BB203": "minutes are kept for a shorter time than a baseline needs",
    "BB204": "a detector watches nothing",
    "BB205": "a pinned span is shorter than `min_span`",
    "BB206": "two things of one name",
    "BB208": "two sources feed the same topic",
    "BB210": "a time zone that is not known",
    "BB211": "a route that can never match",
    "BB212": "a sink that nothing uses",
    "BB213": "quiet hours that hold pages for much of the week",
    "BB214": "a consequential step without a gate",
    "BB216": "severities in the wrong order",
    "BB217": "no detector against slow drift",
    "BB218": "a kind of detector that cannot do what its entry asks",
    "BB219": "no heartbeat",
    "BB221": "a map that names no field of an event, or no path",
    "BB222": "a signal whose SQL cannot be used",
    "BB223": "a time of the week that the clock leaves out or shows twice when it is changed",
    "BB301": "a source or sink that cannot be reached, or refuses what it is to do",
    "BB302": "a source or sink with which something is amiss",
}
"""Every kind of finding and what it is about."""

WARNINGS = frozenset({"BB211", "BB212", "BB213", "BB214", "BB216", "BB217", "BB219", "BB223", "BB302"})
"""Codes that are warnings; all others are errors."""

MOST = 1000
"""Names that are searched for a suggestion."""
WIDTH = 72
"""Characters of a line that are shown; longer lines are cut to a window around the column."""
LEAD = 44
"""Characters of the window before the column."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a configuration.

    Attributes:
        file: name of the file as it was given.
        line, column: where, from 1.
        code: a key of `CODES`.
        level: `error` or `warning`.
        message: what is wrong and what to write; never holds a secret.
        hint: what was probably meant ("did you mean 'x'?"), or "".
        path: keys and indices that lead there, joined with dots; "" for the file itself.
        source: the line of the file, secrets masked; "" where there is none.
    """

    file: str
    line: int
    column: int
    code: str
    level: Level
    message: str
    hint: str = ""
    path: str = ""
    source: str = field(default="", compare=False)

    def record(self) -> dict[str, str | int]:
        """Return the finding for programs: code, level, file, line, column, message, hint, path."""
        keys = ("code", "level", "file", "line", "column", "message", "hint", "path")
        return {key: getattr(self, key) for key in keys}

    def __str__(self) -> str:
        """Return the finding as `check` prints it: the place, the sentence, the line with a caret."""
        head = f"{self.file}:{self.line}:{self.column}: {self.level}: {self.message}"
        shown, before = window(self.source, self.column)
        if not shown.strip():
            return head + (f" ({self.hint})" if self.hint else "")
        hint = f" {self.hint}" if self.hint else ""
        return f"{head}\n{self.line:>5} │ {shown}\n{'':5} │ {' ' * before}^{hint}"


@dataclass(frozen=True, slots=True)
class Remark:
    """A fault before its place is known.

    Attributes:
        code: a key of `CODES`.
        path: keys and indices that lead there.
        message, hint: as in `Finding`.
        on_key: point at the key rather than at the value.
    """

    code: str
    path: tuple[str | int, ...]
    message: str
    hint: str = ""
    on_key: bool = False

    def under(self, path: tuple[str | int, ...]) -> "Remark":
        """Return the remark of a part of the file as one of the whole."""
        return replace(self, path=(*path, *self.path))


class ConfigError(Exception):
    """A configuration that is refused.

    Attributes:
        findings: everything that was found, warnings included, in file order.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(render(self.findings))


def render(findings: Sequence[Finding]) -> str:
    """Return findings as `check` prints them, with their number in the last line."""
    errors = sum(finding.level == "error" for finding in findings)
    warnings = len(findings) - errors
    return "\n".join([*map(str, findings), f"{_number(errors, 'error')}, {_number(warnings, 'warning')}"])


def window(line: str, column: int) -> tuple[str, int]:
    """Return the part of a line around a column (from 1), and how many character cells of it stand before the column."""
    text = "".join(character if character.isprintable() else " " for character in line)
    at = min(column - 1, len(text))
    start = 0
    if len(text) > WIDTH and at > LEAD:
        start = min(at - LEAD, max(0, len(text) - WIDTH))
        word = text.find(" ", start, at)
        start = start if word < 0 else word + 1
    end = len(text) if len(text) - start <= WIDTH else start + WIDTH
    shown = ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
    return shown, (1 if start else 0) + cells(text[start:at])


def cells(text: str) -> int:
    """Return how many character cells a text takes on a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def suggest(name: str, candidates: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the nearest candidate, or ""."""
    others = islice((candidate for candidate in candidates if candidate != name), MOST)
    near = difflib.get_close_matches(name[:128], list(others), 1)
    return f"did you mean '{near[0]}'?" if near else ""


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
