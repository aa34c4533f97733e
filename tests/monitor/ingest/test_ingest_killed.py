"""No event is lost or doubled, and no count is wrong, whenever the process dies."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bellbuoy.monitor.signals import apart, rollup_sql, table
from bellbuoy.monitor.store import Store

HERE = Path(__file__).parent
KILLS = int(os.environ.get("BELLBUOY_KILLS", "25"))
pytestmark = [pytest.mark.store, pytest.mark.long, pytest.mark.timeout(max(600, 10 * KILLS))]


def test_every_event_is_stored_once_after_kills(tmp_path, record_property):
    seed = int(os.environ.get("BELLBUOY_SEED", "7"))
    paths = os.pathsep.join([str(HERE), str(HERE.parent / "store"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(HERE / "killed.py"), str(tmp_path), str(seed), str(KILLS)]
    ran = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    record_property("deaths", f"seed {seed}: {told['deaths']}")
    assert sum(number for point, number in told["deaths"].items() if "lived" not in point) >= KILLS - 2
    assert all(
        told["deaths"].get(point, 0) for point in ("inserted", "counted", "committed", "confirmed", "compacting")
    )
    with Store.open(tmp_path / "bellbuoy.duckdb") as store:
        cursor = store.cursor()
        rows = cursor.execute(
            'SELECT s.partition, e."offset" FROM events_raw AS e JOIN streams AS s ON s.id = e.stream'
        ).fetchall()
        letters = cursor.execute('SELECT partition, "offset" FROM dead_letters').fetchall()
        given = {(number, offset) for number, size in enumerate(told["given"]) for offset in range(size)}
        assert len(rows) + len(letters) == len(given), "lost or doubled"
        assert set(rows) | set(letters) == given
        assert {one.stream.partition: one.next for one in store.streams()} == dict(enumerate(told["given"]))
        assert {one.stream.partition: one.received for one in store.streams()} == dict(enumerate(told["given"]))
        found = {}
        for signals in apart(table()):
            for row in cursor.sql(rollup_sql(signals, "events")).to_arrow_table().to_pylist():
                for place, signal in enumerate(signals):
                    if row[f"n{place}"]:
                        step = None if signal.level == "interaction" else row["step_name"]
                        counts = (row[f"n{place}"], row.get(f"bad{place}", 0))
                        found[(row["minute"] * 60, signal.name, row["workflow"], step)] = counts
        kept = cursor.execute("SELECT epoch(minute)::BIGINT, signal, workflow, step, n, bad FROM minutes").fetchall()
        assert {tuple(row[:4]): tuple(row[4:]) for row in kept} == found
