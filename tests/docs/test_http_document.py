"""The curl commands of docs/http.md, run by a shell against a daemon."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "monitor" / "daemon")]

from running_daemon import Daemon  # noqa: E402 - found through the line above

pytestmark = pytest.mark.docs
STEP = {"type": "step", "ts": "2026-11-22T09:14:07Z", "interaction_id": "c", "workflow": "w", "step": "s"}


def test_every_curl_of_the_document_is_answered_as_it_says(tmp_path, lacking):
    if shutil.which("curl") is None:
        lacking("curl", "no curl on PATH; install it")
    found = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / "http.md").read_text(), re.DOTALL | re.MULTILINE)
    commands = [one for one in found if "curl" in one]
    lines = [json.dumps({**STEP, "outcome": "success", "event_id": f"l{number}"}) for number in range(3)]
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    running = Daemon(tmp_path / "daemon", [{"http": {}}]).start()
    try:
        told = []
        for command in commands:
            environment = {**os.environ, "URL": running.url}
            done = subprocess.run(
                ["sh", "-ec", command],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
            told.append(json.loads(done.stdout))
    finally:
        running.end()
    assert [one.get("stored") for one in told] == [1, 3, 0, None]
    assert (told[2]["duplicate"], told[3]["noted"]) == (3, 1)
