"""What can be wrong with the store, each with a sentence that names the place and the way out."""

from pathlib import Path

import duckdb


class StoreError(Exception):
    """Something is wrong with the store; the text is a sentence for a person."""


class StoreLocked(StoreError):  # noqa: N818 - the state is the name: the store is locked
    """Another process holds the file.

    Attributes:
        pid: the process that holds it, or None where DuckDB does not tell.
    """

    def __init__(self, path: Path, pid: int | None) -> None:
        self.pid = pid
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(
            f"{path}: the store is in use by {who}; one daemon writes one store. Stop that one, or ask it."
        )


class StoreNewer(StoreError):  # noqa: N818 - the state is the name
    """The file was written by a later version of Bellbuoy or of DuckDB."""


class StoreOlder(StoreError):  # noqa: N818 - the state is the name
    """The file wants a migration, and it is opened for reading only."""


class StoreMissing(StoreError):  # noqa: N818 - the state is the name
    """There is no file to read."""


class StoreUnfinished(StoreError):  # noqa: N818 - the state is the name
    """Bringing events back from exports into this file was broken off: some of them are missing, or their counts."""


class StoreForeign(StoreError):  # noqa: N818 - the state is the name
    """The file is no store of ours."""


class StoreCorrupt(StoreError):  # noqa: N818 - the state is the name
    """Bytes in the file or its log are not what was written.

    Attributes:
        path: the store.
        why: what DuckDB says.
    """

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        self.why = why.split("\n", 1)[0]
        super().__init__(
            f"{path}: the store is damaged: {self.why}. Put a copy in its place, or rename it and start again: a new one "
            f"is filled from the sources. `bellbuoy run` does the latter by itself unless `store.on_corrupt` is refuse."
        )


class StoreExhausted(StoreError):  # noqa: N818 - the state is the name
    """Disk or memory is used up: nothing was written, the same call may succeed later."""


class StoreStuck(StoreError):  # noqa: N818 - the state is the name
    """A query runs that nothing can stop: only the end of the process ends it."""


class PositionConflict(StoreError):  # noqa: N818 - the state is the name
    """A stream's position is not what this process last wrote: a second writer, or a defect. Nothing was written."""


def passing(error: BaseException) -> bool:
    """Tell whether what failed is done at the next try: there was no room, or the file was opened anew meanwhile."""
    return isinstance(error, StoreExhausted | duckdb.InterruptException)
