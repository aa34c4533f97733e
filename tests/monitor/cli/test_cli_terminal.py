"""What a terminal, a pipe and a hand on Ctrl-C get."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import urllib.request

import pytest
from cli_process import PLAIN, PROGRAM, bellbuoy


@pytest.mark.parametrize(
    "arguments",
    [["simulate", "--days", "30", "--out", "-"], ["schema", "reference"], ["query", "select * from events"]],
)
def test_a_reader_that_has_gone_is_no_mistake(told, arguments):
    process = subprocess.Popen(
        [*PROGRAM, *arguments], cwd=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=PLAIN, text=True
    )
    process.stdout.readline()
    process.stdout.close()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Broken pipe" not in said
    assert "Error" not in said
    assert "Traceback" not in said


def test_ctrl_c_ends_with_130(tmp_path):
    process = subprocess.Popen(
        [*PROGRAM, "simulate", "--days", "3650", "--out", "-"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=PLAIN, text=True,
    )  # fmt: skip
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == "stopped"


SHORT_DEMO = """
from dataclasses import replace
import bellbuoy.monitor.simulate as simulated
whole = simulated.demo_plan
simulated.demo_plan = lambda seed: replace(whole(seed), days=2, per_day=20, drifts=())
from bellbuoy.monitor.cli import main
main()
"""


def test_the_demo_serves_its_dashboard_until_ctrl_c(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SHORT_DEMO, "demo", "--port", "0"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**PLAIN, "PYTHONUNBUFFERED": "1"}, text=True,
    )  # fmt: skip
    try:
        address = next(found[0] for line in process.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+/", line)))
        with urllib.request.urlopen(address, timeout=20) as answer:
            assert b"lead-qualifier" in answer.read()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert (process.returncode, said) == (0, "")
    finally:
        process.kill()
        process.communicate()


def on_terminal(arguments, columns, cwd):
    """Run a command on a terminal of so many columns, and return what stands on it, and the exit code."""
    inner, outer = pty.openpty()
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in PLAIN.items() if key != "COLUMNS"} | {"TERM": "xterm"}
    process = subprocess.Popen(
        [*PROGRAM, *arguments], cwd=cwd, stdin=outer, stdout=outer, stderr=subprocess.DEVNULL, env=environment
    )
    os.close(outer)
    told, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([inner], [], [], 1)[0]:
            try:
                part = os.read(inner, 1 << 16)
            except OSError:
                break
            if not part:
                break
            told += part
    os.close(inner)
    return told.decode().replace("\r\n", "\n"), process.wait(10)


def test_a_wide_row_on_a_narrow_terminal_is_a_list_of_its_values(told):
    sql = "select id, workflow, step, state, severity, why from incidents order by id limit 1"
    wide, _ = on_terminal(["query", sql], 500, told)
    assert wide.splitlines()[0].split() == ["id", "workflow", "step", "state", "severity", "why"]
    narrow, code = on_terminal(["query", sql], 60, told)
    assert code == 0
    lines = narrow.splitlines()
    assert lines[0] == "-- row 1 --"
    assert [line.split()[0] for line in lines[1:7]] == ["id", "workflow", "step", "state", "severity", "why"]
    assert lines[2] == "workflow  lead-qualifier"


def test_check_breaks_its_sentences_at_words_on_a_terminal(told):
    text, code = on_terminal(["check"], 70, told)
    assert code == 0
    assert all(len(line) <= 70 or " " not in line.strip() for line in text.splitlines())
    plain = bellbuoy("check", cwd=told).stdout
    assert text.split() == plain.split()
