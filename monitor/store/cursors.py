"""The cursors of one open file: who has one, and how all of them are broken off."""

import threading
from contextlib import suppress

import duckdb

from bellbuoy.monitor.store.opening import another


class Cursors:
    """Cursors that are in use, each with the thread that reads with it. Whoever calls holds the engine's gate."""

    def __init__(self) -> None:
        self._held: list[tuple[threading.Thread, duckdb.DuckDBPyConnection]] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._held)

    def add(self, db: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        """Return a new cursor; those of threads that have ended are closed now."""
        cursor = another(db)
        for thread, old in self._held:
            if not thread.is_alive():
                old.close()
        self._held = [(thread, old) for thread, old in self._held if thread.is_alive()]
        self._held.append((threading.current_thread(), cursor))
        return cursor

    def forget(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Let go of one."""
        self._held = [(thread, one) for thread, one in self._held if one is not cursor]

    def interrupt(self) -> None:
        """Break off what is read; an interrupt that comes between two steps of a query is lost."""
        for _, cursor in self._held:
            cursor.interrupt()

    def close(self) -> None:
        """Break off what is read, and close all."""
        self.interrupt()
        for _, cursor in self._held:
            with suppress(duckdb.Error):  # one that is busy is closed by its reader, which is interrupted
                cursor.close()
        self._held = []
