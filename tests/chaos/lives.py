"""Lives of the real daemon, each ended by a kill: one process has everything imported and forks a life for each.

It reads one line a life from standard input, `POINT AFTER DELAY`, runs `bellbuoy run` until the kill that comes at the
point, once AFTER batches were committed in that life, and answers with one line of JSON: where it died. `end` is a life
that is asked to drain instead. What is patched is when a job runs and where a process dies, nothing that is stored.

Compaction finds work only when a tick was judged since the last one, once a minute, and lives are short. So it is left to
the lives that end in it, which wait for it: what all others leave behind is there.
"""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from bellbuoy.monitor import app
from bellbuoy.monitor.cli import run
from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.store import Store, engine
from bellbuoy.monitor.store.transaction import Transaction

LATE_S = 4.0
"""A life whose point does not come dies so long after its first commit all the same."""
MOST_S = 40.0
"""A life that commits nothing dies so long after its beginning."""
COMPACTION, MERGE = "in compaction", "in compaction's merge"
PATIENT_S = 80.0
"""How long a life that ends in compaction waits for it: a minute passes until a tick is judged."""
COMPACTING = 12
"""Among so many statements of a compaction the one is drawn after which a life ends: of the first slices, or after them."""
STATEMENTS = {
    "inserted": ("store/add_events",),
    "counted": ("store/add_counts",),
    "advanced": ("store/advance",),
    "in retention": ("aging/", "store/drop"),
    "in judging": ("judgement/",),
}
"""Points that are a statement of ours: the process dies right after it, in the midst of its transaction."""


class Life:
    """One life: where it dies, and what it had done."""

    def __init__(self, point, after, delay, tell):
        self.point, self.after, self.delay, self.tell = point, after, delay, tell
        self.commits = 0
        self.added = False
        self.inside = ""
        self.gate = threading.Lock()
        self.patient = point in {COMPACTION, MERGE}
        self.left = int(delay * 1e4) % COMPACTING
        self.compacting, self.merging = None, False
        most = PATIENT_S if self.patient else MOST_S
        threading.Thread(target=lambda: (time.sleep(most), self.die("never")), daemon=True).start()

    def die(self, where):
        with self.gate:
            told = {"point": self.point, "where": where, "commits": self.commits, "inside": self.inside}
            os.write(self.tell, json.dumps(told).encode() + b"\n")
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)

    def reached(self, where):
        if self.point == where and self.commits >= self.after:
            self.die(where)

    def committed(self):
        self.commits += 1
        if self.commits == self.after:
            wait = self.delay if self.point == "random" else PATIENT_S if self.patient else LATE_S
            where = "random" if self.point == "random" else "late"
            threading.Thread(target=lambda: (time.sleep(wait), self.die(where)), daemon=True).start()


class Watched:
    """A connection of DuckDB that tells of COMMIT and CHECKPOINT."""

    def __init__(self, con, life):
        self._con, self._life = con, life

    def __getattr__(self, name):
        return getattr(self._con, name)

    def execute(self, sql, *rest):
        life = self._life
        if sql == "CHECKPOINT":
            if life.point == "in checkpoint" and life.commits >= life.after:
                threading.Thread(target=lambda: (time.sleep(life.delay / 20), life.die("in checkpoint"))).start()
            if life.merging:
                threading.Thread(target=lambda: (time.sleep(life.delay / 40), life.die(MERGE))).start()
            life.inside = "checkpoint"
        elif sql == "BEGIN TRANSACTION":
            life.added, life.inside = False, "transaction"
        elif sql == "COMMIT":
            if life.added:
                life.reached("before commit")
            life.inside = "commit"
        found = self._con.execute(sql, *rest)
        if sql == "COMMIT" and life.added:
            life.committed()
            life.reached("after commit")
        if sql in ("COMMIT", "CHECKPOINT", "ROLLBACK"):
            life.inside = ""
        return found


def plant(life):
    """Put the points into the daemon."""
    connect, statement, replace_file, compact = engine.connect, Transaction.run, os.replace, Store.compact
    stored, timetable, migrate = KafkaSource.stored, app.timetable, engine.migrate

    def run_statement(self, name, /, **params):
        found = statement(self, name, **params)
        life.added = life.added or name in {"store/advance", "store/begin_stream"}
        if name.startswith("compact/"):
            life.left -= 1
            if life.left < 0:
                life.reached(COMPACTION)
            if life.point == MERGE and name == "compact/add_latency":  # a slice is about to be committed
                life.compacting._merge_at, life.merging = 0, True
        for where, names in STATEMENTS.items():
            if name.startswith(names):
                life.reached(where)
        return found

    def replaced(old, new):
        life.reached("before rename")
        replace_file(old, new)
        life.reached("after rename")

    def confirmed(self, *what, **more):
        stored(self, *what, **more)
        life.reached("confirmed")

    def migrated(con, *rest, **more):
        if life.point == "in migration":
            threading.Thread(
                target=lambda: (time.sleep(life.delay / 10), life.die("in migration")), daemon=True
            ).start()
        return migrate(con, *rest, **more)

    def compacted(self):
        if not life.patient or life.commits < life.after:
            return None
        life.compacting = self
        return compact(self)

    def often(jobs, *rest):
        return timetable([replace(job, every=min(job.every or 1.0, 1.0), daily_at=None) for job in jobs], *rest)

    engine.connect = lambda path, **more: Watched(connect(path, **more), life)
    engine.migrate = migrated
    Transaction.run = run_statement
    os.replace = replaced
    KafkaSource.stored = confirmed
    Store.compact = compacted
    app.timetable = often


def main(config, log):
    for line in sys.stdin:
        point, after, delay = line.rsplit(maxsplit=2)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.dup2(file, 1)
            os.dup2(file, 2)
            if point != "end":
                plant(Life(point, int(after), float(delay), write))
            code = 99
            try:
                code = run(["run", "-c", config, "--log-format", "text"])
            finally:
                os._exit(code)
        os.close(write)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        with os.fdopen(read) as pipe:
            told = pipe.read().strip() or "{}"
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        sys.stdout.write(json.dumps({**json.loads(told), "code": code}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(str(Path(sys.argv[1])), sys.argv[2])
