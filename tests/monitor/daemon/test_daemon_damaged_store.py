"""A daemon whose store is damaged begins anew, tells of it, and reads again; one whose disk is full goes on with room."""

import importlib.util
from pathlib import Path

from daemon_traffic import GOOD, Traffic
from running_daemon import LONG, until

_SPEC = importlib.util.spec_from_file_location(
    "small_disk", Path(__file__).parent.parent.parent / "chaos" / "small_disk.py"
)
small_disk = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(small_disk)


def test_damaged_store_is_set_aside_told_and_filled_again(daemon, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl", per_day=60)
    running = daemon([traffic.source])
    traffic.until(GOOD)
    running.start()
    running.reaches(traffic.events)
    assert running.stop()[0] == 0
    with running.store.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(8192))
    running.start()
    running.reaches(traffic.events)
    assert "is set aside as" in running.log
    aside = [one.name for one in running.folder.glob("store.duckdb.corrupt-*") if one.suffix != ".why"]
    assert len(aside) == 1
    told = until(
        lambda: running.query("select severity, why from incidents where about = 'bellbuoy'"),
        lambda: running.log[-2000:],
        30,
    )
    assert told[0]["severity"] == "page"
    assert aside[0] in told[0]["why"]
    assert running.stop()[0] == 0
    assert "Traceback" not in running.log


def test_small_disk_fills_and_goes_on_when_it_is_made_larger(daemon, tmp_path, lacking):
    why = small_disk.absent(tmp_path / "try")
    if why:
        lacking("tmpfs", why)
    with small_disk.SmallDisk(tmp_path / "disk", "12m") as disk:
        traffic = Traffic(tmp_path / "calls.jsonl", per_day=250)
        path = disk.path / "store.duckdb"
        retention = {"events": f"{LONG}s", "minutes": f"{LONG}s"}
        running = daemon([traffic.source], store={"path": str(path), "checkpoint": "1MiB", "retention": retention})
        running.store = path
        traffic.until(GOOD - 15)
        running.start()
        running.reaches(traffic.events)
        disk.fill()
        traffic.until(GOOD)
        until(lambda: running.status("/readyz") == 503, lambda: running.log[-3000:])
        assert "[-] store:" in running.get("/readyz?verbose")[1]
        assert running.status("/livez") == 200
        held = running.received
        assert held > 0
        disk.remount("size=60m")
        until(lambda: running.received > held, lambda: running.log[-3000:], 30)
        until(lambda: running.status("/readyz") == 200, lambda: running.get("/readyz?verbose"), 30)
        running.reaches(traffic.events)
        assert running.stop()[0] == 0
        assert "Traceback" not in running.log
        with running.closed_store() as ask:
            counted = 'SELECT count(*), count(DISTINCT (stream, "offset")) FROM events_raw'
            assert ask(counted) == [(traffic.events, traffic.events)]
