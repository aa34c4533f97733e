"""`export`, `dead-letters` and `rebuild` where no daemon runs: they work in the file, and say so."""

import json
import shutil

import duckdb
import pytest
from cli_process import bellbuoy

from bellbuoy.config.load import load
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.aging.restore import restore

pytestmark = pytest.mark.long

AT = 1_770_000_000.0
EVENT = {
    "type": "interaction",
    "ts": "2026-02-02T02:00:00Z",
    "interaction_id": "i1",
    "workflow": "w",
    "outcome": "success",
}


@pytest.fixture
def written(own):
    """`own` with exports, and with three dead letters: one is too large for then, two are no events."""
    file = own / "bellbuoy.yaml"
    config = json.loads(file.read_text())
    config["store"]["exports"] = str(own / "exports")
    file.write_text(json.dumps(config, indent=1))
    loaded = load(file)
    values = [json.dumps(EVENT).encode(), b'{"a": "\x1b[2J\xc2\x9b31m"', b"\xff\x00"]
    stream = Stream("files", "x.jsonl", 0, "e")
    with Store.open(own / "bellbuoy.duckdb", loaded.store) as store:
        store.follow(loaded)
        chunk = Chunk(stream, [0, 1, 2], values, 3, [b"k\x07"] * 3, [(("h", b"\x1b"),)] * 3)
        limits = Limits(max_message=20)
        store.append(decode(chunk, stream_id=store.stream_id(stream), received_at_us=int(AT * 1e6), limits=limits))
    return own


def test_exports_are_written_from_the_file_and_read_by_anything(written):
    done = bellbuoy("export", cwd=written)
    assert done.returncode == 0, done.stderr
    assert "no daemon holds" in done.stderr
    files = sorted(str(one.relative_to(written / "exports")) for one in (written / "exports").glob("**/*.parquet"))
    assert [line.split("  ")[0] for line in sorted(done.stdout.splitlines())] == files
    assert {"incidents.parquet", "changes.parquet"} < set(files)
    (rows,) = duckdb.sql(f"SELECT count(*) FROM '{written}/exports/events/*.parquet'").fetchall()[0]
    asked = bellbuoy("query", "select count(*) as n, sum(rows) as m from exports where kind = 'events'", cwd=written)
    assert str(rows) in asked.stdout
    again = bellbuoy("export", cwd=written)
    assert len(again.stdout.splitlines()) == 2, "what is written already is not written again"
    day = files[2].split("=")[1].removesuffix(".parquet")
    one = bellbuoy("export", "--day", day, cwd=written)
    assert len(one.stdout.splitlines()) == 4


def test_without_a_folder_it_is_a_sentence(own):
    done = bellbuoy("export", cwd=own)
    assert (done.returncode, done.stdout) == (78, "")
    assert "store.exports" in done.stderr
    wrong = bellbuoy("export", "--from", "2026-02-02", "--to", "2026-02-01", cwd=own)
    assert wrong.returncode == 2
    assert "Traceback" not in done.stderr + wrong.stderr


def test_letters_are_listed_shown_without_harm_and_read_again(written):
    plain = bellbuoy(
        "dead-letters", cwd=written.parent, environment={"BELLBUOY_CONFIG": str(written / "bellbuoy.yaml")}
    )
    assert plain.stdout.count("x.jsonl") == 3
    listed = bellbuoy("dead-letters", "list", "--class", "size", cwd=written)
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.count("size:") == 1
    number = listed.stdout.splitlines()[-1].split()[0]
    shown = bellbuoy("dead-letters", "show", number, cwd=written)
    assert json.dumps(EVENT) in shown.stdout
    assert "files:x.jsonl:0 offset 0" in shown.stdout
    every = [line.split()[0] for line in bellbuoy("dead-letters", "list", cwd=written).stdout.splitlines()[2:]]
    told = "".join(bellbuoy("dead-letters", "show", one, cwd=written).stdout for one in every)
    assert all(one.isprintable() or one == "\n" for one in told)
    assert "\\u001b[2J\\x9b31m" in told
    assert "\\xff\\u0000" in told
    raw = bellbuoy("dead-letters", "show", number, "--raw", cwd=written, text=False)
    assert raw.stdout == json.dumps(EVENT).encode()
    assert bellbuoy("dead-letters", "show", "9999", cwd=written).returncode == 1
    assert bellbuoy("dead-letters", "retry", cwd=written).returncode == 2
    done = bellbuoy("dead-letters", "retry", "--all", cwd=written)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "1 stored, 0 known already, 2 still unreadable")
    again = bellbuoy("dead-letters", "retry", "--all", cwd=written)
    assert (again.returncode, again.stdout.splitlines()[0]) == (1, "0 stored, 0 known already, 2 still unreadable")


def test_a_lost_store_comes_back_from_its_exports(written):
    counts = "select signal, workflow, step, sum(n) as n, sum(bad) as bad from minutes group by all order by all"
    before = bellbuoy("query", "--format", "csv", counts, cwd=written).stdout
    assert bellbuoy("export", cwd=written).returncode == 0
    full = bellbuoy("rebuild", "--from-exports", "exports", cwd=written)
    assert full.returncode == 75, "a store that holds events is not filled twice"
    mended = bellbuoy("rebuild", cwd=written)
    assert mended.returncode == 0, mended.stderr
    assert ", 0 of them were wrong" in mended.stdout
    for one in written.glob("bellbuoy.duckdb*"):
        one.unlink()
    shutil.rmtree(written / "tmp", ignore_errors=True)
    back = bellbuoy("rebuild", "--from-exports", "exports", cwd=written)
    assert back.returncode == 0, back.stderr
    assert bellbuoy("query", "--format", "csv", counts, cwd=written).stdout == before
    for one in written.glob("bellbuoy.duckdb*"):
        one.unlink()
    with Store.open(written / "bellbuoy.duckdb") as store:
        restore(store, written / "exports")  # and it is killed before anything is counted
    for command in (("query", counts), ("run",), ("rebuild", "--from-exports", "exports")):
        refused = bellbuoy(*command, cwd=written)
        assert (refused.returncode, refused.stdout) == (75, "")
        assert "counting them was broken off; run `bellbuoy rebuild`, without --from-exports" in refused.stderr
    assert bellbuoy("rebuild", cwd=written).returncode == 0
    assert bellbuoy("query", "--format", "csv", counts, cwd=written).stdout == before
    assert len(bellbuoy("export", cwd=written).stdout.splitlines()) <= 2 + 60
