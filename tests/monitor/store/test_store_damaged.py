"""A damaged store is harmless, or named and set aside and filled again; it never counts wrongly, and never is a loop."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from store_batches import START

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.keeping import troubles
from bellbuoy.monitor.store import Store, StoreCorrupt, StoreForeign
from bellbuoy.monitor.store.damage import all_set_aside, suspicions
from bellbuoy.monitor.store.rescue import open_or_set_aside

pytestmark = [pytest.mark.store, pytest.mark.long, pytest.mark.timeout(1800)]

HERE = Path(__file__).parent
FAULTS = int(os.environ.get("BELLBUOY_FAULTS", "24"))
KNOWN = {
    "harmless",
    "harmless, read again",
    "set aside at the start",
    "named in use, set aside at the next start",
    "named at the start, refused",
}


def test_every_fault_is_harmless_or_named_and_no_count_is_ever_wrong(tmp_path, record_property):
    seed = int(os.environ.get("BELLBUOY_SEED", "7"))
    program = HERE.parent.parent / "chaos" / "store_faults.py"
    paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(program), str(tmp_path), str(seed), str(FAULTS)]
    ran = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    record_property("outcomes", f"seed {seed}: {told['outcomes']}")
    sys.stdout.write(f"seed {seed}, {FAULTS} faults, DuckDB {duckdb.__version__}: {json.dumps(told, indent=1)}")
    assert set(told["outcomes"]) <= KNOWN, told
    assert sum(told["outcomes"].values()) == FAULTS
    assert told["outcomes"]["set aside at the start"] >= FAULTS // 5, "the faults did not do their deed"


def broken(tmp_path):
    """Return the path of a store with a hole in its header."""
    path = tmp_path / "b.duckdb"
    Store.open(path).close()
    with path.open("r+b") as file:
        file.write(bytes(8192))
    return path


def test_damaged_store_is_set_aside_with_its_log_and_told_until_it_is_moved_away(tmp_path):
    path = broken(tmp_path)
    path.with_name("b.duckdb.wal").write_bytes(b"what was not merged")
    with pytest.raises(StoreCorrupt, match=r"b\.duckdb: the store is damaged: .* Put a copy in its place"):
        Store.open(path)
    with open_or_set_aside(path, Settings(), START) as store:
        assert store.positions("kafka") == {}
        aside = all_set_aside(path)
        assert [one.path.name for one in aside] == ["b.duckdb.corrupt-20260202T024000Z"]
        assert aside[0].path.with_name(aside[0].path.name + ".wal").read_bytes() == b"what was not merged"
        (trouble,) = troubles(store)
        assert trouble.severity == "page"
        assert aside[0].why in trouble.reason
        for one in tmp_path.glob("*.corrupt-*"):
            one.unlink()
        assert troubles(store) == []


def test_damaged_store_is_left_where_it_is_when_the_configuration_says_so(tmp_path):
    path = broken(tmp_path)
    held = path.read_bytes()
    with pytest.raises(StoreCorrupt):
        open_or_set_aside(path, Settings(on_corrupt="refuse"), START)
    assert path.read_bytes() == held
    assert [one.name for one in tmp_path.iterdir()] == ["b.duckdb"]


def sqlite(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE events_raw (a)")
        other.execute("CREATE TABLE dead_letters_raw (a)")
    other.close()


def text(path):
    path.write_text("events_raw and dead_letters_raw are tables of a store. " * 1000)


def somebodys(path):
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE theirs (a INTEGER)")


def somebodys_with_a_bad_log(path):
    somebodys(path)
    path.with_name(path.name + ".wal").write_bytes(b"\x01" * 5000)


@pytest.mark.parametrize("write", [sqlite, text, somebodys, somebodys_with_a_bad_log])
def test_what_is_somebody_elses_is_never_set_aside(tmp_path, write):
    path = tmp_path / "b.duckdb"
    write(path)
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    with pytest.raises(StoreForeign, match=r"give another `store\.path`"):
        open_or_set_aside(path, Settings(), START)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_damage_found_in_use_is_noted_and_the_next_start_looks_through_everything(tmp_path, monkeypatch):
    path = tmp_path / "b.duckdb"
    Store.open(path).close()
    with Store.open(path) as store:
        with pytest.raises(StoreCorrupt):
            store.heard(duckdb.IOException("Corrupt database file: computed checksum 1 does not match"))
        assert store.damage is not None
    assert suspicions(path) == [store.damage]
    with Store.open(path) as store:  # nothing was found: it goes on, and what was noted is forgotten at its end
        assert store.damage is None
        assert suspicions(path)
    assert suspicions(path) == []
    for _ in range(2):
        store = Store.open(path)
        with pytest.raises(StoreCorrupt):
            store.heard(duckdb.IOException("Corrupt database file: computed checksum 1 does not match"))
        store.close()
    with pytest.raises(StoreCorrupt, match="computed checksum 1"):
        Store.open(path)
    with open_or_set_aside(path, Settings(), START) as store:
        assert len(all_set_aside(path)) == 1
        assert suspicions(path) == []
