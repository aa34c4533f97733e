"""The store: one DuckDB file, one writer, every row of the product."""

from bellbuoy.monitor.store.engine import Transaction
from bellbuoy.monitor.store.errors import (
    PositionConflict,
    StoreError,
    StoreExhausted,
    StoreForeign,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreOlder,
)
from bellbuoy.monitor.store.store import Appended, Series, Store

__all__ = [
    "Appended",
    "PositionConflict",
    "Series",
    "Store",
    "StoreError",
    "StoreExhausted",
    "StoreForeign",
    "StoreLocked",
    "StoreMissing",
    "StoreNewer",
    "StoreOlder",
    "Transaction",
]
