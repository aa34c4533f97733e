"""Bellbuoy asked from Python: `connect()`, then `sql()`.

It needs the standard library alone; pyarrow and pandas are imported when an answer is wanted in their form.
"""

from bellbuoy.client.connection import Connection, connect
from bellbuoy.client.errors import NoDaemon, QueryError
from bellbuoy.client.result import Result

__all__ = ["Connection", "NoDaemon", "QueryError", "Result", "connect"]
