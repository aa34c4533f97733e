"""A daemon's web door over a small real store, on a port of its own; and one that answers what a test says."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import uvicorn

from bellbuoy.config.load import load
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.demo import play
from bellbuoy.monitor.reading import Reading
from bellbuoy.monitor.simulate import Plan
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.web.app import create_app
from bellbuoy.monitor.web.listen import listen


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Where a daemon answers that holds two simulated days."""
    folder = tmp_path_factory.mktemp("daemon")
    file = folder / "bellbuoy.yaml"
    file.write_text(
        json.dumps(
            {
                "version": 1,
                "store": {"path": str(folder / "bellbuoy.duckdb")},
                "query": {"rows": 500, "seconds": 5},
                "sources": [{"files": {"path": str(folder / "none-*.jsonl"), "follow": True}}],
                "sinks": {"out": {"console": {}}},
                "routes": [{"to": ["out"]}],
            }
        )
    )
    config = load(file)
    plan = Plan(days=2, per_day=40)
    with Store.open(folder / "bellbuoy.duckdb", config.store) as store:
        store.follow(config)
        play(plan, store, config)
        reading = Reading(store, config, clock=VirtualClock(plan.start_epoch + 2 * 86_400))
        (listener,) = listen("127.0.0.1:0")
        server = uvicorn.Server(uvicorn.Config(create_app(reading), log_config=None, lifespan="off", access_log=False))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def made_up():
    """`made_up(status, body, headers)`: an address whose every answer is this; `made_up.seen` has what was asked."""
    servers = []

    def serve(status=200, body=b"", headers=None):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("content-length") or 0)
                serve.seen.append((self.path, dict(self.headers), self.rfile.read(length)))
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST  # noqa: N815 - the name that the server looks for

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return f"http://127.0.0.1:{server.server_port}"

    serve.seen = []
    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
