"""A disk without room, a process without files or memory: what is committed stays, and work goes on when there is room."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from store_writer import ROWS, Writer

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.keeping import troubles
from bellbuoy.monitor.store import Store, StoreError, StoreExhausted

pytestmark = [pytest.mark.store, pytest.mark.long]

_SPEC = importlib.util.spec_from_file_location(
    "small_disk", Path(__file__).parent.parent.parent / "chaos" / "small_disk.py"
)
small_disk = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(small_disk)


@pytest.fixture
def disk(tmp_path, lacking):
    why = small_disk.absent(tmp_path / "try")
    if why:
        lacking("tmpfs", why)
    with small_disk.SmallDisk(tmp_path / "disk", "7m") as mounted:
        yield mounted


@pytest.fixture
def writer():
    return Writer()


def test_full_disk_refuses_whole_batches_and_room_lets_them_in(disk, writer):
    with Store.open(disk.path / "b.duckdb", Settings(checkpoint=1 << 20)) as store:
        writer.until_exhausted(store)
        assert writer.offset > ROWS
        writer.whole(store)
        for _ in range(3):
            with pytest.raises(StoreExhausted):
                writer.append(store)
        writer.whole(store)
        disk.remount("size=60m")
        for _ in range(40):  # the log must have grown by a quarter until merging it is tried again
            writer.append(store)
            if store.unmerged is None:
                break
        writer.whole(store)
        assert store.unmerged is None
    with Store.open(disk.path / "b.duckdb") as store:
        writer.whole(store)


def test_merge_without_room_opens_the_file_anew_and_loses_nothing(disk, writer):
    with Store.open(disk.path / "b.duckdb", Settings(checkpoint=1 << 40)) as store:
        for _ in range(8):
            writer.append(store)
        before, life = store.cursor(), store._life
        disk.fill()
        store._merge_at = 0
        with store._lock:
            store._merge()
        assert "No space left" in store.unmerged
        assert store._life == life + 1, "DuckDB gave up on the file, and it was not opened anew"
        assert store.cursor() is not before
        writer.whole(store)
        assert [one.key for one in troubles(store)] == ["store:unmerged"]
        writer.until_exhausted(store, 20)
        writer.whole(store)
        disk.relieve()
        disk.remount("size=60m")
        store._merge_at = 0
        writer.append(store)
        assert store.unmerged is None
        writer.whole(store)
    with Store.open(disk.path / "b.duckdb") as store:
        writer.whole(store)


def test_full_or_read_only_disk_at_the_start_is_named_or_harmless(disk, writer):
    path = disk.path / "b.duckdb"
    pid = os.fork()
    if pid == 0:  # a life that ends without merging
        store = Store.open(path, Settings(checkpoint=1 << 40))
        writer.append(store)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    writer.offset = ROWS
    disk.fill()
    with Store.open(path) as store:
        writer.whole(store)
        with pytest.raises(StoreExhausted, match="No space left"):
            store.publish()
        with pytest.raises(StoreExhausted, match="No space left"):
            writer.append(store)
    disk.relieve()
    disk.remount("ro")
    with pytest.raises(StoreError, match="Read-only file system"):
        Store.open(path)
    disk.remount("rw")
    with Store.open(path) as store:
        writer.whole(store)
        writer.append(store)


@pytest.mark.parametrize("what", ["files", "memory", "commit"])
def test_no_more_files_or_memory_is_told_and_passes(what, tmp_path):
    script = Path(__file__).parent / "starved_child.py"
    done = subprocess.run([sys.executable, script, what, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
