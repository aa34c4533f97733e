"""Sources as the configuration asks for them."""

from collections.abc import Sequence
from typing import Any

from bellbuoy.config.sources import Feed, Kafka
from bellbuoy.monitor.clock import Clock, SystemClock
from bellbuoy.monitor.event.foreign import Entry, Foreign, MapError
from bellbuoy.monitor.sources.base import Source
from bellbuoy.monitor.sources.errors import SourceSettings
from bellbuoy.monitor.sources.files import FilesSource
from bellbuoy.monitor.sources.http import HttpSource
from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings, login


def build(config_sources: Sequence[Any], clock: Clock | None = None) -> list[Source]:
    """Return the sources, in the order of the configuration.

    Args:
        config_sources: `sources:` of the configuration, each with exactly one of `kafka`, `files`, `http`.
        clock: tells the time and waits.

    Raises:
        SourceSettings: a source asks for what cannot be, or for what is not there yet.
    """
    clock = clock or SystemClock()
    built: list[Source] = []
    for number, (entry, name) in enumerate(zip(config_sources, names(config_sources), strict=True)):
        kind = kind_of(entry)
        feed = getattr(entry, kind)
        place = f"sources[{number}].{kind}"
        _refuse_unbuilt(feed, place)
        if kind == "http":
            if name != kind:
                raise SourceSettings(f"{place}: there is one door for events already; remove this one")
            built.append(HttpSource(name, waiting=feed.waiting, clock=clock))
        else:
            source = KafkaSource(name, kafka_settings(feed, place), clock=clock) if kind == "kafka" else None
            built.append(source or _files(name, feed, place, clock))
    return built


def names(config_sources: Sequence[Any]) -> list[str]:
    """Return what the sources are called, in the order of the configuration.

    The first of a kind is named after it (`kafka`), the next ones have a number (`kafka2`): the names are part of the
    stored positions.
    """
    found: list[str] = []
    for kind in map(kind_of, config_sources):
        earlier = sum(name.startswith(kind) for name in found)
        found.append(kind if not earlier else f"{kind}{earlier + 1}")
    return found


def kind_of(entry: Any) -> str:
    """Return of what kind a source is: `kafka`, `files` or `http`."""
    return next(kind for kind in ("kafka", "files", "http") if getattr(entry, kind) is not None)


def foreign(feed: Feed) -> Foreign | None:
    """Return how the messages of a source are read; None where they are events.

    Raises:
        MapError: its `map` cannot be used; the text begins with the field.
    """
    return Foreign(entries(feed)) if feed.map else None


def entries(feed: Feed) -> dict[str, Entry]:
    """Return where the fields of events stand in the messages of a source."""
    return {name: Entry(one.from_, one.value, one.values) for name, one in feed.map.items()}


def _refuse_unbuilt(feed: Any, place: str) -> None:
    try:
        foreign(feed)
    except MapError as error:
        raise SourceSettings(f"{place}.map.{error}") from None
    if getattr(feed, "format", "native") not in ("native", "auto"):
        raise SourceSettings(f"{place}.format: {feed.format} is not read yet; use `native`")


def kafka_settings(feed: Kafka, place: str = "sources[0].kafka") -> KafkaSettings:
    """Return how a Kafka source of the configuration is read; `place` is its path there, for error messages."""
    security = feed.security
    password = security.password
    return KafkaSettings(
        bootstrap_servers=feed.bootstrap_servers,
        topics=tuple(feed.topics),
        group_id=feed.group_id,
        start=feed.start,
        login=login(
            security.protocol,
            security.mechanism,
            security.username,
            None if password is None else password.reveal(),
            security.ca,
        ),
        client=feed.client,
        place=place,
    )


def _files(name: str, feed: Any, place: str, clock: Clock) -> Source:
    return FilesSource(name, feed.path, follow=feed.follow, clock=clock, place=place)
