"""How fast people's queries are answered on a store of 50 million events, beside DuckDB alone on the same tables.

    bellbuoy bench query                            # builds the store in a temporary folder, and deletes it
    bellbuoy bench query --store /tmp/big.duckdb    # builds it there the first time, uses it again later
    bellbuoy bench query --events 2000000           # a quick look; nothing is promised of it

All is measured in one run: each question through the door of ad hoc queries, with its judging, limits and slices, and the same
rows from the tables below, without it. A median of 7 is printed, and what is promised of it.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bellbuoy.bench.query_store import END, build
from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door.adhoc import ask

PROMISED = 50_000_000
"""Events of which the promises speak."""
RUNS = 7
HOUR = f"make_timestamp({(END - 3600) * 1_000_000})"


@dataclass(frozen=True, slots=True)
class Question:
    """Something people ask.

    Attributes:
        name: of it.
        sql: asked through the door; `{call}` is the id of an interaction.
        plain: the same rows from the tables themselves.
        promise_ms: the median that is promised; None: it stands there to be compared with.
    """

    name: str
    sql: str
    plain: str
    promise_ms: float | None


QUESTIONS = (
    Question(
        "all series of the last hour",
        f"SELECT * FROM rates WHERE hour >= {HOUR}",  # noqa: S608 - our own numbers
        "SELECT date_trunc('hour', c.minute) AS hour, s.signal, s.workflow, s.step, sum(c.n), sum(c.bad) FROM counts AS c "  # noqa: S608 - likewise
        f"JOIN series AS s ON s.id = c.series WHERE c.minute >= {HOUR} GROUP BY ALL",
        50.0,
    ),
    Question(
        "seven days of a workflow by step and hour",
        "SELECT step, hour, n, bad, rate FROM rates WHERE workflow = 'flow-3' AND signal = 'step_failure' ORDER BY step, hour",
        "SELECT s.step, date_trunc('hour', c.minute) AS hour, sum(c.n), sum(c.bad) FROM counts AS c JOIN series AS s "
        "ON s.id = c.series WHERE s.workflow = 'flow-3' AND s.signal = 'step_failure' GROUP BY ALL ORDER BY ALL",
        200.0,
    ),
    Question(
        "one interaction's trace",
        "SELECT * FROM events WHERE interaction_id = '{call}' ORDER BY ts",
        "SELECT * FROM events_raw WHERE interaction_id = '{call}' ORDER BY ts",
        300.0,
    ),
    Question(
        "the same week from single events",
        "SELECT step, date_trunc('hour', ts) AS hour, count(*) AS n, count(*) FILTER (outcome <> 'success') AS bad FROM events "
        "WHERE workflow = 'flow-3' AND type = 'step' GROUP BY ALL ORDER BY ALL",
        "SELECT step, date_trunc('hour', ts) AS hour, count(*), count(*) FILTER (outcome <> 'success') FROM events_raw "
        "WHERE workflow = 'flow-3' AND type = 'step' GROUP BY ALL ORDER BY ALL",
        None,
    ),
)


@dataclass(frozen=True, slots=True)
class Timed:
    """Medians in ms: through the door, and of DuckDB alone; and how many rows came."""

    name: str
    door_ms: float
    plain_ms: float
    rows: int
    promise_ms: float | None

    @property
    def kept(self) -> bool:
        """Whether the promise is kept, where there is one."""
        return self.promise_ms is None or self.door_ms <= self.promise_ms


def measure(store: Store) -> list[Timed]:
    """Ask every question through the door and without it, in turn."""
    cursor = store.new_cursor()
    cursor.execute('SELECT interaction_id FROM events_raw WHERE "offset" = 1000')
    (call,) = cursor.fetchall()[0]
    found = []
    for one in QUESTIONS:
        sql, plain = one.sql.replace("{call}", call), one.plain.replace("{call}", call)
        rows = ask(store, sql, seconds=60.0).rows.num_rows
        doors, plains = [], []
        for _ in range(RUNS):
            doors.append(_ms(lambda sql=sql: ask(store, sql, seconds=60.0)))  # type: ignore[misc] # bound at once
            plains.append(_ms(lambda plain=plain: cursor.execute(plain).fetchall()))  # type: ignore[misc] # likewise
        found.append(Timed(one.name, statistics.median(doors), statistics.median(plains), rows, one.promise_ms))
    return found


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the store where it is not there, measure, print; return 1 where a promise is missed."""
    parser = argparse.ArgumentParser(prog="bellbuoy bench query", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--events", type=int, default=PROMISED, help="how many, in seven days (default: 50 million)")
    parser.add_argument("--store", type=Path, help="where the store is kept for the next time; default: nowhere")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args(arguments)
    if given.events < 10_000:
        parser.error("--events: at least 10000")
    with tempfile.TemporaryDirectory() as folder:
        path = (given.store or Path(folder) / "bench.duckdb").absolute()
        if not path.exists():
            build(path, given.events)
        with Store.open(path, Settings()) as store:
            (events,) = store.cursor().execute("SELECT count(*) FROM events_raw").fetchall()[0]
            timed = measure(store)
    judged = events >= PROMISED
    if given.json:
        print(json.dumps({"events": events, "machine": _machine(), "questions": [_row(one) for one in timed]}))
    else:
        print(f"{events:,} events in seven days; {_machine()}; median of {RUNS}, ms")
        for one in timed:
            promise = "" if one.promise_ms is None else f"  promised {one.promise_ms:,.0f}"
            missed = "" if one.kept or not judged else "  MISSED"
            ratio = one.door_ms / one.plain_ms
            print(
                f"{one.name:<42} {one.door_ms:8,.1f}  DuckDB alone {one.plain_ms:8,.1f}  ratio {ratio:4.2f}"
                f"  {one.rows:,} rows{promise}{missed}"
            )
    return 1 if judged and not all(one.kept for one in timed) else 0


def _row(one: Timed) -> dict[str, object]:
    times = {"door_ms": round(one.door_ms, 2), "plain_ms": round(one.plain_ms, 2)}
    return {"name": one.name, **times, "rows": one.rows, "promise_ms": one.promise_ms, "kept": one.kept}


def _machine() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, DuckDB {Store.version}, Python {platform.python_version()}"


if __name__ == "__main__":
    raise SystemExit(main())
