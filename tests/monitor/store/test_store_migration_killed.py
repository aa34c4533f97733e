"""A process that dies in a migration leaves the old store or the new one, and the next start finishes it."""

import os
import subprocess
import sys

import pytest

from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.statements import migrations

pytestmark = pytest.mark.store

KILLS = 10

LIVES = """
import os, random, signal, sys, threading
from pathlib import Path
from bellbuoy.monitor.store import Store, migrate
known = migrate.migrations()
text = "CREATE TABLE copied AS SELECT * FROM planted; UPDATE copied SET a = a + 1; DROP TABLE planted; ALTER TABLE copied RENAME TO planted"
migrate.migrations = lambda: (*known, (len(known) + 1, "rewrite", text))
rng = random.Random(int(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    delay = rng.uniform(0.0, 0.3)
    pid = os.fork()
    if pid == 0:
        threading.Timer(delay, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
        Store.open(Path(sys.argv[1]))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
store = Store.open(Path(sys.argv[1]))
print(store.schema, *store.cursor().execute("SELECT count(*), min(a), max(a) FROM planted").fetchall()[0])
store.close()
"""


def test_killed_migration_is_finished_by_the_next_start(tmp_path):
    path = tmp_path / "b.duckdb"
    with Store.open(path) as store, store.transaction() as tx:
        tx.cursor.execute("CREATE TABLE planted AS SELECT range AS a FROM range(300000)")
    seed = os.environ.get("BELLBUOY_SEED", "7")
    command = [sys.executable, "-c", LIVES, str(path), seed, str(KILLS)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [str(len(migrations()) + 1), "300000", "1", "300000"]
