"""How the daemon opens its store: a damaged one is set aside, and a new one begins in its place."""

import gc
import logging
from pathlib import Path

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store.damage import set_aside
from bellbuoy.monitor.store.errors import StoreCorrupt, StoreError
from bellbuoy.monitor.store.store import Store

log = logging.getLogger(__name__)


def open_or_set_aside(path: Path, settings: Settings, now: float) -> Store:
    """Open the store; one that is damaged is renamed to `.corrupt-<UTC time>`, with its log, and a new one is made.

    Args:
        path: the file.
        settings: `on_corrupt` says whether a damaged file is set aside or refused.
        now: the instant, epoch seconds.

    Raises:
        StoreCorrupt: it is damaged, and `on_corrupt` is `refuse`.
        StoreError: as `Store.open` says; or it is damaged and cannot be renamed.
    """
    path = Path(path).absolute()
    try:
        return Store.open(path, settings)
    except StoreCorrupt as error:
        if settings.on_corrupt == "refuse":
            raise
        try:
            aside = set_aside(path, now, error.why)
        except OSError as failed:
            raise StoreError(f"{error} It could not be set aside: {failed.strerror}.") from failed
        log.error(  # noqa: TRY400 - the state is told, not a defect
            "%s: the store was damaged (%s); it is set aside as %s, and a new one begins", path, error.why, aside.path
        )
    gc.collect()  # what held the error held the old instance too, and DuckDB would hand it out once more
    return Store.open(path, settings)
