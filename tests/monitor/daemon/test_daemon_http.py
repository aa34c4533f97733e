"""Events and notes posted to a daemon: stored once whatever happens to it, and answered only when they are."""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

import pytest
import running_daemon
from running_daemon import PROGRAM, until

HERE = Path(__file__).parent
LINES = "application/x-ndjson"


def event(name, **more):
    said = {"type": "step", "event_id": name, "ts": int(time.time() * 1000), "interaction_id": f"i-{name}"}
    return {**said, "workflow": "lead-qualifier", "step": "greet", "outcome": "success", **more}


def lines(events):
    return b"\n".join(json.dumps(one).encode() for one in events)


def post(daemon, body, kind=LINES, path="/v1/events", **headers):
    """Return status and answer; 0 and nothing where the connection broke."""
    named = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = urllib.request.Request(daemon.url + path, body, named)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, json.loads(text) if text.startswith(b"{") else text
    except (OSError, HTTPException):
        return 0, None


def stored(daemon, columns="event_id"):
    return daemon.query(f"SELECT {columns} FROM events ORDER BY event_id")


def test_what_is_posted_is_there_when_it_is_answered(daemon):
    running = daemon([{"http": {}}]).start()
    good, bad = [event(f"e{number}") for number in range(5)], b'{"type": "step"}'
    code, told = post(running, lines(good[:3]) + b"\n" + bad + b"\n" + lines(good[:1]))
    assert (code, told["stored"], told["duplicate"], told["dead"]) == (200, 3, 1, 1)
    assert (told["refused"][0]["index"], told["refused"][0]["class"]) == (3, "missing")
    assert [row["event_id"] for row in stored(running)] == ["e0", "e1", "e2"]
    assert post(running, json.dumps(good).encode(), "application/json")[1]["duplicate"] == 3
    code, told = post(running, bad, "application/json")
    assert (code, told["refused"][0]["class"]) == (422, "missing")
    letters = running.query("SELECT path, class, size FROM dead_letters")
    assert letters == [{"path": "/v1/events", "class": "missing", "size": len(bad)}] * 2
    assert running.metric("events_total", result="duplicate") == 4
    assert running.stop()[0] == 0


def test_an_answer_with_a_key_outlives_the_daemon(daemon):
    running = daemon([{"http": {}}]).start()
    body = lines([event("a"), {"type": "step"}])
    first = post(running, body, Idempotency_Key="k-planted-795")
    assert first[0] == 200
    assert post(running, body, Idempotency_Key="k-planted-795") == first
    running.kill()
    running.start()
    assert post(running, body, Idempotency_Key="k-planted-795") == first
    assert post(running, lines([event("b")]), Idempotency_Key="k-planted-795")[0] == 422
    assert [row["event_id"] for row in stored(running)] == ["a"]
    assert len(running.query("SELECT id FROM dead_letters")) == 1
    assert running.stop()[0] == 0
    assert not any(b"k-planted-795" in content for content in running.bytes_left().values())


@pytest.mark.parametrize("keyed", [False, True])
def test_killed_between_the_commit_and_the_answer_it_is_stored_once(daemon, monkeypatch, tmp_path, keyed):
    die = tmp_path / "die"
    monkeypatch.setattr(running_daemon, "PROGRAM", [sys.executable, str(HERE / "dying_daemon.py")])
    running = daemon([{"http": {}}], environment={"DIE": str(die)}).start()
    body = lines([event(f"e{number}") for number in range(20)])
    headers = {"Idempotency_Key": "k"} if keyed else {}
    die.touch()
    assert post(running, body, **headers)[0] == 0
    running.process.wait(10)
    die.unlink()
    running.start()
    code, told = post(running, body, **headers)
    assert (code, told["stored"], told["duplicate"]) == ((200, 20, 0) if keyed else (200, 0, 20))
    assert len(stored(running)) == 20
    assert running.received == (20 if keyed else 40)


def test_clients_that_repeat_lose_nothing_and_double_nothing_over_kills(daemon):
    kills = int(os.environ.get("BELLBUOY_KILLS", "3"))
    dice = random.Random(int(os.environ.get("BELLBUOY_SEED", "7")))
    running = daemon([{"http": {}}]).start()
    answered, ended, count = [], threading.Event(), threading.Condition()

    def client(number):
        for request in range(100_000):
            if ended.is_set():
                return
            names = [f"c{number}-{request}-{place}" for place in range(10)]
            headers = {"Idempotency_Key": names[0]} if number % 2 else {}
            body = lines([event(name) for name in names])
            while True:
                code, told = post(running, body, **headers)
                assert code in (0, 200, 409, 503), told
                if code == 200:
                    break
                time.sleep(0.05)  # between two tries
            assert told["stored"] + told["duplicate"] == 10
            with count:
                answered.extend(names)
                count.notify()

    clients = [threading.Thread(target=client, args=(number,), daemon=True) for number in range(8)]
    for one in clients:
        one.start()
    for _ in range(kills):
        wanted = len(answered) + 10 * dice.randint(20, 60)
        with count:
            assert count.wait_for(lambda wanted=wanted: len(answered) >= wanted, 60), running.log[-2000:]
        running.kill()
        running.start(ready=False)
    ended.set()
    for one in clients:
        one.join(60)
        assert not one.is_alive()
    total = len(answered)
    until(lambda: running.status("/readyz") == 200, "ready")
    [row] = running.query("SELECT count(*) AS n, count(DISTINCT event_id) AS distinct_n FROM events")
    assert (row["n"], row["distinct_n"]) == (total, total)
    [row] = running.query("SELECT sum(n) AS n FROM minutes WHERE signal = 'step_failure'")
    assert row["n"] == total


def test_idle_and_half_closed_and_slow_clients_hinder_nobody(daemon):
    running = daemon([{"http": {"read_within": "300ms"}}]).start()
    address = ("127.0.0.1", running.port)
    held = [socket.create_connection(address) for _ in range(300)]
    head = b"POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-ndjson\r\n"
    try:
        for place, one in enumerate(held):
            match place % 3:
                case 0:
                    one.sendall(head + b"content-length: 1000\r\n\r\n{")
                case 1:
                    one.sendall(head + b"content-length: 1000\r\n\r\n{")
                    one.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        assert running.status("/livez") == 200
        assert time.monotonic() - began < 5.0, "one after the other they would take half a minute"
        assert post(running, lines([event("a")]))[0] == 200
        held[0].settimeout(10)
        assert held[0].recv(100).startswith(b"HTTP/1.1 408")
        huge = socket.create_connection(address)
        huge.settimeout(10)
        huge.sendall(head + b"x-huge: " + b"x" * 100_000)
        assert huge.recv(100).startswith(b"HTTP/1.1 400")
        huge.close()
    finally:
        for one in held:
            one.close()
    assert post(running, lines([event("b")]))[0] == 200
    code, seconds = running.stop()
    assert (code, seconds < 10) == (0, True)
    assert "Traceback" not in running.log


def test_a_daemon_that_stops_answers_who_waits(daemon):
    running = daemon([{"http": {}}]).start()
    answers = []
    ended = threading.Event()

    def client(number):
        for request in range(10_000):
            code, _ = post(running, lines([event(f"{number}-{request}")]))
            answers.append((f"{number}-{request}", code))
            if code != 200 or ended.is_set():
                return

    clients = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for one in clients:
        one.start()
    until(lambda: len(answers) > 20, "some answers")
    code, seconds = running.stop()
    ended.set()
    for one in clients:
        one.join(30)
    assert (code, seconds < 10) == (0, True)
    good = {name for name, status in answers if status == 200}
    assert {status for _, status in answers} <= {200, 503, 0}
    with running.closed_store() as rows:
        assert good <= {name for (name,) in rows("SELECT event_id FROM events_raw")}


def test_without_the_source_notes_are_taken_and_events_are_not(daemon, tmp_path):
    (tmp_path / "a.jsonl").touch()
    running = daemon([{"files": {"path": str(tmp_path / "a.jsonl"), "follow": True}}]).start()
    code, told = post(running, lines([event("a")]))
    assert (code, "- http: {}" in told["error"]) == (404, True)
    code, told = post(
        running, b'{"title": "deploy v41", "kind": "deploy", "id": "ci-7"}', "application/json", "/v1/changes"
    )
    assert (code, told) == (200, {"noted": 1, "repeated": 0, "ids": ["ci-7"]})
    code, told = post(running, b'{"title": "x", "knd": 1}', "application/json", "/v1/changes")
    assert (code, "note 0: " in told["error"]) == (422, True)
    assert post(running, b"{}", "text/plain", "/v1/changes")[0] == 415
    assert post(running, b"{}", "application/json", "/v1/changes", Origin="https://evil.example")[0] == 403


def test_a_person_notes_a_deploy_on_the_command_line(daemon):
    secret = "n0te-planted-t0ken-2219"
    running = daemon([{"http": {}}], server={"token": {"env": "NOTE_TOKEN"}}, environment={"NOTE_TOKEN": secret})
    running.start()
    environment = {**os.environ, "NOTE_TOKEN": secret}

    def note(*arguments):
        command = [*PROGRAM, "note", "-c", str(running.config), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)

    done = note("deploy v41", "--kind", "deploy", "--version", "v41", "--at", "2026-11-22T09:14:07Z", "--id", "ci-7")
    assert (done.returncode, done.stdout, done.stderr) == (0, "noted: deploy v41 (id ci-7)\n", "")
    done = note("deploy v41", "--kind", "deploy", "--id", "ci-7", "--link", "https://ci.example.com/7")
    assert (done.returncode, done.stdout) == (0, "was noted before: deploy v41 (id ci-7)\n")
    done = note("deploy v42", "--at", "tomorrow")
    assert (done.returncode, done.stdout) == (1, "")
    assert "note 0: Invalid RFC3339 encoded datetime - at `$.at`; nothing was noted" in done.stderr
    assert "Did you mean 'deploy'?" in note("x", "--kind", "deplyo").stderr
    assert post(running, lines([event("a")]))[0] == 401
    assert post(running, lines([event("a")]), Authorization=f"Bearer {secret}")[0] == 200
    running.stop()
    with running.closed_store() as rows:
        assert rows("SELECT id, kind, version, epoch(noted_at)::BIGINT FROM notes") == [
            ("ci-7", "deploy", "v41", 1_795_338_847)
        ]
