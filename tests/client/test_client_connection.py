"""`bellbuoy.client` against a real daemon's door, and against what is none."""

import socket
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bellbuoy.client import NoDaemon, QueryError, connect


def test_a_select_is_answered(address):
    with connect(address) as conn:
        result = conn.sql(
            "select step, count(*) as runs from events where type = 'step' group by all order by runs desc"
        )
    assert result.columns == ["step", "runs"]
    assert result.shape == (len(result), 2)
    assert result.took_ms > 0
    assert result.as_of.tzinfo is UTC
    assert result.as_of > datetime(2026, 6, 1, tzinfo=UTC)
    assert (result.truncated, result.note) == (False, "")
    runs = [row[1] for row in result]
    assert runs == sorted(runs, reverse=True)
    assert result.fetchall() == list(result)


def test_a_limit_cuts_off_and_says_so(address):
    conn = connect(address)
    three = conn.sql("select * from events", limit=3)
    assert (len(three), three.truncated) == (3, True)
    assert three.note
    most = conn.sql("select event_id from events", limit=100_000)
    assert (len(most), most.truncated) == (500, True)
    assert "query.rows" in most.note


def test_a_slow_select_is_stopped(address):
    with pytest.raises(QueryError) as stopped:
        connect(address).sql(
            "select count(*) from events a, events b, events c, events d where a.latency_ms + b.latency_ms + c.latency_ms < d.latency_ms",
            timeout=0.3,
        )
    assert stopped.value.status == 408
    assert not stopped.value.not_now
    assert "0.3 s" in str(stopped.value)


def test_the_plan_is_explained(address):
    plan = connect(address).explain("select count(*) from events")
    assert plan.columns == ["explain_key", "explain_value"]
    assert "physical_plan" in plan.fetchall()[0][0]


@pytest.mark.parametrize(
    ("sql", "said"), [("drop table events", "SELECT"), ("select nosuch from events", "nosuch"), ("", "SELECT")]
)
def test_the_daemon_s_sentence_is_the_error(address, sql, said):
    with pytest.raises(QueryError, match=said) as refused:
        connect(address).sql(sql)
    assert refused.value.status == 400


def test_a_page_is_read_by_the_same_wire(address):
    assert "workflows" in connect(address).wire.get("/.json")


def test_a_text_is_read_also_where_a_health_check_fails(made_up):
    assert connect(made_up(503, b"[-] store: full\nfailed\n")).wire.text("/readyz") == "[-] store: full\nfailed\n"
    with pytest.raises(QueryError, match="show a token"):
        connect(made_up(401, b'{"error": "show a token"}')).wire.text("/metrics")
    with pytest.raises(NoDaemon):
        connect("http://127.0.0.1:9").wire.text("/livez")


def test_the_token_goes_along_and_from_a_file(made_up, tmp_path):
    url = made_up(401, b'{"error": "show a token"}')
    (tmp_path / "token").write_text("tok-1\n")
    for conn in (connect(url, "tok-1"), connect(url, token_file=tmp_path / "token")):
        with pytest.raises(QueryError, match="show a token") as refused:
            conn.sql("select 1")
        assert refused.value.status == 401
        assert refused.value.not_now
        assert "tok-1" not in repr(conn) + repr(conn.wire) + str(vars(refused.value))
    assert [headers["Authorization"] for _, headers, _ in made_up.seen] == ["Bearer tok-1"] * 2
    with pytest.raises(ValueError, match="once"):
        connect(url, "tok-1", token_file=tmp_path / "token")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "lines").write_text("one\ntwo")
    for name in ("bytes", "lines"):
        with pytest.raises(ValueError, match="no token"):
            connect(url, token_file=tmp_path / name)


def test_a_redirect_is_told_and_the_token_goes_nowhere_else(made_up):
    elsewhere = made_up(200, b"{}")
    url = made_up(302, b"", {"location": elsewhere})
    with pytest.raises(NoDaemon, match="it says 302 and points to http"):
        connect(url, "tok-1").sql("select 1")
    assert len(made_up.seen) == 1


def test_a_proxy_of_the_environment_is_not_asked(address, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert connect(address).sql("select 1 as one").fetchall() == [(1,)]


def test_a_path_before_the_daemon_s_own_is_kept(made_up):
    url = made_up(429, b'{"error": "too many"}', {"retry-after": "5"})
    with pytest.raises(QueryError, match="too many") as refused:
        connect(f"{url}/bellbuoy/").sql("select 1")
    assert (refused.value.retry_after_s, refused.value.not_now) == (5.0, True)
    assert made_up.seen[0][0] == "/bellbuoy/v1/query"


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, b"<html>", {"content-type": "text/html"}),
        (404, b"not here", {}),
        (500, b'["error"]', {}),
        (400, b"[" * 5000, {}),
    ],
)
def test_what_is_no_daemon_is_told(made_up, status, body, headers):
    url = made_up(status, body, headers)
    with pytest.raises(NoDaemon, match=f"what answers at {url} is no Bellbuoy"):
        connect(url).sql("select 1")
    with pytest.raises(NoDaemon, match=f"what answers at {url} is no Bellbuoy"):
        connect(url).wire.get("/.json")


def test_nobody_there_and_nobody_speaking_are_told():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(NoDaemon, match=r"no daemon answers at .*refused") as gone:
            connect(url).sql("select 1")
        assert gone.value.not_now
        assert not connect(url).wire.listens()
        held.listen()
        assert connect(url).wire.listens()
        with pytest.raises(QueryError, match=r"said nothing for 0\.05 s"):
            connect(url).wire.get("/.json", wait_s=0.05)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8420", "ftp://x", "http://", "http://[::1", "http://h:0", "http://h:99999", "http://h:x"]
)
def test_an_address_that_is_none_is_refused_at_once(url):
    with pytest.raises(ValueError, match="is no address; write http://HOST:PORT"):
        connect(url)


def test_a_closed_connection_says_so(address):
    with connect(address) as conn:
        pass
    with pytest.raises(QueryError, match="closed"):
        conn.sql("select 1")


def test_connecting_imports_nothing_large():
    code = (
        "import sys, bellbuoy.client; bellbuoy.client.connect()\n"
        "large = {'pandas', 'pyarrow', 'numpy', 'duckdb', 'pydantic', 'click', 'msgspec'}\n"
        "assert not large & {name.split('.')[0] for name in sys.modules}\n"
        "assert not [name for name in sys.modules if name.startswith('bellbuoy.') and 'client' not in name]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_daemon_that_wants_its_token_is_known_by_its_realm(made_up):
    url = made_up(401, b"A token is needed", {"WWW-Authenticate": 'Bearer realm="bellbuoy"'})
    with pytest.raises(QueryError, match="wants its token") as refused:
        connect(url).sql("select 1")
    assert refused.value.status == 401
    assert refused.value.not_now
