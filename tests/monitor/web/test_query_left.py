"""A query whose client goes away is interrupted, and one that waits for a place gives it up."""

import contextlib
import http.client
import json
import socket
import threading

import pytest
import uvicorn

from bellbuoy.config.load import load_text
from bellbuoy.monitor.reading import Reading
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.web.app import create_app

CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
query: { seconds: 120, at_once: 1 }
"""
ENDLESS = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"
SOON_S = 20
"""Long for a busy machine, and far from the two minutes that a query may take here."""

pytestmark = pytest.mark.store


@pytest.fixture
def served(tmp_path):
    """A store, who reads it, and a port where it is asked."""
    config = load_text(CONFIG)
    with Store.open(tmp_path / "bellbuoy.duckdb") as store, socket.create_server(("127.0.0.1", 0)) as listening:
        reading = Reading(store, config)
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(reading), log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield store, reading, listening.getsockname()[1]
        server.should_exit = True
        thread.join(SOON_S)


@contextlib.contextmanager
def asked(port, sql):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SOON_S)) as one:
        one.request("POST", "/v1/query", json.dumps({"sql": sql}), {"Content-Type": "application/json"})
        yield one


def until(condition):
    tries = threading.Event()
    for _ in range(SOON_S * 100):
        if condition():
            return
        tries.wait(0.01)
    pytest.fail("it did not come to pass")


def ended(reading, result):
    return reading.registry.get_sample_value("bellbuoy_queries_total", {"result": result}) or 0


def test_query_of_a_client_that_went_away_gives_its_place_to_the_next(served):
    store, reading, port = served
    with asked(port, ENDLESS):
        until(lambda: store.gate._running)
    with asked(port, "SELECT 1 AS one") as next_one, next_one.getresponse() as answer:
        assert (answer.status, json.loads(answer.read())) == (200, {"one": 1})
    assert (ended(reading, "gone"), ended(reading, "ok")) == (1, 1)


def test_client_that_went_away_waits_for_no_place(served):
    store, reading, port = served
    with asked(port, ENDLESS):
        until(lambda: store.gate._running)
        with asked(port, "SELECT 1"):
            until(lambda: store.gate._waiting)
        until(lambda: not store.gate._waiting)
        assert store.gate._running == 1
    until(lambda: ended(reading, "gone") == 2)
    assert not store.gate._running


def test_client_that_stays_is_answered_as_ever(served):
    _, _, port = served
    with asked(port, "SELECT count(*) AS n FROM events") as one, one.getresponse() as answer:
        assert json.loads(answer.read()) == {"n": 0}
