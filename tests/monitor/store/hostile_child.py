"""Asks hostile statements at the door of a store of its own, within a bound of memory; a JSON line tells each end."""

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path

from fuzzed_statements import fuzzed
from hostile_statements import BOMBS, REFUSED

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.json_lines import lines
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door.adhoc import QueryRefused, ask
from bellbuoy.monitor.store.door.process import bound

MEMORY = 256 << 20
MARKER = "p1anted-marker"


def fingerprint(store):
    """Return all that a statement could have changed: the catalogue, the settings, the rows."""
    cursor = store.cursor()
    asked = (
        "SELECT table_name, column_count, estimated_size FROM duckdb_tables() ORDER BY ALL",
        "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
        "SELECT database_name FROM duckdb_databases() ORDER BY ALL",
        "SELECT name, value FROM duckdb_settings() ORDER BY ALL",
        "SELECT function_name FROM duckdb_functions() WHERE NOT internal ORDER BY ALL",
        "SELECT type_name FROM duckdb_types() WHERE NOT internal ORDER BY ALL",
        "FROM meta ORDER BY ALL",
    )
    return [cursor.execute(one).fetchall() for one in asked]


def told(store, name, sql, before, seconds):
    """Ask one statement and return its end."""
    began, busy = time.monotonic(), time.process_time()
    error, text = "", ""
    try:
        answer = ask(store, sql, seconds=seconds, bytes=8 << 20)
        result, text = "answered", b"".join(lines(answer.rows.slice(0, 100))).decode(errors="replace")
    except QueryRefused as refusal:
        result, text = refusal.result, str(refusal)
    except BaseException as other:  # noqa: BLE001 - any other exception is what is looked for
        result, error = "raised", repr(other)[:300]
    took, busy = time.monotonic() - began, time.process_time() - busy
    return {
        "name": name,
        "sql": sql[:300],
        "result": result,
        "error": error,
        "took": min(took, busy),  # on a machine that is busy with something else the clock runs on
        "leaked": MARKER in text or str(store.path.parent) in text.replace(str(store.path.parent / "planted.csv"), ""),
        "changed": fingerprint(store) != before if before is not None else False,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10,
    }


def main():
    """Arguments: a folder; `table`, or `fuzz`, a seed and how many; seconds a statement may run."""
    folder, what, seed, many, seconds = (
        Path(sys.argv[1]),
        sys.argv[2],
        int(sys.argv[3]),
        int(sys.argv[4]),
        float(sys.argv[5]),
    )
    os.environ["BELLBUOY_PLANTED"] = MARKER
    (folder / "planted.csv").write_text(f"a\n{MARKER}\n")
    with Store.open(
        folder / "bellbuoy.duckdb", Settings(memory_limit=MEMORY, exports=str(folder / "exports"))
    ) as store:
        with store.transaction() as tx:
            tx.insert("meta", [{"key": "planted", "value": MARKER}])
        bound(MEMORY)
        planted = threading.local()
        planted.frame = None
        before = fingerprint(store)
        if what == "table":
            files = [f"SELECT * FROM '{folder}/planted.csv'", f"SELECT * FROM read_text('{folder}/planted.csv')"]
            statements = [("refused", sql) for sql in (*REFUSED, *files, "SELECT getenv('BELLBUOY_PLANTED')")]
            statements += list(BOMBS.items())
            for name, sql in statements:
                sys.stdout.write(json.dumps(told(store, name, sql, before, seconds)) + "\n")
            return
        for number, sql in enumerate(fuzzed(seed, many)):
            end = told(store, "fuzz", sql, before if number % 50 == 0 else None, seconds)
            if (
                end["result"] not in ("answered", "refused", "error", "timeout")
                or end["leaked"]
                or end["changed"]
                or end["took"] > seconds + 0.5
            ):
                end["sql"] = sql
                sys.stdout.write(json.dumps(end) + "\n")
        sys.stdout.write(json.dumps(told(store, "end", "SELECT 1", before, seconds)) + "\n")


if __name__ == "__main__":
    main()
