"""A query is interrupted at its time, its thread comes last in the machine's queue, and one that does not come back is told."""

import os
import subprocess
import sys
import threading

import pytest
from ports import free_port

from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door import adhoc
from bellbuoy.monitor.store.door.gate import Gate, QueryRefused
from bellbuoy.monitor.store.door.watch import Watched


def test_result_and_error_of_the_work_are_handed_over():
    assert Watched(lambda: 7, lambda: None).result(5) == 7
    with pytest.raises(ZeroDivisionError):
        Watched(lambda: 1 // 0, lambda: None).result(5)


def test_work_is_interrupted_until_it_ends():
    asked, enough = [], threading.Event()

    def interrupt():
        asked.append(1)
        if len(asked) == 3:  # the first ones fall between two steps and are lost
            enough.set()

    def work():
        enough.wait(10)
        raise RuntimeError("interrupted")

    with pytest.raises(QueryRefused, match="longer than") as refused:
        Watched(work, interrupt).result(0.01)
    assert refused.value.result == "timeout"
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("words", "told"), [({}, "`query.seconds`"), ({"limit": "the time asked for"}, "the time asked for")]
)
def test_the_limit_that_ended_it_is_named(words, told):
    enough = threading.Event()

    def work():
        enough.wait(10)
        raise RuntimeError("interrupted")

    with pytest.raises(QueryRefused, match=rf"^longer than 0\.01 s; ask for less, or raise {told}$"):
        Watched(work, enough.set).result(0.01, **words)


def test_work_that_nobody_waits_for_is_interrupted():
    enough, gone = threading.Event(), threading.Event()

    def work():
        gone.set()
        enough.wait(10)
        raise RuntimeError("interrupted")

    with pytest.raises(QueryRefused, match="whoever asked has gone") as refused:
        Watched(work, enough.set).result(60, gone=gone)
    assert refused.value.result == "gone"
    assert Watched(lambda: 7, enough.set).result(60, gone=threading.Event()) == 7


def test_work_that_does_not_end_is_stuck():
    never = threading.Event()
    watched = Watched(never.wait, lambda: None)
    with pytest.raises(QueryRefused, match="daemon restarts") as refused:
        watched.result(0.01, grace=0.1)
    assert refused.value.result == "stuck"
    assert watched.thread.is_alive()
    never.set()
    watched.thread.join()


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
def test_query_runs_at_a_low_priority():
    def own():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = own()
    assert Watched(own, lambda: None).result(5) == before + 10
    assert own() == before


def test_ninth_that_waits_is_refused():
    gate, held, release = Gate(), threading.Semaphore(0), threading.Event()

    def hold():
        with gate.passed(2, 10.0):
            held.release()
            release.wait(10)

    threads = [threading.Thread(target=hold) for _ in range(10)]
    for thread in threads:
        thread.start()
    held.acquire(timeout=10)
    held.acquire(timeout=10)
    while gate._waiting < 8:  # until the eight have come
        threading.Event().wait(0.001)
    with pytest.raises(QueryRefused, match="2 queries run and 8 wait") as refused, gate.passed(2, 10.0):
        pass
    assert refused.value.result == "busy"
    release.set()
    for thread in threads:
        thread.join()


def test_one_that_nobody_waits_for_gives_up_its_turn():
    gate, gone = Gate(), threading.Event()
    with gate.passed(1, 10.0):
        with pytest.raises(QueryRefused, match=r"no place became free in 0\.1 s"), gate.passed(1, 0.1, gone=gone):
            pass
        gone.set()
        with pytest.raises(QueryRefused, match="whoever asked has gone"), gate.passed(1, 60.0, gone=gone):
            pass
    with gate.passed(1, 10.0, gone=gone):
        assert gate._waiting == 0


@pytest.mark.store
def test_stuck_query_is_told_once_and_the_store_goes_on(tmp_path, monkeypatch):
    never, told = threading.Event(), []
    monkeypatch.setattr(adhoc, "_run", lambda *_: never.wait(30))
    monkeypatch.setattr(Watched.result, "__defaults__", (0.1,))
    with Store.open(tmp_path / "b.duckdb") as store:
        with pytest.raises(QueryRefused, match="not stopped"):
            adhoc.ask(store, "SELECT 1", seconds=0.05, on_stuck=told.append)
        assert told == ["SELECT 1"]
        with store.transaction() as tx:
            tx.insert("meta", [{"key": "after", "value": "it"}])
    never.set()


DAEMON = """
import os, sys, threading, urllib.request, json
from bellbuoy.monitor.store.door import adhoc, watch
adhoc.objection = adhoc.excess = lambda *_: None
watch.Watched.result.__defaults__ = (1.0,)
def ask():
    sql = "SELECT regexp_matches(repeat('x', 100000000), '(x{1,50}y?){1,20}z')"
    body = json.dumps({"sql": sql, "timeout": 2.0})  # in which it has come to the pattern
    request = urllib.request.Request(sys.argv[2] + "/v1/query", body.encode(), {"content-type": "application/json"})
    for _ in range(400):
        try:
            urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            print(error.code, error.read().decode(), flush=True)
            return None if error.code == 503 else os._exit(3)
        except OSError:
            threading.Event().wait(0.1)
    os._exit(4)
threading.Thread(target=ask, daemon=True).start()
from bellbuoy.monitor.cli import main
sys.argv = ["bellbuoy", "run", "-c", sys.argv[1]]
main()
"""


@pytest.mark.store
def test_daemon_with_a_stuck_query_drains_and_ends_with_75(tmp_path):
    port = free_port()
    (tmp_path / "in.jsonl").write_text("")
    config = tmp_path / "b.yaml"
    config.write_text(
        f"version: 1\nserver: {{ listen: '127.0.0.1:{port}' }}\nstore: {{ path: '{tmp_path}/b.duckdb' }}\n"
        f"sources: [{{ files: {{ path: '{tmp_path}/in.jsonl' }} }}]\nsinks: {{ out: {{ console: {{}} }} }}\n"
        "routes: [{ to: [out] }]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", DAEMON, str(config), f"http://127.0.0.1:{port}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 75, (done.stdout, done.stderr[-3000:])
    assert "could not be stopped" in done.stderr
    assert "503" in done.stdout
    with Store.open(tmp_path / "b.duckdb") as store:  # the lock is free, the file is whole
        assert store.rows("store/streams") == []


def test_whoever_stops_waiting_leaves_no_query_behind(monkeypatch):
    stopped = threading.Event()

    def work():
        assert stopped.wait(20)
        raise RuntimeError("interrupted")

    watched = Watched(work, stopped.set)

    def ctrl_c(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(watched, "_ended", ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        watched.result(30)
    assert not watched.thread.is_alive()
