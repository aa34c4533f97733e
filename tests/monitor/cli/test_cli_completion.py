"""Completion in a real bash: commands, flags, words."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_process import PLAIN, bellbuoy

from bellbuoy.monitor.cli import COMMANDS

ASK = """
eval "$(bellbuoy --completion bash)"
COMP_WORDS=({words}) COMP_CWORD={place}
_bellbuoy_completion bellbuoy
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(*words):
    """Return what bash offers for the last word."""
    quoted = " ".join(f"'{word}'" for word in ("bellbuoy", *words))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", ASK.format(words=quoted, place=len(words))],
        capture_output=True,
        text=True,
        check=False,
        env={**PLAIN, "PATH": path},
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
@pytest.mark.skipif(
    not (Path(sys.executable).parent / "bellbuoy").exists(), reason="bellbuoy is not beside this Python"
)
def test_bash_completes_commands_flags_and_words():
    assert completed("") == list(COMMANDS)
    assert completed("s") == ["simulate", "status", "silence", "source", "schema"]
    assert completed("status", "--f") == ["--fail-on", "--format"]
    assert completed("status", "--fail-on", "") == ["watch", "ticket", "page"]
    assert completed("query", "--format", "a") == ["arrow"]
    assert completed("schema", "") == ["event", "tables", "config", "reference", "tests", "map", "audit"]
    assert set(completed("--")) == {"--version", "--completion", "--help"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_the_program_and_loads_where_the_shell_is_there(shell):
    done = bellbuoy("--completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_BELLBUOY_COMPLETE={shell}_complete" in done.stdout
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=done.stdout, text=True, check=False).returncode == 0


def test_another_shell_is_answered_with_the_three():
    done = bellbuoy("--completion", "tcsh")
    assert done.returncode == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
