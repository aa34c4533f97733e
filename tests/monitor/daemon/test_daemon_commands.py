"""Exit codes of the daemon, and what other commands get of it while it runs."""

import contextlib
import gzip
import http.client
import io
import json
import sys
import threading
import urllib.request
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
import running_daemon
from daemon_traffic import ALL, Traffic
from ports import free_port
from running_daemon import CALM, bellbuoy, until

from bellbuoy.sinks.testing_receiver import Receiver

pytestmark = pytest.mark.long


def test_a_second_daemon_on_the_store_names_the_first_and_ends(daemon, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl", days_=1)
    traffic.until(1)
    first = daemon([traffic.source]).start()
    done = bellbuoy("run", "-c", first.config)
    assert done.returncode == 75, done.stderr
    assert str(first.process.pid).encode() in done.stderr
    assert b"Traceback" not in done.stderr
    assert first.status("/readyz") == 200, "the first is unharmed"
    until(lambda: first.metric("events_total", result="stored") == traffic.events, lambda: first.log[-2000:])
    assert first.stop()[0] == 0


def test_a_broken_configuration_is_refused_with_its_place(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 1\nsources:\n  - files: { path: x.jsonl, folow: true }\n")
    done = bellbuoy("run", "-c", broken)
    assert done.returncode == 78, done.stderr
    assert b"broken.yaml:3:" in done.stderr
    assert b"follow" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_port_that_is_taken_is_a_sentence(daemon, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl", days_=1)
    first = daemon([traffic.source]).start()
    other = daemon([traffic.source])
    config = json.loads(other.config.read_text())
    config["server"]["listen"] = f"127.0.0.1:{first.port}"
    other.config.write_text(json.dumps(config))
    done = bellbuoy("run", "-c", other.config)
    assert done.returncode == 75, done.stderr
    assert str(first.port).encode() in done.stderr.splitlines()[-1]
    assert b"Traceback" not in done.stderr


def test_no_file_and_none_awaited_is_a_sentence(daemon, tmp_path):
    one = daemon([{"files": {"path": str(tmp_path / "none*.jsonl")}}])
    done = bellbuoy("run", "-c", one.config)
    assert done.returncode in (75, 78), done.stderr
    assert b"no file matches" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_second_signal_ends_at_once(daemon, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl", days_=1)
    running = daemon([traffic.source]).start()
    running.process.terminate()
    running.process.terminate()
    assert running.process.wait(15) in (0, 143)


def test_finished_files_are_judged_to_their_end_and_no_further(daemon, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl")
    traffic.until(ALL)
    silence = {"name": "traffic", "signal": "interactions", "by": ["workflow"], "kind": "silence"}
    running = daemon([{"files": {"path": str(traffic.path)}}], detectors=[*CALM, silence])
    seen = []
    for _ in range(2):
        running.start()
        running.judged(traffic.at + 300)
        assert running.metric("tick_judged_timestamp_seconds") <= traffic.at + 300
        until(lambda: "finished" in running.get("/.json")[1], lambda: running.get("/.json"))
        assert running.status("/readyz") == 200
        seen.append(running.query("select id, signal, state, changes from incidents order by id"))
        seen.append(running.query("select count(*) as n from events"))
        assert running.stop()[0] == 0
    assert seen[:2] == seen[2:], "the second life finds nothing new"
    assert [(row["signal"], row["state"]) for row in seen[0]] == [("step_failure", "resolved")], "the end is no silence"
    assert seen[1] == [{"n": traffic.events}]


BROKEN = """
from dataclasses import dataclass
from bellbuoy.detectors.rate_shift import RateShift

@dataclass(frozen=True)
class Broken(RateShift):
    def step(self, state, tick, prepared):
        raise ZeroDivisionError("as a plug-in may")
"""


def test_the_switch_outside_hears_that_nothing_is_judged_any_more(daemon, tmp_path):
    (tmp_path / "brokendetector.py").write_text(BROKEN)
    traffic = Traffic(tmp_path / "calls.jsonl", days_=12)
    traffic.until(2)
    broken = {**CALM[0], "kind": "brokendetector:Broken"}
    with Receiver() as outside:
        running = daemon(
            [traffic.source],
            detectors=[broken],
            heartbeat={"url": f"{outside.url}ping", "every": "1s"},
            environment={"PYTHONPATH": str(tmp_path)},
        )
        running.start()
        until(lambda: outside.requests, lambda: running.log)
        traffic.until(12)
        until(lambda: outside.requests[-1].path.endswith("/fail"), lambda: running.log[-3000:])
        assert outside.requests[-1].body == b"judging"
        assert outside.requests[0].path == "/ping"
        seen = running.metric("ticks_total", result="error")
        until(lambda: running.metric("ticks_total", result="error") > seen, "it is tried again")
        assert running.log.count("judge failed") == 1, "the same failure is told once"
        assert running.received == traffic.events, "events are taken in all the same"
        assert running.stop()[0] == 0


def test_a_damaged_file_stops_alone_and_is_named(daemon, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl", days_=1)
    traffic.until(1)
    whole = gzip.compress(b"\n".join(traffic.lines(0)))
    (tmp_path / "damaged.jsonl.gz").write_bytes(whole[: len(whole) // 2] + b"\0" * 100)
    running = daemon([{"files": {"path": str(tmp_path / "*.jsonl*"), "follow": True}}]).start()
    until(lambda: running.metric("source_stopped") == 1, lambda: running.log[-2000:])
    (source,) = json.loads(running.get("/.json")[1])["sources"]
    assert source["state"] == "stopped"
    assert "damaged.jsonl.gz" in source["why"]
    assert "damaged.jsonl.gz" in running.log
    traffic.append(traffic.lines(0)[:10])
    healthy = f"select received from streams where path = '{traffic.path}'"
    until(lambda: running.query(healthy) == [{"received": traffic.events}], lambda: running.query(healthy))
    assert running.status("/readyz") == 200
    assert running.stop()[0] == 0
    assert "Traceback" not in running.log


def test_a_daemon_with_a_token_shows_nothing_to_those_without(daemon, tmp_path):
    secret = "a-token-of-some-length-1795"
    traffic = Traffic(tmp_path / "calls.jsonl", days_=1)
    traffic.until(1)
    running = daemon([traffic.source], server={"token": {"env": "BUOY_TOKEN"}}, environment={"BUOY_TOKEN": secret})
    running.start()
    for path in ("/metrics", "/.json", "/i.json"):
        assert running.status(path) == 401, path
    assert running.get("/v1/query", {"sql": "select 1"})[0] == 401
    assert "ingest" not in running.get("/readyz?verbose")[1]
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text(secret)
    wrong.write_text("another")
    count = "select count(*) from events"
    asked = bellbuoy("query", "--url", running.url, "--token-file", right, "--format", "csv", count)
    assert asked.returncode == 0, asked.stderr
    for arguments in (["--token-file", wrong], []):
        refused = bellbuoy("query", "--url", running.url, *arguments, count)
        assert refused.returncode == 75, refused.stderr
        assert b"--token-file" in refused.stderr
    assert running.stop()[0] == 0
    assert secret not in running.log + running.out
    assert not any(secret in answer for answer in running.answers)
    assert not any(secret.encode() in content for content in running.bytes_left().values())


@pytest.fixture
def ingesting(daemon, tmp_path):
    """A daemon into which events come all the time."""
    traffic = Traffic(tmp_path / "calls.jsonl")
    running = daemon([traffic.source], batch={"rows": 500, "every": "50ms"})
    traffic.until(1)
    running.start()
    until(lambda: running.metric("events_total", result="stored") == traffic.events, lambda: running.log[-2000:])
    enough = threading.Event()

    def feed():
        for day in range(1, 28):
            lines = traffic.lines(day)
            for begin in range(0, len(lines), 100):
                if enough.wait(0.02):
                    return
                traffic.append(lines[begin : begin + 100])

    feeding = threading.Thread(target=feed)
    feeding.start()
    yield running, traffic
    enough.set()
    feeding.join()


def test_query_answers_in_every_format_while_events_come(ingesting):
    running, traffic = ingesting

    def ask(*arguments):
        done = bellbuoy("query", "--url", running.url, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    count = "select count(*) as n, count(distinct interaction_id) as calls from events"
    table = ask(count).decode().splitlines()
    assert table[0].split() == ["n", "calls"]
    seen = [int(table[2].split()[0])]
    seen.append(int(ask(count, "--format", "csv").decode().splitlines()[1].split(",")[0]))
    seen.append(json.loads(ask(count, "--format", "jsonl"))["n"])
    seen.append(pa.ipc.open_stream(io.BytesIO(ask(count, "--format", "arrow"))).read_all().to_pylist()[0]["n"])
    assert seen == sorted(seen)
    assert seen[0] < seen[-1], "events came between the questions"
    assert seen[-1] <= traffic.events
    steps = ask("select step, outcome, count(*) as n from events where type = 'step' group by all", "--format", "jsonl")
    assert {json.loads(line)["step"] for line in steps.splitlines()} >= {"greet", "qualify", "close"}
    whole = ask("select * from events order by ts limit 50", "--format", "arrow")
    assert pa.ipc.open_stream(io.BytesIO(whole)).read_all().num_rows == 50
    assert ask("select * from events order by ts limit 3", "--format", "csv").count(b"call-5-") >= 3
    assert running.status("/readyz") == 200


def test_sigterm_during_a_long_query_ends_in_time(ingesting):
    running, _ = ingesting
    endless = (
        "select count(*) from events a, events b, events c, events d "
        "where a.latency_ms + b.latency_ms < c.latency_ms + d.latency_ms"
    )
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)) as asked:
        asked.request("POST", "/v1/query", json.dumps({"sql": endless}), {"Content-Type": "application/json"})
        # asked later, so the first one runs by now: it is answered too, or waits in vain while the source is behind
        running.get("/v1/query", {"sql": "select 1 as one"})
        code, seconds = running.stop()
        assert code == 0, running.log[-3000:]
        assert seconds < 10
        assert "Traceback" not in running.log
        with asked.getresponse() as answer:
            assert answer.status in {400, 408}  # the store closed under it, or its time was over
            assert "error" in json.load(answer)
    with running.closed_store() as ask:
        assert ask('SELECT count(*) = count(DISTINCT (stream, "offset")) FROM events_raw') == [(True,)]


def test_readers_that_keep_asking_do_not_hinder_the_end(ingesting):
    running, _ = ingesting
    ended = threading.Event()
    answers = Counter()

    def read(path, body):
        while not ended.is_set():
            try:
                request = urllib.request.Request(running.url + path, body, {"Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=10) as answer:
                    answer.read()
                answers[path] += 1
            except (OSError, http.client.HTTPException):
                answers["none"] += 1
                ended.wait(0.01)

    question = json.dumps({"sql": "select step, outcome, count(*) from events group by all"}).encode()
    paths = [("/", None), ("/w/lead-qualifier", None), ("/metrics", None), ("/v1/query", question)]
    readers = [threading.Thread(target=read, args=one) for one in paths]
    for reader in readers:
        reader.start()
    until(lambda: all(answers[path] for path, _ in paths), lambda: f"all are answered: {answers}")
    code, seconds = running.stop()
    ended.set()
    for reader in readers:
        reader.join()
    assert code == 0, running.log[-3000:]
    assert seconds < 10
    assert "Traceback" not in running.log, running.log[-5000:]


def test_what_hinders_the_end_is_told_and_does_not_last(daemon, tmp_path, monkeypatch):
    monkeypatch.setattr(running_daemon, "PROGRAM", [sys.executable, str(Path(__file__).parent / "stuck_daemon.py")])
    running = daemon([Traffic(tmp_path / "calls.jsonl").source]).start()
    code, _ = running.stop()
    assert code == 1
    assert "draining" in running.log
    assert "Timeout (" in running.log
    assert "stuck_daemon.py" in running.log.partition("Timeout (")[2], "it says where the thread stood"


def test_query_refuses_in_a_sentence(ingesting):
    running, _ = ingesting
    for sql, said in (
        ("drop table events", "SELECT"),
        ("select * from read_csv('/etc/passwd')", "read_csv"),
        ("select * from nowhere", "nowhere"),
        ("selec 1", "selec"),
    ):
        done = bellbuoy("query", "--url", running.url, sql)
        assert done.returncode == 1, (sql, done.returncode, done.stderr)
        assert said.lower() in done.stderr.decode().lower(), (sql, done.stderr)
        assert b"Traceback" not in done.stderr
        assert done.stdout == b""
    empty = bellbuoy("query", "--url", running.url, " ")
    assert empty.returncode == 2
    nobody = bellbuoy("query", "--url", f"http://127.0.0.1:{free_port()}", "select 1")
    assert nobody.returncode == 75
    assert b"no daemon answers" in nobody.stderr
