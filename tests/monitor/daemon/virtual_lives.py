"""The lives of a daemon in virtual time, each in a process of its own, each ended without warning or by SIGTERM."""

import json
import multiprocessing
import signal
import urllib.request
from contextlib import suppress

import numpy as np
from ports import free_port
from virtual_daemon import live

LONGEST = 22
"""Pieces of a life, at most."""
ENDS = ("statement", "kill", "term")
"""A SIGKILL right after a statement of a transaction, or at any time; a SIGTERM at any time."""
STATEMENTS = 400
PATIENCE_S = 60.0
PROCESSES = multiprocessing.get_context("forkserver")  # one process has everything imported and forks the lives
PROCESSES.set_forkserver_preload(["__main__", "bellbuoy.monitor.app", "virtual_daemon"])


class Lives:
    """One daemon on one store.

    Args:
        folder: for all that it writes.
        config: what is configured but for its store and its door.
        racing: see `virtual_daemon.live`.
        seed: of when its lives end, and how; None: it has one life.

    Attributes:
        config: path of its configuration.
        judged: end of the last tick that is judged, as it told last.
        ends: how each life ended so far.
    """

    def __init__(self, folder, config, *, racing=False, seed=None):
        folder.mkdir()
        self._racing = racing
        self._random = None if seed is None else np.random.default_rng(seed)
        self._url = f"http://127.0.0.1:{(port := free_port())}"
        self.store = folder / "store.duckdb"
        self.config = folder / "bellbuoy.yaml"
        self.config.write_text(
            json.dumps(
                {**config, "server": {"listen": f"127.0.0.1:{port}"}, "store": {"path": str(self.store), "threads": 1}}
            )
        )
        self.log = folder / "log.txt"
        self.judged = None
        self.ends = []
        self._process = None
        self._left = 0

    def begin(self, at):
        """Start a life whose clock tells `at`, and draw how it ends."""
        self._pipe, theirs = PROCESSES.Pipe()
        how = {"racing": self._racing}
        self._process = PROCESSES.Process(target=live, args=(self.config, self.log, at, theirs), kwargs=how)
        self._process.start()
        theirs.close()
        if self._random is not None:
            self._end = ENDS[len(self.ends) % len(ENDS)]
            self._left = int(self._random.integers(1 + (self._end == "term"), LONGEST))  # it hears SIGTERM once it runs

    def set(self, at):
        """Set the clock."""
        self._at = at
        self._pipe.send(at)
        assert self._pipe.poll(PATIENCE_S), f"the clock is not set to {at}: {self.said}"
        self._pipe.recv()

    def tell(self, received):
        """Say how many records there are by now."""
        self._received = received
        self._left -= 1
        self._dies = self._random is not None and self._left <= 0
        statements = int(self._random.integers(1, STATEMENTS)) if self._dies and self._end == "statement" else None
        self._pipe.send((received, statements))

    def finish(self):
        """Return when all is stored and judged, after as many deaths as it takes."""
        while self._dies:
            wait = PATIENCE_S if self._end == "statement" else float(self._random.uniform(0, 0.3))
            with suppress(EOFError, ConnectionResetError):  # an answer that came all the same is given again
                self._pipe.poll(wait) and self._pipe.recv()
            self._ended()
            self.begin(self._at)
            self.set(self._at)
            self.tell(self._received)
        assert self._pipe.poll(PATIENCE_S), f"no answer at {self._at}: {self.said}"
        self.judged = self._pipe.recv()

    def _ended(self):
        (self._process.terminate if self._end == "term" else self._process.kill)()
        self._process.join(PATIENCE_S)
        expected = 0 if self._end == "term" else -signal.SIGKILL
        assert self._process.exitcode == expected, f"{self._end}, {self._process.exitcode}: {self.said}"
        self._pipe.close()
        self.ends.append(self._end)

    def stop(self):
        """End the last life in order."""
        self._end = "term"
        self._ended()

    def close(self):
        """End whatever still runs."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()
            self._process.join(PATIENCE_S)

    @property
    def said(self):
        return self.log.read_text()[-3000:] if self.log.exists() else ""

    def ask(self, path, body):
        """Post to the daemon's door, and return its answer."""
        request = urllib.request.Request(
            self._url + path, json.dumps(body).encode(), {"Content-Type": "application/json", "Accept": "*/*"}
        )
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.read().decode()
