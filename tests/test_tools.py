"""The scripts behind `make`: what they say to a person whose machine lacks something, and that they do nothing twice."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def need(name, **environment):
    kept = {key: value for key, value in os.environ.items() if key not in {"CI", "NEED_INSTALL"}}
    command = [sys.executable, ROOT / "tools/need", name]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**kept, **environment})


def test_a_tool_on_the_path_is_named(tmp_path):
    tool = tmp_path / "promtool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    done = need("promtool", PATH=str(tmp_path))
    assert (done.returncode, done.stdout.strip()) == (0, str(tool))


def test_an_old_tool_does_not_count(tmp_path):
    for name, says in (("java", 'openjdk version "11.0.2"'), ("helm", 'version.BuildInfo{Version:"v3.9.0"}')):
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\necho '{says}'\n")
        tool.chmod(0o755)
    done = need("java", PATH=str(tmp_path))
    assert done.returncode == 1
    assert (
        done.stderr
        == "java: install java (Debian: apt-get install openjdk-17-jre-headless), or set NEED_INSTALL=1 as root\n"
    )


@pytest.mark.parametrize("name", ["chromium", "promtool", "amtool", "alertmanager", "mvn"])
def test_nothing_is_installed_on_a_developer_s_machine(name, tmp_path):
    """With an apt-get that would tell on us: one sentence, and no call."""
    apt = tmp_path / "apt-get"
    apt.write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n")
    apt.chmod(0o755)
    done = need(name, PATH=str(tmp_path))
    assert done.returncode == 1
    assert not done.stdout
    assert done.stderr.startswith(f"{name}: install ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "called").exists()


def test_in_ci_what_was_tried_is_told(tmp_path):
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\necho E: no network >&2\nexit 100\n")
    apt.chmod(0o755)
    done = need("mvn", PATH=str(tmp_path), CI="true")
    assert done.returncode == 1
    said = "mvn: `apt-get -qq update` ended with 100: E: no network\n"
    alone = "mvn: `apt-get install maven` wants root on Debian, and this is not that\n"
    assert done.stderr == (said if os.geteuid() == 0 else alone)


def test_a_name_must_be_known():
    done = need("hlem")
    assert done.returncode == 2
    assert "NAME is one of alertmanager, amtool, apprise, chromium" in done.stderr


def test_a_file_that_is_not_the_expected_one_is_refused(tmp_path):
    """An npm that hands out something else: the hash stops it, and nothing stays behind."""
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\n[ $1 = pack ] && echo x > wrong.tgz\n")
    npm.chmod(0o755)
    code = (
        f"import pathlib, runpy, sys; m = runpy.run_path({str(ROOT / 'tools/need')!r});"
        f"m['bring'].__globals__['TOOLS'] = pathlib.Path({str(tmp_path)!r}) / 'tools';"
        "sys.argv = ['need', 'kubectl']; sys.exit(m['main']())"
    )
    environment = {**os.environ, "PATH": f"{tmp_path}"}
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, env=environment)
    if sys.platform == "linux" and os.uname().machine == "x86_64":
        assert "is not the file whose sha256 is written in tools/need" in done.stderr
    assert done.returncode == 1
    assert list(tmp_path.glob("tools/*")) == []


def test_an_old_python_is_told_in_one_sentence(monkeypatch):
    script = runpy.run_path(str(ROOT / "tools/setup.py"))
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(SystemExit) as end:
        script["main"]()
    assert (
        str(end.value)
        == "Bellbuoy needs Python 3.11 or newer and this is 3.9: name one, as in `make demo PYTHON=python3.12`."
    )


def test_what_is_done_is_not_done_again(tmp_path):
    script = runpy.run_path(str(ROOT / "tools/setup.py"))
    once = script["once"]
    once.__globals__["VENV"] = tmp_path
    calls = []
    for mark in ("a", "a", "b", "b"):
        once("x.stamp", mark, lambda: calls.append(1))
    assert len(calls) == 2


def test_the_ci_command_is_the_person_s_command():
    text = (ROOT / ".ci/run").read_text()
    assert os.access(ROOT / ".ci/run", os.X_OK)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "export CI=true", "make test"]
