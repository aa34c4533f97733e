"""The demo once, as a process: what it prints, what it promises, what it leaves."""

import json
import re
import subprocess
import sys

import pytest
from cli_process import PLAIN, bellbuoy, compare

from bellbuoy.monitor.demo import Day, Usual, usual_alerts

pytestmark = pytest.mark.long

DAY = 86400
CHANGE = re.compile(r"^  (\d\d \w{3} \d{4}) (\d\d:\d\d)  day +(\d+)  (\w+) +(page|ticket|watch) +(.*)$", re.MULTILINE)
TOLD = re.compile(r"told you on (.*?), day (\d+), when ([\d.]+) % .*paged you on (.*?), day (\d+), at ([\d.]+) %")


MEASURED = """
import sys
from pathlib import Path
from bellbuoy.monitor.cli import run
code = run(sys.argv[1:])
Path("peak").write_text(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
sys.exit(code)
"""
"""The command line, and the most memory it held: what the parent would be told holds the parent's own."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Run the demo; returns its folder, its standard output and the most memory that it held, in MiB."""
    folder = tmp_path_factory.mktemp("demo")
    with (folder / "stdout.txt").open("wb") as out, (folder / "stderr.txt").open("wb") as err:
        command = [sys.executable, "-c", MEASURED, "demo", "--exit"]
        code = subprocess.run(command, cwd=folder, stdout=out, stderr=err, env=PLAIN, check=False).returncode
    assert code == 0, (folder / "stderr.txt").read_text()
    assert (folder / "stderr.txt").read_text() == ""
    return folder, (folder / "stdout.txt").read_text(encoding="utf-8"), int((folder / "peak").read_text()) / 1024


@pytest.mark.golden
def test_the_demo_tells_what_a_person_has_read(shown):
    folder, text, _ = shown
    assert str(folder) not in text
    compare("demo.txt", text)


def test_the_demo_keeps_its_promises(shown):
    _, text, memory = shown
    changes = [(int(day), kind, severity) for _, _, day, kind, severity, _ in CHANGE.findall(text)]
    assert changes, "something is found"
    assert min(day for day, _, _ in changes) > 30, "nothing is told before the slide begins"
    opened, paged = changes[0], next(one for one in changes if one[2] == "page")
    assert opened[1] == "opened"
    assert opened[0] <= 66
    assert opened[0] < paged[0] <= 120
    (found,) = TOLD.findall(" ".join(text.split()))
    assert int(found[1]) == opened[0]
    assert float(found[2]) >= 90, "it is told while nine of ten calls still end well"
    assert int(found[4]) == paged[0]
    assert re.search(r"94\.\d % in month one|93\.[5-9] % in month one", text)
    assert memory < 600, f"{memory:.0f} MiB"


def test_what_the_demo_leaves_is_of_use(shown):
    folder, text, _ = shown
    config = "bellbuoy-demo/bellbuoy.yaml"
    checked = bellbuoy("check", "-c", config, cwd=folder)
    assert checked.returncode == 0, checked.stderr
    assert "lead-qualifier" in checked.stdout
    status = bellbuoy("status", "-c", config, cwd=folder)
    assert status.returncode == 0, status.stderr
    assert re.search(r"^  qualify +✗", status.stdout, re.MULTILINE)
    assert bellbuoy("status", "-c", config, "--fail-on", "page", cwd=folder).returncode == 1
    commands = re.findall(r"^  bellbuoy query -c \S+ \"(.*?)\" ", text, re.MULTILINE)
    assert len(commands) == 2
    for sql in commands:
        done = bellbuoy("query", "-c", config, sql, "--format", "jsonl", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert done.stdout
    told = bellbuoy("query", "-c", config, "select * from changes order by number", "--format", "jsonl", cwd=folder)
    assert len(told.stdout.splitlines()) == len(CHANGE.findall(text))
    incidents = bellbuoy("query", "-c", config, "select id, severity from incidents", "--format", "jsonl", cwd=folder)
    named = re.search(r"the incident above is (\S+)", text)[1]
    assert named in {json.loads(line)["id"] for line in incidents.stdout.splitlines()}


def days(*rates, each=200):
    return [Day(place * DAY, round(rate * each), each) for place, rate in enumerate(rates)]


def test_a_line_that_is_never_crossed():
    assert usual_alerts(days(*[0.95] * 40), 30 * DAY) == Usual(None, 0, 0, 0, 0, 0, 0)


def test_a_line_that_comes_and_goes():
    told = usual_alerts(days(*[0.95] * 30, 0.92, 0.89, 0.91, 0.9, 0.88, 0.87, 0.93, 0.89), 30 * DAY)
    assert told.line_first == 31 * DAY
    assert told.line_after == 6
    assert told.line_back == 3, "90 % itself is not under the line"
    assert told.line_alerts == 3
    assert told.line_false == 0


def test_a_day_under_the_line_before_the_slide_is_a_false_alarm():
    told = usual_alerts(days(0.95, 0.85, *[0.95] * 28, 0.95, 0.95), 30 * DAY)
    assert (told.line_first, told.line_false, told.line_after, told.line_back, told.line_alerts) == (None, 1, 0, 0, 0)
    assert told.z_false == 1


def test_a_day_without_calls_says_nothing():
    done = [*days(*[0.95] * 30), Day(30 * DAY, 0, 0), *[Day(at * DAY, 100, 200) for at in (31, 32)]]
    told = usual_alerts(done, 30 * DAY)
    assert (told.line_first, told.line_after, told.line_back, told.line_alerts) == (31 * DAY, 1, 0, 1)
    assert told.z_days == 2


def test_a_z_test_learns_a_slow_slide_as_normal():
    slide = days(*[0.94] * 30, *[0.94 - 0.001 * day for day in range(150)])
    told = usual_alerts(slide, 30 * DAY)
    assert told.z_days == 0
    assert told.z_false == 0
    assert told.line_first is not None
    assert told.line_back == 0
