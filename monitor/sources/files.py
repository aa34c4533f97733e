"""The files source: log files, read to their end once or followed through growth and rotation."""

import glob
import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from bellbuoy.monitor.clock import Clock, SystemClock
from bellbuoy.monitor.sources.base import Chunk, Outcome, Stream
from bellbuoy.monitor.sources.errors import Notice, SourceSettings, SourceStopped
from bellbuoy.monitor.sources.log_file import LogFile, epoch_of, inode_of
from bellbuoy.monitor.sources.telling import Teller

_LOG = logging.getLogger(__name__)
LOOK_S = 1.0
"""How often a followed pattern is looked at for new and rotated files."""

GRACE_S = 5.0
"""How long a renamed file is read on: its writer may not have heard yet."""


class FilesSource:
    """Reads JSON lines from files that match a pattern.

    Read once, files come one after the other, by name. Followed, they are read side by side; a file that was renamed
    is read to its end before the new one of its name, and a file that was cut begins anew as another stream.

    Args:
        name: name of the source, the `source` of its streams.
        path: a file or a pattern (`*`, `?`, `[…]`, `**`).
        follow: go on with what is appended.
        clock: tells the time and waits.
        look_s: how often a followed pattern is looked at.
        grace_s: how long a renamed file is read on.
        place: the configuration's path of this source, for error messages.

    Attributes:
        notices: what it did by itself and a person should know; whoever tells it takes it from here.
    """

    def __init__(
        self,
        name: str,
        path: str,
        *,
        follow: bool = False,
        clock: Clock | None = None,
        look_s: float = LOOK_S,
        grace_s: float = GRACE_S,
        place: str = "sources[0].files",
    ) -> None:
        self.name = name
        self._pattern = path
        self._follow = follow
        self._clock = clock or SystemClock()
        self._teller = Teller(_LOG, self._clock)
        self._look_s = look_s
        self._grace_s = grace_s
        self._place = place
        self._looked_at = float("-inf")
        self._positions: dict[Stream, int] = {}
        self._waiting: list[Path] = []
        self._open: dict[str, LogFile] = {}
        self._leaving: dict[LogFile, float] = {}
        self._due: list[SourceStopped] = []
        self._stopped: set[str] = set()
        self._paused = False
        self.notices: list[Notice] = []
        self._closing = threading.Event()

    @property
    def finished(self) -> bool:
        """True when every file was read to its end and none is followed."""
        return not self._follow and not self._waiting and not self._open and not self._leaving and not self._due

    def open(self, positions: Mapping[Stream, int]) -> None:
        """Find the files and take up the stored positions.

        Raises:
            SourceSettings: no file matches, and none is waited for.
        """
        self._positions = {stream: at for stream, at in positions.items() if stream.source == self.name}
        found = matching(self._pattern)
        if not found and not self._follow:
            raise SourceSettings(
                f"{self._place}.path: no file matches {self._pattern!r}; correct the path, or set `follow: true` to wait"
            )
        self._finish_renamed()
        if not self._follow:
            self._waiting = found

    def read(self, max_records: int, max_bytes: int, wait: float) -> list[Chunk]:
        """Return what has come, after at most about `wait` seconds.

        Raises:
            SourceStopped: one file cannot be read on; the next call goes on with the others.
        """
        if self._due:
            raise self._due.pop(0)
        if self._paused:
            self._clock.wait(self._closing, wait)
            return []
        chunks = self._chunks(max_records, max_bytes)
        if self._due and not chunks:
            raise self._due.pop(0)
        if not chunks and self._follow:
            self._clock.wait(self._closing, wait)
        return chunks

    def _chunks(self, max_records: int, max_bytes: int) -> list[Chunk]:
        self._look()
        chunks: list[Chunk] = []
        for file in [*self._leaving, *self._open.values()]:
            if max_records <= 0 or max_bytes <= 0:
                break
            leaving = self._leaving.get(file, float("inf")) <= self._clock.monotonic()
            try:
                chunk = file.take(max_records, max_bytes, last_line=leaving or not self._follow or file.compressed)
            except SourceStopped as stopped:
                _LOG.error("%s", stopped)
                self._due.append(stopped)
                self._stopped.add(str(file.path))
                self._let_go(file)
                continue
            if chunk is not None:
                chunks.append(chunk)
                max_records -= len(chunk.values)
                max_bytes -= chunk.size
            if file.ended and (leaving or not self._follow):
                self._let_go(file)
        return chunks

    def _let_go(self, file: LogFile) -> None:
        self._positions[file.stream] = file.offset
        file.close()
        self._leaving.pop(file, None)
        self._open = {path: other for path, other in self._open.items() if other is not file}

    # Which files there are

    def _look(self) -> None:
        if not self._follow:
            if not self._open and not self._leaving and self._waiting:
                self._begin(self._waiting.pop(0))
            return
        now = self._clock.monotonic()
        if now - self._looked_at < self._look_s:
            return
        self._looked_at = now
        for held, file in list(self._open.items()):
            if inode_of(Path(held)) != file.inode:  # renamed or removed: what is left of it comes before the new one
                self._leaving[self._open.pop(held)] = now + self._grace_s
            elif file.shrunk:
                self._teller.say(logging.ERROR, f"{held} was cut; reading it from its beginning")
                self._cut(file.stream, file.offset)
                self._let_go(file)
        found = matching(self._pattern)
        if not found:
            self._teller.say(logging.WARNING, f"no file matches {self._pattern!r}; waiting for one")
        busy = {file.stream.path for file in self._leaving}
        for path in found:
            name = str(path)
            if name not in self._open and name not in busy and name not in self._stopped and path.stat().st_size:
                self._begin(path)

    def _begin(self, path: Path) -> None:
        """Open a file where its stream stands; one that has no stream yet begins at its beginning."""
        inode = inode_of(path)
        known = [stream for stream in self._positions if inode and stream.epoch.startswith(inode)]
        try:
            for stream in sorted(known, key=_turn, reverse=True):
                if epoch_of(path, stream.epoch.partition("+")[0]) == stream.epoch.partition("+")[0]:
                    if stream.path != str(path) and self._follow:
                        return  # the same file under a new name: it is finished under the old one
                    self._open[str(path)] = self._resumed(path, stream)
                    return
            self._open[str(path)] = LogFile(path, Stream(self.name, str(path), 0, epoch_of(path)), 0)
        except FileNotFoundError:
            return  # gone between the look and the opening
        except SourceStopped as stopped:
            _LOG.error("%s", stopped)
            self._due.append(stopped)
            self._stopped.add(str(path))

    def _resumed(self, path: Path, stream: Stream) -> LogFile:
        """Open a known stream where it stands; one that is shorter than that was cut and begins anew."""
        position = self._positions[stream]
        if path.suffix in (".gz", ".zst") or path.stat().st_size >= position:
            return LogFile(path, stream, position)
        self._teller.say(
            logging.ERROR, f"{path} is shorter than its position {position}; reading it from its beginning"
        )
        self._cut(stream, position)
        base = stream.epoch.partition("+")[0]
        return LogFile(path, Stream(self.name, str(path), 0, f"{base}+{_turn(stream) + 1}"), 0)

    def _cut(self, stream: Stream, position: int) -> None:
        """Notice that a file was cut, once."""
        reason = f"it had been read up to byte {position}; it is read from its beginning, and lines that were not read are gone"
        notice = Notice(stream, f"{stream.path} was cut", reason)
        if notice not in self.notices:
            self.notices.append(notice)

    def _finish_renamed(self) -> None:
        """Take up files that were renamed while nobody read: what is left of them comes first."""
        if not self._follow:
            return
        for stream, position in self._positions.items():
            path = Path(stream.path)
            if not stream.epoch or not path.parent.is_dir():
                continue
            inode = ":".join(stream.epoch.split(":")[:2]) + ":"
            if inode_of(path) == inode:
                continue
            for other in sorted(path.parent.iterdir()):
                if inode_of(other) != inode or other.suffix in (".gz", ".zst"):
                    continue
                if epoch_of(other, stream.epoch) == stream.epoch and other.stat().st_size > position:
                    self._leaving[LogFile(other, stream, position)] = float("-inf")

    # The rest of the port

    def pause(self) -> None:
        """Read nothing; the files stay open."""
        self._paused = True

    def resume(self) -> None:
        """Read again."""
        self._paused = False

    def lag(self) -> dict[Stream, int]:
        """Return the bytes between what was read and the end of each open file."""
        return {file.stream: file.behind() for file in [*self._leaving, *self._open.values()]}

    def stored(self, positions: Mapping[Stream, int], outcome: Outcome | None = None) -> None:
        """Nothing to do: the store alone knows the positions."""

    def close(self) -> None:
        """Close the files."""
        self._closing.set()
        for file in [*self._leaving, *self._open.values()]:
            file.close()
        self._leaving, self._open = {}, {}


def matching(pattern: str) -> list[Path]:
    """Return the files that match a pattern, by name."""
    found = (Path(path) for path in glob.glob(pattern, recursive=True))  # noqa: PTH207 # Path.glob takes no absolute pattern
    return sorted(path for path in found if path.is_file())


def _turn(stream: Stream) -> int:
    """Return how often this file was cut: the number behind the `+` of its epoch."""
    return int(stream.epoch.partition("+")[2] or 0)
