"""What may come in by each source, as the configuration says."""

from collections.abc import Sequence

from bellbuoy.config.model import Config
from bellbuoy.config.sources import Feed, Source
from bellbuoy.monitor.event import Limits
from bellbuoy.monitor.sources.build import foreign, names


def feeds(sources: Sequence[Source]) -> list[Feed]:
    """Return the settings of each source, in the order of the configuration."""
    found = [entry.kafka or entry.files or entry.http for entry in sources]
    return [feed for feed in found if feed is not None]


def limits(config: Config) -> list[Limits]:
    """Return what each source takes in, in the order of the configuration.

    Raises:
        MapError: a source's `map` cannot be used.
    """
    return [
        Limits(
            max_message=config.ingest.max_message,
            warn_ahead_s=feed.future.warn,
            refuse_ahead_s=feed.future.refuse,
            keep_s=config.store.retention.minutes,
            foreign=foreign(feed),
        )
        for feed in feeds(config.sources)
    ]


def limits_by_source(config: Config) -> dict[str, Limits]:
    """Return the same by the sources' names."""
    return dict(zip(names(config.sources), limits(config), strict=True))
