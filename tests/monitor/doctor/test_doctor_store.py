"""What doctor says of the store, each thing broken in turn."""

import gzip
import os
import shutil
import time
from pathlib import Path

import pytest
from store_batches import batch_of, messages

from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.doctor import storing
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.statements import migrations

OLD = Path(__file__).parents[1] / "store" / "files" / "schema1.duckdb.gz"


def test_a_store_that_is_not_there_yet_is_no_fault(configured, knowing, said):
    know = knowing(configured())
    assert said(storing.file(know)) == [("ok", f"{know.path} is not there yet: the first start of the daemon makes it")]
    assert [level for level, _ in said(storing.folder(know.path, know.clock))] == ["ok"]
    assert list(know.path.parent.iterdir()) == [know.path.parent / "bellbuoy.yaml"], "nothing is left behind"


def test_a_store_that_nobody_holds_says_its_version(configured, knowing, said):
    config = configured()
    Store.open(Path(config.store.path), config.store).close()
    know = knowing(config)
    newest = len(migrations())
    assert said(storing.file(know)) == [
        ("ok", f"{know.path}: schema {newest} of {newest}, no migration missing, nobody holds it")
    ]


def test_a_process_that_holds_the_store_and_does_not_answer_is_named(configured, knowing, said, held):
    config = configured()
    pid = held(config.store.path)
    ((level, line),) = said(storing.file(knowing(config)))
    assert level == "fail"
    assert f"held by process {pid}, which does not answer at http://{config.server.listen}" in line


def test_an_older_schema_wants_the_next_start(configured, knowing, said):
    config = configured()
    with gzip.open(OLD) as packed, Path(config.store.path).open("wb") as file:
        shutil.copyfileobj(packed, file)
    ((level, line),) = said(storing.file(knowing(config)))
    assert level == "warn"
    assert f"schema 1 is older than {len(migrations())}" in line
    assert "the next start of the daemon migrates it" in line


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"hello" * 2000, "not a DuckDB file"), (b"SQLite format 3\0" + bytes(4096), "a SQLite file")],
    ids=["text", "sqlite"],
)
def test_a_file_of_somebody_else_is_named(configured, knowing, said, content, sentence):
    config = configured()
    Path(config.store.path).write_bytes(content)
    ((level, line),) = said(storing.file(knowing(config)))
    assert level == "fail"
    assert sentence in line


def test_a_damaged_file_is_named(configured, knowing, said):
    config = configured()
    path = Path(config.store.path)
    Store.open(path, config.store).close()
    whole = bytearray(path.read_bytes())
    whole[4096:8192] = bytes(4096)
    whole[8192:12288] = bytes(4096)
    path.write_bytes(whole)
    ((level, line),) = said(storing.file(knowing(config)))
    assert level == "fail"
    assert f"{path} is damaged" in line


def test_a_folder_that_takes_no_files_is_named(tmp_path, said, monkeypatch):
    """Who runs the tests may be root, who may write anywhere: what the system says is told instead."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    ((level, line),) = said(storing.folder(tmp_path / "x.duckdb", SystemClock()))
    assert level == "fail"
    assert f"{tmp_path} takes no files from this user" in line


def test_a_folder_that_is_not_there_yet_is_not_made(tmp_path, said):
    ((level, line),) = said(storing.folder(tmp_path / "a" / "b" / "x.duckdb", SystemClock()))
    assert level == "ok"
    assert f"makes it in {tmp_path}" in line
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_or_is_slow_is_named(tmp_path, said, monkeypatch):
    def full(place, clock):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storing, "_written", full)
    assert said(storing.folder(tmp_path / "x.duckdb", SystemClock())) == [
        ("fail", f"{tmp_path} cannot be written to: no space left on device; make room, or mend it")
    ]
    monkeypatch.setattr(storing, "_written", lambda place, clock: 1 << 20)
    ((level, line),) = said(storing.folder(tmp_path / "x.duckdb", SystemClock()))
    assert level == "warn"
    assert "takes 1.0 MiB a second" in line


def test_a_file_system_of_another_machine_is_named(tmp_path, said, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/vol {tmp_path} nfs4 rw 0 0\n")
    assert storing.file_system(tmp_path / "deep", mounts) == "nfs4"
    assert storing.file_system(Path("/usr"), mounts) == "ext4"
    assert storing.file_system(Path("/usr"), tmp_path / "none") == ""
    monkeypatch.setattr(storing, "file_system", lambda place: "nfs4")
    assert ("warn", True) in [
        (level, "a second writer may not be kept out" in line)
        for level, line in said(storing.folder(tmp_path / "x.duckdb", SystemClock()))
    ]


def filled(config, days):
    """Make the store of a configuration, with events that began so many days ago."""
    with Store.open(Path(config.store.path), config.store) as store:
        store.follow(config)
        now = int(time.time())
        values = messages(0, 500, bad=0, start=now - days * 86_400)
        store.append(batch_of(store, Stream("kafka", "t", 0, "e"), values, received_at=now))


def test_room_is_held_against_what_the_store_will_grow_to(configured, knowing, said, monkeypatch, tmp_path):
    config = configured(store={"retention": {"events": "9000d", "minutes": "9000d"}})
    filled(config, 2)
    know = knowing(config)
    usage = shutil.disk_usage(tmp_path)
    for free, level, sentence in (
        (1 << 45, "ok", "until its oldest events leave"),
        (1_000_000_000, "warn", "shorten store.retention.events"),
        (999_999_999, "fail", f"953.7 MiB free at {tmp_path}: reading pauses when it is full; make room"),
    ):
        monkeypatch.setattr(shutil, "disk_usage", lambda place, free=free: usage._replace(free=free))
        ((found, line),) = said(storing.disk(know))
        assert found == level
        assert sentence in line


def test_days_that_are_not_exported_are_named(configured, knowing, said, tmp_path):
    config = configured(store={"exports": str(tmp_path / "exports")})
    filled(config, 5)
    assert said(storing.exports(tmp_path / "exports", knowing(config))) == [
        ("warn", f"{tmp_path}/exports: no day is written; `bellbuoy export` writes what is due, or says why not")
    ]


def test_exports_that_cannot_be_written_are_named(configured, knowing, said, monkeypatch, tmp_path):
    know = knowing(configured(store={"exports": str(tmp_path / "exports")}))
    ((level, line),) = said(storing.exports(tmp_path / "exports", know))
    assert (level, line) == (
        "ok",
        f"{tmp_path}/exports can be written to; what is written is not known: there is no store yet",
    )
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    ((level, line),) = said(storing.exports(tmp_path / "exports", know))
    assert level == "fail"
    assert f"{tmp_path} takes no files from this user" in line
