"""Looks at the predicates of a signal before anything is counted with them."""

import duckdb

from bellbuoy.monitor.signals import Signal, SignalError
from bellbuoy.monitor.store.engine import Engine


def check(engine: Engine, signal: Signal) -> None:
    """Prepare trial and bad against the columns of `events`, on no rows.

    Raises:
        SignalError: DuckDB does not understand one of them, or it is not true or false.
    """
    for part, sql in (("trial", signal.trial), ("bad", signal.bad)):
        if sql is None:
            continue
        place = f"signals: {signal.name}: {part}"
        try:
            types = engine.new_cursor().sql(f"SELECT ({sql}) AS held FROM events LIMIT 0").types  # noqa: S608 - checked below
        except duckdb.Error as error:
            raise SignalError(f"{place}: {str(error).splitlines()[0]}") from error
        if [str(kind) for kind in types] != ["BOOLEAN"]:
            raise SignalError(f"{place}: gives {types[0]}, not true or false")
