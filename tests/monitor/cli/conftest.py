"""A store in which something was found, made once, with its configuration as `bellbuoy.yaml` beside it."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from ports import free_port

from bellbuoy.config.load import load
from bellbuoy.monitor.demo import play
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, parse_drifts
from bellbuoy.monitor.store import Store

sys.path[:0] = [str(Path(__file__).parent)]

STEPS = [step.name for step in LEAD_QUALIFIER.steps]
TRACES = "https://traces.example.com/{interaction_id}"
PLAN = Plan(days=16, per_day=150, drifts=parse_drifts(["qualify:0.985->0.7@day12"], LEAD_QUALIFIER))


def configuration(folder, port):
    """Return a configuration as plain data: baselines that learn from little."""
    return {
        "version": 1,
        "server": {"listen": f"127.0.0.1:{port}"},
        "store": {"path": str(folder / "bellbuoy.duckdb"), "retention": {"events": "9000d", "minutes": "9000d"}},
        "query": {"rows": 1000},
        "sources": [{"files": {"path": str(folder / "*.jsonl"), "follow": True}}],
        "workflows": [{"name": "lead-qualifier", "objective": "70%", "trace_url": TRACES, "steps": STEPS}],
        "baselines": {"default": {"learn": "7d", "lag": "1d", "min_trials": 300, "min_bad": 3, "min_span": "3d"}},
        "sinks": {"out": {"console": {}}},
        "routes": [{"to": ["out"]}],
        "heartbeat": {"url": "http://127.0.0.1:9/ping"},
    }


@pytest.fixture(scope="session")
def told(tmp_path_factory):
    """A folder with a store that holds an incident; only read it."""
    folder = tmp_path_factory.mktemp("told")
    file = folder / "bellbuoy.yaml"
    file.write_text(json.dumps(configuration(folder, free_port())))
    config = load(file)
    with Store.open(folder / "bellbuoy.duckdb", config.store) as store:
        store.follow(config)
        changes, _ = play(PLAN, store, config)
    assert changes, "the planted drift is found"
    return folder


@pytest.fixture
def own(told, tmp_path):
    """A copy of `told` to write in."""
    folder = tmp_path / "own"
    shutil.copytree(told, folder)
    config = json.loads((folder / "bellbuoy.yaml").read_text())
    config["store"]["path"] = str(folder / "bellbuoy.duckdb")
    config["server"]["listen"] = f"127.0.0.1:{free_port()}"
    (folder / "bellbuoy.yaml").write_text(json.dumps(config, indent=1))
    return folder
