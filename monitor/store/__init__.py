"""The store: one DuckDB file, one writer, every row of the product."""

from bellbuoy.monitor.store.adding.append import Appended
from bellbuoy.monitor.store.adding.registry import Series
from bellbuoy.monitor.store.errors import (
    PositionConflict,
    StoreCorrupt,
    StoreError,
    StoreExhausted,
    StoreForeign,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreOlder,
)
from bellbuoy.monitor.store.store import Position, Store, Uncounted
from bellbuoy.monitor.store.transaction import Transaction

__all__ = [
    "Appended",
    "Position",
    "PositionConflict",
    "Series",
    "Store",
    "StoreCorrupt",
    "StoreError",
    "StoreExhausted",
    "StoreForeign",
    "StoreLocked",
    "StoreMissing",
    "StoreNewer",
    "StoreOlder",
    "Transaction",
    "Uncounted",
]
