"""A daemon that starts on a disk without room comes up, says so, and goes on when there is room."""

import importlib.util
from pathlib import Path

from daemon_traffic import GOOD, Traffic
from running_daemon import LONG, until

_SPEC = importlib.util.spec_from_file_location(
    "small_disk", Path(__file__).parent.parent.parent / "chaos" / "small_disk.py"
)
small_disk = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(small_disk)


def test_a_start_without_room_is_told_and_goes_on_when_there_is_some(daemon, tmp_path, lacking):
    why = small_disk.absent(tmp_path / "try")
    if why:
        lacking("tmpfs", why)
    with small_disk.SmallDisk(tmp_path / "disk", "12m") as disk:
        traffic = Traffic(tmp_path / "calls.jsonl", per_day=60)
        path = disk.path / "store.duckdb"
        retention = {"events": f"{LONG}s", "minutes": f"{LONG}s"}
        running = daemon(
            [traffic.source], store={"path": str(path), "exports": str(disk.path / "out"), "retention": retention}
        )
        running.store = path
        traffic.until(GOOD - 10)
        running.start()
        running.judged(traffic.at)
        held = running.received
        assert running.stop()[0] == 0
        text = running.config.read_text()
        running.config.write_text(text.replace('"tick": "900s"', '"tick": "10m"'))  # one more thing to write
        disk.fill()
        running.start(ready=False)
        until(lambda: running.status("/readyz") == 503, lambda: running.log[-3000:])
        until(lambda: "[-] store:" in running.get("/readyz?verbose")[1], lambda: running.log[-3000:])
        assert "[+] started" in running.get("/readyz?verbose")[1]
        assert running.status("/livez") == 200
        assert running.metric("store_writable") == 0
        assert running.received == held
        assert running.log.count("the store takes nothing at the start") == 1
        traffic.until(GOOD)
        disk.relieve()
        disk.remount("size=60m")
        running.reaches(traffic.events, 20)
        running.judged(traffic.at - 600)
        until(lambda: running.status("/readyz") == 200, lambda: running.get("/readyz?verbose"), 30)
        assert running.metric("store_writable") == 1
        assert running.stop()[0] == 0
        assert "Traceback" not in running.log, running.log[-3000:]


def test_a_store_that_cannot_be_opened_for_want_of_room_is_one_sentence(daemon, tmp_path, lacking):
    why = small_disk.absent(tmp_path / "try")
    if why:
        lacking("tmpfs", why)
    with small_disk.SmallDisk(tmp_path / "disk", "1m") as disk:
        traffic = Traffic(tmp_path / "calls.jsonl", per_day=60)
        running = daemon([traffic.source], store={"path": str(disk.path / "store.duckdb")})
        disk.fill()
        running.start(ready=False)
        assert running.process.wait(60) == 75
        assert "the store cannot be opened" in running.log
        assert "Traceback" not in running.log
