"""Exports and dead letters asked of a running daemon: it does them itself, for it holds the store."""

import json

import duckdb
from running_daemon import LONG, bellbuoy, until

EVENT = {"type": "interaction", "ts": "2026-02-02T02:00:00Z", "workflow": "w", "outcome": "success"}


def test_exports_and_dead_letters_of_a_running_daemon(daemon, tmp_path):
    lines = [json.dumps({**EVENT, "interaction_id": f"i{number}"}) for number in range(5)]
    (tmp_path / "calls.jsonl").write_text("\n".join([*lines, '{"a": "\\u001b"}', '{"b"']) + "\n")
    one = daemon([{"files": {"path": str(tmp_path / "*.jsonl"), "follow": True}}])
    config = json.loads(one.config.read_text())
    config["store"] |= {
        "exports": str(tmp_path / "exports"),
        "retention": {"events": f"{LONG}s", "minutes": f"{LONG}s"},
    }
    one.config.write_text(json.dumps(config))
    leftover = tmp_path / "exports" / "events" / "day=2026-02-01.parquet.tmp"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    one.start()
    until(lambda: one.metric("events_total", result="rejected") == 2, lambda: one.log[-2000:])
    assert not leftover.exists(), "what was left unfinished is cleared at the start"

    made = bellbuoy("export", "--day", "2026-02-02", "-c", one.config)
    assert made.returncode == 0, made.stderr
    assert b"events/day=2026-02-02.parquet  5 rows" in made.stdout
    assert b"no daemon" not in made.stderr
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/exports/events/*.parquet'").fetchall() == [(5,)]

    listed = bellbuoy("dead-letters", "list", "-c", one.config)
    assert listed.returncode == 0, listed.stderr
    number = listed.stdout.decode().splitlines()[-1].split()[0]
    shown = bellbuoy("dead-letters", "show", number, "-c", one.config)
    assert shown.returncode == 0, shown.stderr
    assert '{"a": "\\u001b"}' in shown.stdout.decode()
    gone = bellbuoy("dead-letters", "show", "99", "-c", one.config)
    assert gone.returncode != 0
    assert b"Traceback" not in gone.stderr
    again = bellbuoy("dead-letters", "retry", "--all", "-c", one.config)
    assert again.returncode == 1, again.stderr
    assert again.stdout.splitlines()[0] == b"0 stored, 0 known already, 2 still unreadable"
    held = bellbuoy("rebuild", "-c", one.config)
    assert held.returncode == 75
    assert str(one.process.pid).encode() in held.stderr
    assert one.stop()[0] == 0
