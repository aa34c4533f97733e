"""A person's SQL can read the published views within limits, and can do nothing else."""

import threading
from contextlib import suppress

import pyarrow as pa
import pytest
from hostile_statements import REFUSED

from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door import adhoc
from bellbuoy.monitor.store.door.adhoc import PUBLISHED, QueryRefused, ask

pytestmark = pytest.mark.store

GOOD = [
    "SELECT 1",
    "FROM events",
    "TABLE events",
    "SELECT workflow, step, count(*), avg(latency_ms) FROM events WHERE ts > TIMESTAMP '2026-01-01' GROUP BY ALL ORDER BY 3 DESC LIMIT 5",
    "SELECT date_trunc('hour', minute) AS hour, sum(bad) / sum(n) AS rate FROM minutes GROUP BY hour ORDER BY hour",
    "WITH worst AS (SELECT step, sum(bad) AS bad FROM minutes GROUP BY step) SELECT * FROM worst WHERE bad > 0",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r",
    "SELECT attributes['x'], handoff.reason, extract(hour FROM ts), ts::DATE, coalesce(reask, false) FROM events",
    "SELECT step, row_number() OVER (PARTITION BY workflow ORDER BY ts) FROM events QUALIFY row_number() OVER (ORDER BY ts) < 3",
    "SELECT count(*) FILTER (WHERE outcome <> 'success'), quantile_cont(latency_ms, 0.95) FROM events",
    "SELECT e.step FROM events AS e JOIN minutes AS m USING (step) WHERE e.step LIKE 'a%' OR e.step IN ('b', 'c')",
    "SELECT x FROM unnest([1, 2, 3]) AS t(x)",
    "SELECT * EXCLUDE (attributes) FROM events WHERE ts > now()::TIMESTAMP - INTERVAL 1 DAY",
    "SELECT class, reason, count(*) FROM dead_letters GROUP BY ALL",
    "SELECT * FROM rates WHERE rate > 0.05",
    "SELECT regexp_matches(step, '^a.*b$'), step || '!' FROM events",
    "SELECT CASE WHEN n = 0 THEN NULL ELSE bad / n END FROM minutes",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("door") / "bellbuoy.duckdb") as opened:
        with opened.transaction() as tx:
            tx.insert("meta", [{"key": "planted", "value": "p1anted"}])
        yield opened


def fingerprint(store):
    cursor = store.cursor()
    tables = cursor.execute("SELECT table_name, column_count FROM duckdb_tables() ORDER BY ALL").fetchall()
    views = cursor.execute("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL").fetchall()
    databases = cursor.execute("SELECT database_name FROM duckdb_databases() ORDER BY ALL").fetchall()
    return tables, views, databases, cursor.execute("FROM meta").fetchall()


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: sql[:60] or "empty")
def test_hostile_statement_is_refused_and_changes_nothing(store, sql):
    secret_frame = pa.table({"a": [1]})  # a Python variable that SQL must not find
    before = fingerprint(store)
    with pytest.raises(QueryRefused) as refused:
        ask(store, sql, seconds=5)
    assert refused.value.result in ("refused", "error")
    assert "p1anted" not in str(refused.value)
    assert fingerprint(store) == before
    assert secret_frame.num_rows == 1


@pytest.mark.parametrize("sql", GOOD, ids=lambda sql: sql[:60])
def test_reading_a_published_view_is_answered(store, sql):
    answer = ask(store, sql, seconds=5)
    assert len(answer.columns) == len(answer.types) == answer.rows.num_columns
    assert not answer.truncated


def test_every_published_name_can_be_read(store):
    for name in PUBLISHED:
        assert ask(store, f"SELECT * FROM {name} LIMIT 1").columns


def test_dead_letters_are_shown_without_their_bytes(store):
    assert not {"raw", "key", "headers"} & set(ask(store, "FROM dead_letters").columns)


def test_each_layer_holds_something_that_the_others_would_let_through(store, monkeypatch):
    before = fingerprint(store)
    monkeypatch.setattr(adhoc, "objection", lambda *_: None)
    for sql in ("SELECT * FROM duckdb_settings()", "SELECT * FROM meta", "SELECT current_setting('memory_limit')"):
        assert ask(store, sql).rows.num_rows  # only the tree keeps these out
    for sql in ("SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM glob('/etc/*')", "SELECT * FROM secret_frame"):
        with pytest.raises(QueryRefused):  # the settings of the instance keep these out without it
            ask(store, sql)
    monkeypatch.setattr(adhoc, "_judge", lambda *_: None)
    for sql in ("INSERT INTO meta VALUES ('a', 'b')", "DROP TABLE events_raw", "UPDATE meta SET value = 'x'"):
        with pytest.raises(QueryRefused, match="read-only"):  # the transaction keeps these out without either
            ask(store, sql)
    assert fingerprint(store) == before


def test_answer_is_cut_at_the_limit_of_rows(store):
    sql = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT a.n FROM r AS a, r AS b, r AS c"
    answer = ask(store, sql, rows=100)
    assert answer.truncated
    assert answer.rows.num_rows == 100
    assert not ask(store, sql, rows=729).truncated


def test_answer_is_cut_at_the_limit_of_bytes(store):
    sql = (
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 99) "
        "SELECT a.n, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' AS x FROM r AS a, r AS b"
    )
    answer = ask(store, sql, bytes=100_000)
    assert answer.truncated
    assert 0 < answer.rows.num_rows < 99 * 99
    assert answer.rows.nbytes < 300_000


def test_runaway_is_stopped_at_its_time(store):
    sql = (
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 2000) "
        "SELECT count(*) FROM r AS a, r AS b, r AS c, r AS d WHERE a.n * b.n % 7 = c.n * d.n % 11"
    )
    with pytest.raises(QueryRefused, match=r"query\.seconds") as refused:
        ask(store, sql, seconds=0.3)
    assert refused.value.result == "timeout"
    assert ask(store, "SELECT 1").rows.num_rows == 1


def test_endless_recursion_is_stopped_at_its_time(store):
    with pytest.raises(QueryRefused) as refused:
        ask(store, "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) SELECT count(*) FROM r", seconds=0.3)
    assert refused.value.result == "timeout"


def test_deep_nesting_does_no_harm(store):
    with suppress(QueryRefused):  # 1.5 reads it as plain 1
        ask(store, "SELECT " + "(" * 5000 + "1" + ")" * 5000, seconds=5)
    assert ask(store, "SELECT 1").rows.num_rows == 1


def test_doubling_text_ends_without_harm(store):
    text = "SELECT 'xxxxxxxxxx' AS s"
    for _ in range(30):
        text = f"SELECT s || s AS s FROM ({text})"
    with pytest.raises(QueryRefused):
        ask(store, f"SELECT length(s) FROM ({text})", seconds=5)
    assert ask(store, "SELECT 1").rows.num_rows == 1


def test_more_than_the_allowed_number_at_once_wait_and_then_are_refused(store):
    held, release = threading.Event(), threading.Event()

    def hold():
        with store.gate.passed(1, 1.0):
            held.set()
            release.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    with pytest.raises(QueryRefused, match=r"query\.at_once"):
        ask(store, "SELECT 1", seconds=0.05, at_once=1)
    release.set()
    thread.join()
    assert ask(store, "SELECT 1", at_once=1).rows.num_rows == 1


def test_door_of_a_store_opened_for_reading(tmp_path):
    Store.open(tmp_path / "b.duckdb").close()
    with Store.open(tmp_path / "b.duckdb", read_only=True) as store:
        assert ask(store, "SELECT count(*) AS n FROM events").rows.to_pylist() == [{"n": 0}]
        with pytest.raises(QueryRefused):
            ask(store, "SELECT * FROM meta")


def test_refusal_names_what_is_offered(store):
    with pytest.raises(QueryRefused, match="table 'meta' is not offered; tables: events"):
        ask(store, "SELECT * FROM meta")
    with pytest.raises(QueryRefused, match="function 'repeat' is not offered"):
        ask(store, "SELECT repeat('x', 3)")
