"""What happens to a test whose tool is absent: counted and told on a person's machine, a failure in CI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLANTED = """
import pytest
@pytest.mark.needs("helm")
@pytest.mark.parametrize("time", [1, 2, 3])
def test_chart(time): assert False, "it must not run"
@pytest.mark.needs("docker")
def test_image(): assert False, "it must not run"
def test_plain(): pass
"""


@pytest.fixture
def planted(tmp_path):
    """A small checkout of its own with the same conftest, whose tests need what is hidden."""
    shared = [f"tests/{one.name}" for one in (ROOT / "tests").glob("*.py") if not one.name.startswith("test_")]
    for name in (*shared, "tools/need", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tests/test_planted.py").write_text(PLANTED)
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci/absent").write_text("# a comment\ndocker  no engine here\n")

    def run(*arguments, **environment):
        kept = {key: value for key, value in os.environ.items() if key not in {"CI", "NEED_INSTALL", "PYTEST_ADDOPTS"}}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            *arguments,
            str(tmp_path),
        ]
        more = {"NEED_HIDE": "helm,docker", **environment}
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env={**kept, **more})

    return run


@pytest.mark.parametrize("parallel", [[], ["-n", "2"]])
def test_a_developer_is_told_what_was_not_run(planted, parallel):
    done = planted(*parallel)
    assert done.returncode == 0, done.stdout
    assert "NOT RUN  helm (3 tests): hidden by NEED_HIDE" in done.stdout
    assert "NOT RUN  docker (1 tests): hidden by NEED_HIDE" in done.stdout
    assert "1 passed, 4 skipped" in done.stdout.splitlines()[-1]


def test_ci_fails_once_for_each_tool_that_should_be_there(planted):
    done = planted(CI="true")
    assert done.returncode == 1
    assert "helm has to be there in CI: hidden by NEED_HIDE" in done.stdout
    last = done.stdout.splitlines()[-1]
    assert "1 error" in last or "1 failed" in last
    assert "3 skipped" in last  # helm's other two, and docker, which .ci/absent excuses
    assert "NOT RUN  helm (3 tests): hidden by NEED_HIDE" in done.stdout


def test_ci_fails_in_several_processes_too(planted):
    done = planted("-n", "2", CI="true")
    assert done.returncode == 1
    assert "helm has to be there in CI: hidden by NEED_HIDE" in done.stdout
    assert "NOT RUN  helm (3 tests): hidden by NEED_HIDE" in done.stdout
    assert "NOT RUN  docker (1 tests): hidden by NEED_HIDE" in done.stdout


def test_every_excuse_has_its_reason():
    lines = [line for line in (ROOT / ".ci/absent").read_text().splitlines() if line and not line.startswith("#")]
    assert all(len(line.split()) > 3 for line in lines)
    assert {line.split()[0] for line in lines} == {"docker", "data"}
