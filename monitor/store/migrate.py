"""Brings a file to the schema of this version: numbered migrations, forward only, each in one transaction."""

import duckdb

from bellbuoy.monitor.store.errors import StoreForeign, StoreNewer, StoreOlder
from bellbuoy.monitor.store.kept import prepare
from bellbuoy.monitor.store.statements import migrations

NUMBERS = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL)"


def migrate(con: duckdb.DuckDBPyConnection, place: str, *, read_only: bool) -> int:
    """Apply what is missing and return the number of the schema.

    Args:
        con: a connection with no transaction open.
        place: the file's name, for the errors.
        read_only: only look.

    Raises:
        StoreForeign: the file holds tables but none of ours.
        StoreNewer: the file was migrated by a later version.
        StoreOlder: `read_only`, and a migration is missing.
    """
    known = migrations()
    have = _applied(con, place)
    if have > len(known):
        raise StoreNewer(
            f"{place}: written by a later version of Bellbuoy (schema {have}, this one knows {len(known)}); "
            "upgrade Bellbuoy, or restore the copy made before the upgrade."
        )
    if read_only:
        if have < len(known):
            raise StoreOlder(f"{place}: schema {have} is older than {len(known)}; start the daemon once to migrate it.")
        return have
    con.execute(NUMBERS)
    for number, name, text in known[have:]:
        con.execute("BEGIN TRANSACTION")
        try:
            con.execute(text)
            con.execute("INSERT INTO migrations VALUES ($number, $name)", {"number": number, "name": name})
            if number == 1:
                prepare(con)
            con.execute("COMMIT")
        except BaseException:
            con.execute("ROLLBACK")
            raise
    con.execute("BEGIN TRANSACTION")
    prepare(con)
    con.execute("COMMIT")
    return len(known)


def _applied(con: duckdb.DuckDBPyConnection, place: str) -> int:
    tables = {name for (name,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    if "migrations" not in tables:
        if tables:
            raise StoreForeign(f"{place}: a DuckDB file, but not a store of Bellbuoy; give another `store.path`.")
        return 0
    (number,) = con.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchall()[0]
    return int(number)
