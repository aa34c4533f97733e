"""What is wrong with a configuration that its own room cannot know: maps onto the fields of an event, SQL of signals."""

from collections.abc import Iterator

from bellbuoy.config.errors import Remark, suggest
from bellbuoy.config.model import Config


def beyond(config: Config) -> Iterator[Remark]:
    """Yield what keeps the daemon from starting with a configuration that is valid by itself."""
    yield from _maps(config)
    yield from _signals(config)


def _maps(config: Config) -> Iterator[Remark]:
    if not any(feed.map for one in config.sources for feed in (one.kafka, one.files, one.http) if feed is not None):
        return  # a check of what has no map loads nothing that reads events
    from bellbuoy.monitor.event.foreign import Foreign, MapError, fields
    from bellbuoy.monitor.ingest.limits import feeds
    from bellbuoy.monitor.sources.build import entries, kind_of

    for number, (source, feed) in enumerate(zip(config.sources, feeds(config.sources), strict=True)):
        kind = kind_of(source)
        for name, entry in entries(feed).items():
            try:
                Foreign({name: entry})
            except MapError as error:
                said = str(error).removeprefix(f"{name}: ")
                hint = suggest(name, fields()) if "no such field" in said else ""
                yield Remark("BB221", ("sources", number, kind, "map", name), said, hint, on_key=True)


def _signals(config: Config) -> Iterator[Remark]:
    if not config.signals:
        return
    from bellbuoy.monitor.signals import SignalError, table
    from bellbuoy.monitor.store import Store

    with Store.open(None, config.store) as store:
        for number, own in enumerate(config.signals):
            try:
                store.check(table([own])[-1])
            except SignalError as error:
                said = str(error).removeprefix(f"signals: {own.name}: ")
                part, _, why = said.partition(": ")
                if part not in ("trial", "bad"):
                    yield Remark("BB222", ("signals", number), said)
                    continue
                why = why.removeprefix("Binder Error: ").removeprefix("Parser Error: ").rstrip("!.")
                way = "; docs/tables.md has the columns of `events`" if why.startswith("Referenced") else ""
                yield Remark("BB222", ("signals", number, part), why + way)
