"""What machines ask: health, metrics, SQL."""

import dataclasses
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bellbuoy.monitor.web.door import Ask, Check, Health
from bellbuoy.sinks.base import Secret

JSON = {"content-type": "application/json"}


def test_health_is_short_and_verbose_on_demand(ask, door):
    assert ask(door, "/livez").text == "ok\n"
    assert ask(door, "/startupz").text == "ok\n"
    door.findings = Health(
        ready=(Check("store", good=False, why="no space left on the disk"), Check("sources", good=True))
    )
    answer = ask(door, "/readyz")
    assert (answer.status_code, answer.text) == (503, "failed\n")
    assert ask(door, "/readyz?verbose").text == "[-] store: no space left on the disk\n[+] sources: ok\nfailed\n"
    assert ask(door, "/livez").status_code == 200


def test_reasons_need_the_token(ask, door):
    door.server.token = Secret("t")
    assert ask(door, "/readyz?verbose").text == "ok\n"
    assert "[+] store" in ask(door, "/readyz?verbose", headers={"authorization": "Bearer t"}).text


def test_metrics_are_exposed(ask, door):
    answer = ask(door, "/metrics", headers={"accept": "text/plain"})
    assert "bellbuoy_build_info 1.0" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    assert (
        "openmetrics"
        in ask(door, "/metrics", headers={"accept": "application/openmetrics-text"}).headers["content-type"]
    )


def test_a_query_is_answered_in_lines(ask, door):
    answer = ask(door, "/v1/query", method="POST", json={"sql": "select step, n from x"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.headers["bellbuoy-truncated"] == "false"
    assert [json.loads(line) for line in answer.text.splitlines()] == [
        {"step": "greet", "n": 3},
        {"step": None, "n": 4},
    ]
    assert door.asked == ["select step, n from x"]
    assert ask(door, "/v1/query", method="POST", json={"sql": "limit"}).headers["bellbuoy-truncated"] == "true"


@pytest.mark.parametrize(
    "settings",
    [
        {"json": {"sql": "s", "format": "arrow"}},
        {"json": {"sql": "s"}, "headers": {"accept": "application/vnd.apache.arrow.stream"}},
    ],
)
def test_a_query_is_answered_in_arrow(ask, door, settings):
    answer = ask(door, "/v1/query", method="POST", **settings)
    assert pa.ipc.open_stream(answer.content).read_all().to_pydict() == {"step": ["greet", None], "n": [3, 4]}


@pytest.mark.parametrize(
    ("settings", "status", "told"),
    [
        ({"json": {"sql": "secret"}}, 400, "no table is named"),
        ({"json": {"sql": "busy"}}, 429, "ask again"),
        ({"json": {"sql": "bug"}}, 500, "Something went wrong"),
        ({"json": {"sql": 7}}, 400, "Expected `str`"),
        ({"json": {"sequel": "select 1"}}, 400, "unknown field"),
        ({"json": {"sql": "s", "format": "xml"}}, 400, "jsonl, json, csv, arrow, parquet"),
        ({"content": b"{", "headers": JSON}, 400, "truncated"),
        ({"content": b"\xff", "headers": JSON}, 400, "send"),
        ({"content": b"[" * 60_000, "headers": JSON}, 400, "send"),
        ({"content": b" " * 70_000, "headers": JSON}, 413, "larger"),
        ({"content": b'{"sql": "s"}', "headers": {"content-type": "text/plain"}}, 415, "application/json"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(ask, door, settings, status, told):
    answer = ask(door, "/v1/query", method="POST", **settings)
    assert answer.status_code == status
    assert told in answer.json()["error"]
    assert "internal words" not in answer.text
    assert (status == 429) == ("retry-after" in answer.headers)


def test_other_methods_are_refused(ask, door):
    assert ask(door, "/v1/query").status_code == 405
    assert ask(door, "/", method="POST").status_code == 405


def test_instants_and_nested_values_are_plain_json(ask, door):
    table = pa.table(
        {
            "at": pa.array([1_795_262_400_000_000], pa.timestamp("us")),
            "day": pa.array([0], pa.date32()),
            "handoff": pa.array(
                [{"to": "human", "since": 0}], pa.struct([("to", pa.string()), ("since", pa.timestamp("s"))])
            ),
            "tags": pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string())),
            "share": pa.array([float("nan")]),
            "cost": pa.array([None], pa.decimal128(10, 2)),
        }
    )
    door.ask = lambda sql: dataclasses.replace(type(door).ask(door, sql), table=table, types=())
    (line,) = ask(door, "/v1/query", method="POST", json={"sql": "s"}).text.splitlines()
    assert json.loads(line) == {
        "at": "2026-11-21T12:00:00Z",
        "day": "1970-01-01",
        "handoff": {"to": "human", "since": "1970-01-01T00:00:00Z"},
        "tags": [["a", "b"]],
        "share": None,
        "cost": None,
    }


def test_columns_of_one_name_are_all_told(ask, door):
    table = pa.Table.from_arrays([pa.array([number]) for number in range(4)], names=["n", "n", "n_2", "n"])
    door.ask = lambda sql: dataclasses.replace(type(door).ask(door, sql), table=table, types=())
    (line,) = ask(door, "/v1/query", method="POST", json={"sql": "s"}).text.splitlines()
    assert json.loads(line) == {"n": 0, "n_2": 1, "n_2_2": 2, "n_3": 3}


def test_request_names_its_form_its_limits_and_the_plan(ask, door):
    body = {"sql": "select 1", "format": "csv", "explain": True, "limit": 5, "timeout": 1.5}
    answer = ask(door, "/v1/query", method="POST", json=body)
    assert answer.text == "step,n\ngreet,3\n,4\n"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert door.questions == [Ask("select 1", explain=True, rows=5, seconds=1.5)]


def test_json_is_one_object_with_its_columns(ask, door):
    answer = ask(door, "/v1/query", method="POST", json={"sql": "s"}, headers={"accept": "application/json"})
    assert answer.json() == {
        "columns": [{"name": "step", "type": "VARCHAR"}, {"name": "n", "type": "BIGINT"}],
        "rows": [["greet", 3], [None, 4]],
        "took_ms": 12.3,
        "as_of": "2026-11-21T11:59:48Z",
        "truncated": False,
        "note": None,
    }
    assert answer.headers["bellbuoy-took-ms"] == "12.3"
    assert answer.headers["bellbuoy-rows"] == "2"
    assert answer.headers["bellbuoy-as-of"] == "2026-11-21T11:59:48Z"


def test_parquet_is_read_back(ask, door):
    answer = ask(door, "/v1/query", method="POST", json={"sql": "s", "format": "parquet"})
    assert pq.read_table(io.BytesIO(answer.content)).to_pydict() == {"step": ["greet", None], "n": [3, 4]}


@pytest.mark.parametrize("body", [{"limit": 0}, {"limit": -1}, {"timeout": 0}, {"timeout": -1.0}])
def test_limits_of_a_request_are_more_than_nothing(ask, door, body):
    assert ask(door, "/v1/query", method="POST", json={"sql": "s", **body}).status_code == 400


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
def test_instants_that_python_has_not_are_told_as_such(ask, door, form):
    table = pa.table({"at": pa.array([2**62, 0], pa.timestamp("us")), "day": pa.array([2**30, 0], pa.date32())})
    door.ask = lambda sql: dataclasses.replace(type(door).ask(door, sql), table=table, types=())
    answer = ask(door, "/v1/query", method="POST", json={"sql": "s", "format": form})
    assert answer.text.count("outside the years") == 2
    assert "1970-01-01T00:00:00Z" in answer.text
