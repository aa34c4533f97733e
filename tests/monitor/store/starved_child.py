"""Appends while it has no free memory, or no free file number: in a process of its own, from its first instruction on.

    starved_child.py memory|commit|files FOLDER

A process that has worked before holds free memory in stock, as much as it ever used and gave back: a limit does not take
that away, and what a test appends may fit into it. A child of `fork` inherits the stock.
"""

import os
import resource
import sys
from contextlib import contextmanager
from pathlib import Path

import duckdb
from store_writer import Writer

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store import Store, StoreExhausted

THREADS = 1
"""A thread that begins without memory is the end of its process, and no exception."""


@contextmanager
def limited(kind, value):
    soft, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))


BLOCK = 1 << 18
"""What DuckDB asks for to append to a column."""


def taken():
    return int(Path("/proc/self/status").read_text().split("VmData:")[1].split()[0]) * 1024


def without_memory(path):
    """No page more from the system: half of what is taken already, so that what goes back to it is not had again."""
    writer = Writer()
    with Store.open(path, Settings(checkpoint=1 << 40, threads=THREADS)) as store:
        writer.append(store)
        writer.make(store)  # so that the store is the first to ask for memory
        with limited(resource.RLIMIT_DATA, taken() // 2):
            writer.until_exhausted(store)  # each batch holds about 2 MB, for nothing is merged
        writer.whole(store)
        writer.append(store)
        writer.whole(store)


def without_memory_to_commit(path):
    """Memory runs out from the last row to the end of the append, a column later each time: no value is another one then.

    DuckDB 1.5.6 cannot commit then; a later one can, and what is kept in memory of the batch follows where there is none.
    """
    writer, other = Writer(), Writer()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with Store.open(path, Settings(checkpoint=1 << 40, threads=THREADS)) as store, Store.open(None) as whole:
        failed = 0

        def runs_out(*_):
            resource.setrlimit(resource.RLIMIT_DATA, (taken() + failed * BLOCK, hard))

        for _ in range(16):
            writer.make(store)
            try:
                writer.append(store, runs_out)
            except StoreExhausted as error:
                failed += "Failed to commit" in str(error)
            finally:
                resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        assert failed or not duckdb.__version__.startswith("1."), "memory sufficed for every COMMIT"
        writer.append(store)
        writer.whole(store)
        while other.offset < writer.offset:
            other.append(whole)
        sql = 'SELECT * FROM events_raw ORDER BY "offset"'
        assert store.cursor().sql(sql).to_arrow_table() == whole.cursor().sql(sql).to_arrow_table()


def without_files(path):
    """Every number below the limit is taken."""
    writer = Writer()
    with Store.open(path, Settings(checkpoint=1 << 18, threads=THREADS)) as store:
        writer.append(store)
        free = os.open(path.parent, os.O_RDONLY)  # the lowest number there is
        os.close(free)
        with limited(resource.RLIMIT_NOFILE, free):
            said = ""
            for _ in range(4):
                try:
                    writer.append(store)
                except StoreExhausted as error:
                    said = str(error)
                    break
            assert "Too many open files" in (store.unmerged or said), f"{store.unmerged}; {said}"
        writer.whole(store)
        writer.append(store)
        writer.whole(store)


if __name__ == "__main__":
    ways = {"memory": without_memory, "commit": without_memory_to_commit, "files": without_files}
    ways[sys.argv[1]](Path(sys.argv[2]) / "b.duckdb")
