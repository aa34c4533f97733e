"""What starting costs: help and version import none of the large libraries."""

import json
import re
import resource
import subprocess
import sys

import pytest
from cli_process import PLAIN, bellbuoy

HEAVY = {
    "pandas", "scipy", "duckdb", "pydantic", "kafka", "slack_sdk", "starlette", "vl_convert", "pyarrow", "numpy", "rich",
    "uvicorn", "yaml", "apscheduler",
}  # fmt: skip
MAIN = "from bellbuoy.monitor.cli import main; main()"


def imported(*arguments, environment=None):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", MAIN, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**PLAIN, **(environment or {})},
    )
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE)}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["--completion", "bash"], ["query", "--help"], ["simulate", "--help"]]
)
def test_help_and_version_import_nothing_large(arguments):
    assert imported(*arguments) & HEAVY == set()


def test_completing_imports_nothing_large():
    asked = {"_BELLBUOY_COMPLETE": "bash_complete", "COMP_WORDS": "bellbuoy status --f", "COMP_CWORD": "2"}
    assert imported(environment=asked) & HEAVY == set()


def test_check_imports_no_database_no_kafka_and_no_server_where_there_is_no_store(told, tmp_path):
    """numpy is there: what the budget gives comes from the detectors' own function."""
    config = json.loads((told / "bellbuoy.yaml").read_text())
    config["store"]["path"] = str(tmp_path / "none.duckdb")
    (tmp_path / "bellbuoy.yaml").write_text(json.dumps(config))
    found = imported("check", "-c", str(tmp_path / "bellbuoy.yaml"))
    assert found & (HEAVY - {"pydantic", "yaml", "numpy"}) == set()


@pytest.mark.parametrize(("arguments", "seconds"), [(["--help"], 2.0), (["check", "-c", "bellbuoy.yaml"], 5.0)])
def test_starting_takes_little_of_the_processor(told, arguments, seconds):
    """Bounds are twice what a slow machine needs: they catch an import that slipped in."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert bellbuoy(*arguments, cwd=told).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < seconds
