"""Every mistake of a user ends with a sentence and the right code, never with a traceback."""

import gzip
import json
import re
import subprocess
import sys

import pytest
from cli_process import PLAIN, bellbuoy
from ports import free_port

pytestmark = pytest.mark.long

NOBODY = "http://127.0.0.1:1"

WRONG = [
    (["chek"], 2, r"There is no command `chek`\. Did you mean `check`\?"),
    (["xyzzy"], 2, r"`bellbuoy --help` lists them"),
    (["--verison"], 2, r"Did you mean .*--version"),
    (["check", "--strct"], 2, r"Did you mean '?--strict"),
    (["check", "--format", "jsn"], 2, r"Did you mean 'json'\?"),
    (["schema", "evnt"], 2, r"Did you mean 'event'\?"),
    (["schema"], 2, r"'\{event\|tables\|config\|reference\|tests\|map\|audit\}'"),
    (["schema", "config", "--check", "bad.yaml"], 2, r"bellbuoy check -c FILE"),
    (["bench", "tck"], 2, r"Did you mean 'tick'\?"),
    (["bench", "tick", "--nosuch"], 2, r"unrecognized arguments: --nosuch"),
    (["run", "--log-level", "LOUD", "-c", "least.yaml"], 2, r"'debug', 'info', 'warning', 'error'"),
    (["status", "--fail-on", "pager"], 2, r"Did you mean 'page'\?"),
    # simulate
    (["simulate"], 2, r"--out"),
    (["simulate", "--out", "-", "--drift", "qualfy:0.9->0.8@day2"], 2, r"--drift:1: error: .*\n.*\n *\^ did you mean 'qualify'"),
    (["simulate", "--out", "-", "--drift", "qualify:0.9>0.8@day2"], 2, r"--drift:12: error: '->' is expected"),
    (["simulate", "--out", "-", "--start", "tomorrow"], 2, r"'tomorrow' is not a day; write --start 2026-06-01"),
    (["simulate", "--out", "-", "--days", "0"], 2, r"--days"),
    (["simulate", "--out", "-", "--noise", "nan"], 2, r"noise is nan"),
    (["simulate", "--out", "-", "--workflow", "other"], 2, r"'other' is not built in; name a configuration"),
    (["simulate", "--out", "-", "--workflow", "other", "-c", "least.yaml"], 2, r"declares no workflow 'other'"),
    (["simulate", "--out", "least.yaml/calls.jsonl"], 2, r"least.yaml/calls.jsonl: not a directory; name another file"),
    (["simulate", "--out", "kafka://"], 2, r"write kafka://HOST:PORT/TOPIC"),
    (["simulate", "--out", "kafka://localhost:abc/t"], 2, r"write kafka://HOST:PORT/TOPIC"),
    # init
    (["init"], 2, r"Missing argument 'FILE"),
    (["init", "nofile.jsonl"], 2, r"nofile\.jsonl: there is no such file"),
    (["init", "."], 2, r"\.: this is a folder; name its files: bellbuoy init \*\.jsonl"),
    (["init", "noise"], 2, r"noise:1: json: .*\n.*none is an event"),
    (["init", "least.yaml"], 2, r"least\.yaml:1: json: .*\n.*none is an event"),
    (["init", "good.jsonl"], 2, r"good\.jsonl: there is no record in it"),
    (["init", "cut.jsonl.gz"], 2, r"cut\.jsonl\.gz: the file cannot be read past byte .*mend or replace"),
    (["init", "good.jsonl", "--out", "least.yaml"], 2, r"least\.yaml is there already; overwrite it with --force"),
    (["init", "good.jsonl", "--limit", "0"], 2, r"--limit"),
    (["init", "kafka://localhost:9092"], 2, r"write kafka://HOST:PORT/TOPIC"),
    (["init", "kafka://127.0.0.1:1/t", "good.jsonl"], 2, r"Give files, or one topic and nothing else"),
    (["init", "kafka://127.0.0.1:1/t"], 75, r"no connection to Kafka at 127\.0\.0\.1:1.*save some records to a file"),
    # replay
    (["replay", "nofile", "--to", "kafka://127.0.0.1:1/t"], 2, r"'nofile' does not exist"),
    (["replay", "good.jsonl", "--to", "localhost:9092/t"], 2, r"write kafka://HOST:PORT/TOPIC"),
    (["replay", "good.jsonl", "--to", "kafka://localhost:99999/t"], 2, r"write kafka://HOST:PORT/TOPIC"),
    (["replay", "good.jsonl", "--to", "kafka://localhost:9092/a b"], 2, r"write kafka://HOST:PORT/TOPIC"),
    (["replay", "good.jsonl", "--to", "kafka://127.0.0.1:1/t"], 75, r"no Kafka broker answers at 127\.0\.0\.1:1"),
    (["bench", "ingest", "--anyway", "--kafka", "127.0.0.1:1", "--events", "10"], 75, r"127\.0\.0\.1:1"),
    # configurations
    (["check", "-c", "nofile.yaml"], 78, r"nofile.yaml:1:1: error: this file cannot be opened"),
    (["check"], 78, r"bellbuoy.yaml:1:1: error: this file cannot be opened"),
    (["check", "-c", "noise"], 78, r"noise:1:1: error: this is not UTF-8"),
    *[
        ([*words, "-c", "bad.yaml"], 78, r"bad.yaml:3:5: error: unknown key 'kafkaa'\n.*\n.*did you mean 'kafka'")
        for words in (["check"], ["run"], ["status"], ["query", "select 1"], ["simulate", "--out", "-"])
    ],
    *[
        ([*words, "-c", "nofile.yaml"], 78, r"nofile.yaml:1:1: error: this file cannot be opened")
        for words in (["run"], ["status"], ["query", "select 1"], ["simulate", "--out", "-"])
    ],
    (["check", "-c", "least.yaml", "--strict"], 1, r"there is no heartbeat"),
    (["run", "-c", "http.yaml"], 78, r"http\.yaml:4:5: error: source 1 is the door for events already"),
    (["run", "-c", "foreign.yaml"], 75, r"noise"),
    # asking
    (["status"], 75, r"no daemon answers at http://127\.0\.0\.1:1 .*; start it with `bellbuoy run`"),
    (["status", "--url", NOBODY], 75, r"no daemon answers at http://127\.0\.0\.1:1 .*or name it with --url"),
    (["query", "select 1", "--url", NOBODY], 75, r"no daemon answers .*; start it with `bellbuoy run`"),
    (["query", "select 1", "-c", "least.yaml"], 75, r"no daemon answers .*, and there is no store at .* yet"),
    (["query", "select 1", "-c", "foreign.yaml"], 75, r"noise"),
    (["query", "select 1", "--url", "ftp://x"], 2, r"ftp://x is no address; write --url http://HOST:PORT"),
    (["query", "select 1", "--url", "http://[::1"], 2, r"is no address; write --url http://HOST:PORT"),
    (["query", "select 1", "--url", "http://localhost:99999"], 2, r"is no address; write --url http://HOST:PORT"),
    (["query", "select 1", "--url", NOBODY, "--token-file", "noise"], 2, r"noise holds no token"),
    (["query"], 2, r"Give a SELECT"),
    (["query", "select 1", "-f", "good.jsonl"], 2, r"Give the SELECT once"),
    (["query", "-f", "noise"], 2, r"The SQL is not UTF-8"),
    (["query", "-f", "nofile"], 2, r"No such file"),
    # files
    (["schema", "event", "--check", "nofile"], 2, r"'nofile' does not exist"),
    (["schema", "event", "--check", "least.yaml"], 1, r"0 events are good"),
    (["demo", "--exit", "--db", "noise"], 2, r"noise is there already; .*name another file"),
    (["demo", "--exit", "--db", "noise/demo.duckdb"], 2, r"noise: (not a directory|file exists)"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistakes")
    least = (
        "version: 1\nsources:\n  - files: { path: 'none-*.jsonl', follow: true }\n"
        "sinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\nserver: { listen: 127.0.0.1:PORT }\n"
    )
    least = least.replace("PORT", str(free_port()))
    (folder / "least.yaml").write_text(least)
    (folder / "bad.yaml").write_text(least.replace("files: { path: 'none-*.jsonl', follow: true }", "kafkaa: {}"))
    (folder / "http.yaml").write_text(
        least.replace("files: { path: 'none-*.jsonl', follow: true }", "http: {}\n  - http: {}")
        + "store: { path: http.duckdb }\n"
    )
    (folder / "foreign.yaml").write_text(least + "store: { path: noise }\n")
    (folder / "noise").write_bytes(bytes(range(128, 256)) * 4)
    (folder / "good.jsonl").write_text("")
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"type": "step"}' * 100)[:-12])
    return folder


@pytest.mark.parametrize(
    ("arguments", "code", "said"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_a_mistake_is_a_sentence(folder, arguments, code, said):
    environment = {"BELLBUOY_URL": NOBODY} if arguments == ["status"] else {}
    done = bellbuoy(*arguments, cwd=folder, environment=environment)
    assert done.returncode == code, done.stderr
    assert re.search(said, done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == "" or arguments[0] in {"schema", "check"}


def test_a_full_disk_is_a_sentence():
    done = bellbuoy("simulate", "--days", 1, "--out", "/dev/full")
    assert done.returncode == 75, done.stderr
    assert "no space left on device; make room" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def holder(own):
    """A process that holds the store and answers nobody."""
    hold = (
        "import sys; from pathlib import Path; from bellbuoy.config.load import load; from bellbuoy.monitor.store import Store\n"
        "config = load(Path('bellbuoy.yaml'))\n"
        "with Store.open(Path(config.store.path), config.store): print('held', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", hold], cwd=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=PLAIN
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.communicate("")


def test_a_store_that_another_process_holds_names_the_process(own, holder):
    for words in (["status"], ["query", "select 1"], ["run"]):
        done = bellbuoy(*words, cwd=own)
        assert done.returncode == 75, (words, done.stderr)
        assert f"in use by process {holder.pid}" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("drop table events", "exactly one SELECT is allowed"),
        ("commit", "exactly one SELECT"),
        ("selec 1", "selec"),
        ("select * from nowhere", "nowhere"),
        ("select * from read_csv('/etc/passwd')", "read_csv"),
        ("copy events to 'x.csv'", "exactly one SELECT"),
        ("describe events", "DESCRIBE and SHOW are not offered"),
        ("show tables", "`bellbuoy schema tables` shows their columns"),
    ],
)
def test_sql_that_is_refused_says_why(told, sql, said):
    done = bellbuoy("query", sql, cwd=told)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_json_of_check_names_place_and_code(folder):
    done = bellbuoy("check", "-c", "bad.yaml", "--format", "json", cwd=folder)
    assert (done.returncode, done.stderr) == (78, "")
    (finding,) = [one for one in json.loads(done.stdout) if one["level"] == "error"]
    assert set(finding) == {"code", "level", "file", "line", "column", "message", "hint", "path"}
    assert (finding["code"], finding["file"], finding["line"], finding["column"]) == ("BB101", "bad.yaml", 3, 5)
