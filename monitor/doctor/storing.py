"""The store: its place, the room there, who holds it, its version, how fast it is written to, its exports."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bellbuoy.config.model import Config
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.doctor.finding import Check, Findings, fail, ok, warn
from bellbuoy.monitor.doctor.knowing import Knowing, Unknown
from bellbuoy.monitor.store import StoreCorrupt, StoreError, StoreLocked, StoreMissing, StoreOlder
from bellbuoy.monitor.store.statements import migrations
from bellbuoy.monitor.web.wording import age, size

FREE = 1_000_000_000
"""Bytes that are little for a disk."""
BLOCK, WRITTEN, WRITE_S = 1 << 20, 32 << 20, 1.0
"""The write test: blocks of so many bytes, each brought to the disk, so many bytes or seconds in all."""
SLOW = 16 << 20
"""Bytes a second: a batch may be as large (`ingest.batch.bytes`), and one comes each second."""
FAR = ("nfs", "cifs", "smb", "9p", "fuse", "ceph", "gluster", "lustre")
"""File systems, by how their names begin, on which DuckDB's lock or a flush may not hold."""
DAY = 86_400
LATE_EXPORT_S = 3 * DAY
"""The newest closed day is exported the night after; two more are left to a daemon that was down."""


def checks(config: Config, knowing: Knowing) -> Iterator[Check]:
    """Yield what to look at."""
    yield Check("store", "file", lambda: file(knowing))
    yield Check("store", "folder", lambda: folder(knowing.path, knowing.clock))
    yield Check("store", "disk", lambda: disk(knowing), late="warn")
    if config.store.exports is not None:
        yield Check("store", "exports", lambda: exports(Path(config.store.exports or ""), knowing), late="warn")


def file(knowing: Knowing) -> Findings:
    """Yield whether the store can be opened, who holds it, and its version."""
    path, newest = knowing.path, len(migrations())
    try:
        schema = knowing.store().schema
    except StoreMissing:
        yield ok(f"{path} is not there yet: the first start of the daemon makes it")
    except StoreLocked as error:
        who = "another process" if error.pid is None else f"process {error.pid}"
        if knowing.listens:
            yield ok(f"{path}: held by {who}, the daemon")
        else:
            remedy = f"wait until it has started, or stop {who}: one process holds a store"
            yield fail(f"{path}: held by {who}, which does not answer at {knowing.url}", remedy)
    except StoreOlder as error:
        yield warn(str(error), "copy the file if you may want to go back; the next start of the daemon migrates it")
    except StoreCorrupt as error:
        yield fail(f"{path} is damaged: {error.why}", "put a copy in its place, or let `bellbuoy run` set it aside")
    except StoreError as error:
        yield fail(str(error), "")
    else:
        yield ok(f"{path}: schema {schema} of {newest}, no migration missing, nobody holds it")


def folder(path: Path, clock: Clock) -> Findings:
    """Yield whether the folder of the store takes files, and how fast: a file is written beside the store and removed."""
    place = next(one for one in (path.parent, *path.parent.parents) if one.exists())
    if path.exists() and not os.access(path, os.W_OK):
        yield fail(f"{path} cannot be written to by this user", "see to its owner and permissions")
    if not os.access(place, os.W_OK | os.X_OK):
        yield fail(
            f"{place} takes no files from this user", "see to its owner and permissions, or to how it is mounted"
        )
        return
    if place != path.parent:
        yield ok(f"{path.parent} is not there yet: the first start of the daemon makes it in {place}")
        return
    kind = file_system(place)
    if kind.startswith(FAR):
        yield warn(
            f"{place} is on {kind}: a second writer may not be kept out there, and a flush may not last",
            "put the store on a local disk, or a volume that one machine mounts",
        )
    try:
        speed = _written(place, clock)
    except OSError as error:
        yield fail(f"{place} cannot be written to: {(error.strerror or str(error)).lower()}", "make room, or mend it")
        return
    said = f"{place}{f' ({kind})' if kind else ''} takes {size(int(speed))} a second, brought to the disk"
    yield ok(said) if speed >= SLOW else warn(f"{said}; {size(SLOW)} may come in a second", "take a faster disk")


def _written(place: Path, clock: Clock) -> float:
    """Return how many bytes a second are brought to the disk."""
    done, began, block = 0, clock.monotonic(), os.urandom(BLOCK)
    with tempfile.TemporaryFile(prefix=".bellbuoy-doctor-", dir=place) as file_:
        while done < WRITTEN and clock.monotonic() - began < WRITE_S:
            file_.write(block)
            file_.flush()
            os.fsync(file_.fileno())
            done += BLOCK
    return done / max(clock.monotonic() - began, 1e-6)


def file_system(place: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the kind of the file system that a folder is on; '' where this system does not say."""
    try:
        lines = [line.split() for line in mounts.read_text(errors="replace").splitlines()]
    except OSError:
        return ""
    known = {Path(words[1].replace("\\040", " ")): words[2] for words in lines if len(words) > 2}
    return next((known[one] for one in (place, *place.parents) if one in known), "")


def disk(knowing: Knowing) -> Findings:
    """Yield how much is free where the store is, against what it will grow to at the pace so far."""
    path = knowing.path
    place = next(one for one in (path.parent, *path.parent.parents) if one.exists())
    free = shutil.disk_usage(place).free
    said = f"{size(free)} free at {place}"
    if free < FREE:
        yield fail(f"{said}: reading pauses when it is full", "make room")
        return
    taken = sum(one.stat().st_size for one in (path, path.with_name(path.name + ".wal")) if one.exists())
    kept = knowing.config.store.retention.events
    try:
        begun = knowing.rows("SELECT epoch(min(minute)) AS at FROM minutes")[0]["at"] if taken else None
    except Unknown:
        begun = None
    if begun is None:
        yield ok(said)
        return
    since = max(DAY, knowing.clock.now() - begun)
    more = int(taken / since * max(0.0, kept - since))
    said += f"; the store has {size(taken)}, and grows by about {size(more)} until its oldest events leave"
    yield ok(said) if more < free else warn(said, "give a larger disk, or shorten store.retention.events")


def exports(place: Path, knowing: Knowing) -> Findings:
    """Yield whether exports can be written, and the newest one."""
    there = next(one for one in (place.absolute(), *place.absolute().parents) if one.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        yield fail(f"{there} takes no files from this user", "see to its owner and permissions, or to store.exports")
        return
    try:
        row = knowing.rows(
            "SELECT epoch(max(day)) AS at, (SELECT epoch(min(ts)) FROM events) AS first FROM exports WHERE kind = 'events'"
        )[0]
    except Unknown as why:
        yield ok(f"{place} can be written to; what is written is not known: {why}")
        return
    now = knowing.clock.now()
    if row["at"] is not None and now - row["at"] < LATE_EXPORT_S:
        yield ok(f"{place}: the newest day began {age(now - row['at'])} ago")
    elif row["at"] is None and (row["first"] is None or now - row["first"] < LATE_EXPORT_S):
        yield ok(f"{place} can be written to; no day is closed yet")
    else:
        newest = "no day is written" if row["at"] is None else f"the newest day began {age(now - row['at'])} ago"
        yield warn(f"{place}: {newest}", "`bellbuoy export` writes what is due, or says why not")
