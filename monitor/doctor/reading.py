"""The sources: whether each is there and can be read, how far it is, and whether what it brings are events."""

import os
from collections.abc import Iterator
from functools import partial

from bellbuoy.config.model import Config
from bellbuoy.config.sources import Files, Kafka
from bellbuoy.monitor.doctor.finding import Check, Findings, fail, ok, warn
from bellbuoy.monitor.doctor.kafka import kafka
from bellbuoy.monitor.doctor.knowing import Knowing
from bellbuoy.monitor.doctor.sampling import RECORDS, sampled, standing
from bellbuoy.monitor.event import Limits
from bellbuoy.monitor.ingest.limits import feeds, limits
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.sources.build import build
from bellbuoy.monitor.sources.errors import SourceStopped
from bellbuoy.monitor.sources.files import matching
from bellbuoy.monitor.sources.http import PATH
from bellbuoy.monitor.sources.log_file import LogFile

SAMPLE_BYTES = 1 << 20


def checks(config: Config, knowing: Knowing) -> Iterator[Check]:
    """Yield what to look at: for each source whether it can be read, and how far it is.

    Raises:
        SourceSettings: a source asks for what cannot be.
    """
    names = [source.name for source in build(config.sources, knowing.clock)]
    for name, feed, limit in zip(names, feeds(config.sources), limits(config), strict=True):
        if isinstance(feed, Kafka):
            yield Check("sources", name, partial(kafka, name, feed, limit, knowing))
        elif isinstance(feed, Files):
            yield Check("sources", name, partial(files, feed, limit, knowing))
        else:
            yield Check("sources", name, partial(http, knowing))
        yield Check("sources", name, partial(standing, name, knowing))


def http(knowing: Knowing) -> Findings:
    """Yield where events are taken."""
    token = "; the token is wanted" if knowing.config.server.token else ""
    if knowing.holder is None:
        yield ok(f"no daemon takes events now; then it does at {knowing.url}{PATH}{token}")
    else:
        yield ok(f"events are taken at {knowing.url}{PATH}{token}")


def files(feed: Files, limit: Limits, knowing: Knowing) -> Findings:
    """Yield whether files match and can be read, and what the newest one holds."""
    found = matching(feed.path)
    if not found and feed.follow:
        yield warn(f"no file matches {feed.path}: the daemon waits for one", "see to its path, or to who writes it")
        return
    if not found:
        yield fail(f"no file matches {feed.path}: the daemon refuses to start", "correct `path`, or set `follow: true`")
        return
    closed = [path for path in found if not os.access(path, os.R_OK)]
    for path in closed[:1]:
        more = f", nor {len(closed) - 1:,} more" if len(closed) > 1 else ""
        yield fail(f"{path} cannot be read by this user{more}", "see to its owner and permissions")
    readable = [path for path in found if path not in closed]
    yield ok(f"{len(found):,} file{'' if len(found) == 1 else 's'} at {feed.path}")
    if not readable:
        return
    newest = max(readable, key=lambda path: path.stat().st_mtime)
    try:
        file = LogFile(newest, Stream("files", str(newest), 0, ""), 0)
    except (OSError, SourceStopped) as error:
        yield fail(f"{newest} cannot be read: {error}", "mend or replace the file")
        return
    try:
        chunk = file.take(RECORDS, SAMPLE_BYTES, last_line=True)
        yield sampled([] if chunk is None else [chunk], feed, limit, knowing.clock.now())
    except SourceStopped as stopped:
        yield fail(f"{newest}: {stopped.reason}", stopped.remedy)
    finally:
        file.close()
