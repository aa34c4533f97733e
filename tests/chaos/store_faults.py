"""Breaks copies of a store in every way that disks do, and looks what becomes of each; run as a program, it prints it.

A copy is opened as the daemon opens it, read from its source again, and held against the counts and rows that were
noted outside the file. A life is a fork: a crash of the process would be seen.
"""

import gc
import json
import logging
import os
import random
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

from store_batches import START, messages

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store, StoreCorrupt, StoreForeign, damage, engine
from bellbuoy.monitor.store.damage import all_set_aside
from bellbuoy.monitor.store.rescue import open_or_set_aside

PARTITIONS, RECORDS, BATCH = 2, 900, 150
NOW = START + 50_000.0
SETTINGS = Settings(checkpoint=1 << 40, threads=1)
WAYS = ("flip", "flips", "zero", "garbage", "cut", "grow")
TARGETS = ("file", "file", "log", "log", "both", "header", "log lost", "log of before", "log of another")
ROWS = (
    'SELECT s.partition, e."offset", hash(e.interaction_id, e.ts, e.outcome, e.step) '
    "FROM events_raw AS e JOIN streams AS s ON s.id = e.stream ORDER BY ALL"
)
READ = (
    ROWS,
    'SELECT partition, "offset", class FROM dead_letters ORDER BY ALL',
    "SELECT minute, signal, workflow, step, segment, n, bad FROM minutes ORDER BY ALL",
    "SELECT partition, next, received FROM streams ORDER BY ALL",
)
"""What must be equal in the end: rows, dead letters, counts, positions."""


def feed(store, partitions, until=RECORDS):
    """Store what is missing up to a record; returns how many were missing."""
    at = store.positions("kafka")
    limits = Limits(refuse_ahead_s=10 * 365 * 86400)
    missing = 0
    for number, values in enumerate(partitions):
        stream = Stream("kafka", "t", number, "e")
        for first in range(at.get(stream, 0), until, BATCH):
            part = values[first : min(first + BATCH, until)]
            chunk = Chunk(stream, range(first, first + len(part)), part, first + len(part))
            store.append(decode(chunk, stream_id=store.stream_id(stream), received_at_us=int(NOW * 1e6), limits=limits))
            missing += len(part)
    return missing


def told(store):
    return [store.cursor().execute(sql).fetchall() for sql in READ]


def make(folder, partitions, seed):
    """Write a store whose file holds two thirds and whose log the rest, and the log of the time before."""
    path = folder / "b.duckdb"
    if os.fork() == 0:
        store = Store.open(path, SETTINGS)
        feed(store, partitions, RECORDS // 3)
        shutil.copy(path.with_name("b.duckdb.wal"), folder / "before.wal")
        store._db.execute("CHECKPOINT")
        feed(store, partitions, RECORDS // 3 * 2)
        store._db.execute("CHECKPOINT")
        feed(store, partitions, RECORDS)
        os.kill(os.getpid(), signal.SIGKILL)
    os.wait()
    if os.fork() == 0:
        store = Store.open(folder / "another.duckdb", SETTINGS)
        feed(store, [messages(seed + 50, 300)], 300)
        os.kill(os.getpid(), signal.SIGKILL)
    os.wait()
    return path


def hit(rng, path, way):
    """Break one file in one way, at random places."""
    size = path.stat().st_size
    at = rng.randrange(size)
    with path.open("r+b") as file:
        if way == "cut":
            file.truncate(at)
        elif way == "grow":
            file.seek(size)
            file.write(rng.randbytes(rng.choice((1, 500, 300_000))))
        else:
            length = {"flip": 1, "flips": 64, "zero": 4096, "garbage": 512}[way]
            file.seek(at)
            old = file.read(length)
            new = bytes(len(old)) if way == "zero" else rng.randbytes(len(old))
            if way in ("flip", "flips"):
                new = bytes(byte ^ (1 << rng.randrange(8)) for byte in old)
            file.seek(at)
            file.write(new)


def strike(rng, folder, path):
    """Break a copy; returns what was done to which part of it."""
    target, log = rng.choice(TARGETS), path.with_name(path.name + ".wal")
    way = rng.choice(WAYS)
    if target in ("file", "both"):
        hit(rng, path, way)
    if target in ("log", "both"):
        hit(rng, log, way)
    if target == "header":
        way = "smashed"
        with path.open("r+b") as file:
            file.seek(rng.choice((0, 4096, 8192)))
            file.write(rng.choice((bytes(4096), rng.randbytes(64), rng.randbytes(4096))))
    if target == "log lost":
        way = "gone"
        log.unlink()
    if target in ("log of before", "log of another"):
        way = "swapped"
        shutil.copy(folder / ("before.wal" if target == "log of before" else "another.duckdb.wal"), log)
    return f"{target}, {way}"


def life(path, partitions, wanted):
    """Open, read again, compare; returns what became of it."""
    try:
        store = open_or_set_aside(path, SETTINGS, NOW)
    except StoreForeign:
        return "named at the start, refused"
    outcome = "set aside at the start" if all_set_aside(path) else "harmless"
    try:
        missing = feed(store, partitions)
        same = told(store) == wanted
    except StoreCorrupt:
        outcome = "named in use, set aside at the next start"
    except Exception as error:
        if not any(sign in str(error) for sign in ("checksum", "Could not read enough", "Corrupt")):
            raise
        try:
            store.heard(error)
        except StoreCorrupt:
            outcome = "named in use, set aside at the next start"
    else:
        if not same:
            return "WRONG"
        store.close()
        return "harmless, read again" if missing and outcome == "harmless" else outcome
    store.close()
    gc.collect()  # the next start is another process; here the error still holds the instance
    store = open_or_set_aside(path, SETTINGS, NOW + 60)
    if not all_set_aside(path):
        return "NOT FOUND AT THE NEXT START"
    feed(store, partitions)
    return outcome if told(store) == wanted else "WRONG"


def main(folder, seed, faults):
    logging.disable(logging.ERROR)
    folder, rng = Path(folder), random.Random(seed)
    partitions = [messages(seed + number, RECORDS) for number in range(PARTITIONS)]
    make(folder, partitions, seed)
    with Store.open(folder / "judge.duckdb", SETTINGS) as judge:
        feed(judge, partitions)
        wanted = told(judge)
    found, of = Counter(), {}
    for number in range(faults):
        engine.SMALL = (damage.SMALL, 100)[number % 2]  # tables of more rows are not looked through at the start
        copy = folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in ("b.duckdb", "b.duckdb.wal"):
            shutil.copy(folder / name, copy / name)
        what = strike(rng, folder, copy / "b.duckdb")
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                outcome = life(copy / "b.duckdb", partitions, wanted)
            except BaseException as error:  # noqa: BLE001 - it is told
                outcome = f"UNNAMED {type(error).__name__}: {str(error)[:150]}"
            os.write(write, outcome.encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            outcome = pipe.read()
        _, status = os.waitpid(pid, 0)
        outcome = outcome or f"CRASHED with {status}"
        found[outcome] += 1
        of.setdefault(outcome, Counter())[what] += 1
    json.dump({"outcomes": found, "of": of}, sys.stdout, indent=1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
