"""The sink that writes to a terminal, to a pipe or to a file: for trying out, for demos, for logs."""

import dataclasses
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TextIO

from bellbuoy.sinks.base import Page, Receipt, Refused, Retry, Sent
from bellbuoy.sinks.terminal import terminal


@dataclass(frozen=True)
class Console:
    """Writes each change of an incident: a drawing of the page on a terminal, one line of JSON otherwise.

    Attributes:
        path: a file to append the lines to; without it, standard output.
    """

    path: str | None = None

    edits: ClassVar[bool] = False
    threads: ClassVar[bool] = False
    images: ClassVar[bool] = False
    resolves: ClassVar[bool] = True

    def send(self, page: Page) -> Receipt:
        """Write the page; an older one than the handle knows is passed over."""
        told = int((page.handle or {}).get("version", "0"))
        if page.version <= told:
            return Sent(dict(page.handle or {}))
        try:
            self._write(page)
        except BrokenPipeError:
            return Refused("unreachable", "nobody reads standard output any more; give the console sink a `path`")
        except OSError as error:
            where = self.path or "standard output"
            why = error.strerror or type(error).__name__
            if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
                return Refused("not_found", f"{where}: {why}; give a path that can be written")
            return Retry(None, "unreachable")
        return Sent({"version": str(page.version)})

    def probe(self) -> str | None:
        """Return why the file cannot be written to, or None."""
        if self.path is None:
            return None
        path = Path(self.path)
        place = path if path.exists() else path.absolute().parent
        if path.is_dir() or not os.access(place, os.W_OK):
            return f"{self.path} cannot be written to; give another `path`, or see to its permissions"
        return None

    def _write(self, page: Page) -> None:
        if self.path is not None:
            with Path(self.path).open("a", encoding="utf-8") as file:
                file.write(line(page))
            return
        out = sys.stdout
        out.write(_drawing(page, out) if out.isatty() else line(page))
        out.flush()


def _drawing(page: Page, out: TextIO) -> str:
    width = shutil.get_terminal_size().columns
    drawn = terminal(page, width, colour=True) + "\n"
    encoding = out.encoding or "utf-8"
    return drawn.encode(encoding, "replace").decode(encoding)


def line(page: Page) -> str:
    """Return the page as one line of JSON: what a program reads; the chart's numbers and the handle are left out."""
    told = {field.name: getattr(page, field.name) for field in dataclasses.fields(page)}
    for name in ("handle", "attempt", "tried_at", "chart", "muted"):
        del told[name]
    return json.dumps(told, default=_plain, ensure_ascii=True, separators=(",", ":")) + "\n"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
