"""docs/sql.md: every query, command and program in it is run."""

import json
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import uvicorn

from bellbuoy.config.load import load
from bellbuoy.monitor.cli.shell.commands import COMMANDS
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.demo import play
from bellbuoy.monitor.reading import Reading
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, parse_drifts
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door.adhoc import ask
from bellbuoy.monitor.web.app import create_app
from bellbuoy.monitor.web.listen import listen

pytestmark = pytest.mark.docs
TEXT = (Path(__file__).parents[2] / "docs" / "sql.md").read_text(encoding="utf-8")
PLAN = Plan(days=16, per_day=150, drifts=parse_drifts(["qualify:0.985->0.7@day12"], LEAD_QUALIFIER))


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


QUESTIONS, (PAST,) = blocks("sql")[:-1], blocks("sql")[-1:]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store in which something went wrong, and its folder."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "bellbuoy.yaml").write_text(
        json.dumps(
            {
                "version": 1,
                "store": {
                    "path": str(folder / "bellbuoy.duckdb"),
                    "retention": {"events": "9000d", "minutes": "9000d"},
                },
                "sources": [{"files": {"path": str(folder / "none-*.jsonl"), "follow": True}}],
                "workflows": [{"name": "lead-qualifier", "steps": [step.name for step in LEAD_QUALIFIER.steps]}],
                "baselines": {
                    "default": {"learn": "7d", "lag": "1d", "min_trials": 300, "min_bad": 3, "min_span": "3d"}
                },
                "sinks": {"out": {"console": {}}},
                "routes": [{"to": ["out"]}],
            }
        )
    )
    config = load(folder / "bellbuoy.yaml")
    with Store.open(folder / "bellbuoy.duckdb", config.store) as opened:
        opened.follow(config)
        assert play(PLAN, opened, config)[0], "the planted drift is found"
        opened.config = config
        yield opened


@pytest.fixture(scope="module")
def address(store):
    (listener,) = listen("127.0.0.1:0")
    reading = Reading(store, store.config, clock=VirtualClock(PLAN.start_epoch + PLAN.days * 86_400))
    server = uvicorn.Server(uvicorn.Config(create_app(reading), log_config=None, lifespan="off", access_log=False))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


def test_there_are_ten_questions():
    assert len(QUESTIONS) == 10


@pytest.mark.parametrize("sql", QUESTIONS, ids=range(1, 11))
def test_each_question_is_answered(store, sql):
    answer = ask(store, sql)
    if "from streams" not in sql:  # nothing was read here, it was simulated
        assert answer.rows.num_rows, sql


def test_the_notebook_s_program_runs(address):
    (program,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", program.replace("http://127.0.0.1:8420", address)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("['hour', 'step', 'rate']")


def test_a_duckdb_of_one_s_own_reads_a_result(address):
    import bellbuoy.client

    rates = bellbuoy.client.connect(address).sql("select step, rate from rates").arrow()
    assert len(duckdb.sql("from rates").fetchall()) == rates.num_rows > 0


def test_the_commands_run(address, tmp_path):
    program = Path(__file__).parents[1] / "monitor" / "cli" / "bellbuoy_program.py"
    (commands, asked) = blocks("sh")
    (tmp_path / "weekly.sql").write_text(QUESTIONS[1])
    (tmp_path / "several.sql").write_text("\n".join(QUESTIONS))
    for line in commands.splitlines():
        words = shlex.split(line.partition(" < ")[0])
        given = (tmp_path / "several.sql").read_text() if " < " in line else ""
        done = subprocess.run(
            [sys.executable, str(program), *words[1:], "--url", address],
            cwd=tmp_path, input=given, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout or "--out" in words
    assert (tmp_path / "weekly.csv").read_text().startswith("workflow,week,ended,well_percent\nlead-qualifier,")
    run = subprocess.run(
        ["bash", "-c", asked.replace("http://127.0.0.1:8420", address)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert {"id", "severity"} == set(json.loads(run.stdout.splitlines()[0]))


def test_past_days_are_read_by_any_duckdb(store, tmp_path, monkeypatch):
    folder = tmp_path / "exports" / "events"
    folder.mkdir(parents=True)
    pq.write_table(ask(store, "select * from events limit 500").rows, folder / "day=2026-06-01.parquet")
    monkeypatch.chdir(tmp_path)
    assert duckdb.sql(PAST).fetchall()


def test_the_shell_s_commands_are_told():
    told = set(re.findall(r"^\| `(\\\w+)|, `(\\\w+)", TEXT, re.MULTILINE))
    assert {one or other for one, other in told} == set(COMMANDS)
