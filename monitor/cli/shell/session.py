"""One sitting in the shell: what is typed becomes questions, and answers become text. It knows no terminal's keys."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bellbuoy.client import Result
from bellbuoy.monitor.cli.failures import DONE_NO, Failure, ends
from bellbuoy.monitor.cli.forms import FORMS
from bellbuoy.monitor.cli.grid import fitted
from bellbuoy.monitor.cli.plans import planned
from bellbuoy.monitor.cli.shell.commands import command
from bellbuoy.monitor.cli.statements import split


class Screen(Protocol):
    """Where the shell writes."""

    def size(self) -> tuple[int, int]:
        """Return columns and lines."""

    def write(self, text: str) -> None:
        """Write an answer."""

    def complain(self, text: str) -> None:
        """Write what went wrong."""

    def wait(self, seconds: float) -> None:
        """Wait, until Ctrl-C."""

    def now(self) -> str:
        """Return the time of day."""


Ask = Callable[[str, bool], Result]
"""Asks one SELECT, or with true for its plan."""


@dataclass(slots=True)
class Session:
    """What the shell remembers between two lines.

    Attributes:
        form: how answers are written.
        timing: tell the time that an answer took.
        rows: rows shown of an answer; None shows as many as fit on the screen.
        newest: the statement that was asked last.
    """

    ask: Ask
    screen: Screen
    form: str = "table"
    timing: bool = False
    rows: int | None = None
    newest: str = ""
    ended: bool = field(default=False)

    def take(self, text: str) -> None:
        """Do what was typed: a command that begins with a backslash, or statements; a mistake is told, not raised."""
        done = command(text.strip())
        if done is not None:
            self._safely(lambda: done(self))
            return
        watched = re.search(r"\\watch\b[ \t]*(\S*)\s*$", text)
        for statement in split(text[: watched.start()] if watched else text).all:
            if not self._safely(lambda statement=statement: self.answer(statement)):  # type: ignore[misc] # a default is not inferred
                return
        if watched:
            self._safely(lambda: self.watch(watched[1]))

    def answer(self, statement: str) -> None:
        """Ask one statement and show the answer.

        Raises:
            Failure: it is not answered.
        """
        self.newest = statement
        select, explain = planned(statement)
        self.show(self.ask(select, explain))

    def show(self, result: Result) -> None:
        """Show an answer, as much as fits, and what is not shown."""
        table = result.arrow()
        if self.form != "table":
            self.screen.write(FORMS[self.form](table).decode())
        else:
            columns, lines = self.screen.size()
            told, shown = fitted(table, columns, max(10, lines - 4) if self.rows is None else self.rows + 2)
            self.screen.write(told)
            if not explained(result):
                self.screen.write(self._foot(result, shown) + "\n")
        if result.truncated:
            self.screen.complain(result.note or "cut off")
        if self.timing:
            self.screen.write(f"time: {result.took_ms:,.1f} ms\n")

    def watch(self, every: str) -> None:
        r"""Ask the last statement again and again.

        Raises:
            Failure: the number is none, nothing was asked before, or the statement is refused.
        """
        try:
            seconds = float(every or 2)
        except ValueError:
            seconds = 0.0
        if not 0.1 <= seconds <= 86_400:
            raise Failure(f"'{every}' is no number of seconds; write \\watch 5", DONE_NO)
        if not self.newest:
            raise Failure("there is nothing to watch yet; ask a SELECT, then \\watch 5", DONE_NO)
        while True:
            self.screen.wait(seconds)
            self.screen.write(f"\n-- {self.screen.now()}, every {seconds:g} s; Ctrl-C ends --\n")
            try:
                self.answer(self.newest)
            except Failure as failure:
                if failure.code == DONE_NO:
                    raise
                self.screen.complain(failure.text)  # the daemon may come back

    def _foot(self, result: Result, shown: int) -> str:
        count = len(result)
        rows = f"({count:,} row{'' if count == 1 else 's'})"
        if shown < count:
            rows = f"({count:,} rows, the first {shown:,} shown: \\rows {min(count, 1000)} shows more)"
        return rows

    def _safely(self, act: Callable[[], object]) -> bool:
        """Do it; a mistake is a sentence, Ctrl-C ends it. True when it was done."""
        try:
            act()
        except KeyboardInterrupt:
            self.screen.complain("stopped")
            return False
        except Failure as failure:
            self.screen.complain(failure.text)
            return False
        except Exception as error:
            known = ends(error)
            if known is None:
                raise
            self.screen.complain(known.text)
            return False
        return True


def explained(result: Result) -> bool:
    """Say whether an answer is a plan."""
    return result.columns == ["explain_key", "explain_value"]
