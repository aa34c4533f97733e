"""The shell on a terminal: lines with a history and completion, and where answers are written."""

import re
import shutil
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, completion_is_selected
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.shortcuts import CompleteStyle

from bellbuoy.monitor.cli.shell.commands import COMMANDS, SHOWN, command
from bellbuoy.monitor.cli.shell.session import Session
from bellbuoy.monitor.cli.shell.words import known
from bellbuoy.monitor.cli.statements import split
from bellbuoy.monitor.clock import SystemClock

PROMPT = "bellbuoy> "
HISTORY_BYTES = 1 << 20
"""Above it the older half of the history is dropped."""


class Terminal:
    """Standard output and standard error, written as a shell does."""

    def __init__(self) -> None:
        self._clock = SystemClock()

    def size(self) -> tuple[int, int]:
        """Return columns and lines."""
        found = shutil.get_terminal_size()
        return found.columns, found.lines

    def write(self, text: str) -> None:
        """Write an answer."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def complain(self, text: str) -> None:
        """Write what went wrong."""
        sys.stdout.flush()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def wait(self, seconds: float) -> None:
        """Wait, until Ctrl-C."""
        self._clock.wait(threading.Event(), seconds)

    def now(self) -> str:
        """Return the time of day."""
        return f"{datetime.fromtimestamp(self._clock.now(), UTC):%H:%M:%S} UTC"


class Names(Completer):
    """Completes the shell's commands, and SQL by the names that the door knows."""

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002 - the library's signature
        """Yield what may stand at the cursor."""
        before = document.text_before_cursor
        begun = re.search(r"\\?\w*$", before)
        assert begun is not None, "it matches the empty text"
        for word in _offered(before, document.text):
            yield Completion(
                word, start_position=-len(begun[0]) if word.startswith("\\") else -len(begun[0].lstrip("\\"))
            )


def _offered(before: str, whole: str) -> list[str]:
    if re.fullmatch(r"\\\w*", before):
        return [name for name in COMMANDS if name.startswith(before)]
    if found := re.fullmatch(r"\\d\s+(\w*)", before):
        return [table for table in known().columns if table.startswith(found[1])]
    if found := re.fullmatch(r"\\format\s+(\w*)", before):
        return [form for form in SHOWN if form.startswith(found[1])]
    if before.startswith("\\"):
        return []
    told = split(before)
    return [] if told.inside else known().complete(told.rest if before[-1:].strip() else f"{told.rest} ", whole)


def finished(text: str) -> bool:
    """Say whether Enter does what was typed, rather than begin a new line."""
    if not text.strip() or command(text.strip()) is not None or re.search(r"\\watch\b[ \t]*\S*\s*$", text):
        return True
    told = split(text)
    return bool(told.whole) and not told.rest


def kept(file: Path) -> History:
    """Return the history in a file that only its owner reads; one that is forgotten where it cannot be written."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        if file.stat().st_size > HISTORY_BYTES:
            newer = file.read_bytes()[-HISTORY_BYTES // 2 :]
            file.write_bytes(newer[newer.find(b"\n# ") + 1 :])
        with file.open("ab"):
            return FileHistory(file)
    except OSError:
        return InMemoryHistory()


def prompting(history: History) -> PromptSession[str]:
    """Return what reads lines."""
    keys = KeyBindings()
    reader: PromptSession[str] = PromptSession(
        history=history,
        completer=Names(),
        complete_in_thread=True,
        complete_while_typing=False,
        complete_style=CompleteStyle.MULTI_COLUMN,
        multiline=True,
        prompt_continuation=lambda width, _line, _wrapped: FormattedText([("", "…> ".rjust(width))]),
        key_bindings=keys,
    )

    @Condition
    def whole() -> bool:
        return finished(reader.default_buffer.text)

    @keys.add("enter", filter=completion_is_selected & ~whole)
    def take(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("enter", filter=whole)
    def go(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return reader


def interact(session: Session, history: Path, greeting: str) -> int:
    """Read and do what is typed until the end is asked for; return the exit code."""
    session.screen.write(greeting + "\n")
    reader = prompting(kept(history))
    while not session.ended:
        try:
            text = reader.prompt(PROMPT)
        except KeyboardInterrupt:
            continue  # the line is dropped
        except EOFError:
            break
        session.take(text)
    return 0
