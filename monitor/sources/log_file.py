"""One log file, read line by line: plain, .gz or .zst; its identity; and where a record of it stands."""

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import IO

import zstandard

from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.sources.errors import SourceStopped

_HEAD = 1024
_BLOCK = 1 << 20
_LONGEST_LINE = 64 << 20


def epoch_of(path: Path, like: str = "") -> str:
    """Return the identity of a file: device, inode, and a hash of its first bytes (at most 1 KiB) with their number.

    Args:
        path: the file.
        like: an identity found earlier; when this is still that file, grown or not, the same text is returned.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        head = file.read(_HEAD)
    length = len(head)
    if like:
        device, inode, seen, _ = like.split(":", 3)
        if (device, inode) == (str(status.st_dev), str(status.st_ino)) and int(seen) <= length:
            length = int(seen)
    digest = hashlib.blake2b(head[:length], digest_size=8).hexdigest()
    return f"{status.st_dev}:{status.st_ino}:{length}:{digest}"


def inode_of(path: Path) -> str:
    """Return device and inode, the part of an epoch that a renaming keeps; '' when there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_dev}:{status.st_ino}:"


def lines_of(path: Path, offsets: Sequence[int]) -> list[int]:
    """Return the numbers, from 1, of the lines in which bytes of a decompressed file stand, as editors count them.

    Args:
        path: the file.
        offsets: of the bytes, ascending: positions of records.
    """
    numbers: list[int] = []
    line, at = 1, 0
    with path.open("rb") as raw, _opened(path, raw) as file:
        for offset in offsets:
            while at < offset and (block := file.read(min(_BLOCK, offset - at))):
                line += block.count(b"\n")
                at += len(block)
            numbers.append(line)
    return numbers


class LogFile:
    """An open file and the position of its next line, in bytes of the decompressed stream.

    Args:
        path: where it is now.
        stream: what its records are called.
        offset: where to begin.

    Raises:
        SourceStopped: the file is shorter than the position, or cannot be decompressed.
    """

    def __init__(self, path: Path, stream: Stream, offset: int) -> None:
        self.stream = stream
        self.offset = offset
        self.path = path
        self._buffer = b""
        self._raw = path.open("rb")
        self._file = _opened(path, self._raw)
        self.compressed = self._file is not self._raw
        self._ended = False
        self._skip(offset)

    @property
    def inode(self) -> str:
        """Device and inode of the open file, as in its epoch."""
        status = os.fstat(self._raw.fileno())
        return f"{status.st_dev}:{status.st_ino}:"

    @property
    def shrunk(self) -> bool:
        """True when the file was cut below what was read."""
        return not self.compressed and os.fstat(self._raw.fileno()).st_size < self.offset + len(self._buffer)

    def behind(self) -> int:
        """Return the bytes between the position and the end (of a compressed file: of its compressed bytes)."""
        size = os.fstat(self._raw.fileno()).st_size
        return size - self._raw.tell() + len(self._buffer) if self.compressed else size - self.offset

    def take(self, max_records: int, max_bytes: int, *, last_line: bool) -> Chunk | None:
        """Return the next lines, or None when there are none yet.

        Args:
            max_records: lines at most.
            max_bytes: bytes at which no more is read.
            last_line: whether a last line without a newline is one.

        Raises:
            SourceStopped: the file is damaged, or a line has no end.
        """
        have = self._buffer.count(b"\n")
        self._ended = False
        blocks = [self._buffer]
        size = len(self._buffer)
        while have < max_records and (size < max_bytes or not have):
            block = self._more()
            if not block:
                self._ended = True
                break
            blocks.append(block)
            size += len(block)
            have += block.count(b"\n")
            if not have and size > _LONGEST_LINE:
                raise self._stopped(f"a line at byte {self.offset} is longer than {_LONGEST_LINE} bytes")
        self._buffer = b"".join(blocks)
        lines = self._buffer.split(b"\n", max_records)
        rest = lines.pop()
        if rest and self._ended and last_line and len(lines) < max_records:
            lines.append(rest)
            rest = b""
        if not lines:
            return None
        sizes = list(map(len, lines))
        offsets = [
            start + place for place, start in enumerate(accumulate(sizes[:-1], initial=self.offset))
        ]  # and newlines
        after = self.offset + len(self._buffer) - len(rest)
        self._buffer = rest
        self.offset = after
        if not all(sizes) or any(map(bytes.isspace, lines)):
            kept = [(at, line) for at, line in zip(offsets, lines, strict=True) if line and not line.isspace()]
            offsets, lines = [at for at, _ in kept], [line for _, line in kept]
        return Chunk(self.stream, offsets, lines, after, size=sum(sizes))

    @property
    def ended(self) -> bool:
        """True when the last `take` met the end and left nothing but an unfinished line."""
        return self._ended and b"\n" not in self._buffer

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._raw.close()

    def _more(self) -> bytes:
        try:
            return self._file.read(_BLOCK)
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            raise self._stopped(f"cannot be read past byte {self.offset + len(self._buffer)}: {error}") from error

    def _skip(self, offset: int) -> None:
        if not self.compressed:
            size = os.fstat(self._raw.fileno()).st_size
            if size < offset:
                self.close()
                raise self._stopped(f"is {size} bytes long and was read to byte {offset}")
            self._file.seek(offset)
            return
        left = offset
        while left:
            block = self._file.read(min(_BLOCK, left))
            if not block:
                self.close()
                raise self._stopped(f"ends before byte {offset}, to which it was read")
            left -= len(block)

    def _stopped(self, what: str) -> SourceStopped:
        return SourceStopped(self.stream, f"the file {what}", "mend or replace the file, then start again")


def _opened(path: Path, raw: IO[bytes]) -> IO[bytes]:
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.GzipFile(fileobj=raw, mode="rb"))
    if path.suffix == ".zst":
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))
    return raw
