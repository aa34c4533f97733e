"""A store of many synthetic events, made by SQL inside DuckDB: what `bench query` asks its questions of."""

import shutil
import sys
from pathlib import Path

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.signals import BUILT_IN
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.adding.registry import Draft, Registry
from bellbuoy.monitor.store.adding.rollup import count
from bellbuoy.monitor.store.kept import KEPT, columns, hold

DAYS = 7
START = 1_769_990_400 // 86400 * 86400
"""Midnight at which the events begin, epoch seconds; so that a store can be made again and is the same."""
END = START + DAYS * 86400
WORKFLOWS = 19
"""Eight steps each: 19 workflows of 27 series are 513 series."""
STEPS = ("greet", "identify_intent", "qualify", "off_script", "hold_state", "route", "execute_action", "close")
TOGETHER = 500
"""Interactions that run at the same time: their events lie between each other."""
SLICE = 450_000
BYTES_AN_EVENT = 45
"""Room that an event takes in the file, counts included, and what the log of writes takes for a while."""

EVENTS = f"""
INSERT INTO events_kept BY NAME
WITH numbers AS (
    SELECT range AS k, range // {TOGETHER * 9} * {TOGETHER} + range % {TOGETHER} AS call, range // {TOGETHER} % 9 AS part
    FROM range(CAST($first AS BIGINT), CAST($last AS BIGINT))
), drawn AS (
    SELECT *, hash(k) AS h, hash(k + 77777777777) AS g, CAST(hash(call) % {WORKFLOWS} AS INTEGER) AS flow,
           make_timestamp(CAST({START} AS BIGINT) * 1000000 + CAST(k * $step_us AS BIGINT)) AS moment
    FROM numbers
)
SELECT 1 AS stream, k AS "offset", 0 AS idx, moment + INTERVAL 700 MILLISECOND AS received_at, true AS counted,
       CASE WHEN part < 8 THEN 'step' ELSE 'interaction' END AS type, '1' AS schema_version,
       md5(CAST(k AS VARCHAR)) AS event_id, moment AS ts, md5('call' || call) AS interaction_id, 'flow-' || flow AS workflow,
       CASE WHEN h % 100 < 8 THEN 'failure' WHEN h % 100 < 10 THEN 'timeout' ELSE 'success' END AS outcome,
       'production' AS environment, 'phone' AS channel, ['en', 'de', 'fr'][1 + CAST(call % 3 AS INTEGER)] AS language,
       'intent-' || call % 12 AS intent, '2.14.' || k // 3000000 AS agent_version, 'model-large-2026-09' AS model,
       'p' || 10 + k // 5000000 AS prompt_version, round(200 + exp(5 + (g % 2000) / 1000.0), 1) AS latency_ms,
       CASE WHEN part < 8 THEN CAST(g % 4000 AS INTEGER) END AS tokens_in,
       CASE WHEN part < 8 THEN CAST(h % 400 AS INTEGER) END AS tokens_out,
       CASE WHEN part < 8 THEN {list(STEPS)}[1 + CAST(part AS INTEGER)] END AS step,
       CASE WHEN part < 8 THEN CAST(part AS INTEGER) END AS step_index, CASE WHEN part < 8 THEN 1 END AS attempt,
       CASE WHEN part < 8 THEN (h % 1000) / 1000.0 END AS confidence, CASE WHEN part < 8 THEN g % 100 < 4 END AS reask,
       CASE WHEN part < 8 THEN 1100.0 END AS latency_limit_ms,
       CASE WHEN part = 8 AND h % 10 = 0 THEN {{'to': 'human', 'target': NULL, 'reason': 'asked', 'context_required': NULL,
            'context_passed': NULL, 'accepted': true}} END AS handoff
FROM drawn
"""  # noqa: S608 - our own numbers


BROUGHT = (
    "schema_version", "environment", "channel", "language", "intent", "agent_version", "model", "prompt_version",
    "latency_ms", "tokens_in", "tokens_out", "step_index", "attempt", "confidence", "reask", "latency_limit_ms", "handoff",
)  # fmt: skip
"""Columns of these events, beside those that every store has."""


def build(path: Path, events: int) -> None:
    """Write a store of so many events in seven days: events, minute counts and series.

    Raises:
        SystemExit: the disk has no room for it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted, free = events * BYTES_AN_EVENT + (1 << 30), shutil.disk_usage(path.parent).free
    told = f"{path}: building {events:,} events, about {wanted / 2**30:.1f} GiB"
    if free < wanted:
        raise SystemExit(f"{told}; only {free / 2**30:.1f} GiB are free. Give another --store, or fewer --events.")
    print(told, file=sys.stderr, flush=True)
    step_us = DAYS * 86400 * 1_000_000 / events
    registry = Registry((), 5000)
    with Store.open(path, Settings()) as store:
        with store.transaction() as tx:
            have = columns(tx.cursor, KEPT)
            hold(tx, [name for name in BROUGHT if name not in have])
        for first in range(0, events, SLICE):
            draft = Draft()
            with store.transaction() as tx:
                span = {"first": first, "last": min(events, first + SLICE)}
                tx.cursor.execute(EVENTS, {**span, "step_us": step_us})
                arrived = 'SELECT * FROM events WHERE "offset" >= '
                part = f'({arrived} {span["first"]} AND "offset" < {span["last"]})'
                counts = count(tx, part, BUILT_IN, registry, draft)
                newest = START * 1_000_000 + int(span["last"] * step_us) + 700_000
                tx.insert("counts", counts.table(newest))
            registry.take(draft)
        rows = [one._asdict() for one in registry.all()]
        for row in rows:
            row["first_minute"] *= 1_000_000
            row["last_minute"] *= 1_000_000
        with store.transaction() as tx:
            tx.insert("series", rows)
