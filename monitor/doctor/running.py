"""The daemon: whether it runs and is well, with which version and configuration, what waits to be told, its heartbeat."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bellbuoy.config.load import digest
from bellbuoy.config.model import Config, Heartbeat
from bellbuoy.monitor.doctor.finding import Check, Findings, fail, ok, warn
from bellbuoy.monitor.doctor.knowing import Knowing, Unknown
from bellbuoy.monitor.version import VERSION
from bellbuoy.monitor.web.wording import age

WAITED_S = 600.0
"""Seconds after which a page that waits is a fault."""
MISSED = 3
"""Heartbeats in a row that must not be missed."""
REFUSED = "SELECT sink, count(*) AS pages, max(reason) AS reason FROM deliveries WHERE state = 'refused' GROUP BY sink"


def checks(config: Config, file: Path, knowing: Knowing) -> Iterator[Check]:
    """Yield what to look at; `file` is the configuration's."""
    yield Check("daemon", "running", lambda: running(knowing))
    yield Check("daemon", "loaded", lambda: loaded(file, knowing))
    yield Check("daemon", "outbox", lambda: outbox(knowing))
    yield Check("daemon", "heartbeat", lambda: heartbeat(config.heartbeat, knowing))


def running(knowing: Knowing) -> Findings:
    """Yield whether the daemon runs, and which of its own checks fail."""
    holder, listens = knowing.holder, knowing.listens
    if holder is None and not listens:
        yield warn(f"no daemon runs: nothing answers at {knowing.url}", "start it with `bellbuoy run`")
        return
    if holder is None:
        yield fail(
            f"something answers at {knowing.url} and does not hold {knowing.path}: no daemon can listen there",
            "stop it, set server.listen, or write store.path as that daemon has it: a relative one begins at its folder",
        )
        return
    if not listens:
        yield fail(f"process {holder or '?'} holds the store, and nothing answers at {knowing.url}", "see its log")
        return
    try:
        failing = [
            (path, *line.removeprefix("[-] ").split(": ", 1))
            for path in ("livez", "readyz")
            for line in knowing.plain(f"/{path}?verbose").splitlines()
            if line.startswith("[-] ")
        ]
    except Unknown as why:
        yield fail(str(why), "see its log")
        return
    for path, name, *reason in failing:
        yield fail(f"/{path} says no, for {name}: {''.join(reason)}", "its log says more")
    if not failing:
        yield ok(f"process {holder or '?'} answers at {knowing.url}, alive and ready")


def loaded(file: Path, knowing: Knowing) -> Findings:
    """Yield whether the daemon is of this version, and has read the configuration as it is on the disk."""
    if knowing.holder is None:
        return
    try:
        info, read = knowing.measured("build_info"), knowing.measured("config_info")
    except Unknown as why:
        yield fail(str(why), "see its log")
        return
    version = info[0][0].get("version", "?") if info else "?"
    if version != VERSION:
        yield warn(f"the daemon is Bellbuoy {version}, this is {VERSION}", "restart it")
    sha = read[0][0].get("sha256", "?") if read else "?"
    if sha == digest(file):
        yield ok(f"{file} is what the daemon has read (sha256 {sha})")
    else:
        yield warn(
            f"{file} is not what the daemon has read: changed since, or another file", "restart it to take this one"
        )


def outbox(knowing: Knowing) -> Findings:
    """Yield what waits for each sink and what one refused."""
    try:
        waiting, refused = knowing.waiting(), knowing.rows(REFUSED)
    except Unknown as why:
        yield ok(f"nothing is known to wait: {why}")
        return
    for row in refused:
        yield fail(
            f"{row['sink']} refused {_pages(row['pages'])}: {row['reason']}",
            "mend what it says; it is tried again at the next start, or when the sink takes another page",
        )
    held = knowing.holder is not None
    for sink, (pages, seconds) in sorted(waiting.items()):
        said = f"{_pages(pages)} wait{'s' if pages == 1 else ''} for {sink}, the oldest for {age(seconds)}"
        if held and seconds > WAITED_S:
            yield fail(said, "the log says why it is not taken")
        elif held:
            yield ok(said)
        else:
            yield warn(said, "start the daemon: it sends them")
    if not waiting and not refused:
        yield ok("no page waits")


def _pages(many: int) -> str:
    return f"{many:,} page{'' if many == 1 else 's'}"


def heartbeat(settings: Heartbeat | None, knowing: Knowing) -> Findings:
    """Yield whether the outside hears that all is well."""
    if settings is None:
        yield warn("there is none: nobody notices when Bellbuoy itself is down", "set `heartbeat.url`")
        return
    where = urlsplit(str(settings.url)).hostname
    if knowing.holder is None:
        yield ok(f"set, to {where}; no daemon sends it now")
        return
    try:
        last = knowing.number("heartbeat_last_success_timestamp_seconds")
        sent = any(labels["result"] == "ok" and value for labels, value in knowing.measured("heartbeats_total"))
    except Unknown as why:
        yield fail(str(why), "see the daemon's log")
        return
    since = knowing.clock.now() - (last or 0.0)
    if since <= MISSED * settings.every + WAITED_S / 60:
        yield ok(
            f"{where} heard it {age(since)} ago" if sent else f"{where} is to hear it soon: the daemon began just now"
        )
    else:
        heard = f"{where} has not heard for {age(since)}" if sent else f"{where} never heard it since the start"
        yield fail(f"{heard} that all is well", "see what fails above, and whether that address is reachable from here")
