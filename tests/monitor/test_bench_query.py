"""The bench of queries runs on a small store, tells its figures, and promises nothing of them."""

import json
from types import SimpleNamespace

import pytest

from bellbuoy.bench import query
from bellbuoy.bench.query_store import END, build
from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.store


def test_a_small_store_is_built_once_and_asked(tmp_path, capsys):
    path = tmp_path / "small.duckdb"
    assert query.main(["--events", "20000", "--store", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["events"] == 20_000
    assert [one["promise_ms"] for one in told["questions"]] == [50.0, 200.0, 300.0, None]
    rows = {one["name"]: one["rows"] for one in told["questions"]}
    assert rows["one interaction's trace"] == 9
    assert rows["seven days of a workflow by step and hour"] == rows["the same week from single events"] > 100
    assert all(one["door_ms"] > 0 and one["plain_ms"] > 0 for one in told["questions"])
    before = path.stat().st_mtime_ns
    with Store.open(path, Settings(), read_only=True) as store:
        (recounted,) = store.cursor().execute(
            "SELECT count(*) FROM (SELECT c.minute, sum(c.n) AS n FROM counts AS c JOIN series AS s ON s.id = c.series "
            "WHERE s.signal = 'interactions' GROUP BY ALL) AS a FULL JOIN (SELECT date_trunc('minute', ts) AS minute, "
            "count(*) AS n FROM events_raw WHERE type = 'interaction' GROUP BY ALL) AS b USING (minute) "
            "WHERE a.n IS DISTINCT FROM b.n"
        ).fetchall()[0]  # fmt: skip
        assert recounted == 0, "its counts are those of its events"
        (newest,) = store.cursor().execute("SELECT epoch(max(ts))::BIGINT FROM events_raw").fetchall()[0]
        assert END - 60 < newest < END
    assert path.stat().st_mtime_ns == before


def test_a_disk_without_room_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1))
    with pytest.raises(SystemExit, match="are free"):
        build(tmp_path / "big.duckdb", 50_000_000)


def test_a_missed_promise_ends_with_1(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(query, "PROMISED", 10_000)
    slow = [query.Timed("one", 60.0, 10.0, 1, 50.0), query.Timed("two", 60.0, 10.0, 1, None)]
    monkeypatch.setattr(query, "measure", lambda _: slow)
    assert query.main(["--events", "10000", "--store", str(tmp_path / "s.duckdb")]) == 1
    assert capsys.readouterr().out.count("MISSED") == 1
