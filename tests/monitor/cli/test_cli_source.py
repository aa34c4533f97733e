"""`bellbuoy source`: what a person reads, and what a store without a daemon takes down."""

import json

import pytest
from cli_process import bellbuoy, compare

from bellbuoy.config.load import load
from bellbuoy.monitor.cli.source import lines
from bellbuoy.monitor.store import Store

ROWS = [
    {
        "name": "kafka:agent.interactions:0",
        "position": 1_204_117,
        "behind": 12,
        "state": "reading",
        "why": "",
        "remedy": "",
    },
    {
        "name": "kafka:agent.interactions:3",
        "position": 1_204_117,
        "behind": 20_418,
        "state": "stopped",
        "why": "position 1204117 is out of range: the broker has 1204900 to 1224535; 783 records are gone",
        "remedy": "decide where to go on: `bellbuoy source skip kafka:agent.interactions:3 --to begin|end|OFFSET`",
    },
    {"name": "kafka:later:0", "position": 0, "behind": None, "state": "silent", "why": "no broker", "remedy": ""},
]


@pytest.mark.golden
def test_the_list_reads_as_a_person_has_read_it():
    compare("source_list.txt", "\n".join(lines(ROWS)) + "\n")


def test_an_empty_list_says_so():
    assert lines([]) == ["no stream was read yet"]


def test_a_store_without_a_daemon_takes_a_decision_down(own):
    listed = bellbuoy("source", "list", "--format", "json", cwd=own)
    assert listed.returncode == 0, listed.stderr
    assert "its next start heeds what is written there" in listed.stderr
    name = json.loads(listed.stdout)[0]["name"]
    done = bellbuoy("source", "skip", name, "--to", "end", "--why", "tried", cwd=own)
    assert (done.returncode, done.stdout) == (
        0,
        f"written down: {name} goes on at end at the next start of the daemon\n",
    )
    config = load(own / "bellbuoy.yaml")
    with Store.open(own / "bellbuoy.duckdb", config.store) as store:
        rows = (
            store.cursor()
            .execute("SELECT source || ':' || path || ':' || partition, target, why FROM skips")
            .fetchall()
        )
    assert rows == [(name, "end", "tried")]
    for wrong, why in (
        (("skip", "kafka:none:0", "--to", "begin"), "error: kafka:none:0: no stream is named so"),
        (("skip", name, "--to", "middle"), "error: middle: a stream goes on at `begin`, at `end` or at an offset"),
        (("resume", "kafka"), "error: no daemon runs: its next start reads every source again"),
    ):
        refused = bellbuoy("source", *wrong, cwd=own)
        assert refused.returncode == 1
        assert refused.stderr.splitlines()[-1].startswith(why)


def test_where_no_store_and_no_daemon_is_it_says_so(own, tmp_path):
    config = json.loads((own / "bellbuoy.yaml").read_text())
    config["store"]["path"] = str(tmp_path / "none.duckdb")
    (own / "none.yaml").write_text(json.dumps(config))
    done = bellbuoy("source", "list", "-c", "none.yaml", cwd=own)
    assert (done.returncode, done.stdout) == (75, "")
    assert "there is no store at" in done.stderr
    asked = bellbuoy("source", "list", "--url", "http://127.0.0.1:9", cwd=own)
    assert asked.returncode == 75
    assert "no daemon answers at http://127.0.0.1:9" in asked.stderr
