"""Files that a person named, and the patterns by which a source finds just these."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from bellbuoy.monitor.sources.files import matching

PACKED = {b"\x1f\x8b": "gzip; name it .jsonl.gz", b"\x28\xb5\x2f\xfd": "Zstandard; name it .jsonl.zst"}
"""How compressed files begin, and what to do with one that is not named so."""
PARQUET = b"PAR1"


class PathError(ValueError):
    """A file cannot be looked at; the text names it, says why and the way out."""


def resolve(names: Sequence[str]) -> tuple[list[Path], tuple[str, ...]]:
    """Return the files that names or patterns stand for, each once, and what a source has to be told to read just these.

    Raises:
        PathError: a name stands for nothing, or for what is no log.
        OSError: a file cannot be read.
    """
    files: dict[Path, None] = {}
    given: list[str] = []
    named: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            raise PathError(f"{name}: this is a folder; name its files: bellbuoy init {path / '*.jsonl'}")
        if path.exists():
            found = [path]
            named.append(path)
        else:
            found = matching(name)
            given.append(name)
        if not found:
            raise PathError(f"{name}: there is no such file; name a file of events, one JSON object a line")
        files |= dict.fromkeys(found)
    for path in files:
        _look(path)
    return list(files), tuple(dict.fromkeys([*given, *_patterns(named)]))


def _look(path: Path) -> None:
    if not path.is_file():
        raise PathError(f"{path}: this is no file; save some of it to one and give that")
    with path.open("rb") as file:
        head = file.read(4)
    if head == PARQUET:
        raise PathError(
            f"{path}: Parquet is not read by the source `files`; give JSON lines (`bellbuoy backtest` reads both)"
        )
    for magic, what in PACKED.items():
        if head.startswith(magic) and path.suffix not in (".gz", ".zst"):
            raise PathError(f"{path}: this is {what}")


def _patterns(files: Sequence[Path]) -> Iterator[str]:
    """Yield the files, or one pattern for those of a kind in a folder where it matches just these."""
    kinds: dict[tuple[Path, str], list[Path]] = {}
    for path in files:
        kinds.setdefault((path.parent, _ending(path)), []).append(path)
    for (folder, ending), some in kinds.items():
        yield from _told(folder, ending, sorted(set(some)))


def _told(folder: Path, ending: str, files: Sequence[Path]) -> Iterator[str]:
    pattern = str(Path(glob.escape(str(folder))) / f"*{ending}")
    if len(files) > 1 and ending and matching(pattern) == files:
        yield pattern
    else:
        yield from (glob.escape(str(path)) for path in files)


def _ending(path: Path) -> str:
    """Return `.jsonl`, `.jsonl.gz`, …: how the name ends."""
    packed = path.suffix if path.suffix in (".gz", ".zst") else ""
    return Path(path.name.removesuffix(packed)).suffix + packed
