"""A dry run works on a copy of the store: what it judges and tells must leave no trace in the real one."""

import shutil
from pathlib import Path

from bellbuoy.config.server import Store as StoreSettings
from bellbuoy.monitor.store import Store


def rehearsal(path: Path, settings: StoreSettings) -> Path:
    """Return the path of a fresh copy of the store at `path`, beside it; of a new store where there is none.

    Raises:
        StoreLocked: a daemon holds the store; its file is not whole while it runs.
    """
    copy = path.with_name(f"{path.stem}.dry-run{path.suffix}")
    for old in (copy, copy.with_name(copy.name + ".wal")):
        old.unlink(missing_ok=True)
    if path.exists():
        Store.open(path, settings).close()  # nobody else holds it, and its log is merged into the file
        shutil.copy2(path, copy)
    return copy
