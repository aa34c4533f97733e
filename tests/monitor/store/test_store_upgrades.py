"""A store of every earlier schema is opened by this version with all that it held; a kill in between halves nothing."""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from bellbuoy.monitor.store import Store, StoreNewer
from bellbuoy.monitor.store.statements import migrations

pytestmark = pytest.mark.store

FILES = Path(__file__).parent / "files"
HELD = {
    1: {"events_raw": 585, "counts": 987, "bad": 154, "dead_letters_raw": 15, "received": 600},
    2: {
        "events_raw": 11_448,
        "counts": 20_308,
        "bad": 452,
        "dead_letters_raw": 0,
        "received": 11_448,
        "verdicts": 264,
        "incidents": 1,
        "changes": 3,
        "outbox": 1,
        "baselines": 187,
        "series": 16,
    },
    3: {
        "events_raw": 14_936,
        "counts": 33_075,
        "bad": 862,
        "dead_letters_raw": 0,
        "received": 14_936,
        "verdicts": 360,
        "incidents": 1,
        "changes": 1,
        "outbox": 1,
        "baselines": 326,
        "series": 23,
        "latency": 12_960,
    },
    4: {
        "events_raw": 10_460,
        "counts": 21_969,
        "bad": 669,
        "dead_letters_raw": 0,
        "received": 10_460,
        "verdicts": 373,
        "incidents": 1,
        "changes": 3,
        "outbox": 1,
        "baselines": 230,
        "series": 23,
        "latency": 9_057,
        "baseline_marks": 2,
        "incident_told": 1,
    },
    5: {
        "events_raw": 14_424,
        "counts": 30_234,
        "bad": 942,
        "dead_letters_raw": 0,
        "received": 14_424,
        "verdicts": 721,
        "incidents": 2,
        "changes": 5,
        "outbox": 2,
        "baselines": 544,
        "series": 24,
        "latency": 12_485,
        "incident_told": 2,
        "silences": 1,
        "acknowledgements": 1,
        "outbox_edited": 1,
    },
    6: {
        "events_raw": 18_598,
        "counts": 41_918,
        "bad": 1_232,
        "dead_letters_raw": 0,
        "received": 18_598,
        "verdicts": 1_158,
        "incidents": 1,
        "changes": 2,
        "outbox": 2,
        "baselines": 775,
        "series": 24,
        "latency": 16_185,
        "incident_told": 1,
        "storms": 1,
        "storm_members": 1,
    },
    7: {
        "events_raw": 16_615,
        "counts": 180_149,
        "bad": 2_637,
        "dead_letters_raw": 0,
        "received": 16_615,
        "verdicts": 1_706,
        "incidents": 2,
        "changes": 3,
        "outbox": 4,
        "baselines": 1_174,
        "series": 125,
        "latency": 14_478,
        "incident_told": 2,
        "amended_to": 1,
    },
}
"""What the program of that time said it held, written beside the files when they were made."""
ASKED = {"counts": "SELECT sum(n) FROM counts", "bad": "SELECT sum(bad) FROM counts"}
ASKED["received"] = "SELECT sum(received) FROM streams"

LIVES = """
import os, signal, sys
from pathlib import Path
from bellbuoy.monitor.store import Store, engine
real = engine.migrate
def dying(point, after):
    class Dying:
        def __init__(self, con): self.con, self.done = con, 0
        def __getattr__(self, name): return getattr(self.con, name)
        def execute(self, *what):
            self.done += 1
            if self.done == point and not after: os.kill(os.getpid(), signal.SIGKILL)
            found = self.con.execute(*what)
            if self.done == point: os.kill(os.getpid(), signal.SIGKILL)
            return found
    return lambda con, *rest, **more: real(Dying(con), *rest, **more)
for line in sys.stdin:
    path, point, after = line.split()
    if os.fork() == 0:
        engine.migrate = dying(int(point), after == "1")
        Store.open(Path(path)).close()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def unpacked(schema, path):
    path.write_bytes(gzip.decompress((FILES / f"schema{schema}.duckdb.gz").read_bytes()))
    return path


def held(ask, schema):
    return {
        name: int(ask(ASKED.get(name, f"SELECT count(*) FROM {name}")).fetchall()[0][0] or 0) for name in HELD[schema]
    }


@pytest.mark.parametrize("schema", HELD)
def test_store_of_an_earlier_version_keeps_all_that_it_held(tmp_path, schema):
    path = unpacked(schema, tmp_path / "b.duckdb")
    with duckdb.connect(str(path), read_only=True) as old:
        assert old.execute("SELECT max(number) FROM migrations").fetchall() == [(schema,)]
        assert held(old.execute, schema) == HELD[schema]
    for _ in range(2):  # the second start finds nothing to do
        with Store.open(path) as store:
            assert store.schema == len(migrations())
            assert held(store.cursor().execute, schema) == HELD[schema]
            assert store.rows("store/streams")


def test_every_earlier_schema_has_a_file():
    assert sorted(HELD) == list(range(1, len(migrations()))), "write a store of the schema that was released last"


def test_kill_at_any_step_of_a_migration_leaves_the_old_schema_or_the_new_one(tmp_path):
    points = [(point, after) for point in range(1, 30) for after in (0, 1)] + [(30, 0)]
    paths = [unpacked(2, tmp_path / f"{point}-{after}.duckdb") for point, after in points]
    given = "".join(f"{path} {point} {after}\n" for path, (point, after) in zip(paths, points, strict=True))
    ran = subprocess.run(
        [sys.executable, "-c", LIVES], input=given, capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert ran.returncode == 0, ran.stderr
    ends = [int(line) for line in ran.stdout.split()]
    assert len(ends) == len(points)
    assert ends.count(-9) >= 32, ends
    seen = set()
    for path in paths:
        with duckdb.connect(str(path)) as left:
            number = left.execute("SELECT max(number) FROM migrations").fetchall()[0][0]
            tables = {name for (name,) in left.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        made = ("skips" in tables, "incident_told" in tables, "silences_raw" in tables, "storms" in tables)
        assert made == tuple(number >= made_in for made_in in (3, 4, 5, 6)), path.name
        assert ("amended" in tables) == (number >= 7), path.name
        assert ("lacking" in tables) == (number >= 8), path.name
        seen.add(number)
        with Store.open(path) as store:
            assert store.schema == len(migrations())
            assert held(store.cursor().execute, 2) == HELD[2]
        path.unlink()
    assert {2, 3, len(migrations())} <= seen, "the kills did not come before and after"


def test_newer_schema_is_refused_by_the_program_with_one_sentence_and_75(tmp_path):
    path = unpacked(2, tmp_path / "b.duckdb")
    with duckdb.connect(str(path)) as later:
        later.execute(f"INSERT INTO migrations VALUES ({len(migrations()) + 1}, 'later')")
    held_before = path.read_bytes()
    with pytest.raises(StoreNewer):
        Store.open(path)
    config = tmp_path / "c.yaml"
    config.write_text(
        f'version: 1\nstore: {{ path: "{path}" }}\nsources: [{{ files: {{ path: "{tmp_path}/a" }} }}]\n'
        "workflows: [{ name: w, steps: [s] }]\nsinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\n"
    )
    program = [sys.executable, "-c", "from bellbuoy.monitor.cli import main; main()", "run", "-c", str(config)]
    ran = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ran.returncode == 75, ran.stderr
    assert re.fullmatch(r"error: .*b\.duckdb: written by a later version of Bellbuoy \(schema \d+.*\n", ran.stderr)
    assert path.read_bytes() == held_before


def test_no_migration_rewrites_a_table():
    """One that does must copy the file first: then a copy has to be built, and this test goes."""
    for _, name, text in migrations():
        plain = re.sub(r"--[^\n]*", "", text).upper()
        for word in ("UPDATE", "DELETE", "INSERT", "ALTER", "DROP TABLE", "CREATE TABLE AS"):
            assert not re.search(rf"\b{word}\b", plain), f"{name}: {word}"
