"""`bellbuoy query` on a store that no daemon holds: an answer in its forms, several answers, and a person's own limits."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_process import bellbuoy

from bellbuoy.monitor.cli.query import USEFUL

NESTED = """select 1 as a, 2 as a, null as b, true as c, 1.50::decimal(4,2) as d, sum(n) as n, 0.123456789::double as f,
{'at': timestamp '2026-01-01', 'l': [1, 2]} as s, 'two
lines' || chr(27) as t, '漢字' as w, [1.5, null] as l, count(*) > 0 as e from minutes where false"""


def ask(told, *arguments, **options):
    done = bellbuoy("query", *arguments, cwd=told, **options)
    assert done.returncode == 0, done.stderr
    return done


def test_a_table_has_numbers_to_the_right_and_says_its_rows(told):
    done = ask(
        told, "select step, sum(n) as runs from minutes where signal = 'step_failure' group by 1 order by 1 limit 2"
    )
    head, line, first, second = done.stdout.splitlines()
    assert head.split() == ["step", "runs"]
    assert set(line) == {"-", " "}
    assert first.startswith("close ")
    assert second.startswith("execute_action  ")
    assert len(head) == len(line) == len(first) == len(second)
    assert done.stderr.splitlines()[-1] == "2 rows"
    assert "no daemon holds" in done.stderr
    assert "read from" in done.stderr


def test_a_table_shows_nested_values_as_json_and_moves_no_cursor(told):
    head, _, row = ask(told, NESTED).stdout.splitlines()
    assert head.split() == ["a", "a_2", "b", "c", "d", "n", "f", "s", "t", "w", "l", "e"]
    assert '{"at":"2026-01-01T00:00:00Z","l":[1,2]}' in row
    assert r"two\nlines\x1b" in row
    assert "true" in row
    assert "0.123457" in row
    assert "[1.5,null]" in row
    assert head.index("  t ") == row.index(r"  two\nlines"), "cells stand under their names"


def test_csv_is_read_back(told):
    done = ask(told, NESTED, "--format", "csv")
    names, row = csv.reader(io.StringIO(done.stdout))
    assert names == ["a", "a_2", "b", "c", "d", "n", "f", "s", "t", "w", "l", "e"]
    assert row[:5] == ["1", "2", "", "true", "1.50"]
    assert json.loads(row[7]) == {"at": "2026-01-01T00:00:00Z", "l": [1, 2]}
    assert row[8] == "two\nlines\x1b"
    assert "row" not in done.stderr


def test_jsonl_has_numbers_null_and_each_column_once(told):
    (line,) = ask(told, NESTED, "--format", "jsonl").stdout.splitlines()
    row = json.loads(line)
    assert (row["a"], row["a_2"], row["b"], row["c"], row["d"], row["n"]) == (1, 2, None, True, 1.5, None)
    assert row["f"] == pytest.approx(0.123456789)
    assert row["s"] == {"at": "2026-01-01T00:00:00Z", "l": [1, 2]}
    sums = ask(told, "select sum(n) as n, min(minute) as first from minutes", "--format", "jsonl").stdout
    assert isinstance(json.loads(sums)["n"], int)
    assert json.loads(sums)["first"].endswith("Z")


def test_arrow_goes_into_pandas(told):
    sql = "select step, ts, latency_ms, outcome from events where type = 'step' order by ts limit 50"
    done = ask(told, sql, "--format", "arrow", text=False)
    frame = pa.ipc.open_stream(done.stdout).read_pandas()
    assert list(frame.columns) == ["step", "ts", "latency_ms", "outcome"]
    assert len(frame) == 50
    assert frame["ts"].is_monotonic_increasing
    assert frame["ts"].dtype.kind == "M"
    assert frame["latency_ms"].mean() > 0


def test_nothing_found_is_no_mistake(told):
    sql = "select id, why from incidents where false"
    table = ask(told, sql)
    assert table.stdout == "id  why\n--  ---\n"
    assert table.stderr.splitlines()[-1] == "0 rows"
    assert ask(told, sql, "--format", "csv").stdout == "id,why\n"
    assert ask(told, sql, "--format", "jsonl").stdout == ""
    arrow = ask(told, sql, "--format", "arrow", text=False).stdout
    assert pa.ipc.open_stream(arrow).read_all().num_rows == 0


@pytest.mark.parametrize("form", ["table", "csv", "jsonl"])
def test_what_a_limit_cuts_off_is_told(told, form):
    done = ask(told, "select event_id from events", "--format", form)
    assert len(done.stdout.splitlines()) == 1000 + {"table": 2, "csv": 1, "jsonl": 0}[form]
    assert done.stderr.splitlines()[-1].startswith("1,000 rows, cut at ")
    assert "query.rows" in done.stderr


def test_sql_comes_from_a_file_or_from_standard_input(told, tmp_path):
    sql = "select 'ä' as letter\n"
    (tmp_path / "letter.sql").write_text(sql, encoding="utf-8")
    argument = ask(told, sql).stdout
    assert argument == "letter\n------\nä\n"
    assert ask(told, "-f", tmp_path / "letter.sql").stdout == argument
    assert ask(told, "-f", "-", input=sql).stdout == argument
    assert ask(told, "-", input=sql).stdout == argument


def test_an_answer_goes_to_a_file(told, tmp_path):
    done = ask(told, "select 1 as one", "--format", "csv", "--out", tmp_path / "one.csv")
    assert done.stdout == ""
    assert (tmp_path / "one.csv").read_text() == "one\n1\n"
    wrong = bellbuoy("query", "select 1", "--out", tmp_path / "no" / "one.csv", cwd=told)
    assert wrong.returncode == 2
    assert "one.csv: no such file or directory" in wrong.stderr


def test_json_is_one_array_of_objects(told):
    done = ask(told, NESTED, "--format", "json")
    (row,) = json.loads(done.stdout)
    assert (row["a"], row["a_2"], row["s"]) == (1, 2, {"at": "2026-01-01T00:00:00Z", "l": [1, 2]})
    assert json.loads(ask(told, "select id from incidents where false", "--format", "json").stdout) == []


def test_parquet_is_read_back(told, tmp_path):
    ask(told, NESTED, "--format", "parquet", "--out", tmp_path / "nested.parquet")
    table = pq.read_table(tmp_path / "nested.parquet")
    assert table.column_names[:3] == ["a", "a_2", "b"]
    assert table.column("s").to_pylist()[0]["l"] == [1, 2]


def test_several_statements_are_asked_one_after_the_other(told):
    both = ask(told, "-", input="select 1 as a; -- one; two\nselect ';' as b;\n")
    assert both.stdout == "a\n-\n1\nb\n-\n;\n"
    assert ask(told, input="select 1 as a;select 2 as b").stdout == "a\n-\n1\nb\n-\n2\n"
    wrong = bellbuoy("query", "select 1; select nosuch from events; select 3", "--format", "csv", cwd=told)
    assert (wrong.returncode, wrong.stdout) == (1, "1\n1\n")
    assert "error: statement 2 of 3: " in wrong.stderr
    assert "nosuch" in wrong.stderr


@pytest.mark.parametrize("words", [["--format", "parquet"], ["--format", "arrow"], ["--out", "x.csv"]])
def test_one_file_holds_one_answer(told, words):
    done = bellbuoy("query", "select 1; select 2", *words, cwd=told)
    assert done.returncode == 2
    assert "2 statements have 2 answers; a file holds one" in done.stderr


def test_a_plan_is_shown_by_a_flag_and_by_the_word(told):
    by_flag = ask(told, "--explain", "select count(*) from minutes").stdout
    assert "physical_plan" not in by_flag
    assert "minutes" in by_flag.lower() or "counts" in by_flag.lower()
    assert len(by_flag.splitlines()) > 5
    assert ask(told, "explain select count(*) from minutes").stdout == by_flag


def test_a_person_lowers_the_limits(told):
    done = ask(told, "select event_id from events", "--limit", "7", "--format", "jsonl")
    assert len(done.stdout.splitlines()) == 7
    assert "7 rows" in done.stderr
    slow = bellbuoy("query", SLOW, "--timeout", "0.2", cwd=told)
    assert slow.returncode == 1
    assert "0.2 s" in slow.stderr


SLOW = "select count(*) from events a, events b, events c where a.latency_ms + b.latency_ms < c.latency_ms"


@pytest.mark.parametrize("sql", USEFUL)
def test_each_query_of_the_help_answers_something(told, sql):
    shown = bellbuoy("query", "--help", environment={"COLUMNS": "120"}).stdout
    assert sql in shown
    assert json.loads(ask(told, sql, "--format", "json").stdout), sql


def test_every_published_column_has_a_meaning():
    from bellbuoy.monitor.store.door.adhoc import PUBLISHED
    from bellbuoy.monitor.store.tables import TABLES, described

    columns = list(described())
    assert [f"{one.table}.{one.name}" for one in columns if not one.meaning] == []
    assert {one.table for one in columns} == set(PUBLISHED)
    assert set(PUBLISHED) <= set(TABLES)
