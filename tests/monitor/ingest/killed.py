"""Takes a list in, and is killed without warning at a point or at a time; run as a program, it prints what came of it.

One process has everything imported and forks a life for each kill, so that a life costs no start.
"""

import json
import os
import random
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

from conftest import Told
from list_source import ListSource
from store_batches import START, messages

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.ingest import ingest as ingesting
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.adding import rows
from bellbuoy.monitor.store.transaction import Transaction

POINTS = ("inserted", "counted", "committed", "confirmed", "checkpoint", "random", "compacting")
ROWS = 200
SETTINGS = Settings(checkpoint=4 << 20)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def compact(store, point="none"):
    """Sum the minutes as if all were judged; at the point `compacting` die between the deletion and the sums."""
    with store.transaction() as tx:
        tx.run("judgement/set_progress", name="judged", at=2_000_000_000)
        tx.run("judgement/set_folded", mark=store.known_us)
    real = Transaction.run

    def run(self, name, /, **params):
        if point == "compacting" and name == "compact/add_counts":
            die()
        return real(self, name, **params)

    Transaction.run = run
    store.compact()
    Transaction.run = real


def live(path, partitions, point, after, delay):
    """Ingest until the end, or until the kill that comes at `point` of the batch number `after`."""
    store = Store.open(path, SETTINGS)
    compact(store)
    source = ListSource(partitions, chunk=70)
    ingest = ingesting.Ingest(source, store, Told(rows=ROWS), SystemClock())
    real_append, real_count, real_stored, batches = store.append, rows.counted, source.stored, Counter()

    def count(*arguments):
        if point == "inserted" and batches["appended"] == after:
            die()
        found = real_count(*arguments)
        if point == "counted" and batches["appended"] == after:
            die()
        return found

    def appending(*arguments, **more):
        appended = real_append(*arguments, **more)
        batches["appended"] += 1
        if point == "committed" and batches["appended"] == after:
            die()
        if batches["appended"] == after and point == "compacting":
            compact(store, point)
        if batches["appended"] == after and point in ("checkpoint", "random"):
            timer = threading.Timer(delay, die)
            timer.daemon = True
            timer.start()
            if point == "checkpoint":
                store.new_cursor().execute("CHECKPOINT")
        return appended

    def confirmed(positions, outcome=None):
        real_stored(positions, outcome)
        if point == "confirmed" and batches["appended"] == after:
            die()

    rows.counted, store.append, source.stored = count, appending, confirmed
    stop = threading.Event()
    reading = threading.Thread(target=ingest.read_loop, args=(stop,))
    reading.start()
    ingest.write_loop(stop)
    reading.join()
    store.close()


def main(folder, seed, kills):
    rng = random.Random(seed)
    size = kills * ROWS + 1000
    partitions = [
        messages(seed + number, size, start=START + number / 8) for number in range(3)
    ]  # no two are one event
    deaths = Counter()
    for number in range(kills + 1):
        point = POINTS[number % len(POINTS)] if number < kills else "none"
        after, delay = rng.randint(1, 3), rng.uniform(0.0, 0.02)
        pid = os.fork()
        if pid == 0:
            live(Path(folder) / "bellbuoy.duckdb", partitions, point, after, delay)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        deaths[f"{point}{'' if killed else ' (lived)'}"] += 1
    json.dump({"deaths": deaths, "given": [len(values) for values in partitions]}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
