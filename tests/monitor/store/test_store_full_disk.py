"""A disk without room, a process without files or memory: what is committed stays, and work goes on when there is room."""

import importlib.util
import json
import os
import resource
import sys
from pathlib import Path

import pytest
from store_batches import messages

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.keeping import troubles
from bellbuoy.monitor.store import Store, StoreError, StoreExhausted

pytestmark = [pytest.mark.store, pytest.mark.timeout(180)]

ROWS = 2000
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


class Writer:
    """Appends batches one after the other and knows how many rows it was told are stored."""

    def __init__(self, batch_of, stream):
        self.batch_of, self.stream = batch_of, stream
        self.offset = 0
        self.values = {}

    def append(self, store):
        if self.offset not in self.values:
            events = enumerate(map(json.loads, messages(self.offset, ROWS, bad=0)), self.offset)
            self.values = {self.offset: [json.dumps({**event, "event_id": f"e{at}"}).encode() for at, event in events]}
        store.append(self.batch_of(store, self.stream, self.values[self.offset], self.offset))
        self.offset += ROWS

    def until_exhausted(self, store, most=400):
        for _ in range(most):
            try:
                self.append(store)
            except StoreExhausted:
                return
        raise AssertionError("it never ran out")

    def whole(self, store):
        rows = store.cursor().execute('SELECT count(*), count(DISTINCT "offset"), max("offset") FROM events_raw')
        assert rows.fetchall() == [(self.offset, self.offset, self.offset - 1 if self.offset else None)]
        counted = store.cursor().execute("SELECT sum(n) FROM minutes WHERE signal = 'step_failure'").fetchall()
        known = "SELECT count(*) FROM trials WHERE signal = 'step_failure'"
        assert counted == store.cursor().execute(known).fetchall()
        assert store.positions("kafka") == {self.stream: self.offset}


@pytest.fixture
def writer(batch_of, stream):
    return Writer(batch_of, stream)


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
        for _ in range(5):
            writer.append(store)
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


def limited(work):
    """Run `work` in a process of its own, for limits cannot be taken back everywhere."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException as error:  # noqa: BLE001 - it is told
            sys.__stderr__.write(f"{type(error).__name__}: {error}\n")
        os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0, "see standard error"


def test_no_more_open_files_pauses_the_merge_and_nothing_else(tmp_path, writer):
    def work():
        store = Store.open(tmp_path / "b.duckdb", Settings(checkpoint=1 << 18))
        writer.append(store)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) - 1, hard))
        for _ in range(4):
            try:
                writer.append(store)
            except StoreExhausted:
                break
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        writer.whole(store)
        writer.append(store)
        writer.whole(store)
        store.close()

    limited(work)


def test_no_memory_is_told_and_passes(tmp_path, writer):
    def work():
        store = Store.open(tmp_path / "b.duckdb", Settings(checkpoint=1 << 40))
        writer.append(store)
        used = int(Path("/proc/self/status").read_text().split("VmData:")[1].split()[0]) * 1024
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (used, hard))
        refused = 0
        for _ in range(60):
            try:
                writer.append(store)
            except (StoreExhausted, MemoryError):
                refused += 1
                break
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        assert refused, "memory never ran out"
        writer.whole(store)
        writer.append(store)
        writer.whole(store)
        store.close()

    limited(work)
