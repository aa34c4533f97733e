"""`bellbuoy run` as a process: started, asked over HTTP, signalled, and ended in any case."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from ports import free_port

from bellbuoy.monitor.store import Store

PROGRAM = [sys.executable, "-c", "from bellbuoy.monitor.cli import main; main()"]
LONG = 9000 * 86400
TICK = 900
"""Seconds: what is judged is days long."""
STEPS = ["greet", "identify_intent", "qualify", "off_script", "hold_state", "route", "execute_action", "close"]
YOUNG = {"learn": "28d", "lag": "1d", "min_trials": 500, "min_bad": 10, "min_span": "3d"}
"""A baseline that is learned from little, so that a story needs few events."""
CALM = [
    {"name": "step-success", "signal": "step_failure", "by": ["workflow", "step"], "kind": "rate_shift"},
    {"name": "end-to-end", "signal": "interaction_failure", "by": ["workflow"], "kind": "rate_shift"},
]


def bellbuoy(*arguments, timeout=180, **options):
    """Run a command to its end."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], capture_output=True, timeout=timeout, check=False, **options
    )


def until(condition, what, seconds=120.0, every=0.05):
    """Ask until the answer is true, and return it; fail with `what` (a text, or a function that gives one)."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(every)  # between two looks


class Daemon:
    """One configuration, its store and the process that runs it, again and again.

    Attributes:
        store: path of the store.
        answers: everything that was read over HTTP, for the search for secrets.
        log: everything that all its lives wrote to stderr.
    """

    def __init__(self, folder, sources, *, sinks=None, batch=None, environment=None, server=None, **more):
        folder.mkdir()
        self.folder = folder
        self.store = folder / "store.duckdb"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.answers = []
        self.process = None
        self._environment = {**os.environ, "PYTHONFAULTHANDLER": "1", **(environment or {})}
        sinks = sinks or {"out": {"console": {}}}
        config = {
            "version": 1,
            "server": {"listen": f"127.0.0.1:{self.port}", **(server or {})},
            "store": {"path": str(self.store), "threads": 1, "retention": {"events": "9000d", "minutes": "9000d"}},
            "ingest": {"batch": batch or {"every": "100ms"}},
            "sources": sources,
            "workflows": [{"name": "lead-qualifier", "steps": STEPS}],
            "tick": f"{TICK}s",
            "baselines": {"default": YOUNG},
            "detectors": CALM,
            "sinks": sinks,
            "routes": [{"to": list(sinks)}],
            **more,
        }
        self.config = folder / "bellbuoy.yaml"
        self.config.write_text(json.dumps(config, indent=1))  # JSON is YAML

    # -- its life

    def start(self, *options, ready=True):
        """Start it, and wait until it is ready unless told otherwise."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        with self._log.open("ab") as log, (self.folder / "stdout.txt").open("ab") as out:
            self.process = subprocess.Popen(
                [*PROGRAM, "run", "-c", str(self.config), *options], stdout=out, stderr=log, env=self._environment
            )
        if ready:
            until(lambda: self.status("/readyz") == 200, lambda: f"ready; {self.log[-2000:]}", 60)
        return self

    def kill(self):
        """End it without warning."""
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(10) == -signal.SIGKILL, f"it was dead before: {self.log[-2000:]}"

    def stop(self, within=10.0):
        """Ask it to end, and return its exit code and the seconds that it took."""
        began = time.monotonic()
        self.process.terminate()
        try:
            code = self.process.wait(within + 20)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # the log then says where each thread is
            self.process.wait(10)
            raise AssertionError(f"it does not end: {self.log[-20000:]}") from None
        return code, time.monotonic() - began

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    @property
    def alive(self):
        return self.process.poll() is None

    # -- what it says

    @property
    def _log(self):
        return self.folder / "stderr.txt"

    @property
    def log(self):
        return self._log.read_text() if self._log.exists() else ""

    @property
    def out(self):
        return (self.folder / "stdout.txt").read_text()

    def get(self, path, body=None):
        """Return status and text of an answer; 0 and the reason where none comes."""
        headers = {"Content-Type": "application/json", "Accept": "*/*"}
        request = urllib.request.Request(self.url + path, body and json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                found = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            found = error.code, error.read().decode()
        except OSError as error:
            assert self.alive, f"it ended with {self.process.returncode}: {self.log[-3000:]}"
            return 0, str(error)
        self.answers.append(found[1])
        return found

    def status(self, path):
        return self.get(path)[0]

    def query(self, sql):
        """Return the rows of a statement, asked of the running daemon; none where it does not answer."""
        code, text = self.get("/v1/query", {"sql": sql})
        assert code in (0, 200), text
        return [json.loads(line) for line in text.splitlines()] if code else []

    def metric(self, name, **labels):
        """Return the value of a metric, summed over the labels that are not named; None where it is not there."""
        code, text = self.get("/metrics")
        found = []
        for line in text.splitlines() if code == 200 else ():
            match = re.fullmatch(r"bellbuoy_(\w+)(?:\{(.*)\})? (\S+)", line)
            if (
                match
                and match[1] == name
                and all(f'{key}="{value}"' in (match[2] or "") for key, value in labels.items())
            ):
                found.append(float(match[3]))
        return sum(found) if found else None

    @property
    def received(self):
        """How many records are stored, of all streams."""
        return sum(row["received"] for row in self.query("select received from streams"))

    def reaches(self, received, seconds=180.0):
        """Wait until so many records are stored."""
        until(lambda: self.received >= received, lambda: f"{self.received} of {received}: {self.log[-2000:]}", seconds)

    def judged(self, at):
        """Wait until the ticks are judged that end at or before `at` (epoch seconds) less the lateness."""
        wanted = (at - 300) // TICK * TICK
        until(
            lambda: (self.metric("tick_judged_timestamp_seconds") or 0) >= wanted,
            lambda: f"judged to {wanted}, but {self.metric('tick_judged_timestamp_seconds')}: {self.log[-2000:]}",
        )

    # -- what it left

    @contextlib.contextmanager
    def closed_store(self):
        """Open the store of a daemon that does not run; yields a function that returns the rows of a statement."""
        assert not self.alive
        with Store.open(self.store, read_only=True) as store:
            cursor = store.cursor()
            yield lambda sql: cursor.execute(sql).fetchall()

    def bytes_left(self):
        """Return the bytes of every file beside the store, but for the configuration and the logs."""
        return {
            path.name: path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.suffix not in (".yaml", ".txt")
        }
