"""The help of every command: short, read by a person, and with an example that works."""

import json
import re
import shlex
import urllib.request

import pytest
from cli_process import bellbuoy, compare, daemon

from bellbuoy.monitor.cli import COMMANDS

NAMES = ["", *COMMANDS]


def helped(name, columns):
    done = bellbuoy(*([name] if name else []), "--help", environment={"COLUMNS": str(columns)})
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def example(name):
    (found,) = re.findall(r"^ +Example: bellbuoy (.*)$", helped(name, 120), re.MULTILINE)
    return shlex.split(found)


@pytest.mark.golden
@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", NAMES, ids=lambda name: name or "bellbuoy")
def test_help_is_short_and_reads_as_a_person_has_read_it(name, columns):
    text = helped(name, columns)
    lines = text.splitlines()
    assert len(lines) <= (24 if name else 37)  # the whole program lists its commands
    assert max(map(len, lines)) <= columns
    compare(f"help/{name or 'bellbuoy'}-{columns}.txt", text)


def test_every_command_has_exactly_one_example():
    for name in COMMANDS:
        assert example(name)[0] == name


def test_the_examples_of_simulate_and_schema_work(tmp_path):
    done = bellbuoy(*example("simulate"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = bellbuoy(*example("schema"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(r"[\d,]+ events are good, 0 would be dead letters\n", done.stderr)


def test_the_example_of_init_works(tmp_path):
    assert bellbuoy("simulate", "--days", 1, "--per-day", 20, "--out", "my.jsonl", cwd=tmp_path).returncode == 0
    done = bellbuoy(*example("init"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert bellbuoy("check", "-c", "my.yaml", cwd=tmp_path).returncode == 0


def test_the_example_of_check_works(told):
    done = bellbuoy(*example("check"), cwd=told)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_example_of_doctor_works(own):
    done = bellbuoy(*example("doctor"), cwd=own)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" as they must be\n")


def test_the_example_of_status_works(told):
    done = bellbuoy(*example("status"), cwd=told)
    assert done.returncode == 1, "a page is open"
    assert "qualify" in done.stdout


def test_the_example_of_query_works(told):
    done = bellbuoy(*example("query"), cwd=told)
    assert done.returncode == 0, done.stderr
    assert "execute_action" in done.stdout


def test_the_example_of_bench_works(tmp_path):
    done = bellbuoy(*example("bench"), "--steps", "4", "--ticks", "5", cwd=tmp_path, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_example_of_run_works(own):
    listen = json.loads((own / "bellbuoy.yaml").read_text())["server"]["listen"]
    with daemon(own, *example("run")) as said:
        assert f"listen={listen}" in said
        with urllib.request.urlopen(f"http://{listen}/livez", timeout=20) as answer:
            assert answer.status == 200
        asked = bellbuoy("status", cwd=own)
        assert (asked.returncode, asked.stderr) == (0, ""), "the daemon is asked, not the store"
        assert "qualify" in asked.stdout


@pytest.mark.needs_real_broker
def test_the_example_of_replay_works(kafka, tmp_path):
    assert bellbuoy("simulate", "--days", 1, "--per-day", 20, "--out", "my.jsonl", cwd=tmp_path).returncode == 0
    topic = "cli-replay-example"
    words = [
        word.replace("localhost:9092/agent.interactions", f"{kafka.address}/{topic}") for word in example("replay")
    ]
    missing = bellbuoy(*words, cwd=tmp_path)
    assert missing.returncode == 75, missing.stderr
    assert "--create" in missing.stderr
    done = bellbuoy(*words, "--create", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"[\d,]+ records sent to {topic}\n", done.stderr)
