"""`bellbuoy doctor` beside a running daemon: it asks the daemon, and sees what is not as it was read."""

import json

from running_daemon import bellbuoy, until


def findings(daemon):
    """Return what doctor finds, by area and name, and its exit code."""
    done = bellbuoy("doctor", "-c", daemon.config, "--format", "json")
    assert done.stderr == b""
    found = {}
    for one in json.loads(done.stdout)["findings"]:
        found.setdefault((one["area"], one["name"]), []).append((one["level"], one["said"]))
    return found, done.returncode


def test_it_asks_the_daemon_that_holds_the_store(daemon):
    one = daemon([{"http": {}}]).start()
    pid = one.process.pid
    found, code = findings(one)
    assert code == 0, found
    assert found["store", "file"] == [("ok", f"{one.store}: held by process {pid}, the daemon")]
    assert found["daemon", "running"] == [("ok", f"process {pid} answers at {one.url}, alive and ready")]
    ((level, said),) = found["daemon", "loaded"]
    assert level == "ok", said
    assert found["daemon", "outbox"] == [("ok", "no page waits")]
    assert found["detectors", "series"] == [("ok", "nothing is watched yet: no event has come")]
    config = json.loads(one.config.read_text())
    one.config.write_text(json.dumps({**config, "undelivered_after": "5m"}))
    found, code = findings(one)
    assert code == 0
    assert found["daemon", "loaded"] == [
        ("warn", f"{one.config} is not what the daemon has read: changed since, or another file")
    ]
    one.stop()
    until(lambda: not one.alive, "ended")
    found, _ = findings(one)
    assert found["daemon", "running"] == [("warn", f"no daemon runs: nothing answers at {one.url}")]
    assert found["store", "file"][0][0] == "ok"
