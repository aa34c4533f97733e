"""A configuration with a store of its own, and what checks say in words."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ports import free_port

from bellbuoy.config.load import load
from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.doctor.knowing import Knowing

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "store"), str(HERE.parents[1] / "sinks")]


@pytest.fixture
def configured(tmp_path):
    """Make a configuration: `configured(**keys of the YAML)`."""

    def make(**keys):
        port = free_port()
        plain = {
            "version": 1,
            "server": {"listen": f"127.0.0.1:{port}"},
            "store": {"path": str(tmp_path / "bellbuoy.duckdb"), **keys.pop("store", {})},
            "sources": [{"http": {}}],
            "sinks": {"out": {"console": {}}},
            "routes": [{"to": ["out"]}],
            **keys,
        }
        file = tmp_path / "bellbuoy.yaml"
        file.write_text(json.dumps(plain, indent=1))
        return load(file)

    return make


@pytest.fixture
def knowing():
    """Return who answers for a configuration: `knowing(config)`; its store is closed at the end."""
    made = []

    def make(config):
        made.append(Knowing(config, SystemClock()))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def held():
    """Let another process hold a store until the test ends: `held(path)` returns its number."""
    processes = []
    code = "import sys; from pathlib import Path; from bellbuoy.monitor.store import Store; "
    code += "s = Store.open(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read(); s.close()"

    def make(path):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout.readline() == "held\n"
        return process.pid

    yield make
    for process in processes:
        process.communicate("")


@pytest.fixture
def said():
    """Return findings as (level, sentence with the remedy) pairs."""

    def make(findings):
        return [(one.level, "; ".join(filter(None, (one.said, one.remedy)))) for one in findings]

    return make
