"""Hostile statements at the door, in a process with a bound of memory: none writes, tells, lasts or eats it up."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_child import MEMORY
from hostile_statements import BOMBS, REFUSED

from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door import adhoc, process
from bellbuoy.monitor.store.door.adhoc import QueryRefused, ask

pytestmark = [pytest.mark.store, pytest.mark.long]

SECONDS = 0.2
LATE = 0.5
"""How long after its limit a statement may end."""
LATER = {"many joins": 2.0, "inequality join": 2.0, "map of all": 2.0}
"""The same for what DuckDB does in large pieces: it looks at an interrupt between two of them, and how long one takes is the machine's."""


def child(folder, *arguments):
    """Return what the child told of each statement."""
    folder.mkdir(parents=True, exist_ok=True)
    script = Path(__file__).parent / "hostile_child.py"
    done = subprocess.run(
        [sys.executable, str(script), str(folder), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_late(end):
    return end["took"] > SECONDS + LATER.get(end["name"], LATE)


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    return child(tmp_path_factory.mktemp("hostile"), "table", 0, 0, SECONDS)


def test_table_is_long(ends):
    assert len(ends) >= 250
    assert len(ends) == len(REFUSED) + len(BOMBS) + 3


def test_nothing_hostile_passes(ends):
    passed = []
    with Store.open(None) as store:
        for place, end in enumerate(ends):
            if end["name"] != "refused" or end["result"] in ("refused", "error"):
                continue
            if (
                end["result"] == "timeout"
            ):  # the machine was busy with something else: it is asked again, with more time
                with pytest.raises(QueryRefused) as refusal:
                    ask(store, REFUSED[place] if place < len(REFUSED) else end["sql"], seconds=10)
                if refusal.value.result in ("refused", "error"):
                    continue
            passed.append(end["sql"])
    assert passed == []


def test_no_statement_ends_in_another_way_than_an_answer_or_a_refusal(ends):
    known = {"answered", "refused", "error", "timeout"}
    assert [end for end in ends if end["result"] not in known] == []


def test_nothing_is_changed_or_told(ends):
    assert [end for end in ends if end["changed"] or end["leaked"]] == []


def test_each_ends_at_its_time(ends, tmp_path):
    late = [end for end in ends if is_late(end)]
    if late:  # the machine may have been busy with something else: what is late is late again
        again = {end["name"]: end for end in child(tmp_path, "table", 0, 0, SECONDS)}
        late = [end for end in late if is_late(again[end["name"]])]
    assert late == []
    assert sum(end["result"] == "timeout" for end in ends) >= 5


def test_memory_stays_bounded(ends):
    assert max(end["peak"] for end in ends) < 2 * MEMORY + (1 << 30)  # what `process.bound` leaves


def test_statements_made_at_random_are_answered_or_refused(tmp_path):
    many, seed = int(os.environ.get("BELLBUOY_FUZZ", "2000")), int(os.environ.get("BELLBUOY_SEED", "1"))
    *wrong, last = child(tmp_path, "fuzz", seed, many, SECONDS)
    assert [end for end in wrong if end["result"] != "timeout" or end["took"] > SECONDS + LATE] == []
    assert last["name"] == "end"
    assert last["result"] == "answered"
    assert not last["changed"]


# -- each layer holds something


@pytest.fixture
def opened(tmp_path):
    with Store.open(tmp_path / "bellbuoy.duckdb") as store:
        yield store


def test_without_the_settings_files_can_be_read(tmp_path):
    import duckdb

    (tmp_path / "a.txt").write_text("planted")
    con = duckdb.connect()
    con.execute("BEGIN TRANSACTION READ ONLY")
    assert con.execute(f"SELECT content FROM read_text('{tmp_path}/a.txt')").fetchall() == [("planted",)]


def test_with_the_settings_nothing_can_be_set_or_read(opened, tmp_path):
    import duckdb

    (tmp_path / "a.txt").write_text("planted")
    for sql in (
        f"SELECT * FROM read_text('{tmp_path}/a.txt')",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET memory_limit = '8GB'",
        "INSTALL httpfs",
        "ATTACH '/tmp/x.duckdb'",
    ):
        with pytest.raises(duckdb.Error):
            opened.cursor().execute(sql)


def test_without_the_tree_metadata_is_told(opened, monkeypatch):
    monkeypatch.setattr(adhoc, "objection", lambda *_: None)
    assert ask(opened, "SELECT * FROM duckdb_settings()").rows.num_rows > 50
    assert ask(opened, "SELECT count(*) FROM meta").rows.num_rows == 1


def test_without_the_measure_a_plan_grows_past_its_time(opened, monkeypatch):
    doubled = ", ".join(f"a{at - 1} + a{at - 1} AS a{at}" if at else "x AS a0" for at in range(12))
    sql = f"SELECT {doubled} FROM (SELECT unnest([1.5::DOUBLE, 2]) AS x)"
    with pytest.raises(QueryRefused, match="stands more than"):
        ask(opened, sql)
    monkeypatch.setattr(adhoc, "excess", lambda _: None)
    assert ask(opened, sql, seconds=60.0).rows.num_rows == 2


def test_without_the_count_of_statements_the_first_hides_the_second(opened, monkeypatch):
    monkeypatch.setattr(adhoc, "_judge", lambda *_: None)
    with pytest.raises(QueryRefused, match="read-only"):  # the transaction holds
        ask(opened, "INSERT INTO meta VALUES ('a', 'b')")
    ask(opened, "COMMIT; CREATE TEMP TABLE t AS SELECT 1 AS a; SELECT * FROM t")  # and alone it would not


def test_without_the_bound_of_text_a_plan_takes_longer_than_its_text_shows(opened):
    with pytest.raises(QueryRefused, match=r"query\.text"):
        ask(opened, "SELECT 1" + " UNION ALL SELECT 1" * 2000)
    assert ask(opened, "SELECT 1" + " UNION ALL SELECT 1" * 2000, text=1 << 20).rows.num_rows == 2001


def test_without_the_bound_of_rows_an_answer_has_them_all(opened):
    many = "SELECT unnest(string_split('" + "x" * 5000 + "', ''))"
    assert ask(opened, many, rows=10).truncated
    assert ask(opened, many).rows.num_rows == 5000


BOMB = """
import sys, threading
from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door import adhoc, process
adhoc.objection = lambda *_: None
adhoc.excess = lambda _: None
with Store.open(sys.argv[1], Settings(memory_limit=256 << 20)) as store:
    print(process.bound(256 << 20) is not None)
    try:
        adhoc.ask(store, "SELECT length(repeat('x', 3000000000))", seconds=5)
        print("answered")
    except adhoc.QueryRefused as refusal:
        print(refusal.result)
    with store.transaction() as tx:
        tx.insert("meta", [{"key": "after", "value": "the bomb"}])
    print(store.cursor().execute("SELECT value FROM meta WHERE key = 'after'").fetchall()[0][0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the bound of a process is Linux's")
def test_a_bomb_that_nothing_else_held_fails_at_the_bound_of_the_process_and_the_writer_goes_on(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(tmp_path / "b.duckdb")], capture_output=True, text=True, check=False
    )
    assert done.stdout.split("\n")[:3] == ["True", "error", "the bomb"], done.stderr[-1000:]


def test_bound_of_the_process_can_be_switched_off():
    assert process.bound(1 << 30, "off") is None
